//! Everything that one decision needs, wired once.

mod figures;
mod kept;
mod live;
mod start;
mod change;
mod look;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::cache::{self, Cache, Earlier};
use crate::charter::sign::Unapproved;
use crate::charter::{Charter, Complaints};
use crate::clock::Clock;
use crate::encoding;
use crate::event::EventKey;
use crate::evidence::{self, Kind, WentLive};
use crate::ids::{Chance, Text};
use crate::policy::{self, Active, Catalog, Engines};
use crate::reply::State;
use crate::spending::Spending;
use crate::stop::Stops;
use crate::store::{self, Position, Record, Store, StoreError};
use crate::telemetry::Telemetry;

use change::Loaded;
use live::Live;

pub use change::{Change, Changed, Expects, Unchanged};
pub use figures::Figures;
pub use live::Unusable;
pub use look::{Lookup, Unseen};

/// How long committed states may wait before the view gets them.
const WRITE_BEHIND_EVERY: Duration = Duration::from_millis(200);

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
    #[error(
        "{complaints}\n\nthe host keeps {} as loaded into it, for that is unchanged in the charter's folder since the last start: put what is live there first (`kairos charter show`), and then the change",
        quoted(stayed)
    )]
    Mixed {
        complaints: Complaints,
        /// Files that are live and not as they are in the folder.
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
}

/// A record that recovery cannot read.
#[derive(Debug, thiserror::Error)]
#[error("the record at {position} cannot be read")]
pub struct Unrecoverable {
    position: Position,
    source: evidence::Unreadable,
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
    clock: Clock,
    store: Store,
    cache: Arc<Cache>,
    engines: Arc<Engines>,
    catalog: Catalog,
    figures: Figures,
    stops: ArcSwap<Stops>,
    spending: Spending,
    data: PathBuf,
    state: watch::Sender<Option<NotReady>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Opens the data folder, recovers what it holds, and makes the charter live.
    pub fn open(settings: Settings, telemetry: &Telemetry) -> Result<Arc<Self>, OpenError> {
        let opening = start::open(&settings.charter, &settings.data)?;
        let mut replay = |position: Position, record: &Record, changes: &mut store::Changes| {
            replay(position, record, changes).map_err(|error| error.into())
        };
        let store = Store::open(&settings.data, &settings.store, &mut replay)?;
        let cache = Arc::new(Cache::new(&store, settings.cache));
        let engines = policy::Settings {
            cores: settings.cores,
            markets: opening.charter.markets.len(),
            cache: Some(settings.data.join("compiled")),
            ..policy::Settings::default()
        };
        let engines = Arc::new(Engines::new(&engines).map_err(OpenError::Engines)?);
        let (state, _) = watch::channel(None);
        let node = Arc::new(Self {
            figures: Figures::new(telemetry, &opening.charter),
            catalog: Catalog::new(Arc::clone(&engines)),
            charter: RwLock::new(Arc::new(opening.charter)),
            live: Mutex::new(opening.live),
            clock: settings.clock,
            store,
            cache,
            engines,
            stops: ArcSwap::default(),
            spending: Spending::default(),
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
        let writer = node.start_writer().map_err(|source| OpenError::Folder {
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

    /// The kill switches now; whoever decides keeps them for the whole decision.
    pub fn stops(&self) -> Arc<Stops> {
        self.stops.load_full()
    }

    pub fn spending(&self) -> &Spending {
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
        let digest = kept::keep(&self.data, wasm).map_err(|source| LoadError::Kept { source })?;
        let checked = Active::check(&self.engines, market, wasm, &self.charter())?;
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        // While it was compiled the charter may have changed.
        let charter = self.charter();
        let checked = checked.rebound(&charter)?;
        if !live.had(market, digest) {
            let mut next = live.clone();
            next.remember(market, digest);
            next.write(&self.data)?;
            *live = next;
        }
        let active = self.catalog.activate(checked, &charter)?;
        let version = active.version.clone();
        let went_live = WentLive {
            at: self.clock.wall(),
            digest,
            version: version.clone(),
            market: Text::new(market),
        };
        self.store.log().queue(Kind::Policy.number(), |bytes| {
            encoding::encode_into(&went_live, bytes);
        })?;
        Ok(version)
    }

    fn record_start(&self, loaded: Loaded<'_>) -> Result<(), OpenError> {
        self.record_charter(&loaded, "start")
            .map_err(Box::new)
            .map_err(OpenError::Record)?;
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(&self.data)?;
        Ok(())
    }

    fn start_writer(self: &Arc<Self>) -> std::io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let (cache, state) = (Arc::clone(&self.cache), self.state.clone());
        std::thread::Builder::new()
            .name("write-behind".to_owned())
            .spawn(move || {
                runtime.block_on(write_behind(&cache, &state));
            })
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
    #[error(transparent)]
    Live(#[from] Unusable),
    #[error("the log does not take the policy's record")]
    Log(#[from] store::Refused),
}

async fn write_behind(cache: &Cache, state: &watch::Sender<Option<NotReady>>) {
    let mut closing = state.subscribe();
    loop {
        match cache.write_behind().await {
            Ok(true) => {}
            Ok(false) if closing.borrow().is_some() => return,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "writing behind has ended");
                state.send_if_modified(|state| {
                    let is_news = state.is_none();
                    state.get_or_insert_with(|| NotReady::View {
                        why: error.to_string(),
                    });
                    is_news
                });
                return;
            }
        }
        if closing.borrow_and_update().is_none() {
            let _timed_out = tokio::time::timeout(WRITE_BEHIND_EVERY, closing.changed()).await;
        }
    }
}

/// `a`, `b`, each in backticks.
fn quoted(names: &[String]) -> String {
    let each: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    each.join(", ")
}

fn replay(
    position: Position,
    record: &Record,
    changes: &mut store::Changes,
) -> Result<(), Unrecoverable> {
    let is_event = matches!(
        Kind::from_number(record.kind),
        Some(Kind::Event | Kind::Consent)
    );
    if !is_event {
        return Ok(());
    }
    let opened =
        evidence::open(&record.bytes).map_err(|source| Unrecoverable { position, source })?;
    let decisions: Vec<_> = opened.header.decisions.iter().map(|(id, _)| *id).collect();
    let earlier = Earlier {
        content: opened.header.content,
        market: opened.header.market,
        at: opened.header.arrived_at,
        position,
    };
    let key: EventKey = opened.header.event;
    cache::replay(
        changes,
        position,
        &opened.states,
        (key, earlier),
        &decisions,
    );
    Ok(())
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
