//! One event's record: the evidence and every state after it.

use bytes::Bytes;

use crate::absorb::{Absorption, Lapse, Parties};
use crate::cache::{EncodedState, Hint, Kept, State, StateAfter, States, fading_of, silences_of};
use crate::charter::{BuiltIn, Charter};
use crate::clock::Instant;
use crate::customer::{Account, Customer, IdentityKey, Named, Status};
use crate::decide::after::After;
use crate::decide::{Undecided, lock};
use crate::encoding;
use crate::event::{Event, EventKey, Name};
use crate::evidence::{
    self, Body, Cancelled, Cipher, DecisionRecord, EventRecord, Header, Kind, Notes, Opened, Seal,
};
use crate::ids::{Key, Text};
use crate::keys::{
    Class, DataKey, Keyring as _, Period, SEAL_BYTES, Salt, SectionKey, Subject, Wrapped,
};
use crate::node::Core;
use crate::spending::Purse;
use crate::store::{Position, Refused};

/// A record, and the states as memory keeps them.
pub(super) struct Draft {
    pub kind: Kind,
    pub record: Opened,
    pub customers: Vec<State<Customer>>,
    pub accounts: Vec<State<Account>>,
    pub named: Vec<(IdentityKey, Named)>,
    pub hints: Vec<Hint>,
    /// What closes the body, and the salt with which all of the record is closed.
    pub key: SectionKey,
    pub salt: Salt,
    pub purse: Purse,
}

impl Draft {
    pub(super) fn of(
        core: &Core,
        event: &Event,
        key: EventKey,
        after: After,
    ) -> Result<Self, Undecided> {
        let After {
            now,
            states,
            mut absorbed,
            decisions,
            waiting,
            planned,
            purse,
        } = after;
        let (kind, class) = match event.charter.events.at(event.kind).built_in {
            Some(BuiltIn::ConsentGiven | BuiltIn::ConsentWithdrawn) => {
                (Kind::Consent, Class::Consents)
            }
            _ => (Kind::Event, Class::Decisions),
        };
        let market = event.charter.markets.at(event.market).key;
        let seal = Seal {
            cipher: Cipher::Aes256Gcm,
            key: subject(market, &states.parties),
            class,
        };
        let header = header(core, event, (key, now, seal), &decisions);
        let written = header.period(Class::States);
        let closer = Closer {
            core,
            period: period(core, written)?,
            salt: Salt::draw(&mut core.sealing()),
        };
        let forgotten = std::mem::take(&mut absorbed.forgotten);
        let told = told(core, event, absorbed.is_kept);
        let body = body(event, told, (absorbed, decisions), &states.parties);
        let (named, known) = (states.named, (states.customer, states.account));
        let mut closed = StateWriter::default();
        closed.close_all(&closer, (states.parties, known), planned);
        for other in states.others {
            closed.customer(&closer, (other.customer, other.before), planned[0]);
        }
        let of_body = period(core, Period { class, ..written })?;
        let key = closed.key(core, header.seal.key)?;
        Ok(Self {
            key: key.within(&of_body),
            salt: closer.salt,
            kind,
            record: Opened {
                header,
                charter: event.charter.digest,
                body,
                states: States {
                    forgotten,
                    waiting,
                    expenses: purse.expenses(),
                    ..closed.states
                },
            },
            customers: closed.customers,
            accounts: closed.accounts,
            named,
            hints: closed.hints,
            purse,
        })
    }
}

fn header(
    core: &Core,
    event: &Event,
    (key, now, seal): (EventKey, Instant, Seal),
    decisions: &[DecisionRecord],
) -> Header {
    let decisions = decisions.iter();
    Header {
        at: now,
        arrived_at: core.node().clock().wall(),
        market: event.charter.markets.at(event.market).key,
        event: key,
        content: event.content,
        decisions: decisions
            .map(|decided| (decided.id, decided.outcome))
            .collect(),
        seal,
    }
}

fn period(core: &Core, period: Period) -> Result<DataKey, Undecided> {
    let key = core.node().key_period(period);
    key.map_err(|refused| match refused {
        Refused::Failed(failed) => Undecided::Failed(failed),
        Refused::Full { .. } | Refused::TooLarge { .. } => Undecided::Busy,
    })
}

/// Whose key closes the body: whom the event is about.
fn subject(market: Key, standing: &Parties) -> Subject {
    match (&standing.customer, &standing.account) {
        (Some(customer), _) => Subject::Customer(customer.id),
        (None, Some(account)) => Subject::Account(account.id),
        (None, None) => Subject::Market(market),
    }
}

fn key_of<E>(states: &[State<E>], is_theirs: impl Fn(&E) -> bool) -> Option<DataKey> {
    let mut states = states.iter();
    let theirs = states.find(|state| is_theirs(&state.value))?;
    Some(theirs.encoded.key.clone())
}

/// The states after an event, closed; keys of who is new among them.
#[derive(Default)]
struct StateWriter {
    states: States,
    customers: Vec<State<Customer>>,
    accounts: Vec<State<Account>>,
    hints: Vec<Hint>,
}

