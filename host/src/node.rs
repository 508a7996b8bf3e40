//! Everything that one decision needs, wired once.

mod alarms;
pub(crate) mod charters;
pub mod checkpoints;
mod figures;
mod keys;
pub mod kept;
pub(crate) mod live;
mod manifests;
mod names;
mod recovery;
mod start;
pub(crate) mod switches;
mod writer;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::cache::{self, Cache, CacheError};
use crate::charter::sign::{NoKey, Unapproved};
use crate::charter::{Charter, Complaints};
use crate::clock::Clock;
use crate::era::{Era, Eras};
use crate::ids::{Chance, Text};
use crate::keys::NoKeys;
use crate::policy::{self, Engines, Policies};
use crate::reply::State;
use crate::stop::Stops;
use crate::store::{self, Position, Store, StoreError};
use crate::telemetry::Telemetry;

pub use alarms::Violation;
pub use figures::Figures;
pub use live::Unusable;
pub use recovery::Unrecoverable;

use alarms::Alarms;
use charters::{Entry, RecordError};
use checkpoints::Checkpoints;
use live::Live;
use manifests::Manifests;
use switches::Switches;
use writer::Writer;

/// What a host is made of.
#[derive(Debug)]
pub struct Settings {
    /// The charter's folder.
    pub charter: PathBuf,
    /// The data folder; made where it does not exist.
    pub data: PathBuf,
    /// The folder of its keys; within the data folder where none is named.
    pub keys: Option<PathBuf>,
    pub clock: Clock,
    /// Threads that decide.
    pub cores: usize,
    pub store: store::Settings,
    pub cache: cache::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            charter: PathBuf::from("charter"),
            data: PathBuf::from("data"),
            keys: None,
            clock: Clock::System,
            cores: 1,
            store: store::Settings::default(),
            cache: cache::Settings::default(),
        }
    }
}

