//! What records mean for the view, when the host starts again. A record carries whole states, so nothing is ever applied
//! twice; what is used up is counted once because each figure says how far it counted.
//!
//! States are taken as they are, closed within their record's period: the key that opens one may have been wrapped anew by a
//! later record. Once every record was replayed they are closed as the view keeps them, and what stands in them, names and
//! hints, is looked for.

use std::collections::{HashMap, HashSet};

use crate::cache::keys::{
    self, erased_since, put_erased, put_erased_since, put_expired, put_key, remove_erased_since,
    seal_state,
};
use crate::cache::schedule::{self, fading_of, put_hint, remove_hint, silences_of};
use crate::cache::spent::{SPENT_KEPT, Spent, key, put_spent, read};
use crate::cache::write_behind::{put_decision, put_event};
use crate::cache::{CacheError, Earlier, Kept, States, Waiting, names, to_store};
use crate::clock::Instant;
use crate::customer::{Account, Customer, Named, Status};
use crate::encoding;
use crate::event::EventKey;
use crate::ids::{AccountId, ActionId, Chance, CustomerId, DecisionId};
use crate::keys::{Period, Ring, Subject, Wrapped};
use crate::spending::Counter;
use crate::store::{Changes, Position, Space, View};

/// Replays records, one after the other.
#[derive(Debug, Default)]
pub struct Recovery {
    spent: HashMap<Counter, Spent>,
    /// Whose state came with a record, and within which period it is closed.
    customers: HashMap<CustomerId, Period>,
    accounts: HashMap<AccountId, Period>,
    erased: HashSet<CustomerId>,
    /// As the view has it, and then the records.
    erased_since: Option<Option<Instant>>,
    /// The end of the latest stretch so far.
    latest: Instant,
}

/// Beyond so many figures in memory, those of stretches long over are let go.
const FIGURES: usize = 4_096;

/// One record of an event, to be replayed.
#[derive(Clone, Copy, Debug)]
pub struct EventReplay<'a> {
    pub position: Position,
    pub states: &'a States,
    /// Within which the states are closed.
    pub period: Period,
    pub event: (EventKey, Earlier),
    pub decisions: &'a [DecisionId],
}

impl Recovery {
    /// What the record changes in `view`.
    pub fn replay(
        &mut self,
        view: &View,
        record: EventReplay<'_>,
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        let EventReplay {
            position,
            states,
            period,
            ..
        } = record;
        for after in &states.customers {
            let state = to_store(position, &after.state);
            changes.put(Space::Customers, after.id.as_bytes(), state);
            self.customers.insert(after.id, period);
        }
        for after in &states.accounts {
            let state = to_store(position, &after.state);
            changes.put(Space::Accounts, after.id.as_bytes(), state);
            self.accounts.insert(after.id, period);
        }
        for name in &states.forgotten {
            changes.remove(Space::Identities, name.as_bytes());
        }
        self.keys(&states.keys, changes);
        for (id, waiting) in &states.waiting {
            changes.put(Space::Approvals, id.as_bytes(), encoding::encode(waiting));
        }
        let (key, earlier) = record.event;
        put_event(changes, key, earlier);
        for id in record.decisions {
            put_decision(changes, *id, position);
        }
        for expense in states.expenses.iter().filter(|one| one.amount != 0) {
            self.spend(view, position, (expense.counter, expense.amount), changes)?;
        }
        Ok(())
    }

    /// Takes in keys that are new, or wrapped anew.
    pub fn keys(&mut self, keys: &[(Subject, Wrapped)], changes: &mut Changes) {
        for (subject, wrapped) in keys {
            put_key(changes, *subject, wrapped);
        }
    }

    /// What was written in these periods can no longer be read.
    pub fn expire(
        &mut self,
        view: &View,
        (periods, at): (&[Period], Instant),
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        for period in periods {
            put_expired(changes, *period);
        }
        self.note_erased(view, at, changes)
    }

    /// An epoch of the keys begins.
    pub fn begin_epoch(&mut self, changes: &mut Changes) {
        self.erased_since = Some(None);
        remove_erased_since(changes);
    }

