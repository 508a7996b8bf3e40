//! One event's record: the evidence and every state after it.

use bytes::Bytes;

use crate::absorb::{Absorbed, Lapsed, Standing};
use crate::cache::{After, Hint, States};
use crate::charter::{BuiltIn, Charter};
use crate::clock::Instant;
use crate::customer::{Account, Customer};
use crate::decide::changed::Changed;
use crate::decide::whom;
use crate::encoding;
use crate::event::{Event, EventKey, Name};
use crate::evidence::{Body, Cancelled, Cipher, Decided, Header, Kind, Noted, Seal, Told};
use crate::ids::Text;
use crate::node::Core;

/// What came of one event, before it is sealed.
pub(super) struct Outcome {
    pub now: Instant,
    pub absorbed: Absorbed,
    pub decisions: Vec<Decided>,
}

/// The parts of a record, and the states as memory keeps them.
pub(super) struct Draft {
    pub kind: Kind,
    pub header: Header,
    pub body: Body,
    pub states: States,
    pub customers: Vec<(Customer, Bytes)>,
    pub accounts: Vec<(Account, Bytes)>,
}

impl Draft {
    pub(super) fn new(
        core: &Core,
        event: &Event,
        key: EventKey,
        outcome: Outcome,
        changed: Changed,
    ) -> Self {
        let Outcome {
            now,
            absorbed,
            decisions,
        } = outcome;
        let kind = match event.charter.events.at(event.kind).built_in {
            Some(BuiltIn::ConsentGiven | BuiltIn::ConsentWithdrawn) => Kind::Consent,
            _ => Kind::Event,
        };
        let header = Header {
            at: now,
            arrived_at: core.node().clock().wall(),
            market: event.charter.markets.at(event.market).key,
            charter: event.charter.digest,
            event: key,
            content: event.content,
            decisions: decisions
                .iter()
                .map(|decided| (decided.id, decided.outcome))
                .collect(),
            seal: Seal {
                cipher: Cipher::Clear,
                key: None,
            },
        };
        let told = told(core, event, absorbed.is_kept);
        let mut draft = Self {
            kind,
            header,
            body: body(event, told, (absorbed, decisions), &changed.standing),
            states: States::default(),
            customers: Vec::new(),
            accounts: Vec::new(),
        };
        draft.add_states(changed);
        draft
    }

    fn add_states(&mut self, changed: Changed) {
        self.states.named = changed.named;
        let about = changed
            .standing
            .customer
            .map(|customer| (customer, changed.previous));
        for (mut customer, previous) in about.into_iter().chain(changed.moved) {
            customer.revision += 1;
            self.states.hints.extend(hints(&customer));
            let state = Bytes::from(encoding::encode(&customer));
            let after = After {
                id: customer.id,
                revision: customer.revision,
                previous,
                state: state.clone(),
            };
            self.states.customers.push(after);
            self.customers.push((customer, state));
        }
        if let Some(mut account) = changed.standing.account {
            account.revision += 1;
            let state = Bytes::from(encoding::encode(&account));
            let previous = changed.account_previous;
            let after = After {
                id: account.id,
                revision: account.revision,
                previous,
                state: state.clone(),
            };
            self.states.accounts.push(after);
            self.accounts.push((account, state));
        }
    }
}

fn body(
    event: &Event,
    told: Told,
    (absorbed, decisions): (Absorbed, Vec<Decided>),
    standing: &Standing,
) -> Body {
    Body {
        charter: event.charter.version.clone(),
        event: told,
        customer: standing.customer.as_ref().map(|customer| customer.id),
        account: standing.account.as_ref().map(|account| account.id),
        decisions: if absorbed.is_kept {
            decisions
        } else {
            forgotten(decisions)
        },
        cancelled: absorbed
            .cancelled
            .into_iter()
            .map(|lapsed| cancelled(&event.charter, lapsed))
            .collect(),
        noted: Noted {
            conflicts: absorbed.conflicts,
            refused_writes: absorbed.refused_writes,
            entered: absorbed.entered,
            left: absorbed.left,
            waits_for: absorbed.waits_for,
        },
    }
}

/// When the customer has to be looked at again: for each silence that is waited for.
fn hints(customer: &Customer) -> impl Iterator<Item = Hint> + '_ {
    customer.status.timers.iter().filter_map(|timer| {
        Some(Hint {
            due: timer.due?,
            customer: customer.id,
            moment: timer.moment,
        })
    })
}

/// What a decision read of somebody who gave no basis to keep it is not kept either: such a decision is shown, and cannot
/// be computed again.
fn forgotten(decisions: Vec<Decided>) -> Vec<Decided> {
    decisions
        .into_iter()
        .map(|decided| Decided {
            asked: None,
            ..decided
        })
        .collect()
}

fn cancelled(charter: &Charter, lapsed: Lapsed) -> Cancelled {
    let action = charter.names.action_keys.get(&lapsed.action);
    Cancelled {
        id: lapsed.id,
        action: action.map_or_else(Text::default, |action| {
            charter.actions.at(*action).name.clone()
        }),
        because: lapsed.because,
    }
}

/// The event in names that need no charter to be read.
fn told(core: &Core, event: &Event, is_kept: bool) -> Told {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    let shown = |name: &Option<Name>| -> Option<Text> {
        name.as_ref()
            .filter(|_| is_kept)
            .map(|name| whom::shown(core, event, name))
    };
    let data = kind.data.iter().filter_map(|(datum, declared)| {
        event
            .datum(datum)
            .map(|value| (declared.name.clone(), value.clone()))
    });
    Told {
        id: event.id.clone(),
        source: event.source.clone(),
        market: charter.markets.at(event.market).name.clone(),
        kind: kind.name.clone(),
        subject: shown(&event.subject),
        visitor: shown(&event.visitor),
        account: shown(&event.account),
        channel: event.channel.clone(),
        gpc: event.is_gpc,
        occurred_at: event.occurred_at,
        received_at: event.received_at,
        data: is_kept.then(|| data.collect()),
        dropped: event.dropped,
    }
}
