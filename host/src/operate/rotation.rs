//! The rotation of keys. Somebody is erased at once: nothing leads to them any more. What is left of them in old files is closed
//! with a key that is wrapped by its epoch's; within a bounded time everybody else's is wrapped anew, and the epoch's key is
//! destroyed.

use crate::cache::{CacheError, Note, WriteBehindError};
use crate::clock::Span;
use crate::encoding;
use crate::evidence::{KeyChange, Kind};
use crate::keys::NoKeys;
use crate::node::Node;
use crate::store::{Changes, Refused, StoreError};

/// So many keys are wrapped anew in one record.
const AT_ONCE: usize = 4_096;

/// Why keys that are over are still there.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
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

impl Node {
    /// Wraps everybody's key anew and destroys the key of the epoch before: from then on nothing that was erased can be read
    /// by anybody, wherever copies of it are. Slow: call it outside of the serving path.
    pub async fn rotate_keys(&self) -> Result<Vec<u32>, RotationError> {
        let _turn = self.rotating.lock().await;
        let ring = self.cache.ring();
        if !ring.has_old() {
            // Whoever is erased from now on is for the next rotation.
            let next = ring.draw_next()?;
            let record = self.rewrapped(next, &[]);
            self.eras.change(
                |_| {},
                |publish| {
                    let kind = Kind::Keys.number();
                    self.cache.begin_keys(kind, (&record, next), publish)
                },
            )?;
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
            record: encoding::encode(&KeyChange {
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

    async fn wrap_anew(&self, epoch: u32) -> Result<(), RotationError> {
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
    pub(super) async fn written(&self) -> Result<(), RotationError> {
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
