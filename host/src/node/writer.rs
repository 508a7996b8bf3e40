//! The thread that writes behind, and forgets what is over.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::cache::{Cache, Progress};
use crate::clock::{Clock, Stopwatch};
use crate::node::NotReady;
use crate::node::alarms::Breakers;
use crate::node::checkpoints::Checkpoints;
use crate::store::{Background, Log, give_way};

/// What was committed is written after so long, or earlier where there is much of it.
const WRITES_EVERY: Duration = Duration::from_secs(5);
/// A generation is written in this part of the time in which it grew: before the next one is due.
const SHARE: f64 = 0.7;
/// Late or not, after each piece it rests this many times as long as that took: nobody who is served waits for it to catch up.
const RESTS: u32 = 4;
/// So often it looks whether there is anything to do.
const ROUND: Duration = Duration::from_millis(50);
/// So many rounds before it looks for what can be forgotten: about every ten minutes.
const FORGETS_EVERY: u32 = 12_000;
/// A checkpoint of the evidence is due after so many rounds: about every second.
const CHECKPOINTS_EVERY: u32 = 20;
/// So many keys of the view are learned in one round.
const KEYS_AT_ONCE: usize = 2_000;

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
            .spawn(move || {
                give_way(Background::Soon);
                runtime.block_on(self.run());
            })
    }

    async fn run(self) {
        let mut closing = self.state.subscribe();
        let mut rounds = Rounds::default();
        let mut growing = Stopwatch::start();
        loop {
            rounds.keep_up(&self);
            let is_closing = closing.borrow_and_update().is_some();
            let grew = growing.elapsed().min(WRITES_EVERY);
            if is_closing || grew == WRITES_EVERY || self.cache.is_full() {
                growing = Stopwatch::start();
                let mut piece = Stopwatch::start();
                let mut pause = |progress| {
                    rounds.keep_up(&self);
                    let early = early(progress, grew, growing);
                    self.rest(early.max(piece.elapsed() * RESTS));
                    piece = Stopwatch::start();
                };
                match self.cache.write_evenly(&mut pause).await {
                    Ok(false) if is_closing => return,
                    Ok(_) => {}
                    Err(error) => return self.end(&error),
                }
            }
            if !is_closing {
                let _timed_out = tokio::time::timeout(ROUND, closing.changed()).await;
            }
        }
    }

    fn rest(&self, time: Duration) {
        if !self.cache.is_urgent() && self.state.borrow().is_none() {
            std::thread::park_timeout(time.min(ROUND));
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

    fn keep_up(&self) {
        if let Err(error) = self.cache.learn_known(KEYS_AT_ONCE) {
            tracing::warn!(%error, "what is new is asked of the view");
        }
        self.breakers.close(self.clock.now());
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

/// How far it is ahead, where what grew in so long is written evenly until the next is due.
fn early(progress: Progress, grew: Duration, began: Stopwatch) -> Duration {
    let done = progress.steps as f64 / progress.of.max(1) as f64;
    let due = grew.mul_f64(SHARE * done.min(1.0));
    due.saturating_sub(began.elapsed())
}

/// What is done beside the writing, however long that takes.
struct Rounds {
    last: Stopwatch,
    since_signed: u32,
    since_forgot: u32,
}

impl Default for Rounds {
    fn default() -> Self {
        Self {
            last: Stopwatch::start(),
            since_signed: 0,
            since_forgot: FORGETS_EVERY,
        }
    }
}

impl Rounds {
    fn keep_up(&mut self, writer: &Writer) {
        if self.last.elapsed() < ROUND {
            return;
        }
        self.last = Stopwatch::start();
        writer.keep_up();
        self.since_signed += 1;
        if self.since_signed >= CHECKPOINTS_EVERY {
            self.since_signed = 0;
            writer.sign();
        }
        self.since_forgot += 1;
        if self.since_forgot >= FORGETS_EVERY {
            self.since_forgot = 0;
            writer.forget();
        }
    }
}
