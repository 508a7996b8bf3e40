//! What is newer than the view: everything that was committed and is not written behind yet.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::cache::keys::{put_erased_since, put_expired, remove_erased_since};
use crate::cache::schedule::remove_hint;
use crate::cache::{Change, Earlier, Erasure, Hint, Kept, Note, State, Waiting};
use crate::clock::Instant;
use crate::customer::{Account, Customer, IdentityKey, Named};
use crate::event::EventKey;
use crate::ids::{AccountId, ActionId, CustomerId, DecisionId, Map};
use crate::keys::{Period, Subject, Wrapped};
use crate::spending::{Counter, Spending};
use crate::store::{Changes, Position};

/// Two generations: the one that grows, and the one that is being written to the view.
#[derive(Default)]
pub(super) struct Ahead {
    growing: Generation,
    writing: Option<Arc<Generation>>,
    /// The tables of the one that was written last.
    spare: Option<Generation>,
    /// How often the view was written.
    writes: u64,
    /// Whoever was erased since the host started: whatever still names them names nobody.
    erased: HashSet<CustomerId>,
    /// When the first of those was erased whose wrapping key is still there.
    pub(super) erased_since: Option<Instant>,
}

/// What was committed in one stretch; of each customer only the newest state.
#[derive(Default)]
pub struct Generation {
    pub(super) customers: Map<CustomerId, Arc<State<Customer>>>,
    pub(super) accounts: Map<AccountId, Arc<State<Account>>>,
    /// Keys that are new, or wrapped anew.
    pub(super) keys: Map<Subject, Wrapped>,
    /// `None` of one that names nobody any more.
    pub(super) names: Map<IdentityKey, Option<Named>>,
    pub(super) events: Map<EventKey, Earlier>,
    pub(super) decisions: Map<DecisionId, Position>,
    pub(super) waiting: BTreeMap<ActionId, Waiting>,
    pub(super) hints: Vec<Hint>,
    /// The whole of what was used up, as of the generation's last record.
    pub(super) spent: Map<Counter, i64>,
    /// What the host's own records change in the view.
    pub(super) notes: Changes,
    pub(super) erased: Vec<CustomerId>,
    /// Everything of it starts before it in the log, and nothing newer does.
    pub(super) end: Position,
    bytes: usize,
    /// The first of its events, and the last.
    events_at: Option<(Position, Position)>,
}

impl Generation {
    /// Its tables, empty: who grows the next generation in them meets no fresh memory. To let go of thousands of states takes
    /// pauses.
    pub(super) fn emptied(mut self, pause: &mut dyn FnMut(usize)) -> Self {
        self.customers.drain().for_each(|_| pause(1));
        self.accounts.drain().for_each(|_| pause(1));
        Self {
            customers: emptied(self.customers),
            accounts: emptied(self.accounts),
            keys: emptied(self.keys),
            names: emptied(self.names),
            events: emptied(self.events),
            decisions: emptied(self.decisions),
            ..Self::default()
        }
    }

    /// How many steps it takes to write it, about: rows of the view are sorted and written, and some of them remembered.
    pub(super) fn steps(&self) -> usize {
        let remembered = self.customers.len() + self.accounts.len() + self.names.len();
        let rest = self.keys.len() + self.events.len() + self.decisions.len() + self.hints.len();
        3 * remembered + 2 * rest
    }

    /// In memory, or in the log where it is more there: a start reads all of that again.
    fn bytes(&self) -> usize {
        let (first, last) = self.events_at.unwrap_or_default();
        let log = last.as_u64().saturating_sub(first.as_u64());
        self.bytes.max(usize::try_from(log).unwrap_or(usize::MAX))
    }
}

/// What an entry costs beside its bytes: keys, the decoded state, the tables.
const ENTRY_BYTES: usize = 1_024;
/// The same of an entry that is no more than a key and a number.
const SMALL_BYTES: usize = 64;

impl Ahead {
    fn generations(&self) -> impl Iterator<Item = &Generation> {
        std::iter::once(&self.growing).chain(self.writing.as_deref())
    }

    /// `Some(None)` of somebody who was erased.
    pub(super) fn find<E: Kept>(&self, id: E::Id) -> Option<Option<Arc<State<E>>>> {
        if let Subject::Customer(id) = E::subject(id)
            && self.is_erased(id)
        {
            return Some(None);
        }
        self.generations()
            .find_map(|generation| E::ahead(generation, id))
            .map(|version| Some(Arc::clone(version)))
    }

    pub(super) fn is_erased(&self, id: CustomerId) -> bool {
        !self.erased.is_empty() && self.erased.contains(&id)
    }

    pub(super) fn key(&self, subject: Subject) -> Option<Wrapped> {
        self.generations()
            .find_map(|generation| generation.keys.get(&subject))
            .cloned()
    }

    /// `Some(None)` of one that names nobody any more.
    pub(super) fn name(&self, key: IdentityKey) -> Option<Option<Named>> {
        self.generations()
            .find_map(|generation| generation.names.get(&key))
            .copied()
    }

    /// Whether it still names somebody.
    pub(super) fn is_alive(&self, named: Named) -> bool {
        match named {
            Named::Customer(id) => !self.is_erased(id),
            Named::Account(_) => true,
        }
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
        self.generations().map(Generation::bytes).sum()
    }

