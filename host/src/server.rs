//! HTTP: equal cores behind one acceptor. The event's own route goes straight over hyper to the core that decides; every
//! other route is axum's.

mod accept;
mod access;
mod approvals;
pub(crate) mod archive;
mod batch;
mod beside;
mod body;
mod charters;
mod connection;
mod consents;
mod customers;
mod decisions;
mod desk;
mod disclosures;
mod events;
mod evidence;
mod explanations;
mod figures;
mod health;
mod markets;
mod path;
mod problem;
mod report;
mod routes;
mod stall;
mod stops;
mod unsubscribe;
mod tokens;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Span;
use crate::node::Node;
use crate::telemetry::Telemetry;

pub use routes::{Audience, ROUTES, Route};
pub use tokens::{Grant, InvalidTokens, Tokens};

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    pub cores: usize,
    pub access: Access,
    pub limits: Limits,
    /// How long after somebody was erased the key that wrapped theirs is destroyed.
    pub rotate_keys_every: Span,
}

/// Who may speak.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// Anyone on this machine: for a first try.
    Open,
    /// Who shows a token of this file.
    Tokens(PathBuf),
}

/// What one connection may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The most connections at a time; the next waits in the listener's queue.
    pub connections: usize,
    /// How long the head of a request may take, and how long a connection may stay idle.
    pub head: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long an answer may not move on.
    pub stall: Duration,
    /// How long requests may still run after the stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head: Duration::from_secs(5),
            body: Duration::from_secs(2),
            stall: Duration::from_secs(5),
            drain: Duration::from_secs(10),
        }
    }
}

/// How often changed tokens are looked for and figures sorted.
const CHORES_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked whether keys are over.
const KEYS_EVERY: Duration = Duration::from_secs(30);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "`--open` lets in anyone who can connect, and `{0}` can be reached from outside: listen on 127.0.0.1, or use `--tokens FILE`"
    )]
    OpenToTheNetwork(SocketAddr),
    #[error(
        "`{0}` is taken: another host or program listens there; stop it, or choose another `--listen`"
    )]
    Taken(SocketAddr),
    #[error("cannot listen on `{0}`")]
    Listen(SocketAddr, #[source] std::io::Error),
    #[error(transparent)]
    Tokens(#[from] InvalidTokens),
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// What all threads of a server share.
struct ServerParts {
    node: Arc<Node>,
    telemetry: Arc<Telemetry>,
    guard: access::Guard,
    figures: figures::Figures,
    readers: beside::Readers,
    /// What was live when, for computing decisions again.
    history: Arc<decisions::HistoryCache>,
    limits: Limits,
    rotate_keys_every: Span,
    /// True from the first moment of stopping.
    stopping: watch::Receiver<bool>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    node: Arc<Node>,
    stop: watch::Sender<bool>,
    chores: mpsc::SyncSender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens, and starts one thread for each core.
    pub fn start(
        node: Arc<Node>,
        telemetry: Arc<Telemetry>,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let listen = settings.listen;
        if settings.access == Access::Open && !listen.ip().is_loopback() {
            return Err(StartError::OpenToTheNetwork(listen));
        }
        let guard = access::Guard::new(&settings.access)?;
        let listener = TcpListener::bind(listen).map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => StartError::Taken(listen),
            _ => StartError::Listen(listen, error),
        })?;
        let ready = listener.set_nonblocking(true);
        let address = ready
            .and_then(|()| listener.local_addr())
            .map_err(|error| StartError::Listen(listen, error))?;
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(ServerParts {
            node: Arc::clone(&node),
            figures: figures::Figures::new(&telemetry),
            telemetry,
            guard,
            readers: beside::Readers::default(),
            history: Arc::default(),
            limits: settings.limits,
            rotate_keys_every: settings.rotate_keys_every,
            stopping,
        });
        let (chores, ring) = mpsc::sync_channel(1);
        let mut server = Self {
            address,
            node,
            stop,
            chores,
            threads: Vec::new(),
        };
        let mut cores = Vec::new();
        for number in 0..settings.cores.max(1) {
            let (core, work) = worker::prepare(Arc::clone(&shared), number);
            cores.push(core);
            server.spawn(format!("kairos-core-{number}"), work)?;
        }
        let acceptor = accept::Acceptor::new(listener, cores, Arc::clone(&shared));
        server.spawn("kairos-accept".into(), move || acceptor.run())?;
        let (every, keeper) = (settings.rotate_keys_every, Arc::clone(&shared));
        server.spawn("kairos-keys".into(), move || keep_keys(&keeper, every))?;
        server.spawn("kairos-chores".into(), move || do_chores(&shared, &ring))?;
        Ok(server)
    }

    /// Where it listens; of port 0, the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connections, lets running requests end, and closes the node.
    pub fn stop(self) {
        // The threads may be gone already; then there is nobody to tell.
        let _ = self.stop.send(true);
        drop(self.chores);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the server panicked");
            }
        }
        self.node.close();
    }

    fn spawn(
        &mut self,
        name: String,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StartError> {
        let thread = std::thread::Builder::new()
            .name(name)
            .stack_size(worker::STACK_BYTES)
            .spawn(work)
            .map_err(StartError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }
}

/// Begins another epoch of the keys when it is time, until the server stops.
fn keep_keys(shared: &ServerParts, every: Span) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "keys are not rotated"),
    };
    let mut stopping = shared.stopping.clone();
    runtime.block_on(async {
        loop {
            // What has just expired, too, is destroyed with the epoch of its keys.
            let destroyed = match shared.node.expire().await {
                Ok(_) if shared.node.is_rotation_due(every) => {
                    shared.node.rotate_keys().await.map(drop)
                }
                expired => expired.map(drop),
            };
            if let Err(error) = destroyed {
                tracing::error!(%error, "keys that are over are not destroyed; this is tried again");
            }
            let stopped = stopping.wait_for(|stopping| *stopping);
            if tokio::time::timeout(KEYS_EVERY, stopped).await.is_ok() {
                return;
            }
        }
    });
}

/// Looks for changed tokens and sorts the figures, until the bell's other end is dropped.
fn do_chores(shared: &ServerParts, bell: &mpsc::Receiver<()>) {
    while bell.recv_timeout(CHORES_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        shared.guard.refresh();
        shared.telemetry.settle();
    }
}
