//! Everything that one decision needs, wired once.

mod alarms;
mod approvals;
pub mod checkpoints;
mod erase;
mod explain;
mod export;
mod figures;
mod history;
mod keys;
pub mod kept;
mod live;
mod start;
mod change;
mod deploy;
mod look;
mod names;
mod told;
mod recovery;
mod retention;
mod stops;
mod words;
mod writer;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::cache::{self, Cache, CacheError};
use crate::charter::sign::{NoKey, Unapproved};
use crate::charter::{Charter, Complaints};
use crate::clock::{Clock, Span};
use crate::evidence::WentLive;
use crate::ids::{Chance, Text};
use crate::keys::NoKeys;
use crate::policy::{self, Active, Catalog, Engines};
use crate::reply::State;
use crate::spending::Spending;
use crate::store::{self, Position, Store, StoreError};
use crate::telemetry::Telemetry;

pub use alarms::Violated;
pub use approvals::Page;
pub use change::{Change, Changed, Expects, Unchanged, with_choices};
pub use deploy::Overdue;
pub use erase::{Gone, NotErased};
pub use explain::Question;
pub use figures::Figures;
pub use history::{Cursor, Found};
pub use live::Unusable;
pub use look::{Lookup, Unseen};
pub use recovery::Unrecoverable;
pub use stops::Unswitched;
pub use words::NoWords;

use alarms::Alarms;
use change::Loaded;
use checkpoints::Checkpoints;
use live::Live;
use stops::Switches;
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
    Record(#[source] Box<Unchanged>),
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
    charter: RwLock<Arc<Charter>>,
    /// One change of charter or policies at a time.
    live: Mutex<Live>,
    clock: Arc<Clock>,
    store: Store,
    cache: Arc<Cache>,
    engines: Arc<Engines>,
    catalog: Catalog,
    figures: Figures,
    switches: Switches,
    spending: Arc<Spending>,
    alarms: Alarms,
    checkpoints: Arc<Checkpoints>,
    earlier: words::Earlier,
    rotating: tokio::sync::Mutex<()>,
    data: PathBuf,
    state: watch::Sender<Option<NotReady>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Opens the data folder, recovers what it holds, and makes the charter live.
    pub fn open(settings: Settings, telemetry: &Telemetry) -> Result<Arc<Self>, OpenError> {
        let given = start::given(&settings.charter, &settings.data)?;
        let (store, ring) = recovery::open(&settings)?;
        let opening = start::open(given, (&settings.data, &store))?;
        let cache = Arc::new(Cache::new(&store, Arc::new(ring), settings.cache));
        cache.take_up_keys().map_err(|source| {
            let folder = keys::folder(&settings);
            OpenError::WrongKeys { folder, source }
        })?;
        let spending = Spending::new(cache.take_up_spending()?);
        cache.take_up_schedule()?;
        let switches = Switches::recall(store.view())?;
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
            catalog: Catalog::new(Arc::clone(&engines)),
            charter: RwLock::new(Arc::new(opening.charter)),
            live: Mutex::new(opening.live),
            clock: Arc::new(settings.clock),
            store,
            cache,
            engines,
            switches,
            spending: Arc::new(spending),
            alarms: Alarms::default(),
            checkpoints: Arc::new(checkpoints),
            earlier: words::Earlier::default(),
            rotating: tokio::sync::Mutex::default(),
            data: settings.data,
            state,
            writer: Mutex::new(None),
        });
        let charter = node.charter();
        node.record_start(Loaded {
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

    /// The charter now; whoever decides keeps it for the whole decision.
    pub fn charter(&self) -> Arc<Charter> {
        Arc::clone(&self.charter.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    pub fn spending(&self) -> &Arc<Spending> {
        &self.spending
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

    /// Checks a policy, compiles it and makes it live for its market; on refusal the old one stays. Returns its version.
    pub fn load_policy(&self, market: &str, wasm: &[u8]) -> Result<Text, LoadError> {
        let digest = kept::keep(&self.data, wasm).map_err(|source| LoadError::Kept { source })?;
        let checked = Active::check(&self.engines, market, wasm, &self.charter())?;
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        // While it was compiled the charter may have changed.
        let charter = self.charter();
        let fitted = checked.fitted(&charter)?;
        let version = fitted.version().clone();
        let mut next = live.clone();
        if !live.had(market, digest) {
            deploy::check(&charter, market, self.clock.now())?;
            next.remember(market, digest);
            next.write(&self.data)?;
        }
        // INVARIANT: no policy answers before its record is on its way, and what is recorded goes live.
        let went_live = WentLive {
            at: self.clock.wall(),
            digest,
            version: version.clone(),
            market: Text::new(market),
        };
        let recorded = self.name_policy(fitted.active());
        if let Err(refused) = recorded.and_then(|()| self.record_policy(&went_live)) {
            live.write(&self.data)?;
            return Err(refused.into());
        }
        *live = next;
        self.catalog.activate(fitted);
        Ok(version)
    }

    fn record_start(&self, loaded: Loaded<'_>) -> Result<(), OpenError> {
        self.record_charter(&loaded, "start")
            .map_err(Box::new)
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
            spending: Arc::clone(&self.spending),
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

/// Why a policy did not go live.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Refused(#[from] policy::Refused),
    #[error("the policy's file cannot be kept with the evidence")]
    Kept { source: std::io::Error },
    #[error(transparent)]
    Overdue(#[from] Overdue),
    #[error(transparent)]
    Live(#[from] Unusable),
    #[error("the log does not take the policy's record")]
    Log(#[from] store::Refused),
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

/// What a decision takes from its surroundings: of a running core, or of one that computes it again.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Whose sandboxes policies are asked in.
    pub sandbox: usize,
    /// INVARIANT: never borrowed across an await.
    pub chance: &'a RefCell<Chance>,
    pub spending: &'a Spending,
    pub salt: &'a [u8; 32],
    /// How long a policy may take, where it is not the market's time that counts.
    pub patience: Option<Span>,
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

    /// What a decision takes from its surroundings.
    pub fn tools(&self) -> Tools<'_> {
        Tools {
            sandbox: self.number,
            chance: &self.chance,
            spending: &self.node.spending,
            salt: self.node.salt(),
            patience: None,
        }
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
