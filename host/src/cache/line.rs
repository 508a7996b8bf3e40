//! The line in front of each customer: whoever holds it decides alone, in the order of arrival.

use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::cache::Hasher;
use crate::ids::Map;

const SHARDS: usize = 64;

type Slots<Id> = Map<Id, Arc<tokio::sync::Mutex<()>>>;

/// All lines that anyone holds or waits in.
pub(super) struct Lines<Id>(Arc<Shards<Id>>);

struct Shards<Id> {
    hasher: Hasher,
    shards: [Mutex<Slots<Id>>; SHARDS],
}

impl<Id: Copy + Eq + Hash> Shards<Id> {
    fn of(&self, id: Id) -> MutexGuard<'_, Slots<Id>> {
        let shard = usize::try_from(self.hasher.hash_one(id) % SHARDS as u64).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "a remainder is below its divisor")]
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Id: Copy + Eq + Hash> Lines<Id> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shards {
            hasher: Hasher::default(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }))
    }

    /// Enters a line in which nobody is.
    pub(super) fn enter(&self, id: Id) -> Option<Line<Id>> {
        let mut slots = self.0.of(id);
        if slots.contains_key(&id) {
            return None;
        }
        let slot = Arc::new(tokio::sync::Mutex::new(()));
        let turn = Arc::clone(&slot).try_lock_owned().ok()?;
        slots.insert(id, Arc::clone(&slot));
        Some(Line {
            id,
            shards: Arc::clone(&self.0),
            slot,
            turn: Some(turn),
        })
    }

    /// The place in line is taken at the first poll.
    pub(super) async fn wait(&self, id: Id) -> Line<Id> {
        let slot = Arc::clone(self.0.of(id).entry(id).or_default());
        let mut place = Line {
            id,
            shards: Arc::clone(&self.0),
            slot,
            turn: None,
        };
        place.turn = Some(Arc::clone(&place.slot).lock_owned().await);
        place
    }
}

/// A place in a line; holding it is the lock.
pub struct Line<Id: Copy + Eq + Hash> {
    id: Id,
    shards: Arc<Shards<Id>>,
    slot: Arc<tokio::sync::Mutex<()>>,
    turn: Option<OwnedMutexGuard<()>>,
}

impl<Id: Copy + Eq + Hash> Line<Id> {
    pub fn id(&self) -> Id {
        self.id
    }
}

impl<Id: Copy + Eq + Hash> Drop for Line<Id> {
    fn drop(&mut self) {
        self.turn = None;
        let mut slots = self.shards.of(self.id);
        // The table's and ours: nobody else is in the line, and nobody can join while the shard is locked.
        if Arc::strong_count(&self.slot) == 2 {
            slots.remove(&self.id);
        }
    }
}
