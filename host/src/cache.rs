//! The shared customer state: load once, lock, write through, evict.
//!
//! INVARIANT: the newest state of a customer is in `ahead` until the view holds it. Behind it, the cache of clean states
//! may lose anything at any time.

mod ahead;
mod claim;
mod keys;
mod known;
mod line;
mod lock;
mod names;
mod recovery;
mod schedule;
mod spent;
mod waiting;
mod write_behind;

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::customer::{Account, Customer, IdentityKey, Named};
use crate::encoding::{self, Dictionary, Undecodable};
use crate::event::EventKey;
use crate::ids::{AccountId, ActionId, CustomerId, DecisionId};
use crate::keys::{DataKey, Locked, Ring, Subject, Wrapped};
use crate::spending::{Expense, Overtaken, Purse, Spending};
use crate::store::{Changes, Log, Position, Refused, Space, Store, View, ViewError};

use ahead::{Ahead, Generation};
pub use claim::{Claim, ClaimAnswer, Earlier};
pub use keys::{put_names, seal_state};
pub use line::Line;
pub use lock::Lock;
pub use names::Reservation;
pub use recovery::{EventReplay, Recovery};
pub use schedule::{Hint, fading_of, silences_of};
pub use waiting::{Enough, Waiting};
pub use write_behind::{Progress, WriteBehindError};

/// Of drawn ids and keyed hashes.
type Hasher = foldhash::fast::RandomState;

/// How much the cache may hold.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Clean states in memory.
    pub clean_bytes: u64,
    /// States and records that are ahead of the view; beyond it, the host is busy.
    pub ahead_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clean_bytes: 1 << 30,
            ahead_bytes: 256 << 20,
        }
    }
}

/// The state of every customer and account, in memory and behind it.
pub struct Cache {
    settings: Settings,
    log: Arc<Log>,
    view: Arc<View>,
    ring: Arc<Ring>,
    own_keys: keys::OwnKeys,
    dictionary: Dictionary,
    ahead: Mutex<Ahead>,
    customers: Shelf<CustomerId>,
    accounts: Shelf<AccountId>,
    names: names::Names,
    known: known::Known,
    claims: Arc<claim::Claims>,
    schedule: schedule::Schedule,
    era: AtomicU64,
    turn: write_behind::Turn,
    spending: Arc<Spending>,
}

/// Who knew.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Memory,
    View,
}

/// Why the cache could not serve.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("the view cannot be read")]
    View(#[from] ViewError),
    #[error("a stored {what} cannot be read")]
    Unreadable {
        what: &'static str,
        source: Undecodable,
    },
    #[error("a stored {what} cannot be opened")]
    Locked { what: &'static str, source: Locked },
    #[error("a load was cut off")]
    CutOff,
}

/// One state of a customer or an account: decoded, and as it was encoded.
#[derive(Clone, Debug)]
pub struct State<E> {
    pub value: E,
    pub encoded: EncodedState,
}

/// A state's bytes, and what closes them in log and view.
#[derive(Clone, Debug)]
pub struct EncodedState {
    /// Of the record that made it; nothing while that is not queued.
    pub position: Position,
    pub bytes: Bytes,
    pub key: DataKey,
}

impl EncodedState {
    pub fn decode<E: Kept>(&self) -> Result<E, CacheError> {
        encoding::decode(&self.bytes).map_err(|source| CacheError::Unreadable {
            what: E::WHAT,
            source,
        })
    }
}

/// What customers and accounts have in common for whoever keeps them.
pub trait Kept: Clone + DeserializeOwned + Serialize + Send + Sync + Sized + 'static {
    type Id: Copy + Ord + Hash + Send + Sync + 'static;
    const WHAT: &'static str;
    const SPACE: Space;

    fn key(id: &Self::Id) -> &[u8; 16];
    fn subject(id: Self::Id) -> Subject;
    /// `None` of a name of something else.
    fn named(named: Named) -> Option<Self::Id>;
    fn shelf(cache: &Cache) -> &Shelf<Self::Id>;
    fn ahead(generation: &Generation, id: Self::Id) -> Option<&Arc<State<Self>>>;
}

