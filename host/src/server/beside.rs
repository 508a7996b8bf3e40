//! Work beside the cores, which go on deciding: on threads of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::clock::Stopwatch;
use crate::limits::REQUEST_BUDGET_MS;
use crate::node::Node;
use crate::server::ServerParts;
use crate::server::problem::Problem;
use crate::views::Unseen;

/// Expressions and tables nest; whoever reads them has room for it.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// How many read the evidence at a time; the next waits.
const READERS: usize = 2;
/// How long one may read, in milliseconds; the rest is for waiting and answering.
const READING_MS: u64 = 8_000;

const _: () = assert!(READING_MS < REQUEST_BUDGET_MS);

/// Those who may read much of the evidence at a time.
pub(super) struct Readers(Arc<Semaphore>);

/// Whether it is worth reading on.
pub(super) struct Patience {
    watch: Stopwatch,
    gone: Arc<AtomicBool>,
}

impl Patience {
    /// Whoever asked has hung up, or has waited for long enough.
    pub(super) fn is_over(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
            || self.watch.elapsed() > Duration::from_millis(READING_MS)
    }
}

/// Tells the reader when whoever asked hangs up.
struct HangsUp(Arc<AtomicBool>);

impl Drop for HangsUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Default for Readers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(READERS)))
    }
}

impl Readers {
    /// Reads beside the cores, once there is room; ends early where the patience does.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Patience) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.0).acquire_owned().await;
        let place = place.map_err(|_| Problem::unfinished())?;
        let gone = Arc::new(AtomicBool::new(false));
        let _hangs_up = HangsUp(Arc::clone(&gone));
        let reading = move || {
            let watch = Stopwatch::start();
            let done = work(&Patience { watch, gone });
            drop(place);
            done
        };
        beside(reading).await
    }
}

/// Looks at what is read from the log, beside the cores.
pub(super) async fn look<T, L>(
    shared: &ServerParts,
    look: impl FnOnce(Arc<Node>) -> L + Send + 'static,
) -> Result<T, Problem>
where
    T: Send + 'static,
    L: Future<Output = Result<T, Unseen>>,
{
    let node = Arc::clone(&shared.node);
    let looked = beside(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.map(|runtime| runtime.block_on(look(node)))
    });
    let looked = looked.await?.map_err(|error| {
        tracing::error!(%error, "nothing can be looked at beside the cores");
        Problem::unfinished()
    })?;
    Ok(looked?)
}

/// Works beside the cores; whoever hangs up does not stop it.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let run = move || {
        // Whoever asked may be gone.
        let _ = tell.send(work());
    };
    let thread = std::thread::Builder::new()
        .name("kairos-beside".into())
        .stack_size(STACK_BYTES)
        .spawn(run);
    if let Err(error) = thread {
        tracing::error!(%error, "no thread starts beside the cores");
        return Err(Problem::unfinished());
    }
    told.await.map_err(|_| Problem::unfinished())
}
