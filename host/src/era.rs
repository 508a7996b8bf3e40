//! What all decisions heed alike, as one value: the charter, the policies that are bound to it, and the kill switches.
//!
//! INVARIANT: a decision is committed only in the era that it was decided in: [`crate::cache::Cache::commit`] refuses every
//! other. Whoever changes anything of it begins an era, in one step with the record of the change.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::cache::EraNumber;
use crate::charter::Charter;
use crate::policy::Policies;
use crate::stop::Stops;

/// One era: whoever decides pins it once, after waiting in line, for the whole decision.
#[derive(Clone)]
pub struct Era {
    pub number: EraNumber,
    pub charter: Arc<Charter>,
    /// Bound to the charter.
    pub policies: Arc<Policies>,
    pub stops: Arc<Stops>,
}

/// The era now.
pub struct Eras {
    now: ArcSwap<Era>,
    /// One change at a time.
    changes: Mutex<()>,
}

impl Eras {
    pub fn new(first: Era) -> Self {
        Self {
            now: ArcSwap::from_pointee(first),
            changes: Mutex::new(()),
        }
    }

    pub fn now(&self) -> Arc<Era> {
        self.now.load_full()
    }

    /// Begins an era that differs from the one now by `change`. `begin` takes the step in which nothing is committed, and in it
    /// calls what it is given with the new era's number, or fails: then all stays as it was.
    pub fn change<R>(
        &self,
        change: impl FnOnce(&mut Era),
        begin: impl FnOnce(&mut dyn FnMut(EraNumber)) -> R,
    ) -> R {
        let _one_at_a_time = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Era::clone(&self.now());
        change(&mut next);
        begin(&mut |number| {
            self.now.store(Arc::new(Era {
                number,
                ..next.clone()
            }));
        })
    }
}
