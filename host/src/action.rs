//! What comes of permitted proposals: actions for the reply, and actions for later.

use serde::{Deserialize, Serialize};

use crate::absorb::{Seen, Standing};
use crate::boundary::{Permit, Refusal, Verdict};
use crate::charter::{Mode, Target};
use crate::clock::{Instant, Span};
use crate::context::zone_of;
use crate::customer::{Contact, Pending, contacts};
use crate::ids::{ActionId, Chance, DecisionId, Key, Text};
use crate::policy::{Proposal, Timing};
use crate::value::Value;

/// How long an action is worth doing when neither the policy nor the charter says.
const LAPSES_AFTER: Span = Span::from_days(1);

/// One action, as it was decided.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Action {
    pub id: ActionId,
    pub action: Text,
    pub channel: Text,
    pub slot: Option<Text>,
    pub parameters: Vec<(Text, Value)>,
    pub language: Text,
    /// The policy's reason code; empty for a fallback.
    pub reason: Text,
    pub when: When,
    /// Not worth doing after this.
    pub until: Instant,
    pub key: Option<Text>,
}

/// When an action acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum When {
    /// In the reply.
    Answered,
    /// Delivered by its channel.
    Due(Instant),
}

/// What became of one proposal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Ruled {
    Acts(ActionId),
    /// Permitted, but another one of the same key or slot ranks higher.
    Alternative,
    Refused {
        rule: Text,
        why: Text,
    },
}

/// An action with what its names stand for.
#[derive(Clone, PartialEq, Debug)]
pub struct Planned {
    pub action: Action,
    of: Key,
    via: Key,
    to: Target,
    cancel_on: Vec<Key>,
}

/// What a decision leads to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    pub actions: Vec<Planned>,
    /// By proposal.
    pub rulings: Vec<Ruled>,
    /// Pending actions that a new one of the same key replaces.
    pub replaced: Vec<ActionId>,
}

/// The maker of a plan: whose it is and in which words.
pub struct Planner<'a> {
    pub seen: Seen<'a>,
    pub language: &'a Text,
}

impl Planner<'_> {
    /// Turns verdicts, by proposal, into actions. The proposals of one key are alternatives, and a slot holds one: the highest
    /// score acts, of equals the first.
    pub fn plan(&self, verdicts: &[Verdict], chance: &mut Chance) -> Plan {
        let mut order: Vec<(usize, &Permit)> = Vec::new();
        for (place, verdict) in verdicts.iter().enumerate() {
            if let Verdict::Permit(permit) = verdict {
                order.push((place, permit));
            }
        }
        order.sort_by(|(_, one), (_, other)| {
            other.proposal().score.total_cmp(&one.proposal().score)
        });
        let mut rulings: Vec<Ruled> = verdicts.iter().map(unless_it_acts).collect();
        let mut actions: Vec<Planned> = Vec::new();
        for (place, permit) in order {
            let planned = self.planned(permit, chance);
            if actions
                .iter()
                .any(|other| rivals(&other.action, &planned.action))
            {
                continue;
            }
            if let Some(ruling) = rulings.get_mut(place) {
                *ruling = Ruled::Acts(planned.action.id);
            }
            actions.push(planned);
        }
        Plan {
            actions,
            rulings,
            replaced: Vec::new(),
        }
    }

    fn planned(&self, permit: &Permit, chance: &mut Chance) -> Planned {
        let charter = &*self.seen.event.charter;
        let action = charter.actions.at(permit.action());
        let events = &charter.names.events;
        let cancel_on = permit
            .proposal()
            .cancel_on
            .iter()
            .filter_map(|name| events.get(name));
        Planned {
            action: self.action(permit, chance),
            of: action.key,
            via: charter.channels.at(permit.channel()).key,
            to: action.to,
            cancel_on: cancel_on
                .map(|event| charter.events.at(*event).key)
                .collect(),
        }
    }

    fn action(&self, permit: &Permit, chance: &mut Chance) -> Action {
        let charter = &*self.seen.event.charter;
        let market = charter.markets.at(self.seen.event.market);
        let action = charter.actions.at(permit.action());
        let proposal = permit.proposal();
        let now = self.seen.now;
        let due = due(self.seen, proposal);
        let ours = market
            .frame(permit.action())
            .and_then(|frame| frame.lapses)
            .or(action.lapses);
        let lapses = match (proposal.lapses_after, ours) {
            (Some(theirs), Some(ours)) => theirs.min(ours),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => LAPSES_AFTER,
        };
        Action {
            id: ActionId::draw(now, chance),
            action: action.name.clone(),
            channel: proposal.channel.clone(),
            slot: action.slot.clone(),
            parameters: proposal.parameters.clone(),
            language: self.language.clone(),
            reason: proposal.reason.clone(),
            when: match charter.channels.at(permit.channel()).mode {
                Mode::Respond => When::Answered,
                Mode::Inspire => When::Due(due),
            },
            until: due.plus(lapses),
            key: proposal.key.clone(),
        }
    }
}

