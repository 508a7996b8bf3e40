//! What comes of an event: the one decision of the path, for whoever asks for it. A live event, a person's approval, replay and
//! rehearsal all go through [`Era::decide`], which takes values and gives one: no lock, no clock, no disk.

use std::sync::Arc;

use crate::absorb::{Absorption, Parties, RememberedCustomer, absorb, has_elapsed, remember};
use crate::action::When;
use crate::cache::{CacheError, Waiting};
use crate::charter::BuiltIn;
use crate::clock::{Instant, Span};
use crate::customer::Customer;
use crate::decide::before::Before;
use crate::decide::question::Questioner;
use crate::decide::recall::Recall;
use crate::decide::waits::Waits;
use crate::decide::{Moot, Setback};
use crate::era::Era;
use crate::event::Event;
use crate::evidence::DecisionRecord;
use crate::ids::{ActionId, Chance};
use crate::spending::Purse;

/// Who decides what an event is worth.
#[derive(Clone, Copy)]
pub enum By<'a> {
    /// The market's.
    Policy,
    /// A person, about an action that waits: what was recalled of it is judged once more, and no policy is asked.
    Person(&'a Recall),
}

/// What a decision is given beside the event and whom it is about. The evidence keeps all of it that bears on the outcome, so
/// that replay hands in the same.
pub struct Given<'a> {
    pub now: Instant,
    /// For ids.
    pub chance: &'a mut Chance,
    /// What budgets and reach have left.
    pub purse: Purse,
    /// Whose sandboxes policies are asked in.
    pub sandbox: usize,
    /// For the tokens with which customers object.
    pub salt: &'a [u8; 32],
    /// How long a policy may take, where it is not the market's time that counts.
    pub patience: Option<Span>,
}

/// What came of an event.
pub(super) struct After {
    pub now: Instant,
    /// Everybody whom it changes, as they are now.
    pub states: Before,
    pub absorbed: Absorption,
    pub decisions: Vec<DecisionRecord>,
    /// Actions that wait for a person from now on, or no longer do.
    pub waiting: Vec<(ActionId, Waiting)>,
    /// When customer and account were to be looked at again, before the event.
    pub planned: [Option<Instant>; 2],
    pub purse: Purse,
}

impl Era {
    /// What comes of the event for those whom it is about: absorbs, decides, and plans what follows.
    pub(super) fn decide(
        &self,
        event: &Event,
        mut states: Before,
        by: By<'_>,
        mut given: Given<'_>,
    ) -> Result<After, Setback> {
        if !Arc::ptr_eq(&self.charter, &event.charter) {
            return Err(Setback::Outdated);
        }
        check_silence(event, &states.parties)?;
        let now = given.now;
        let planned = planned(&states.parties);
        let waits = Waits::of(&states.parties);
        let mut absorbed = absorb(event, now, &mut states.parties);
        let mut memory = Memory::default();
        absorbed.is_kept &= !states.is_of_nobody;
        if !absorbed.is_kept {
            (absorbed, memory) = Memory::without(event, now, &mut states)?;
        }
        let parties = &mut states.parties;
        let decisions = match by {
            By::Policy => Questioner::new(self, event, &mut given).ask_all(parties, &absorbed),
            By::Person(recall) => {
                recall.decide((self, event), parties, &mut absorbed, &mut given)?
            }
        };
        if !absorbed.is_kept {
            memory.keep_what_was_done(&mut states, &absorbed, &decisions);
        }
        Ok(After {
            now,
            waiting: waits.changes(&states.parties, &absorbed, &decisions),
            planned,
            purse: given.purse,
            states,
            absorbed,
            decisions,
        })
    }
}

/// The silence that the event tells of may have been broken while it waited in line.
fn check_silence(event: &Event, parties: &Parties) -> Result<(), Moot> {
    let built_in = event.charter.events.at(event.kind).built_in;
    if built_in == Some(BuiltIn::SilenceElapsed) && !has_elapsed(event, parties) {
        return Err(Moot::Broken);
    }
    Ok(())
}

/// When customer and account are to be looked at again for what is no longer kept.
fn planned(parties: &Parties) -> [Option<Instant>; 2] {
    let customer = parties.customer.as_ref();
    let account = parties.account.as_ref();
    [
        customer.and_then(|customer| customer.status.fades),
        account.and_then(|account| account.status.fades),
    ]
}

/// What is remembered of an event that nobody gave a basis to keep.
#[derive(Default)]
struct Memory {
    /// Somebody who is known, although the event is decided as of nobody.
    aside: Option<Customer>,
    has_refused: bool,
}

impl Memory {
    /// Without a basis to keep the event, whoever is known stays as they were: nobody is joined with anybody, and only a
    /// refusal by the browser counts. That needs no leave: somebody new is remembered for it by the names that they came with.
    fn without(
        event: &Event,
        now: Instant,
        states: &mut Before,
    ) -> Result<(Absorption, Self), CacheError> {
        let (mut before, named) = match (&states.known, states.stranger.take()) {
            (Some(known), _) => {
                let mut known = known.decode::<Customer>()?;
                let logs_in = states.refused.has_refusal() && !known.is_identified();
                match states.parties.customer.as_ref().filter(|_| logs_in) {
                    // Who logs in at a browser that refused something is who refused it, from now on by name.
                    Some(joined) => known.aliases.clone_from(&joined.aliases),
                    None => states.named.clear(),
                }
                (known, std::mem::take(&mut states.named))
            }
            (None, Some(stranger)) => (stranger.customer, stranger.named),
            (None, None) => return Ok((Absorption::default(), Self::default())),
        };
        let was_refused = before.consents.take_refusals(&states.refused, |_| true);
        let RememberedCustomer {
            customer,
            cancelled,
            has_refused,
            faded,
        } = remember(event, now, before);
        // Somebody new is kept for what they refused, and who logged in for the name under which it holds from now on.
        let is_new = states.known.is_none();
        let is_news = match is_new {
            true => customer.consents.has_refusal(),
            false => !named.is_empty(),
        };
        let mut this = Self {
            aside: None,
            has_refused: has_refused || was_refused || is_news,
        };
        if is_new && !this.has_refused {
            return Ok((Absorption::default(), this));
        }
        states.customer.clone_from(&states.known);
        states.others.clear();
        states.named = named;
        if states.is_of_nobody || is_new {
            this.aside = Some(customer);
        } else {
            states.parties.customer = Some(customer);
        }
        let absorbed = Absorption {
            cancelled,
            faded,
            ..Absorption::default()
        };
        Ok((absorbed, this))
    }

    /// What was done is kept although the event is not: what was said to somebody counts against every cap, and what waits
    /// can be cancelled. Of somebody new that is only what waits, which has its own basis.
    fn keep_what_was_done(
        self,
        states: &mut Before,
        absorbed: &Absorption,
        decisions: &[DecisionRecord],
    ) {
        let mut actions = decisions.iter().flat_map(|decided| &decided.actions);
        let is_planned = actions.clone().next().is_some();
        let waits = actions.any(|action| action.when != When::Answered);
        let is_touched =
            self.has_refused || !absorbed.cancelled.is_empty() || !absorbed.faded.is_empty();
        let is_kept = match &states.known {
            _ if states.is_of_nobody => is_touched,
            Some(_) => is_planned || is_touched,
            None => self.has_refused || waits,
        };
        if !is_kept {
            *states = Before::default();
            return;
        }
        if let Some(aside) = self.aside
            && (states.is_of_nobody || !waits)
        {
            states.parties.customer = Some(aside);
        }
        if states.account.is_none() {
            states.parties.account = None;
        }
    }
}