impl Kept for Customer {
    type Id = CustomerId;
    const WHAT: &'static str = "customer";
    const SPACE: Space = Space::Customers;

    fn key(id: &CustomerId) -> &[u8; 16] {
        id.as_bytes()
    }

    fn subject(id: CustomerId) -> Subject {
        Subject::Customer(id)
    }

    fn named(named: Named) -> Option<CustomerId> {
        match named {
            Named::Customer(id) => Some(id),
            Named::Account(_) => None,
        }
    }

    fn shelf(cache: &Cache) -> &Shelf<CustomerId> {
        &cache.customers
    }

    fn ahead(generation: &Generation, id: CustomerId) -> Option<&Arc<State<Self>>> {
        generation.customers.get(&id)
    }
}

impl Kept for Account {
    type Id = AccountId;
    const WHAT: &'static str = "account";
    const SPACE: Space = Space::Accounts;

    fn key(id: &AccountId) -> &[u8; 16] {
        id.as_bytes()
    }

    fn subject(id: AccountId) -> Subject {
        Subject::Account(id)
    }

    fn named(named: Named) -> Option<AccountId> {
        match named {
            Named::Account(id) => Some(id),
            Named::Customer(_) => None,
        }
    }

    fn shelf(cache: &Cache) -> &Shelf<AccountId> {
        &cache.accounts
    }

    fn ahead(generation: &Generation, id: AccountId) -> Option<&Arc<State<Self>>> {
        generation.accounts.get(&id)
    }
}

/// The lines in front of customers or accounts, and their clean states.
pub struct Shelf<Id> {
    lines: line::Lines<Id>,
    /// Encoded states that the view holds too.
    clean: moka::sync::Cache<Id, EncodedState, Hasher>,
}

/// The most that moka and the key cost beside a state's bytes.
const CLEAN_OVERHEAD_BYTES: usize = 256;

impl<Id: Copy + Eq + Hash + Send + Sync + 'static> Shelf<Id> {
    fn new(capacity_bytes: u64) -> Self {
        let weigh = |_: &Id, clean: &EncodedState| {
            u32::try_from(clean.bytes.len() + CLEAN_OVERHEAD_BYTES).unwrap_or(u32::MAX)
        };
        let clean = moka::sync::Cache::builder()
            .max_capacity(capacity_bytes)
            .weigher(weigh)
            .build_with_hasher(Hasher::default());
        Self {
            lines: line::Lines::new(),
            clean,
        }
    }
}

/// The state of a customer or an account after a record, as the record keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StateAfter<Id> {
    pub id: Id,
    pub revision: u64,
    /// The record that made the state before.
    pub previous: Option<Position>,
    /// Encoded, and closed with its own key within the record's period of states.
    pub state: Bytes,
}

/// Everything that a record changes, without anything that is personal. Names and hints stand in the states themselves.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct States {
    pub customers: Vec<StateAfter<CustomerId>>,
    pub accounts: Vec<StateAfter<AccountId>>,
    /// Keys that are new, of those who are.
    pub keys: Vec<(Subject, Wrapped)>,
    /// Names that name nobody any more.
    pub forgotten: Vec<IdentityKey>,
    /// Actions that wait for a person, or no longer do.
    pub waiting: Vec<(ActionId, Waiting)>,
    /// What its actions use up, and what they could not.
    pub expenses: Vec<Expense>,
}

/// The number of an era: between two of these, everything that all decisions heed alike was the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EraNumber(u64);

/// One record, ready for the log, and what it changes in memory.
pub struct Change<'a> {
    /// The record's kind, and its bytes.
    pub kind: u8,
    pub record: &'a [u8],
    pub customers: Vec<State<Customer>>,
    pub accounts: Vec<State<Account>>,
    pub states: &'a States,
    pub purse: &'a Purse,
    /// Identities that are new, or name somebody else from now on.
    pub named: &'a [(IdentityKey, Named)],
    /// When the customers have to be looked at again.
    pub hints: &'a [Hint],
    pub event: Option<(EventKey, Earlier)>,
    pub decisions: &'a [DecisionId],
    /// In which it was decided.
    pub era: EraNumber,
}