fn unless_it_acts(verdict: &Verdict) -> Ruled {
    match verdict {
        Verdict::Permit(_) => Ruled::Alternative,
        Verdict::Refuse(Refusal { rule, why }) => Ruled::Refused {
            rule: Text::new_static(rule),
            why: why.clone(),
        },
    }
}

fn rivals(one: &Action, other: &Action) -> bool {
    (one.key.is_some() && one.key == other.key)
        || (one.slot.is_some() && one.slot == other.slot && one.channel == other.channel)
}

/// When a proposal is due; never in the past.
fn due(seen: Seen<'_>, proposal: &Proposal) -> Instant {
    let now = seen.now;
    let due = match proposal.timing {
        Timing::Now => now,
        Timing::After(span) => now.plus(span),
        Timing::At(instant) => instant,
        Timing::Local { days, minute } => local(seen, days, minute).unwrap_or(now),
    };
    due.max(now)
}

/// A time of day in the customer's zone. Where the clocks jump over it, the same distance after the jump; where it comes
/// twice, the first.
fn local(seen: Seen<'_>, days: u32, minute: u32) -> Option<Instant> {
    let today = seen.now.timestamp().to_zoned(zone_of(seen)).date();
    let day = today
        .checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?)
        .ok()?;
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
    let zoned = day.to_datetime(time).to_zoned(zone_of(seen)).ok()?;
    Some(Instant::from_millis(zoned.timestamp().as_millisecond()))
}

impl Plan {
    /// Notes the plan in the status of whom it is about: what was answered is a contact, what is for later is pending, and
    /// takes the place of what was pending under the same key.
    pub fn note(&mut self, decision: DecisionId, now: Instant, standing: &mut Standing) {
        let replaced = &mut self.replaced;
        for Planned {
            action,
            of,
            via,
            to,
            cancel_on,
        } in &self.actions
        {
            let status = match to {
                Target::Customer => standing
                    .customer
                    .as_mut()
                    .map(|customer| &mut customer.status),
                Target::Account => standing.account.as_mut().map(|account| &mut account.status),
            };
            let Some(status) = status else { continue };
            let When::Due(due) = action.when else {
                contacts::add(
                    &mut status.contacts,
                    Contact {
                        action: *of,
                        channel: *via,
                        at: now,
                    },
                );
                continue;
            };
            status.pending.retain(|pending| {
                let is_replaced = action.key.is_some() && pending.key == action.key;
                if is_replaced {
                    replaced.push(pending.id);
                }
                !is_replaced
            });
            status.pending.push(Pending {
                id: action.id,
                decision,
                action: *of,
                channel: *via,
                due,
                until: action.until,
                key: action.key.clone(),
                cancel_on: cancel_on.clone(),
            });
        }
    }
}
