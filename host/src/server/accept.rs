//! The one acceptor: hands every connection to the core that has the fewest.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::server::ServerParts;

/// How long to wait when the operating system has no more sockets to give.
const BACK_OFF: Duration = Duration::from_millis(50);

/// A core, as the acceptor sees it.
pub(super) struct Inbox {
    pub(super) sockets: mpsc::Sender<Arrival>,
    pub(super) open: Arc<AtomicUsize>,
}

/// A connection on its way to its core.
pub(super) struct Arrival {
    pub(super) socket: std::net::TcpStream,
    pub(super) place: Place,
}

/// A connection's place among all that are open; given back when it is dropped.
pub(super) struct Place {
    open: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Accepts until the server stops.
pub(super) struct Acceptor {
    listener: TcpListener,
    cores: Vec<Inbox>,
    shared: Arc<ServerParts>,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener, cores: Vec<Inbox>, shared: Arc<ServerParts>) -> Self {
        Self {
            listener,
            cores,
            shared,
        }
    }

    pub(super) fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let ended = runtime.and_then(|runtime| runtime.block_on(self.accept()));
        if let Err(error) = ended {
            tracing::error!(%error, "no more connections are accepted");
        }
    }

    async fn accept(self) -> std::io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let places = Arc::new(Semaphore::new(self.shared.limits.connections));
        let mut stopping = self.shared.stopping.clone();
        loop {
            // A place first: what cannot be served waits in the listener's queue.
            let accepted = async {
                let permit = Arc::clone(&places).acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
            };
            let (Ok(permit), Ok((socket, _))) = (permit, accepted) else {
                tracing::warn!("a connection could not be accepted");
                tokio::time::sleep(BACK_OFF).await;
                continue;
            };
            hand_over(&self.cores, socket, permit).await;
        }
    }
}

async fn hand_over(cores: &[Inbox], socket: tokio::net::TcpStream, permit: OwnedSemaphorePermit) {
    let fewest = cores
        .iter()
        .min_by_key(|core| core.open.load(Ordering::Relaxed));
    let (Some(core), Ok(())) = (fewest, socket.set_nodelay(true)) else {
        return;
    };
    let Ok(socket) = socket.into_std() else {
        return;
    };
    core.open.fetch_add(1, Ordering::Relaxed);
    let place = Place {
        open: Arc::clone(&core.open),
        _permit: permit,
    };
    // A core that is gone drops the connection, and with it the place.
    let _ = core.sockets.send(Arrival { socket, place }).await;
}
