//! From an identity to whom it names. Two cores that meet a new identity at once agree on one customer.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::{Cache, CacheError, Hasher};
use crate::customer::{IdentityKey, Named};
use crate::encoding;
use crate::ids::Map;
use crate::store::Space;

/// What is known of identities in memory.
pub(super) struct Names {
    clean: moka::sync::Cache<IdentityKey, Named, Hasher>,
    reserved: Arc<Reserved>,
}

/// Who new identities will name, once someone has committed it; with the number of events that wait for that.
#[derive(Default)]
struct Reserved(Mutex<Map<IdentityKey, (Named, usize)>>);

/// Whom an identity names.
pub struct Found {
    pub named: Named,
    pub origin: Origin,
    /// Held while nobody has recorded it yet.
    pub reservation: Option<Reservation>,
}

/// Who knew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Memory,
    View,
}

/// Keeps the choice for a new identity until it is recorded.
pub struct Reservation {
    key: IdentityKey,
    reserved: Arc<Reserved>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut reserved = self
            .reserved
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiting)) = reserved.get_mut(&self.key) {
            *waiting -= 1;
            if *waiting == 0 {
                reserved.remove(&self.key);
            }
        }
    }
}

/// What one identity costs in memory.
const NAME_BYTES: u64 = 160;

impl Names {
    pub(super) fn new(capacity_bytes: u64) -> Self {
        let clean = moka::sync::Cache::builder()
            .max_capacity((capacity_bytes / NAME_BYTES).max(1))
            .build_with_hasher(Hasher::default());
        Self {
            clean,
            reserved: Arc::default(),
        }
    }

    pub(super) fn forget(&self, key: IdentityKey) {
        self.clean.invalidate(&key);
    }

    pub(super) fn remember(&self, key: IdentityKey, named: Named) {
        self.clean.insert(key, named);
    }
}

impl Cache {
    /// Whom the identity names; `None` when it is new.
    pub async fn find(&self, key: IdentityKey) -> Result<Option<Named>, CacheError> {
        Ok(self.find_from(key).await?.map(|(named, _)| named))
    }

    /// The same, and whether memory knew it.
    async fn find_from(&self, key: IdentityKey) -> Result<Option<(Named, Origin)>, CacheError> {
        if let Some(named) = self.in_memory(key) {
            return Ok(named.map(|named| (named, Origin::Memory)));
        }
        if !self.known.may_have(key.as_bytes()) {
            return Ok(None);
        }
        let view = Arc::clone(&self.view);
        let found =
            tokio::task::spawn_blocking(move || view.get(Space::Identities, key.as_bytes()));
        let found = found.await.map_err(|_| CacheError::CutOff)??;
        let named = found.map(|bytes| read(&bytes)).transpose()?;
        let named = named.and_then(|named| self.alive(named));
        Ok(named.map(|named| (named, Origin::View)))
    }

    /// `Some(None)` where memory knows that it names nobody.
    fn in_memory(&self, key: IdentityKey) -> Option<Option<Named>> {
        let ahead = self.ahead().name(key);
        let found = ahead.or_else(|| self.names.clean.get(&key).map(Some))?;
        Some(found.and_then(|named| self.alive(named)))
    }

    /// Whoever was erased has no name any more, wherever one is still found.
    fn alive(&self, named: Named) -> Option<Named> {
        self.ahead().is_alive(named).then_some(named)
    }

    /// Remembers whom an identity names. Only under that customer's line, where nobody can give the name to another.
    pub fn remember_name(&self, key: IdentityKey, named: Named) {
        if self.ahead().name(key).is_none() {
            self.names.remember(key, named);
        }
    }

    /// The same without waiting: for someone who has just asked, and wants to know whether the answer still holds.
    pub fn find_now(&self, key: IdentityKey) -> Result<Option<Named>, CacheError> {
        if let Some(named) = self.in_memory(key) {
            return Ok(named);
        }
        if !self.known.may_have(key.as_bytes()) {
            return Ok(None);
        }
        let found = self.view.get(Space::Identities, key.as_bytes())?;
        let named = found.map(|bytes| read(&bytes)).transpose()?;
        Ok(named.and_then(|named| self.alive(named)))
    }

    /// Whom the identity names, or whom it will name: the first who asks draws, the others get the same.
    pub async fn find_or_reserve(
        &self,
        key: IdentityKey,
        draw: impl FnOnce() -> Named,
    ) -> Result<Found, CacheError> {
        if let Some((named, origin)) = self.find_from(key).await? {
            return Ok(Found {
                named,
                origin,
                reservation: None,
            });
        }
        let mut reserved = self
            .names
            .reserved
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !reserved.contains_key(&key) {
            // Since it was not found, someone may have recorded it and gone.
            if let Some(named) = self.find_now(key)? {
                return Ok(Found {
                    named,
                    origin: Origin::View,
                    reservation: None,
                });
            }
        }
        let before = reserved.get(&key).copied();
        let waiting = before.map_or(0, |(_, waiting)| waiting);
        // Who was erased while others waited is not who comes next.
        let named = before.and_then(|(named, _)| self.alive(named));
        let named = named.unwrap_or_else(draw);
        reserved.insert(key, (named, waiting + 1));
        let reservation = Reservation {
            key,
            reserved: Arc::clone(&self.names.reserved),
        };
        Ok(Found {
            named,
            origin: Origin::Memory,
            reservation: Some(reservation),
        })
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Named, CacheError> {
    encoding::decode(bytes).map_err(|source| CacheError::Unreadable {
        what: "identity",
        source,
    })
}
