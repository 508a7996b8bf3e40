//! One core: a thread with its own runtime, its own part of the node, and the connections that it was handed.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};

use crate::ids::Chance;
use crate::node::Core;
use crate::server::Shared;
use crate::server::accept::{Arrived, Inbox};
use crate::server::connection;
use crate::server::desk::Desk;

/// A policy's calls run on this stack too.
pub(super) const STACK_BYTES: usize = 4 * 1024 * 1024;

/// How many connections may wait for their core to look at them.
const WAITING: usize = 256;

/// A core's inbox, and the work that its thread must do.
pub(super) fn prepare(shared: Arc<Shared>, number: usize) -> (Inbox, impl FnOnce() + Send) {
    let (sockets, arrivals) = mpsc::channel(WAITING);
    let open = Arc::new(AtomicUsize::new(0));
    let work = move || match runtime()
        .and_then(|runtime| Ok((runtime, Chance::from_system()?, Chance::from_system()?)))
    {
        Ok((runtime, chance, chance_of_core)) => {
            let core = Core::new(Arc::clone(&shared.node), number, chance_of_core);
            let desk = Rc::new(Desk::new(shared, core, chance));
            LocalSet::new().block_on(&runtime, work(desk, arrivals));
        }
        Err(error) => tracing::error!(number, %error, "a core did not start"),
    };
    (Inbox { sockets, open }, work)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Serves until the acceptor is gone and the last connection is closed.
async fn work(desk: Rc<Desk>, mut arrivals: mpsc::Receiver<Arrived>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(arrived) = arrivals.recv() => {
                connections.spawn_local(connection::serve(Rc::clone(&desk), arrived));
            }
            Some(ended) = connections.join_next() => {
                if ended.is_err() {
                    tracing::error!("a connection's task panicked");
                }
            }
            else => return,
        }
    }
}
