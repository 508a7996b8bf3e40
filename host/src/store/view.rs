//! The view: what the log can rebuild, in an embedded database, written behind.
//!
//! INVARIANT: the view never shows what the log has lost. Whoever writes waits until the log has made that durable, and says
//! first how far it will reach; the position that the view covers is written last. What is cut off in between is written
//! again from the log, which gives the same, since every change is the whole of the new value.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fjall::compaction::Leveled;
use fjall::config::{
    BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry,
    PartitioningPolicy, PinningPolicy,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use super::log::Log;
use super::{Background, Position, Settings, give_way};

/// What belongs together in the view. Snapshots write the number: never change one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Space {
    Customers = 0,
    Accounts = 1,
    Identities = 2,
    Events = 3,
    Decisions = 4,
    Schedule = 5,
    Meta = 6,
    /// Kill switches that are on.
    Stops = 7,
    /// Actions that wait for a person, and what became of them.
    Approvals = 8,
    /// What markets and actions have used up.
    Spending = 9,
    /// Policies that are or were live.
    Policies = 10,
    /// The keys of customers and others, wrapped.
    Keys = 11,
}

impl Space {
    pub const ALL: [Self; 12] = [
        Self::Customers,
        Self::Accounts,
        Self::Identities,
        Self::Events,
        Self::Decisions,
        Self::Schedule,
        Self::Meta,
        Self::Stops,
        Self::Approvals,
        Self::Spending,
        Self::Policies,
        Self::Keys,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Accounts => "accounts",
            Self::Identities => "identities",
            Self::Events => "events",
            Self::Decisions => "decisions",
            Self::Schedule => "schedule",
            Self::Meta => "meta",
            Self::Stops => "stops",
            Self::Approvals => "approvals",
            Self::Spending => "spending",
            Self::Policies => "policies",
            Self::Keys => "keys",
        }
    }
}

/// Changes to apply together; of several to one key, the last counts.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Changes {
    spaces: BTreeMap<Space, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    bytes: usize,
}

/// Without keys and values: they may be about a person.
impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows: usize = self.spaces.values().map(BTreeMap::len).sum();
        write!(f, "Changes({rows}, {} bytes)", self.bytes)
    }
}

impl Changes {
    pub fn put(&mut self, space: Space, key: &[u8], value: Vec<u8>) {
        self.set(space, key, Some(value));
    }

    pub fn remove(&mut self, space: Space, key: &[u8]) {
        self.set(space, key, None);
    }

    fn set(&mut self, space: Space, key: &[u8], value: Option<Vec<u8>>) {
        let size = |value: &Option<Vec<u8>>| key.len() + value.as_ref().map_or(0, Vec::len);
        self.bytes += size(&value);
        let rows = self.spaces.entry(space).or_default();
        if let Some(old) = rows.insert(key.to_vec(), value) {
            self.bytes = self.bytes.saturating_sub(size(&old));
        }
    }