impl StateWriter {
    /// Notes when to look at somebody again; what is planned already need not be noted once more.
    fn plan(&mut self, status: &Status, whose: Subject, planned: Option<Instant>) {
        self.hints.extend(silences_of(status, whose));
        if status.fades != planned {
            self.hints.extend(fading_of(status, whose));
        }
    }

    /// The key of whom the record is about.
    fn key(&self, core: &Core, subject: Subject) -> Result<DataKey, Undecided> {
        let key = match subject {
            Subject::Customer(id) => key_of(&self.customers, |customer| customer.id == id),
            Subject::Account(id) => key_of(&self.accounts, |account| account.id == id),
            Subject::Market(_) | Subject::Period(_) => None,
        };
        match key {
            Some(key) => Ok(key),
            None => {
                let key = core.node().cache().key(subject);
                Ok(key.map_err(evidence::Unreadable::from)?)
            }
        }
    }

    /// Closes the customer and the account whom the event is about.
    fn close_all(
        &mut self,
        closer: &Closer<'_>,
        (parties, (customer, account)): (Parties, (Option<EncodedState>, Option<EncodedState>)),
        [planned, account_planned]: [Option<Instant>; 2],
    ) {
        if let Some(state) = parties.customer {
            self.customer(closer, (state, customer), planned);
        }
        if let Some(mut state) = parties.account {
            state.revision += 1;
            self.plan(&state.status, Subject::Account(state.id), account_planned);
            let (id, revision) = (state.id, state.revision);
            let (state, after, new) = closer.close(state, (id, revision), account);
            self.accounts.push(state);
            self.states.accounts.push(after);
            self.states.keys.extend(new);
        }
    }

    fn customer(
        &mut self,
        closer: &Closer<'_>,
        (mut customer, before): (Customer, Option<EncodedState>),
        planned: Option<Instant>,
    ) {
        customer.revision += 1;
        self.plan(&customer.status, Subject::Customer(customer.id), planned);
        let (id, revision) = (customer.id, customer.revision);
        let (state, after, new) = closer.close(customer, (id, revision), before);
        self.customers.push(state);
        self.states.customers.push(after);
        self.states.keys.extend(new);
    }
}

/// The key of who had none.
type New = Option<(Subject, Wrapped)>;

/// What closes the states of one record.
struct Closer<'a> {
    core: &'a Core,
    period: DataKey,
    salt: Salt,
}

impl Closer<'_> {
    /// Encodes a state and closes it with its key; who has none yet gets one, which the record keeps wrapped.
    ///
    /// INVARIANT: a record closes one state of each owner, for all are closed with its salt.
    fn close<E: Kept>(
        &self,
        value: E,
        (id, revision): (E::Id, u64),
        before: Option<EncodedState>,
    ) -> (State<E>, StateAfter<E::Id>, New) {
        let subject = E::subject(id);
        let previous = before.as_ref().map(|before| before.position);
        let (key, new) = match before {
            Some(before) => (before.key, None),
            None => {
                let mut chance = self.core.sealing();
                let key = DataKey::draw(&mut chance);
                let ring = self.core.node().cache().ring();
                let wrapped = ring.wrap(&key, subject, &mut chance);
                (key, Some((subject, wrapped)))
            }
        };
        let bytes = Bytes::from(encoding::encode(&value));
        let mut sealed = Vec::with_capacity(bytes.len() + SEAL_BYTES);
        let section = key.within(&self.period);
        section.seal_into((self.salt, &subject.to_bytes()), &bytes, &mut sealed);
        let after = StateAfter {
            id,
            revision,
            previous,
            state: Bytes::from(sealed),
        };
        let encoded = EncodedState {
            position: Position::default(),
            bytes,
            key,
        };
        (State { value, encoded }, after, new)
    }
}

fn body(
    event: &Event,
    told: EventRecord,
    (absorbed, decisions): (Absorption, Vec<DecisionRecord>),
    standing: &Parties,
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
        noted: Notes {
            conflicts: absorbed.conflicts,
            refused_writes: absorbed.refused_writes,
            entered: absorbed.entered,
            left: absorbed.left,
            waits_for: absorbed.waits_for,
            faded: absorbed.faded,
        },
    }
}

/// What a decision read of somebody who gave no basis to keep it is not kept either: such a decision is shown, and cannot
/// be computed again.
fn forgotten(decisions: Vec<DecisionRecord>) -> Vec<DecisionRecord> {
    decisions
        .into_iter()
        .map(|decided| DecisionRecord {
            asked: None,
            ..decided
        })
        .collect()
}

fn cancelled(charter: &Charter, lapsed: Lapse) -> Cancelled {
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
fn told(core: &Core, event: &Event, is_kept: bool) -> EventRecord {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    let shown = |name: &Option<Name>| -> Option<Text> {
        name.as_ref()
            .filter(|_| is_kept)
            .map(|name| lock::shown(core, event, name))
    };
    let data = kind.data.iter().filter_map(|(datum, declared)| {
        event
            .datum(datum)
            .map(|value| (declared.name.clone(), value.clone()))
    });
    EventRecord {
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
