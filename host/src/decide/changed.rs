//! Everybody whom an event changes, and how much of that may be kept.

use crate::absorb::{Absorbed, Remembered, Standing, remember};
use crate::action::When;
use crate::cache::{Before, CacheError};
use crate::clock::Instant;
use crate::customer::{Customer, IdentityKey, Named};
use crate::event::Event;
use crate::evidence::Decided;

/// Everybody whom an event changes.
#[derive(Default)]
pub(super) struct Changed {
    pub standing: Standing,
    /// How the customer and the account were before.
    pub previous: Option<Before>,
    pub account_previous: Option<Before>,
    /// Others: one that turned out to be this customer, or lost a name to it.
    pub moved: Vec<(Customer, Option<Before>)>,
    /// Names that are new, or move.
    pub named: Vec<(IdentityKey, Named)>,
    /// The customer as the host knew them before the event.
    pub known: Option<Before>,
    /// Whether nobody gave leave to be remembered by what the event names them by: it is as of nobody.
    pub is_forgotten: bool,
    /// Somebody who is known, although the event is decided as of nobody; and whether they are to be kept.
    aside: Option<Customer>,
    has_refused: bool,
}

impl Changed {
    /// As of nobody, whoever it may be.
    pub(super) fn of_nobody(known: Option<Before>) -> Self {
        Self {
            known,
            is_forgotten: true,
            ..Self::default()
        }
    }

    /// Without a basis to keep the event, whoever is known stays as they were: nobody is joined with anybody, and only a
    /// refusal by the browser counts.
    pub(super) fn unlearn(&mut self, event: &Event, now: Instant) -> Result<Absorbed, CacheError> {
        let Some(known) = &self.known else {
            return Ok(Absorbed::default());
        };
        let Remembered {
            customer,
            cancelled,
            has_refused,
            faded,
        } = remember(event, now, known.decode()?);
        self.previous = Some(known.clone());
        self.has_refused = has_refused;
        self.moved.clear();
        self.named.clear();
        match self.is_forgotten {
            true => self.aside = Some(customer),
            false => self.standing.customer = Some(customer),
        }
        Ok(Absorbed {
            cancelled,
            faded,
            ..Absorbed::default()
        })
    }

    /// What was done is kept although the event is not: what was said to somebody counts against every cap, and what waits
    /// can be cancelled. Of somebody new that is only what waits, which has its own basis.
    pub(super) fn keep_what_was_done(&mut self, absorbed: &Absorbed, decisions: &[Decided]) {
        let mut actions = decisions.iter().flat_map(|decided| &decided.actions);
        let is_planned = actions.clone().next().is_some();
        let is_touched =
            self.has_refused || !absorbed.cancelled.is_empty() || !absorbed.faded.is_empty();
        let is_kept = match &self.known {
            _ if self.is_forgotten => is_touched,
            Some(_) => is_planned || is_touched,
            None => actions.any(|action| action.when != When::Answered),
        };
        if !is_kept {
            *self = Self::default();
            return;
        }
        if let Some(aside) = self.aside.take() {
            self.standing.customer = Some(aside);
        }
        if self.account_previous.is_none() {
            self.standing.account = None;
        }
    }
}
