//! The host's keys: taken up at the start, one for each market, and in time another for each epoch.
//!
//! Somebody is erased at once: nothing leads to them any more. What is left of them in old files is closed with a key that is
//! wrapped by its epoch's; within a bounded time everybody else's is wrapped anew, and the epoch's key is destroyed.

use std::path::PathBuf;

use crate::cache::{CacheError, Note, WriteBehindError};
use crate::charter::Charter;
use crate::clock::Span;
use crate::encoding;
use crate::evidence::{Kind, Rewrapped};
use crate::keys::{DataKey, NoKeys, Period, Ring, Subject, Wrapped};
use crate::node::{Node, Settings};
use crate::store::{Changes, Log, Position, Refused, StoreError};

/// So many keys are wrapped anew in one record.
const AT_ONCE: usize = 4_096;

/// Why keys that are over are still there.
#[derive(Debug, thiserror::Error)]
pub enum NotDestroyed {
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

/// The keys; drawn where the host has recorded nothing yet. The data folder is ours by now.
pub(super) fn open(settings: &Settings, log: &Log) -> Result<Ring, NoKeys> {
    match log.end() == Position::default() {
        true => Ring::make(&folder(settings)),
        false => Ring::open(&folder(settings)),
    }
}

impl Node {
    /// Gives each market a key that has none: for what is about nobody.
    pub(super) fn key_markets(&self, charter: &Charter) -> Result<(), Refused> {
        let markets = charter.markets.iter();
        self.draw_keys(markets.map(|(_, market)| Subject::Market(market.key)))
    }

    /// The key of a period; drawn and recorded where it has just begun.
    pub(crate) fn key_period(&self, period: Period) -> Result<DataKey, Refused> {
        let subject = Subject::Period(period);
        loop {
            if let Some(key) = self.cache.own_key(subject) {
                return Ok(key);
            }
            self.draw_keys(std::iter::once(subject))?;
        }
    }

    fn draw_keys(&self, subjects: impl Iterator<Item = Subject>) -> Result<(), Refused> {
        let record = |epoch, keys: &[_]| self.rewrapped(epoch, keys);
        self.cache.draw_keys(Kind::Keys.number(), subjects, record)
    }

    fn rewrapped(&self, epoch: u32, keys: &[(Subject, Wrapped)]) -> Vec<u8> {
        encoding::encode(&Rewrapped {
            at: self.clock.wall(),
            epoch,
            keys: keys.to_vec(),
            destroyed: Vec::new(),
        })
    }

    /// Wraps everybody's key anew and destroys the key of the epoch before: from then on nothing that was erased can be read
    /// by anybody, wherever copies of it are. Slow: call it outside of the serving path.
    pub async fn rotate_keys(&self) -> Result<Vec<u32>, NotDestroyed> {
        let _turn = self.rotating.lock().await;
        let ring = self.cache.ring();
        if !ring.has_old() {
            // Whoever is erased from now on is for the next rotation.
            let next = ring.draw_next()?;
            let record = self.rewrapped(next, &[]);
            self.cache.begin_keys(Kind::Keys.number(), &record, next)?;
        }
        self.written().await?;
        self.wrap_anew(ring.epoch()).await?;
        if self.store.has_snapshots()? {
            self.store.renew_snapshots()?;
        }
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

    async fn wrap_anew(&self, epoch: u32) -> Result<(), NotDestroyed> {
        let mut after = None;
        loop {
            let keys = self.cache.wrapped_before(after, AT_ONCE)?;
            let Some((last, _)) = keys.last() else {
                return Ok(());
            };
            after = Some(*last);
            let record = |keys: &[_]| self.rewrapped(epoch, keys);
            self.cache.rewrap(Kind::Keys.number(), keys, record)?;
            self.written().await?;
        }
    }

    /// Waits until the view has everything that was recorded before now.
    pub(super) async fn written(&self) -> Result<(), NotDestroyed> {
        self.cache.write_behind().await?;
        Ok(())
    }

    /// Whether it is time: somebody was erased so long ago, or an interruption left an epoch unfinished.
    pub fn is_rotation_due(&self, every: Span) -> bool {
        let since = self.cache.erased_since();
        self.cache.ring().has_old()
            || since.is_some_and(|since| since.plus(every) <= self.clock.wall())
    }
}
