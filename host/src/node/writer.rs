//! The thread that writes behind, and forgets what is over.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::node::NotReady;
use crate::node::alarms::Breakers;
use crate::node::checkpoints::Checkpoints;
use crate::store::Log;

/// How long committed states may wait before the view gets them.
const WRITE_BEHIND_EVERY: Duration = Duration::from_millis(200);
/// So often it writes before it looks for what can be forgotten: about every ten minutes.
const FORGETS_EVERY: u32 = 3_000;
/// A checkpoint of the evidence is due after so many rounds: about every second.
const CHECKPOINTS_EVERY: u32 = 5;
/// So many keys of the view are learned in one round.
const KEYS_AT_ONCE: usize = 20_000;

/// What that thread works on.
pub(super) struct Writer {
    pub cache: Arc<Cache>,
    pub breakers: Arc<Breakers>,
    pub clock: Arc<Clock>,
    pub checkpoints: Arc<Checkpoints>,
    pub log: Arc<Log>,
    pub state: watch::Sender<Option<NotReady>>,
}

impl Writer {
    pub(super) fn start(self) -> std::io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        std::thread::Builder::new()
            .name("write-behind".to_owned())
            .spawn(move || runtime.block_on(self.run()))
    }

    async fn run(self) {
        let mut closing = self.state.subscribe();
        let mut since_forgot = FORGETS_EVERY;
        let mut since_signed = 0;
        loop {
            match self.cache.write_behind().await {
                Ok(true) => {}
                Ok(false) if closing.borrow().is_some() => return,
                Ok(false) => {}
                Err(error) => return self.end(&error),
            }
            if let Err(error) = self.cache.learn_known(KEYS_AT_ONCE) {
                tracing::warn!(%error, "what is new is asked of the view");
            }
            self.breakers.close(self.clock.now());
            since_signed += 1;
            if since_signed >= CHECKPOINTS_EVERY {
                since_signed = 0;
                self.sign();
            }
            since_forgot += 1;
            if since_forgot >= FORGETS_EVERY {
                since_forgot = 0;
                self.forget();
            }
            if closing.borrow_and_update().is_none() {
                let _timed_out = tokio::time::timeout(WRITE_BEHIND_EVERY, closing.changed()).await;
            }
        }
    }

    fn end(&self, error: &crate::cache::WriteBehindError) {
        tracing::error!(%error, "writing behind has ended");
        self.state.send_if_modified(|state| {
            let is_news = state.is_none();
            state.get_or_insert_with(|| NotReady::View {
                why: error.to_string(),
            });
            is_news
        });
    }

    /// What cannot be recorded now is signed the next time.
    fn sign(&self) {
        if let Err(error) = self.checkpoints.sign(&self.log, &self.clock) {
            tracing::debug!(%error, "no checkpoint of the evidence");
        }
    }

    fn forget(&self) {
        let now = self.clock.now();
        if let Err(error) = self.cache.forget(now) {
            tracing::warn!(%error, "what is over cannot be removed from the view");
        }
    }
}
