//! One core: a thread with its own runtime, its own part of the node, and the connections that it was handed.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::MissedTickBehavior;

use crate::ids::Chance;
use crate::node::Core;
use crate::operate::fire;
use crate::server::ServerParts;
use crate::server::accept::{Arrival, Inbox};
use crate::server::connection;
use crate::server::desk::Desk;

/// A policy's calls run on this stack too.
pub(super) const STACK_BYTES: usize = 4 * 1024 * 1024;

/// How often it is looked for silences that have lasted long enough.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// How many connections may wait for their core to look at them.
const WAITING: usize = 256;

/// A core's inbox, and the work that its thread must do.
pub(super) fn prepare(shared: Arc<ServerParts>, number: usize) -> (Inbox, impl FnOnce() + Send) {
    let (sockets, arrivals) = mpsc::channel(WAITING);
    let open = Arc::new(AtomicUsize::new(0));
    let work = move || match runtime()
        .and_then(|runtime| Ok((runtime, Chance::from_system()?, Chance::from_system()?)))
    {
        Ok((runtime, chance, chance_of_core)) => {
            let core = Core::new(Arc::clone(&shared.node), number, chance_of_core);
            let desk = Rc::new(Desk::new(shared, core, chance));
            let local = LocalSet::new();
            if number == 0 {
                local.spawn_local(keep_time(Rc::clone(&desk)));
            }
            local.block_on(&runtime, work(desk, arrivals));
        }
        Err(error) => tracing::error!(number, %error, "a core did not start"),
    };
    (Inbox { sockets, open }, work)
}

/// Looks after what is due, as long as this core serves: one of them is enough.
async fn keep_time(desk: Rc<Desk>) {
    let mut ticks = tokio::time::interval(LOOKS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_told = false;
    loop {
        ticks.tick().await;
        let failed = loop {
            match fire(desk.core()).await {
                Ok(fired) if fired.looked_at == 0 => break None,
                Ok(_) => {}
                Err(undecided) => break Some(undecided),
            }
        };
        if let (Some(error), false) = (&failed, is_told) {
            tracing::warn!(%error, "what is due cannot be decided: it is tried again");
        }
        is_told = failed.is_some();
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Serves until the acceptor is gone and the last connection is closed.
async fn work(desk: Rc<Desk>, mut arrivals: mpsc::Receiver<Arrival>) {
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
