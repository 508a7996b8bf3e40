//! What comes of permitted proposals: actions for the reply, and actions for later.

mod unsubscribe;

use serde::{Deserialize, Serialize};

use crate::absorb::{Parties, Situation};
use crate::boundary::{Leave, Permit, Postponement, Refusal, Verdict};
use crate::charter::{Basis, Class, Mode, OnPending, Target};
use crate::clock::Instant;
use crate::customer::{Contact, Pending, Rank, Status, contacts};
use crate::ids::{ActionId, Chance, DecisionId, Key, Text};
use crate::spending::Purse;
use crate::value::Value;

pub use unsubscribe::WayOut;

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
    /// Which rules moved it to another time than was asked for, in their order.
    pub moved: Vec<Postponement>,
    /// A person must approve it until then, or it expires.
    pub approval: Option<Instant>,
    /// The token with which the customer objects in one click, where the action rests on their consent.
    pub unsubscribe: Option<Text>,
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
pub enum Ruling {
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
pub struct PlannedAction {
    pub action: Action,
    of: Key,
    via: Key,
    to: Target,
    class: Class,
    market: Key,
    rank: Rank,
    on_pending: OnPending,
    displaced: Vec<ActionId>,
    cancel_on: Vec<Key>,
}

/// What a decision leads to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    pub actions: Vec<PlannedAction>,
    /// By proposal.
    pub rulings: Vec<Ruling>,
    /// Pending actions that a new one replaced, or that gave way to it under a cap.
    pub replaced: Vec<ActionId>,
}

/// The maker of a plan: whose it is and in which words.
pub struct Planner<'a> {
    pub seen: Situation<'a>,
    pub language: &'a Text,
    /// The data folder's secret.
    pub salt: &'a [u8; 32],
}

impl Planner<'_> {
    /// Turns verdicts, by proposal, into actions. What was taken of budget and reach for actions that wait for a person is put
    /// back: they use up something once they are approved.
    pub fn plan(&self, verdicts: Vec<Verdict>, chance: &mut Chance, purse: &mut Purse) -> Plan {
        let mut plan = Plan::default();
        for verdict in verdicts {
            let ruled = match verdict {
                Verdict::Permit(permit) | Verdict::Defer(permit) => {
                    if permit.approval.is_some() {
                        purse.put_back(&permit.charges);
                    }
                    let planned = self.planned(permit, chance);
                    let id = planned.action.id;
                    plan.actions.push(planned);
                    Ruling::Acts(id)
                }
                Verdict::Yield => Ruling::Alternative,
                Verdict::Refuse(Refusal { rule, why }) => Ruling::Refused {
                    rule: Text::new_static(rule),
                    why,
                },
            };
            plan.rulings.push(ruled);
        }
        plan
    }

    fn planned(&self, permit: Permit, chance: &mut Chance) -> PlannedAction {
        let charter = &*self.seen.event.charter;
        let unsubscribe = self.way_out(&permit).map(|way| way.token(self.salt));
        let Leave {
            proposal,
            action,
            channel,
            due,
            until,
            moved,
            approval,
            on_pending,
            displaced,
            charges: _,
        } = permit.use_up();
        let (kind, channel) = (charter.actions.at(action), charter.channels.at(channel));
        let events = &charter.names.events;
        let cancel_on = proposal.cancel_on.iter();
        let cancel_on = cancel_on.filter_map(|name| events.get(name));
        let when = match channel.mode {
            // What waits for a person cannot be in the reply.
            Mode::Respond if approval.is_none() => When::Answered,
            Mode::Respond | Mode::Inspire => When::Due(due),
        };
        PlannedAction {
            of: kind.key,
            via: channel.key,
            to: kind.to,
            class: kind.class,
            market: charter.markets.at(self.seen.event.market).key,
            rank: Rank {
                weight: kind.weight,
                score: proposal.score,
            },
            on_pending,
            displaced,
            cancel_on: cancel_on
                .map(|event| charter.events.at(*event).key)
                .collect(),
            action: Action {
                id: ActionId::draw(self.seen.now, chance),
                action: kind.name.clone(),
                channel: proposal.channel,
                slot: kind.slot.clone(),
                parameters: proposal.parameters,
                language: self.language.clone(),
                reason: proposal.reason,
                when,
                until,
                key: proposal.key,
                moved,
                approval,
                unsubscribe,
            },
        }
    }

    /// For what reaches the customer later, and rests on their consent.
    fn way_out(&self, permit: &Permit) -> Option<WayOut> {
        let charter = self.seen.charter();
        let (action, channel) = (
            charter.actions.at(permit.action),
            charter.channels.at(permit.channel),
        );
        let purpose = charter.purposes.at(action.purpose);
        let is_for = channel.mode == Mode::Inspire
            && action.to == Target::Customer
            && purpose.basis == Basis::OptIn;
        let customer = self.seen.standing.customer.as_ref();
        customer.filter(|_| is_for).map(|customer| WayOut {
            customer: customer.id,
            purpose: purpose.key,
            channel: channel.key,
            market: self.seen.market().key,
        })
    }
}

impl Plan {
    /// Notes the plan in the status of whom it is about: what was answered is a contact, what is for later is pending, and
    /// takes the place of what was pending under the same key.
    pub fn note(&mut self, decision: DecisionId, now: Instant, standing: &mut Parties) {
        let replaced = &mut self.replaced;
        let customer = standing.customer.as_ref().map(|customer| customer.id);
        for PlannedAction {
            action,
            of,
            via,
            to,
            class,
            market,
            rank,
            on_pending,
            displaced,
            cancel_on,
        } in &mut self.actions
        {
            let Some(status) = status_of(*to, standing) else {
                continue;
            };
            let key = action.key.as_ref();
            let is_later = action.when != When::Answered;
            status.pending.retain(|pending| {
                let gives_way = displaced.contains(&pending.id)
                    || (is_later && pending.is_replaced_by(now, *of, key, *on_pending));
                if gives_way {
                    replaced.push(pending.id);
                }
                !gives_way
            });
            let When::Due(due) = action.when else {
                contacts::add(
                    &mut status.contacts,
                    Contact {
                        action: *of,
                        channel: *via,
                        class: *class,
                        at: now,
                    },
                );
                continue;
            };
            status.pending.push(Pending {
                id: action.id,
                decision,
                action: *of,
                channel: *via,
                due,
                until: action.until,
                key: action.key.clone(),
                cancel_on: std::mem::take(cancel_on),
                class: *class,
                market: *market,
                rank: *rank,
                customer,
                approval: action.approval,
            });
        }
    }
}

fn status_of(to: Target, standing: &mut Parties) -> Option<&mut Status> {
    match to {
        Target::Customer => standing
            .customer
            .as_mut()
            .map(|customer| &mut customer.status),
        Target::Account => standing.account.as_mut().map(|account| &mut account.status),
    }
}
