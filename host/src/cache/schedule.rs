//! What is to be looked at when its time comes: hints, in order of time. What is true then stands with the customer, so a
//! hint that nothing comes of is simply dropped.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cache::{Cache, CacheError};
use crate::clock::Instant;
use crate::customer::Status;
use crate::encoding::Undecodable;
use crate::ids::{CustomerId, Key};
use crate::keys::{SUBJECT_BYTES, Subject};
use crate::store::{Changes, Space};

/// Somebody to look at, when, and what for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hint {
    pub due: Instant,
    /// A customer or an account.
    pub whose: Subject,
    /// The moment whose silence is then over; `None` where something is then no longer kept.
    pub silence: Option<Key>,
}

impl Hint {
    /// `None` where it is about an account.
    pub(super) fn customer(&self) -> Option<CustomerId> {
        match self.whose {
            Subject::Customer(id) => Some(id),
            Subject::Account(_) | Subject::Market(_) | Subject::Period(_) => None,
        }
    }
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
        let is_theirs = |hint: &&Hint| hint.customer().is_some_and(|id| customers.contains(&id));
        let theirs = all.filter(is_theirs);
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

/// When somebody has to be looked at again for a silence that is waited for.
pub fn silences_of(status: &Status, whose: Subject) -> impl Iterator<Item = Hint> + '_ {
    status.timers.iter().filter_map(move |timer| {
        Some(Hint {
            due: timer.due?,
            whose,
            silence: Some(timer.moment),
        })
    })
}

/// When somebody has to be looked at again for what is then no longer kept.
pub fn fading_of(status: &Status, whose: Subject) -> Option<Hint> {
    Some(Hint {
        due: status.fades?,
        whose,
        silence: None,
    })
}

pub(super) fn put_hint(changes: &mut Changes, hint: Hint) {
    changes.put(Space::Schedule, &key(hint), Vec::new());
}

pub(super) fn remove_hint(changes: &mut Changes, hint: Hint) {
    changes.remove(Space::Schedule, &key(hint));
}

/// Bytes in the order of time: due, whose, and the moment where there is one.
pub(super) fn key(hint: Hint) -> Vec<u8> {
    let due = hint.due.millis().cast_unsigned() ^ (1 << 63);
    let mut key = due.to_be_bytes().to_vec();
    key.extend(hint.whose.to_bytes());
    key.extend(hint.silence.iter().flat_map(|moment| moment.to_bytes()));
    key
}

pub(super) fn hint(key: &[u8]) -> Result<Hint, CacheError> {
    let read = || {
        let (due, rest) = key.split_first_chunk::<8>()?;
        let (whose, rest) = rest.split_first_chunk::<SUBJECT_BYTES>()?;
        let due = u64::from_be_bytes(*due) ^ (1 << 63);
        let silence = match rest {
            [] => None,
            moment => Some(Key::from_bytes(moment.try_into().ok()?)),
        };
        Some(Hint {
            due: Instant::from_millis(due.cast_signed()),
            whose: Subject::from_bytes(whose)?,
            silence,
        })
    };
    read().ok_or(CacheError::Unreadable {
        what: "hint",
        source: Undecodable::Short,
    })
}