/// Why a host cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Charter(#[from] Complaints),
    #[error(
        "{complaints}\n\nthe host keeps {} as loaded into it, for it is unchanged in the charter's folder since the last start: copy what is live from there into the folder, and make the two fit",
        stayed.join(", ")
    )]
    Mixed {
        complaints: Complaints,
        /// Files that are live and not as they are in the folder, and where each is kept.
        stayed: Vec<String>,
    },
    #[error(
        "{0}\n\nthe charter's folder is not what is live: have it signed, or put the old files back"
    )]
    Unapproved(#[from] Unapproved),
    #[error(transparent)]
    Live(#[from] Unusable),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] NoKeys),
    #[error(
        "the keys in `{}` are not those that the evidence was written with: under them nothing could be read, and nobody would be found; put the right ones back from a copy, or name their folder with `--keys`",
        .folder.display()
    )]
    WrongKeys { folder: PathBuf, source: CacheError },
    #[error("the log does not take the markets' keys")]
    Markets(#[source] store::Refused),
    #[error("the engines for policies cannot be made")]
    Engines(#[source] policy::Unstartable),
    #[error("`{folder}` cannot be used")]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("the system gives no randomness")]
    Chance(#[source] std::io::Error),
    #[error("the charter cannot be recorded")]
    Record(#[source] RecordError),
    #[error("what is stored cannot be read")]
    Cache(#[from] CacheError),
    #[error("there is no key to sign the evidence with")]
    Key(#[from] NoKey),
}

/// Why a host is not ready to answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    #[error("the log has failed: nothing can be acknowledged any more")]
    Log,
    #[error("the view is not being written: {why}")]
    View { why: String },
    #[error("the host is closing")]
    Closing,
}

/// A running host, without its doors. Shared by all cores.
pub struct Node {
    pub(crate) eras: Eras,
    /// One change of charter or policies at a time.
    pub(crate) live: Mutex<Live>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) store: Store,
    pub(crate) cache: Arc<Cache>,
    pub(crate) engines: Arc<Engines>,
    pub(crate) figures: Figures,
    pub(crate) switches: Switches,
    pub(crate) alarms: Alarms,
    checkpoints: Arc<Checkpoints>,
    past_charters: charters::PastCharters,
    pub(crate) policy_gaps: PolicyGaps,
    pub(crate) manifests: Manifests,
    pub(crate) rotating: tokio::sync::Mutex<()>,
    pub(crate) data: PathBuf,
    state: watch::Sender<Option<NotReady>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Opens the data folder, recovers what it holds, and makes the charter live.
    pub fn open(settings: Settings, telemetry: &Telemetry) -> Result<Arc<Self>, OpenError> {
        let given = start::given(&settings.charter, &settings.data)?;
        let (store, ring) = recovery::open(&settings)?;
        let opening = start::open(given, (&settings.data, &store))?;
        let cache = Arc::new(Cache::new(&store, Arc::new(ring), settings.cache)?);
        cache.take_up_keys().map_err(|source| {
            let folder = keys::folder(&settings);
            OpenError::WrongKeys { folder, source }
        })?;
        cache.take_up_schedule()?;
        let (stops, switches) = Switches::recall(store.view())?;
        let engines = policy::Settings {
            cores: settings.cores,
            markets: opening.charter.markets.len(),
            cache: Some(settings.data.join("compiled")),
            ..policy::Settings::default()
        };
        let engines = Arc::new(Engines::new(&engines).map_err(OpenError::Engines)?);
        let checkpoints = Checkpoints::open(&settings.data)?;
        let (state, _) = watch::channel(None);
        let node = Arc::new(Self {
            figures: Figures::new(telemetry, &opening.charter),
            eras: Eras::new(Era {
                number: cache.era(),
                policies: Arc::new(Policies::none(&opening.charter)),
                charter: Arc::new(opening.charter),
                stops: Arc::new(stops),
            }),
            live: Mutex::new(opening.live),
            clock: Arc::new(settings.clock),
            store,
            cache,
            engines,
            switches,
            alarms: Alarms::default(),
            checkpoints: Arc::new(checkpoints),
            past_charters: charters::PastCharters::default(),
            policy_gaps: PolicyGaps::default(),
            manifests: Manifests::default(),
            rotating: tokio::sync::Mutex::default(),
            data: settings.data,
            state,
            writer: Mutex::new(None),
        });
        let charter = node.charter();
        node.record_start(&Entry {
            charter: &charter,
            files: &opening.files,
            before: opening.before,
            approved: &opening.approved,
        })?;
        node.key_markets(&charter).map_err(OpenError::Markets)?;
        let writer = node.writer().start().map_err(|source| OpenError::Folder {
            folder: node.data.clone(),
            source,
        })?;
        *node.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok(node)
    }

    /// What all decisions heed alike, now.
    pub fn era(&self) -> Arc<Era> {
        self.eras.now()
    }

    /// The charter now.
    pub fn charter(&self) -> Arc<Charter> {
        Arc::clone(&self.era().charter)
    }

    /// The kill switches now.
    pub fn stops(&self) -> Arc<Stops> {
        Arc::clone(&self.era().stops)
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    pub fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The secret under which lookup keys are hashed.
    pub fn salt(&self) -> &[u8; 32] {
        self.cache.ring().salt()
    }

    /// A place in this host's history, as callers hear it.
    pub fn state(&self, position: Position) -> State {
        let [a, b, c, d, ..] = self.store.log().id();
        State {
            log: u32::from_be_bytes([a, b, c, d]),
            position,
        }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn is_ready(&self) -> Result<(), NotReady> {
        if self.store.log().failure().is_some() {
            return Err(NotReady::Log);
        }
        match &*self.state.borrow() {
            None => Ok(()),
            Some(why) => Err(why.clone()),
        }
    }

    fn record_start(&self, entry: &Entry<'_>) -> Result<(), OpenError> {
        self.record_charter(entry, "start")
            .map_err(OpenError::Record)?;
        self.store.log().settle().map_err(StoreError::from)?;
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(&self.data)?;
        Ok(())
    }

    fn writer(&self) -> Writer {
        Writer {
            cache: Arc::clone(&self.cache),
            checkpoints: Arc::clone(&self.checkpoints),
            log: Arc::clone(self.store.log()),
            breakers: Arc::clone(self.alarms.breakers()),
            clock: Arc::clone(&self.clock),
            state: self.state.clone(),
        }
    }

    /// Writes what is left to the view and closes the log. Nothing is acknowledged afterwards.
    pub fn close(&self) {
        self.state.send_replace(Some(NotReady::Closing));
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the view's writer panicked");
        }
        // The last word, so that a tail that is cut off while the host is down shows.
        if let Err(error) = self.checkpoints.sign(self.store.log(), &self.clock) {
            tracing::warn!(%error, "no checkpoint of the evidence's end is recorded");
        }
        if let Err(error) = self.store.close() {
            tracing::error!(%error, "closing the log failed");
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

/// One of the equal threads that decide: what it owns alone.
pub struct Core {
    node: Arc<Node>,
    number: usize,
    chance: RefCell<Chance>,
    /// For keys and nonces.
    sealing: RefCell<Chance>,
    record: RefCell<Vec<u8>>,
}

impl Core {
    pub fn new(node: Arc<Node>, number: usize, chance: Chance) -> Self {
        Self {
            sealing: RefCell::new(node.cache.ring().chance()),
            node,
            number,
            chance: RefCell::new(chance),
            record: RefCell::default(),
        }
    }

    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub fn number(&self) -> usize {
        self.number
    }

    /// INVARIANT: never held across an await.
    pub fn chance(&self) -> std::cell::RefMut<'_, Chance> {
        self.chance.borrow_mut()
    }

    /// INVARIANT: never held across an await.
    pub fn sealing(&self) -> std::cell::RefMut<'_, Chance> {
        self.sealing.borrow_mut()
    }

    /// Room for one record. INVARIANT: never held across an await.
    pub fn record(&self) -> std::cell::RefMut<'_, Vec<u8>> {
        let mut record = self.record.borrow_mut();
        record.clear();
        record
    }
}

/// Why the files of some markets' policies are not what is live.
#[derive(Default)]
pub(crate) struct PolicyGaps(Mutex<BTreeMap<Text, String>>);

impl PolicyGaps {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Text, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, market: &str, refused: Option<String>) {
        match refused {
            Some(why) => self.lock().insert(Text::new(market), why),
            None => self.lock().remove(market),
        };
    }

    pub(crate) fn refusal(&self, market: &str) -> Option<String> {
        self.lock().get(market).cloned()
    }

    pub(crate) fn all(&self) -> BTreeMap<Text, String> {
        self.lock().clone()
    }
}
