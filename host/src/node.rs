//! Everything that one decision needs, wired once.

mod alarms;
mod approvals;
mod figures;
mod kept;
mod look;
mod recovery;
mod stops;
mod writer;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::cache::{self, Cache, CacheError};
use crate::charter::{Charter, Complaints};
use crate::clock::Clock;
use crate::encoding;
use crate::evidence::{Kind, WentLive};
use crate::ids::{Chance, Text};
use crate::policy::{self, Catalog, Engines};
use crate::reply::State;
use crate::spending::Spending;
use crate::store::{self, Position, Store, StoreError};
use crate::telemetry::Telemetry;

pub use alarms::Violated;
pub use approvals::Page;
pub use figures::Figures;
pub use look::{Lookup, Unseen};
pub use recovery::Unrecoverable;
pub use stops::Unswitched;

use alarms::Alarms;
use stops::Switches;
use writer::Writer;

/// What a host is made of.
#[derive(Debug)]
pub struct Settings {
    /// The charter's folder.
    pub charter: PathBuf,
    /// The data folder; made where it does not exist.
    pub data: PathBuf,
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
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the engines for policies cannot be made")]
    Engines(#[source] policy::Unstartable),
    #[error("`{folder}` cannot be used")]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("the system gives no randomness")]
    Chance(#[source] std::io::Error),
    #[error("the log does not take the first record")]
    Log(#[from] store::Refused),
    #[error("what is stored cannot be read")]
    Cache(#[from] CacheError),
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
    clock: Arc<Clock>,
    store: Store,
    cache: Arc<Cache>,
    engines: Arc<Engines>,
    catalog: Catalog,
    figures: Figures,
    switches: Switches,
    spending: Arc<Spending>,
    alarms: Alarms,
    data: PathBuf,
    state: watch::Sender<Option<NotReady>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Opens the data folder, recovers what it holds, and makes the charter live.
    pub fn open(settings: Settings, telemetry: &Telemetry) -> Result<Arc<Self>, OpenError> {
        let charter = Arc::new(Charter::load(&settings.charter)?);
        let store = recovery::open(&settings)?;
        let cache = Arc::new(Cache::new(&store, settings.cache));
        let spending = Spending::new(cache.take_up_spending()?);
        cache.take_up_schedule()?;
        let switches = Switches::recall(store.view())?;
        let engines = policy::Settings {
            cores: settings.cores,
            markets: charter.markets.len(),
            cache: Some(settings.data.join("compiled")),
            ..policy::Settings::default()
        };
        let engines = Arc::new(Engines::new(&engines).map_err(OpenError::Engines)?);
        let (state, _) = watch::channel(None);
        let node = Arc::new(Self {
            figures: Figures::new(telemetry, &charter),
            catalog: Catalog::new(Arc::clone(&engines)),
            charter: RwLock::new(charter),
            clock: Arc::new(settings.clock),
            store,
            cache,
            engines,
            switches,
            spending: Arc::new(spending),
            alarms: Alarms::default(),
            data: settings.data,
            state,
            writer: Mutex::new(None),
        });
        node.record_charter()?;
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

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The secret under which lookup keys are hashed.
    pub fn salt(&self) -> &[u8; 32] {
        self.store.salt()
    }

    /// A place in this host's history, as callers hear it.
    pub fn state(&self, position: Position) -> State {
        let [a, b, c, d, ..] = self.store.log().id();
        State {
            log: u32::from_be_bytes([a, b, c, d]),
            position,
        }
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
        let charter = self.charter();
        let digest = kept::keep(&self.data, wasm).map_err(|source| LoadError::Kept { source })?;
        let active = self.catalog.load(market, wasm, &charter)?;
        let version = active.version.clone();
        let live = WentLive {
            at: self.clock.wall(),
            digest,
            version: version.clone(),
            market: Some(Text::new(market)),
        };
        self.record_policy(&live)?;
        Ok(version)
    }

    fn record_charter(&self) -> Result<(), OpenError> {
        let charter = self.charter();
        for (_, text) in &charter.files {
            let folder = || self.data.clone();
            kept::keep(&self.data, text.as_bytes()).map_err(|source| OpenError::Folder {
                folder: folder(),
                source,
            })?;
        }
        let live = WentLive {
            at: self.clock.wall(),
            digest: charter.digest,
            version: charter.version.clone(),
            market: None,
        };
        self.store.log().queue(Kind::Charter.number(), |bytes| {
            encoding::encode_into(&live, bytes)
        })?;
        Ok(())
    }

    fn writer(&self) -> Writer {
        Writer {
            cache: Arc::clone(&self.cache),
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
    #[error("the log does not take the policy's record")]
    Log(#[from] store::Refused),
}

/// One of the equal threads that decide: what it owns alone.
pub struct Core {
    node: Arc<Node>,
    number: usize,
    chance: RefCell<Chance>,
    record: RefCell<Vec<u8>>,
}

impl Core {
    pub fn new(node: Arc<Node>, number: usize, chance: Chance) -> Self {
        Self {
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

    /// Room for one record. INVARIANT: never held across an await.
    pub fn record(&self) -> std::cell::RefMut<'_, Vec<u8>> {
        let mut record = self.record.borrow_mut();
        record.clear();
        record
    }
}