    /// Somebody was erased, at a time.
    pub fn erase(
        &mut self,
        view: &View,
        (customers, waiting, at): (&[CustomerId], &[(ActionId, Waiting)], Instant),
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        for id in customers {
            put_erased(changes, *id);
            self.customers.remove(id);
            self.erased.insert(*id);
        }
        for (id, waiting) in waiting {
            changes.put(Space::Approvals, id.as_bytes(), encoding::encode(waiting));
        }
        self.note_erased(view, at, changes)
    }

    fn note_erased(
        &mut self,
        view: &View,
        at: Instant,
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        let since = match self.erased_since {
            Some(since) => since,
            None => erased_since(view)?,
        };
        let since = since.unwrap_or(at);
        self.erased_since = Some(Some(since));
        put_erased_since(changes, since);
        Ok(())
    }

    /// Brings names and hints in line with the states, once every record was replayed and `view` holds what they said.
    pub fn finish(
        &self,
        view: &View,
        ring: &Ring,
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        if !self.erased.is_empty() {
            self.forget(view, changes)?;
        }
        let mut chance = ring.chance();
        for (id, period) in &self.customers {
            let found = state::<Customer>((view, ring, &mut chance), (id, *period), changes)?;
            let Some(customer) = found else {
                continue;
            };
            let named = encoding::encode(&Named::Customer(*id));
            for alias in &customer.aliases {
                changes.put(Space::Identities, alias.key.as_bytes(), named.clone());
            }
            put_hints(changes, &customer.status, Subject::Customer(*id));
        }
        for (id, period) in &self.accounts {
            let found = state::<Account>((view, ring, &mut chance), (id, *period), changes)?;
            let Some(account) = found else {
                continue;
            };
            put_hints(changes, &account.status, Subject::Account(*id));
            let named = encoding::encode(&Named::Account(*id));
            for alias in &account.aliases {
                changes.put(Space::Identities, alias.key.as_bytes(), named.clone());
            }
        }
        Ok(())
    }

    /// What an earlier view still has of those who were erased.
    fn forget(&self, view: &View, changes: &mut Changes) -> Result<(), CacheError> {
        for pair in view.scan_after(Space::Identities, None) {
            let (key, value) = pair?;
            if let Named::Customer(id) = names::read(&value)?
                && self.erased.contains(&id)
            {
                changes.remove(Space::Identities, &key);
            }
        }
        for pair in view.scan_after(Space::Schedule, None) {
            let hint = schedule::hint(&pair?.0)?;
            if hint.customer().is_some_and(|id| self.erased.contains(&id)) {
                remove_hint(changes, hint);
            }
        }
        Ok(())
    }

    /// Counts what a record used up, unless the figure counted it before.
    fn spend(
        &mut self,
        view: &View,
        position: Position,
        (counter, amount): (Counter, i64),
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        let mut spent = match self.spent.get(&counter) {
            Some(spent) => *spent,
            None => match view.get(Space::Spending, &key(counter))? {
                Some(bytes) => read(&bytes)?,
                None => Spent {
                    total: 0,
                    as_of: Position::default(),
                },
            },
        };
        if position >= spent.as_of {
            spent.total = spent.total.saturating_add(amount);
            spent.as_of = Position::from_u64(position.as_u64() + 1);
            put_spent(changes, counter, spent);
        }
        self.latest = self.latest.max(counter.ends());
        if self.spent.len() >= FIGURES {
            let oldest = self.latest.minus(SPENT_KEPT);
            self.spent.retain(|counter, _| counter.ends() >= oldest);
        }
        self.spent.insert(counter, spent);
        Ok(())
    }
}

fn put_hints(changes: &mut Changes, status: &Status, whose: Subject) {
    let hints = silences_of(status, whose).chain(fading_of(status, whose));
    hints.for_each(|hint| put_hint(changes, hint));
}

/// Opens a state that came with a record, and closes it as the view keeps it.
fn state<E: Kept>(
    (view, ring, chance): (&View, &Ring, &mut Chance),
    (id, period): (&E::Id, Period),
    changes: &mut Changes,
) -> Result<Option<E>, CacheError> {
    let Some(before) = keys::load_within::<E>((view, ring), id, Some(period))? else {
        return Ok(None);
    };
    let sealed = seal_state(&before.key, E::subject(*id), chance, &before.bytes);
    changes.put(E::SPACE, E::key(id), to_store(before.position, &sealed));
    before.decode().map(Some)
}