    /// Adds later changes.
    pub fn extend(&mut self, later: &Self) {
        for (space, rows) in &later.spaces {
            for (key, value) in rows {
                self.set(*space, key, value.clone());
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.spaces.is_empty()
    }

    /// How many bytes of keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Why the view cannot answer or change.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("the view is damaged: start again, it is then rebuilt from the log")]
    Database(#[source] Box<fjall::Error>),
    #[error("the view may not cover {covers}: the log is durable only up to {durable}")]
    Ahead { covers: Position, durable: Position },
    #[error("the view covers {now} already, not only {covers}")]
    Behind { covers: Position, now: Position },
    #[error("cannot {operation} `{path}`")]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Why an existing view was not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unusable {
    #[error("there is none")]
    Missing,
    #[error("it is damaged")]
    Damaged,
    #[error("it was not finished")]
    Unfinished,
    #[error("it belongs to another log")]
    OtherLog,
    #[error("it covers more than the log holds")]
    Newer,
    #[error("it covers less than what was removed from the log")]
    Older,
}

const COVER: &[u8] = b"cover";
const REACH: &[u8] = b"reach";
/// Where a read found damage, the next start rebuilds.
const CONDEMNED: &str = "view.condemned";
const OLD: &str = "view.old";
const FOLDER: &str = "view";
/// How much of a space that is asked for what is not there may stand in memory.
const MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;
/// So many rows of a space are worth a table of their own: past the journal and past what is sorted in memory, which cost
/// four times as much a row.
const TABLE_ROWS: usize = 2_048;
/// So many rows go through the journal at a time.
const PIECE_ROWS: usize = 256;
/// So many tables of what is hardly ever found lie beside each other before they are merged, which is what costs most.
const TABLES_BESIDE: u8 = 12;

/// Whether the spaces of a view are there already. The database drops one whose files went, without a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spaces {
    MustExist,
    AreMade,
}

/// The view of one log.
pub struct View {
    database: Database,
    spaces: BTreeMap<Space, Keyspace>,
    about: Keyspace,
    log: Arc<Log>,
    condemned: PathBuf,
    covers: AtomicU64,
    applying: Mutex<()>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("covers", &self.covers())
            .finish_non_exhaustive()
    }
}

impl View {
    /// Opens the view in `dir` when it can be used with `log`, which ended at `end`.
    pub(super) fn open(
        dir: &Path,
        log: &Arc<Log>,
        end: Position,
        settings: &Settings,
    ) -> Result<Result<Self, Unusable>, ViewError> {
        if dir.join(CONDEMNED).exists() {
            return Ok(Err(Unusable::Damaged));
        }
        // Some damage ends the process while it is opened: the next start then does not try again.
        let condemned = dir.join(CONDEMNED);
        gone("write", &condemned, std::fs::write(&condemned, b""))?;
        let Ok(this) = Self::connect(dir, log, settings, Spaces::MustExist) else {
            return Ok(Err(Unusable::Damaged));
        };
        gone("remove", &condemned, std::fs::remove_file(&condemned))?;
        let Ok(cover) = this.about.get(COVER) else {
            return Ok(Err(Unusable::Damaged));
        };
        let Some((id, covers)) = cover.as_deref().and_then(split_cover) else {
            return Ok(Err(Unusable::Unfinished));
        };
        if id != log.id() {
            return Ok(Err(Unusable::OtherLog));
        }
        let Ok(reach) = this.about.get(REACH) else {
            return Ok(Err(Unusable::Damaged));
        };
        let reach = reach.as_deref().and_then(split_cover);
        if reach.is_some_and(|(_, reach)| reach > end) || covers > end {
            return Ok(Err(Unusable::Newer));
        }
        if covers < log.first() {
            return Ok(Err(Unusable::Older));
        }
        this.covers.store(covers.0, Ordering::SeqCst);
        Ok(Ok(this))
    }

    /// Makes an empty view in `dir` in place of what is there. It counts as unfinished until `finish`.
    pub(super) fn create(
        dir: &Path,
        log: &Arc<Log>,
        settings: &Settings,
    ) -> Result<Self, ViewError> {
        wipe(dir)?;
        Self::connect(dir, log, settings, Spaces::AreMade)
    }

    /// Whether there is a view in `dir`, usable or not.
    pub(super) fn exists(dir: &Path) -> bool {
        dir.join(FOLDER).exists() || dir.join(CONDEMNED).exists()
    }

    fn connect(
        dir: &Path,
        log: &Arc<Log>,
        settings: &Settings,
        wanted: Spaces,
    ) -> Result<Self, ViewError> {
        let path = dir.join(FOLDER);
        let cache_bytes = settings.view_cache_bytes;
        let open = || {
            // Before the database starts its worker, which inherits it.
            give_way(Background::Sometime);
            // With more of them, one spins as long as another one merges.
            let builder = Database::builder(&path).worker_threads(1);
            let database = builder.cache_size(cache_bytes).open()?;
            let is_there = |space: &Space| database.keyspace_exists(space.name());
            if wanted == Spaces::MustExist && !Space::ALL.iter().all(is_there) {
                return Err(fjall::Error::Unrecoverable);
            }
            let about = database.keyspace("about", KeyspaceCreateOptions::default)?;
            let mut spaces = BTreeMap::new();
            for space in Space::ALL {
                spaces.insert(space, database.keyspace(space.name(), || options(space))?);
            }
            Ok((database, spaces, about))
        };
        // The database panics on some damaged files: to us that is damage like any other.
        let opened = std::thread::scope(|scope| scope.spawn(open).join());
        let (database, spaces, about) = opened
            .unwrap_or(Err(fjall::Error::Unrecoverable))
            .map_err(database_error)?;
        Ok(Self {
            database,
            spaces,
            about,
            log: Arc::clone(log),
            condemned: dir.join(CONDEMNED),
            covers: AtomicU64::new(0),
            applying: Mutex::new(()),
        })
    }

