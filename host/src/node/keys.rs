//! The host's keys: taken up at the start, one for each market, and in time another for each epoch.
//!
//! Somebody is erased at once: nothing leads to them any more. What is left of them in old files is closed with a key that is
//! wrapped by its epoch's; within a bounded time everybody else's is wrapped anew, and the epoch's key is destroyed.

use std::path::PathBuf;
use std::time::Duration;

use crate::cache::{Cache, CacheError, Note, WriteBehindError};
use crate::charter::Charter;
use crate::clock::{Clock, Instant, Span};
use crate::encoding;
use crate::evidence::{Kind, Rewrapped};
use crate::keys::{NoKeys, Ring, Subject, Wrapped};
use crate::node::{Node, Settings};
use crate::store::{Changes, Position, Refused, Space, Store, StoreError};

/// When somebody was erased whose wrapping key is still there.
const ERASED: &[u8] = b"erased";
/// So many keys are wrapped anew in one record.
const AT_ONCE: usize = 4_096;
/// How long the writing behind that another thread does is waited for before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Why no other epoch began, or the one before is not over.
#[derive(Debug, thiserror::Error)]
pub enum NotRotated {
    #[error(transparent)]
    Keys(#[from] NoKeys),
    #[error("the log does not take the keys")]
    Log(#[from] Refused),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    View(#[from] WriteBehindError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The folder of the keys.
pub(super) fn folder(settings: &Settings) -> PathBuf {
    let own = || settings.data.join("keys");
    settings.keys.clone().unwrap_or_else(own)
}

/// The keys; drawn where the host has recorded nothing yet.
pub(super) fn open(settings: &Settings) -> Result<Ring, NoKeys> {
    match settings.data.join("FORMAT").exists() {
        true => Ring::open(&folder(settings)),
        false => Ring::make(&folder(settings)),
    }
}

/// Notes in the view that somebody was erased, and when.
pub(crate) fn note_erased(changes: &mut Changes, at: Instant) {
    changes.put(Space::Meta, ERASED, encoding::encode(&at));
}

/// An epoch begins, and the key that wrapped theirs goes.
pub(super) fn forget_erased(changes: &mut Changes) {
    changes.remove(Space::Meta, ERASED);
}

impl Node {
    /// Gives each market a key that has none: for what is about nobody.
    pub(super) fn key_markets(&self, charter: &Charter) -> Result<(), Refused> {
        // INVARIANT: no key wrapped by an epoch's key is recorded once its rotation has begun.
        let _turn = loop {
            match self.rotating.try_lock() {
                Ok(turn) => break turn,
                Err(_rotating) => std::thread::park_timeout(LOOK_AGAIN),
            }
        };
        let markets = charter.markets.iter().map(|(_, market)| market.key);
        let new = self.cache.draw_markets(markets);
        if new.is_empty() {
            return Ok(());
        }
        let wrapped = new.iter();
        let wrapped = wrapped.map(|(subject, wrapped, _)| (*subject, wrapped.clone()));
        let record = record(&self.clock, self.cache.ring().epoch());
        self.cache
            .rewrap(Kind::Keys.number(), wrapped.collect(), record)?;
        self.cache.use_markets(new);
        Ok(())
    }

    /// Wraps everybody's key anew and destroys the key of the epoch before: from then on nothing that was erased can be read
    /// by anybody, wherever copies of it are. Slow: call it outside of the serving path.
    pub async fn rotate_keys(&self) -> Result<Vec<u32>, NotRotated> {
        self.rotation().rotate().await
    }

    fn rotation(&self) -> Rotation<'_> {
        Rotation {
            cache: &self.cache,
            store: &self.store,
            clock: &self.clock,
            turn: &self.rotating,
        }
    }

    /// Whether it is time: somebody was erased so long ago, or an interruption left an epoch unfinished.
    pub fn is_rotation_due(&self, every: Span) -> Result<bool, CacheError> {
        if self.cache.ring().has_old() {
            return Ok(true);
        }
        let since = self.store.view().get(Space::Meta, ERASED)?;
        let since: Option<Instant> = since
            .map(|bytes| encoding::decode(&bytes))
            .transpose()
            .map_err(|source| CacheError::Unreadable {
                what: "time of an erasure",
                source,
            })?;
        Ok(since.is_some_and(|since| since.plus(every) <= self.clock.wall()))
    }
}

struct Rotation<'a> {
    cache: &'a Cache,
    store: &'a Store,
    clock: &'a Clock,
    turn: &'a tokio::sync::Mutex<()>,
}

fn record(clock: &Clock, epoch: u32) -> impl FnOnce(&[(Subject, Wrapped)]) -> Vec<u8> {
    let at = clock.wall();
    move |keys| {
        encoding::encode(&Rewrapped {
            at,
            epoch,
            keys: keys.to_vec(),
            destroyed: Vec::new(),
        })
    }
}

impl Rotation<'_> {
    async fn rotate(&self) -> Result<Vec<u32>, NotRotated> {
        let _turn = self.turn.lock().await;
        let ring = self.cache.ring();
        if !ring.has_old() {
            self.begin(ring.draw_next()?)?;
        }
        self.written().await?;
        let mut after = None;
        loop {
            let keys = self.cache.wrapped_before(after, AT_ONCE)?;
            let Some((last, _)) = keys.last() else { break };
            after = Some(*last);
            let record = record(self.clock, ring.epoch());
            self.cache.rewrap(Kind::Keys.number(), keys, record)?;
            self.written().await?;
        }
        self.store.renew_snapshots()?;
        // INVARIANT: by now the log holds for good everybody's key, wrapped by the epoch's.
        let destroyed = ring.destroy_old()?;
        self.cache.note(&Note {
            kind: Kind::Keys.number(),
            record: encoding::encode(&Rewrapped {
                at: self.clock.wall(),
                epoch: ring.epoch(),
                keys: Vec::new(),
                destroyed: destroyed.clone(),
            }),
            view: Changes::default(),
        })?;
        self.written().await?;
        tracing::info!(epochs = ?destroyed, "the keys of epochs that are over are destroyed");
        Ok(destroyed)
    }

    /// Whoever decides from now on wraps with the new key: what was begun before is decided again.
    fn begin(&self, next: u32) -> Result<Position, Refused> {
        let mut view = Changes::default();
        // Whoever is erased from now on is for the next rotation.
        forget_erased(&mut view);
        let note = Note {
            kind: Kind::Keys.number(),
            record: record(self.clock, next)(&[]),
            view,
        };
        let ring = self.cache.ring();
        self.cache.note_for_all(&note, || ring.begin(next))
    }

    /// Waits until the view has everything that was recorded before now.
    async fn written(&self) -> Result<(), NotRotated> {
        while !self.cache.write_behind().await? {
            // Another thread is at it, or nothing is left.
            if self.cache.is_written() {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}