/// The record that somebody is erased, and what of them memory and view lose.
pub struct Erasure<'a> {
    pub kind: u8,
    pub record: &'a [u8],
    pub customers: &'a [CustomerId],
    pub names: &'a [IdentityKey],
    /// Actions that no longer wait.
    pub waiting: &'a [(ActionId, Waiting)],
    pub at: Instant,
    pub era: EraNumber,
}

/// One record of the host itself, which changes the view alone.
pub struct Note {
    pub kind: u8,
    pub record: Vec<u8>,
    pub view: Changes,
}

/// Why a change was not taken; nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("too much is waiting to be written")]
    Busy,
    /// Its era is over, or others have used up what it counted on.
    #[error("what it rests on changed meanwhile")]
    Outdated,
    #[error("the log refuses")]
    Log(#[from] Refused),
}

impl From<Overtaken> for CommitError {
    fn from(Overtaken: Overtaken) -> Self {
        Self::Outdated
    }
}

impl Cache {
    /// With what the view knows of the figures; nothing was decided yet.
    pub fn new(store: &Store, ring: Arc<Ring>, settings: Settings) -> Result<Self, CacheError> {
        let share = |part: u64| settings.clean_bytes / 16 * part;
        Ok(Self {
            settings,
            log: Arc::clone(store.log()),
            view: Arc::clone(store.view()),
            ring,
            own_keys: keys::OwnKeys::default(),
            dictionary: Dictionary::default(),
            ahead: Mutex::new(Ahead::default()),
            era: AtomicU64::new(0),
            spending: Arc::new(Self::kept_spending(store.view())?),
            schedule: schedule::Schedule::default(),
            turn: write_behind::Turn::default(),
            customers: Shelf::new(share(12)),
            accounts: Shelf::new(share(1)),
            names: names::Names::new(share(2)),
            known: known::Known::new(share(1)),
            claims: Arc::new(claim::Claims::default()),
        })
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place in the line in front of a customer or an account, and waits for its turn.
    pub async fn line<E: Kept>(&self, id: E::Id) -> Line<E::Id> {
        E::shelf(self).lines.wait(id).await
    }

    /// The newest state, whether anyone holds the line or not; `None` of somebody who has none yet.
    pub async fn load<E: Kept>(&self, id: E::Id) -> Result<Option<State<E>>, CacheError> {
        Ok(self.find_state::<E>(id).await?.map(|(state, _)| state))
    }

    /// Loads under the line, and remembers what the view gave: only then nothing newer can be on its way.
    pub async fn load_held<E: Kept>(
        &self,
        line: &Line<E::Id>,
    ) -> Result<Option<State<E>>, CacheError> {
        let Some((state, origin)) = self.find_state::<E>(line.id()).await? else {
            return Ok(None);
        };
        if origin == Origin::View {
            let clean = state.encoded.clone();
            E::shelf(self).clean.insert(line.id(), clean);
        }
        Ok(Some(state))
    }

    async fn find_state<E: Kept>(
        &self,
        id: E::Id,
    ) -> Result<Option<(State<E>, Origin)>, CacheError> {
        let in_memory = |state: Option<Arc<State<E>>>| {
            state.map(|state| (State::clone(&state), Origin::Memory))
        };
        let decoded = |encoded: EncodedState, origin| {
            let value = encoded.decode()?;
            Ok(Some((State { value, encoded }, origin)))
        };
        let ahead = self.ahead().find::<E>(id);
        if let Some(state) = ahead {
            return Ok(in_memory(state));
        }
        if let Some(clean) = E::shelf(self).clean.get(&id) {
            return decoded(clean, Origin::Memory);
        }
        let (view, ring) = (Arc::clone(&self.view), Arc::clone(&self.ring));
        let found = tokio::task::spawn_blocking(move || keys::load::<E>(&view, &ring, &id));
        let found = found.await.map_err(|_| CacheError::CutOff)??;
        // While the view was asked, the state may have been written: what is ahead is always newer.
        let ahead = self.ahead().find::<E>(id);
        match (ahead, found) {
            (Some(state), _) => Ok(in_memory(state)),
            (None, Some(found)) => decoded(found, Origin::View),
            (None, None) => Ok(None),
        }
    }

    /// The number of the era now.
    pub fn era(&self) -> EraNumber {
        EraNumber(self.era.load(Ordering::SeqCst))
    }

    /// What was used up by everything that was committed.
    pub fn spending(&self) -> &Arc<Spending> {
        &self.spending
    }

    /// Queues the record for the log and installs what it changes: one step, in which nothing else is committed.
    ///
    /// INVARIANT: what stands in the log after a record that began an era was decided in that era or a later one.
    pub fn commit(&self, change: Change<'_>) -> Result<Position, CommitError> {
        let mut ahead = self.ahead();
        if change.era != self.era() {
            return Err(CommitError::Outdated);
        }
        if ahead.bytes() > self.settings.ahead_bytes {
            return Err(CommitError::Busy);
        }
        let position = self.spending.settle(change.purse, || {
            let queued = self
                .log
                .queue(change.kind, |bytes| bytes.extend_from_slice(change.record));
            queued.map_err(CommitError::from)
        })?;
        self.schedule.add(change.hints);
        if let Some((key, _)) = &change.event {
            self.known.add(&key.0);
        }
        for (key, _) in change.named {
            self.known.add(key.as_bytes());
        }
        ahead.install(change, position, &self.spending);
        Ok(position)
    }

    /// Queues a record of the host itself. It is taken even where too much is ahead of the view: there are few of them.
    pub fn note(&self, note: &Note) -> Result<Position, Refused> {
        let mut ahead = self.ahead();
        let position = self.queue_note(note)?;
        ahead.install_note(note);
        Ok(position)
    }

    /// The same, and begins an era: `publish` shows every later decision what it is to heed.
    pub fn note_for_all(
        &self,
        note: &Note,
        publish: impl FnOnce(EraNumber),
    ) -> Result<Position, Refused> {
        let mut ahead = self.ahead();
        let position = self.queue_note(note)?;
        ahead.install_note(note);
        self.begin_era(publish);
        Ok(position)
    }

    /// Begins an era without a record of its own: what it rests on is recorded, or changes no decision.
    pub fn publish(&self, publish: impl FnOnce(EraNumber)) {
        let _ahead = self.ahead();
        self.begin_era(publish);
    }

    /// Only under the lock of what is ahead: nothing is committed between the two.
    fn begin_era(&self, publish: impl FnOnce(EraNumber)) {
        let number = self.era.fetch_add(1, Ordering::SeqCst) + 1;
        publish(EraNumber(number));
    }

    fn queue_note(&self, note: &Note) -> Result<Position, Refused> {
        self.log
            .queue(note.kind, |bytes| bytes.extend_from_slice(&note.record))
    }

    /// Where the record of a decision is.
    pub async fn decision(&self, id: DecisionId) -> Result<Option<Position>, CacheError> {
        if let Some(position) = self.ahead().decision(id) {
            return Ok(Some(position));
        }
        let view = Arc::clone(&self.view);
        let found = tokio::task::spawn_blocking(move || view.get(Space::Decisions, id.as_bytes()));
        let found = found.await.map_err(|_| CacheError::CutOff)??;
        Ok(found.and_then(|bytes| position_of(&bytes)))
    }

    /// The same, reading the view right here: not for a thread that serves.
    pub fn decision_now(&self, id: DecisionId) -> Result<Option<Position>, CacheError> {
        if let Some(position) = self.ahead().decision(id) {
            return Ok(Some(position));
        }
        let found = self.view.get(Space::Decisions, id.as_bytes())?;
        Ok(found.and_then(|bytes| position_of(&bytes)))
    }
}

/// A state as the view stores it: the position of its record, then its bytes, closed.
pub fn to_store(position: Position, state: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(8 + state.len());
    stored.extend_from_slice(&position.as_u64().to_le_bytes());
    stored.extend_from_slice(state);
    stored
}

fn stored(bytes: &[u8]) -> Option<(Position, &[u8])> {
    let (position, state) = bytes.split_first_chunk::<8>()?;
    Some((Position::from_u64(u64::from_le_bytes(*position)), state))
}

fn position_of(bytes: &[u8]) -> Option<Position> {
    let position = bytes.first_chunk::<8>()?;
    Some(Position::from_u64(u64::from_le_bytes(*position)))
}
