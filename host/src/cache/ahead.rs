//! What is newer than the view: everything that was committed and is not written behind yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cache::schedule::remove_hint;
use crate::cache::{Change, Earlier, Hint, Kept, Note, Version, Waiting};
use crate::customer::{Account, Customer, IdentityKey, Named};
use crate::event::EventKey;
use crate::ids::{AccountId, ActionId, CustomerId, DecisionId, Map};
use crate::spending::Counter;
use crate::store::{Changes, Position};

/// Two generations: the one that grows, and the one that is being written to the view.
#[derive(Default)]
pub(super) struct Ahead {
    growing: Generation,
    writing: Option<Arc<Generation>>,
    /// What was used up by everything that was committed, of the stretches that still count.
    pub(super) spent: Map<Counter, i64>,
}

/// What was committed in one stretch; of each customer only the newest state.
#[derive(Default)]
pub struct Generation {
    pub(super) customers: Map<CustomerId, Arc<Version<Customer>>>,
    pub(super) accounts: Map<AccountId, Arc<Version<Account>>>,
    pub(super) names: Map<IdentityKey, Named>,
    pub(super) events: Map<EventKey, Earlier>,
    pub(super) decisions: Map<DecisionId, Position>,
    pub(super) waiting: BTreeMap<ActionId, Waiting>,
    pub(super) hints: Vec<Hint>,
    /// The whole of what was used up, as of the generation's last record.
    pub(super) spent: Map<Counter, i64>,
    /// What the host's own records change in the view.
    pub(super) notes: Changes,
    bytes: usize,
}

/// What an entry costs beside its bytes: keys, the decoded state, the tables.
const ENTRY_BYTES: usize = 1_024;
/// The same of an entry that is no more than a key and a number.
const SMALL_BYTES: usize = 64;

impl Ahead {
    fn generations(&self) -> impl Iterator<Item = &Generation> {
        std::iter::once(&self.growing).chain(self.writing.as_deref())
    }

    pub(super) fn find<E: Kept>(&self, id: E::Id) -> Option<Arc<Version<E>>> {
        self.generations()
            .find_map(|generation| E::ahead(generation, id))
            .cloned()
    }

    pub(super) fn name(&self, key: IdentityKey) -> Option<Named> {
        self.generations()
            .find_map(|generation| generation.names.get(&key))
            .copied()
    }

    pub(super) fn event(&self, key: EventKey) -> Option<Earlier> {
        self.generations()
            .find_map(|generation| generation.events.get(&key))
            .copied()
    }

    pub(super) fn decision(&self, id: DecisionId) -> Option<Position> {
        self.generations()
            .find_map(|generation| generation.decisions.get(&id))
            .copied()
    }

    pub(super) fn waiting(&self, id: ActionId) -> Option<Waiting> {
        self.generations()
            .find_map(|generation| generation.waiting.get(&id))
            .cloned()
    }

    /// Of both generations, the newer entry of each.
    pub(super) fn all_waiting(&self) -> BTreeMap<ActionId, Waiting> {
        let written = self.writing.iter().flat_map(|writing| &writing.waiting);
        let all = written.chain(&self.growing.waiting);
        all.map(|(id, waiting)| (*id, waiting.clone())).collect()
    }

    pub(super) fn bytes(&self) -> usize {
        self.generations().map(|generation| generation.bytes).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.growing.bytes == 0
    }

    pub(super) fn install(&mut self, change: Change<'_>, position: Position) {
        let growing = &mut self.growing;
        for (state, bytes) in change.customers {
            growing.bytes += bytes.len() + ENTRY_BYTES;
            growing.customers.insert(
                state.id,
                Arc::new(Version {
                    state,
                    bytes,
                    position,
                }),
            );
        }
        for (state, bytes) in change.accounts {
            growing.bytes += bytes.len() + ENTRY_BYTES;
            growing.accounts.insert(
                state.id,
                Arc::new(Version {
                    state,
                    bytes,
                    position,
                }),
            );
        }
        let states = change.states;
        growing.names.extend(states.named.iter().copied());
        growing.waiting.extend(states.waiting.iter().cloned());
        growing.hints.extend(&states.hints);
        for (counter, amount) in &states.spent {
            let total = self.spent.entry(*counter).or_default();
            *total = total.saturating_add(*amount);
            growing.spent.insert(*counter, *total);
        }
        growing.events.extend(change.event.map(|(key, earlier)| {
            (
                key,
                Earlier {
                    position,
                    ..earlier
                },
            )
        }));
        growing
            .decisions
            .extend(change.decisions.iter().map(|id| (*id, position)));
        let entries =
            states.named.len() + states.hints.len() + states.spent.len() + change.decisions.len();
        growing.bytes += SMALL_BYTES * (1 + entries) + ENTRY_BYTES * states.waiting.len();
    }

    pub(super) fn forget_hint(&mut self, hint: Hint) {
        remove_hint(&mut self.growing.notes, hint);
        self.growing.bytes += SMALL_BYTES;
    }

    pub(super) fn install_note(&mut self, note: &Note) {
        self.growing.notes.extend(&note.view);
        self.growing.bytes += SMALL_BYTES + note.view.bytes();
    }

    /// Begins to write what has grown. `None` when nothing has, or while the last stretch is still being written.
    pub(super) fn begin(&mut self) -> Option<Arc<Generation>> {
        if self.is_empty() || self.writing.is_some() {
            return None;
        }
        let writing = Arc::new(std::mem::take(&mut self.growing));
        self.writing = Some(Arc::clone(&writing));
        Some(writing)
    }

    /// The view holds what was being written.
    pub(super) fn finish(&mut self) {
        self.writing = None;
    }
}