    /// Reads a value; what is not there is cheap to ask for.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        match self.spaces.get(&space).map(|space| space.get(key)) {
            Some(Ok(value)) => Ok(value.map(|value| value.to_vec())),
            Some(Err(error)) => Err(self.condemn(error)),
            None => Ok(None),
        }
    }

    /// The pairs whose keys start with `prefix`, in the keys' order, as they stand now.
    pub fn scan(
        &self,
        space: Space,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), ViewError>> + '_ {
        let found = self.spaces.get(&space).map(|space| space.prefix(prefix));
        found.into_iter().flatten().map(|pair| {
            let (key, value) = pair.into_inner().map_err(|error| self.condemn(error))?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// The pairs whose keys come after `key`, in the keys' order, as they stand now.
    pub fn scan_after(
        &self,
        space: Space,
        key: Option<&[u8]>,
    ) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), ViewError>> + '_ {
        let from = match key {
            Some(key) => Bound::Excluded(key.to_vec()),
            None => Bound::Unbounded,
        };
        let found = self
            .spaces
            .get(&space)
            .map(|space| space.range((from, Bound::Unbounded)));
        found.into_iter().flatten().map(|pair| {
            let (key, value) = pair.into_inner().map_err(|error| self.condemn(error))?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// Applies `changes`, and then covers everything that starts before `covers`.
    pub fn apply(&self, changes: Changes, covers: Position) -> Result<(), ViewError> {
        let durable = self.log.durable();
        if covers > durable {
            return Err(ViewError::Ahead { covers, durable });
        }
        let _one_at_a_time = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.covers();
        if covers < now {
            return Err(ViewError::Behind { covers, now });
        }
        self.load(changes)?;
        let said = self.about.insert(COVER, join_cover(self.log.id(), covers));
        said.map_err(|error| self.condemn(error))?;
        self.covers.store(covers.0, Ordering::SeqCst);
        Ok(())
    }

    /// Says that rows may be written from now on of everything that starts before `end`: a log that ends earlier has lost
    /// what they say.
    pub fn reach(&self, end: Position) -> Result<(), ViewError> {
        let durable = self.log.durable();
        if end > durable {
            let covers = end;
            return Err(ViewError::Ahead { covers, durable });
        }
        let said = self.about.insert(REACH, join_cover(self.log.id(), end));
        said.map_err(|error| self.condemn(error))?;
        self.sync()
    }

    /// Writes rows of one space, in the order of their keys, without covering anything; `None` removes. It tells
    /// `pause` how many rows it has just written, which may take its time.
    pub fn write<K: AsRef<[u8]>>(
        &self,
        space: Space,
        rows: impl Iterator<Item = (K, Option<Vec<u8>>)>,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), ViewError> {
        let Some(space) = self.spaces.get(&space) else {
            return Ok(());
        };
        let written = self.write_pieces(space, rows, pause);
        written.map_err(|error| self.condemn(error))
    }

    fn write_pieces<K: AsRef<[u8]>>(
        &self,
        space: &Keyspace,
        mut rows: impl Iterator<Item = (K, Option<Vec<u8>>)>,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), fjall::Error> {
        loop {
            let mut batch = self.database.batch();
            for (key, value) in rows.by_ref().take(PIECE_ROWS) {
                match value {
                    Some(value) => batch.insert(space, key.as_ref(), value),
                    None => batch.remove(space, key.as_ref()),
                }
            }
            let count = batch.len();
            batch.commit()?;
            pause(count);
            if count < PIECE_ROWS {
                return Ok(());
            }
        }
    }

    /// Writes without covering anything. Much of one space becomes a table of its own, which the database syncs: so much comes
    /// together only while a view is built, when nobody waits.
    pub fn load(&self, changes: Changes) -> Result<(), ViewError> {
        for (space, rows) in changes.spaces {
            let rows = rows.into_iter();
            match self.spaces.get(&space) {
                Some(keyspace) if rows.len() >= TABLE_ROWS => {
                    let written = write_table(keyspace, rows);
                    written.map_err(|error| self.condemn(error))?;
                }
                _ => self.write(space, rows, &mut |_| {})?,
            }
        }
        Ok(())
    }

    /// Everything that starts before it is in the view.
    pub fn covers(&self) -> Position {
        Position(self.covers.load(Ordering::SeqCst))
    }

    /// Makes what was applied survive a loss of power.
    pub fn sync(&self) -> Result<(), ViewError> {
        let done = self.database.persist(PersistMode::SyncAll);
        done.map_err(|error| self.condemn(error))
    }

    /// Hands out everything as it stood at one moment, which is now or later.
    pub(super) fn dump<E: From<ViewError>>(
        &self,
        mut each: impl FnMut(Space, &[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let snapshot = self.database.snapshot();
        for (space, keyspace) in &self.spaces {
            for pair in snapshot.iter(keyspace) {
                let (key, value) = pair.into_inner().map_err(|error| self.condemn(error))?;
                each(*space, &key, &value)?;
            }
        }
        Ok(())
    }

    fn condemn(&self, error: fjall::Error) -> ViewError {
        // Nothing to do when this fails too: the error is reported either way.
        drop(std::fs::write(&self.condemned, b""));
        database_error(error)
    }
}

/// They show once all of them are written.
fn write_table<K: AsRef<[u8]>>(
    space: &Keyspace,
    rows: impl Iterator<Item = (K, Option<Vec<u8>>)>,
) -> Result<(), fjall::Error> {
    let mut table = space.start_ingestion()?;
    for (key, value) in rows {
        match value {
            Some(value) => table.write(key.as_ref(), value)?,
            None => table.write_tombstone(key.as_ref())?,
        }
    }
    table.finish()
}

fn database_error(error: fjall::Error) -> ViewError {
    ViewError::Database(Box::new(error))
}

/// Removes a view, in such an order that an interruption leaves none or one that is known to be bad.
fn wipe(dir: &Path) -> Result<(), ViewError> {
    let (view, old, condemned) = (dir.join(FOLDER), dir.join(OLD), dir.join(CONDEMNED));
    gone("remove", &old, std::fs::remove_dir_all(&old))?;
    gone("rename", &view, std::fs::rename(&view, &old))?;
    gone("remove", &condemned, std::fs::remove_file(&condemned))?;
    gone("remove", &old, std::fs::remove_dir_all(&old))
}

/// What is not there need not go.
fn gone(operation: &'static str, path: &Path, done: std::io::Result<()>) -> Result<(), ViewError> {
    match done {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(ViewError::Io {
            operation,
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Nothing is compressed: what is sealed and what is drawn does not become smaller. Most events are new: asking for one that
/// is not there must not touch a block, so filters are exact and stay loaded, and little stands in memory in front of them,
/// where every look-up has to search.
fn options(space: Space) -> KeyspaceCreateOptions {
    let mut options = KeyspaceCreateOptions::default()
        .data_block_compression_policy(CompressionPolicy::disabled());
    if matches!(space, Space::Events | Space::Decisions) {
        let merging = Leveled::default().with_l0_threshold(TABLES_BESIDE);
        options = options.compaction_strategy(Arc::new(merging));
    }
    if matches!(space, Space::Events | Space::Identities) {
        options = options.filter_policy(FilterPolicy::all(FilterPolicyEntry::Bloom(
            BloomConstructionPolicy::FalsePositiveRate(0.001),
        )));
        options = options.max_memtable_size(MEMTABLE_BYTES);
        options.filter_block_pinning_policy = PinningPolicy::all(true);
        options.filter_block_partitioning_policy = PartitioningPolicy::all(false);
        options.index_block_pinning_policy = PinningPolicy::all(true);
    }
    options
}

fn join_cover(id: [u8; 16], covers: Position) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend_from_slice(&covers.0.to_be_bytes());
    bytes
}

fn split_cover(bytes: &[u8]) -> Option<([u8; 16], Position)> {
    let (id, covers) = bytes.split_first_chunk::<16>()?;
    Some((*id, Position(u64::from_be_bytes(covers.try_into().ok()?))))
}