    /// Of what is not being written yet.
    pub(super) fn growing_bytes(&self) -> usize {
        self.growing.bytes()
    }

    pub(super) fn install(&mut self, change: Change<'_>, position: Position, spending: &Spending) {
        let growing = &mut self.growing;
        for state in change.customers {
            let state = at(state, position);
            growing.bytes += cost(&state);
            let before = growing.customers.insert(state.value.id, state);
            growing.bytes -= before.map_or(0, |before| cost(&before));
        }
        for state in change.accounts {
            let state = at(state, position);
            growing.bytes += cost(&state);
            let before = growing.accounts.insert(state.value.id, state);
            growing.bytes -= before.map_or(0, |before| cost(&before));
        }
        let (first, _) = growing.events_at.unwrap_or((position, position));
        growing.events_at = Some((first, position));
        let states = change.states;
        growing.keys.extend(states.keys.iter().cloned());
        let forgotten = states.forgotten.iter().map(|key| (*key, None));
        let named = change.named.iter().map(|(key, named)| (*key, Some(*named)));
        growing.names.extend(forgotten.chain(named));
        growing.waiting.extend(states.waiting.iter().cloned());
        growing.hints.extend(change.hints);
        for expense in states.expenses.iter().filter(|one| one.amount != 0) {
            let total = spending.of(expense.counter);
            growing.spent.insert(expense.counter, total);
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
        let entries = change.named.len()
            + states.forgotten.len()
            + change.hints.len()
            + states.keys.len()
            + states.expenses.len()
            + change.decisions.len();
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

    /// Nothing of them is found any more, here or behind; `hints` are all that were to be looked at.
    pub(super) fn install_erased(&mut self, erasing: &Erasure<'_>, hints: &[Hint]) {
        let growing = &mut self.growing;
        for id in erasing.customers {
            self.erased.insert(*id);
            let before = growing.customers.remove(id);
            growing.bytes -= before.map_or(0, |before| cost(&before));
            growing.keys.remove(&Subject::Customer(*id));
        }
        let names = erasing.names.iter().map(|key| (*key, None));
        growing.names.extend(names);
        let erased = &self.erased;
        growing
            .hints
            .retain(|hint| !hint.customer().is_some_and(|id| erased.contains(&id)));
        for hint in hints {
            remove_hint(&mut growing.notes, *hint);
        }
        growing.waiting.extend(erasing.waiting.iter().cloned());
        let since = *self.erased_since.get_or_insert(erasing.at);
        put_erased_since(&mut growing.notes, since);
        growing.erased.extend(erasing.customers);
        let entries = erasing.customers.len() + erasing.names.len() + hints.len();
        growing.bytes += SMALL_BYTES * (1 + entries) + ENTRY_BYTES * erasing.waiting.len();
    }

    /// Whoever was erased so far, their wrapping key goes with the epoch that is over.
    pub(super) fn begin_epoch(&mut self) {
        self.erased_since = None;
        remove_erased_since(&mut self.growing.notes);
        self.growing.bytes += SMALL_BYTES;
    }

    /// What was written in these periods can no longer be read; their keys' wrapping key goes with its epoch.
    pub(super) fn install_expired(&mut self, periods: &[Period], at: Instant) {
        let since = *self.erased_since.get_or_insert(at);
        let growing = &mut self.growing;
        put_erased_since(&mut growing.notes, since);
        for period in periods {
            growing.keys.remove(&Subject::Period(*period));
            put_expired(&mut growing.notes, *period);
        }
        growing.bytes += SMALL_BYTES * (1 + periods.len());
    }

    pub(super) fn install_keys(&mut self, keys: Vec<(Subject, Wrapped)>) {
        self.growing.bytes += SMALL_BYTES * (1 + 2 * keys.len());
        self.growing.keys.extend(keys);
    }

    /// Calls `each` with the key of every event and name that is ahead.
    pub(super) fn each_key(&self, mut each: impl FnMut(&[u8])) {
        for generation in self.generations() {
            generation.events.keys().for_each(|key| each(&key.0));
            generation.names.keys().for_each(|key| each(key.as_bytes()));
        }
    }

    /// Begins to write what has grown, which reaches to `end`; what was begun before and is not written yet comes first.
    pub(super) fn begin(&mut self, end: Position) -> Option<Arc<Generation>> {
        if self.writing.is_none() && self.growing.bytes > 0 {
            let next = self.spare.take().unwrap_or_default();
            let mut grown = std::mem::replace(&mut self.growing, next);
            grown.end = end;
            self.writing = Some(Arc::new(grown));
        }
        self.writing.clone()
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// How often the view was written: as long as that stays the same, whatever changes is found here.
    pub(super) fn writes(&self) -> u64 {
        self.writes
    }

    /// The view holds what was being written.
    pub(super) fn finish(&mut self) {
        self.writing = None;
        self.writes += 1;
    }

    pub(super) fn reuse(&mut self, spare: Generation) {
        self.spare = Some(spare);
    }
}

fn emptied<K, V>(mut table: Map<K, V>) -> Map<K, V> {
    table.clear();
    table
}

fn cost<E>(state: &State<E>) -> usize {
    state.encoded.bytes.len() + ENTRY_BYTES
}

fn at<E>(mut state: State<E>, position: Position) -> Arc<State<E>> {
    state.encoded.position = position;
    Arc::new(state)
}
