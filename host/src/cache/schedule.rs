//! What is to be looked at when its time comes: hints, in order of time. What is true then stands with the customer, so a
//! hint that nothing comes of is simply dropped.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::cache::{Cache, CacheError};
use crate::clock::Instant;
use crate::customer::Customer;
use crate::encoding::Undecodable;
use crate::ids::{CustomerId, Key};
use crate::store::{Changes, Space};

/// Somebody to look at, when, and for the silence of which moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Hint {
    pub due: Instant,
    pub customer: CustomerId,
    pub moment: Key,
}

/// Every hint, in order of time.
#[derive(Default)]
pub(super) struct Schedule(Mutex<BTreeSet<Hint>>);

impl Schedule {
    fn hints(&self) -> MutexGuard<'_, BTreeSet<Hint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, hints: &[Hint]) {
        if !hints.is_empty() {
            self.hints().extend(hints.iter().copied());
        }
    }
}

impl Schedule {
    /// Nobody looks at them any more; returns what was to be looked at.
    pub(super) fn forget(&self, customers: &[CustomerId]) -> Vec<Hint> {
        let mut hints = self.hints();
        let all = hints.iter();
        let theirs = all.filter(|hint| customers.contains(&hint.customer));
        let theirs: Vec<Hint> = theirs.copied().collect();
        for hint in &theirs {
            hints.remove(hint);
        }
        theirs
    }
}

impl Cache {
    /// Takes up the hints that the view has: once, before anything is looked at.
    pub fn take_up_schedule(&self) -> Result<(), CacheError> {
        for pair in self.view.scan_after(Space::Schedule, None) {
            let (key, _) = pair?;
            self.schedule.add(&[hint(&key)?]);
        }
        Ok(())
    }

    /// Takes out what is due, the oldest first, and at most so many; whoever takes it deals with it or puts it back.
    pub fn take_due(&self, now: Instant, at_most: usize) -> Vec<Hint> {
        let mut hints = self.schedule.hints();
        let mut due = Vec::new();
        while due.len() < at_most
            && let Some(first) = hints.first().copied().filter(|first| first.due <= now)
        {
            hints.remove(&first);
            due.push(first);
        }
        due
    }

    /// Nothing could be done about it now.
    pub fn put_back(&self, hint: Hint) {
        self.schedule.add(&[hint]);
    }

    /// It has been dealt with: after a restart nobody need look at it again.
    pub fn forget_hint(&self, hint: Hint) {
        self.ahead().forget_hint(hint);
    }
}

/// When a customer has to be looked at again: for each silence that is waited for.
pub fn hints_of(customer: &Customer) -> impl Iterator<Item = Hint> + '_ {
    customer.status.timers.iter().filter_map(|timer| {
        Some(Hint {
            due: timer.due?,
            customer: customer.id,
            moment: timer.moment,
        })
    })
}

pub(super) fn put_hint(changes: &mut Changes, hint: Hint) {
    changes.put(Space::Schedule, &key(hint), Vec::new());
}

pub(super) fn remove_hint(changes: &mut Changes, hint: Hint) {
    changes.remove(Space::Schedule, &key(hint));
}

/// Bytes in the order of time: due, customer, moment.
fn key(hint: Hint) -> Vec<u8> {
    let due = hint.due.millis().cast_unsigned() ^ (1 << 63);
    let mut key = due.to_be_bytes().to_vec();
    key.extend(hint.customer.as_bytes());
    key.extend(hint.moment.to_bytes());
    key
}

pub(super) fn hint(key: &[u8]) -> Result<Hint, CacheError> {
    let read = || {
        let (due, rest) = key.split_first_chunk::<8>()?;
        let (customer, rest) = rest.split_first_chunk::<16>()?;
        let due = u64::from_be_bytes(*due) ^ (1 << 63);
        Some(Hint {
            due: Instant::from_millis(due.cast_signed()),
            customer: CustomerId::from_bytes(*customer),
            moment: Key::from_bytes(rest.try_into().ok()?),
        })
    };
    read().ok_or(CacheError::Unreadable {
        what: "hint",
        source: Undecodable::Empty,
    })
}
