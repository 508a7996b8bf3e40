//! From an identity to whom it names. Two cores that meet a new identity at once agree on one customer.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::ahead::Ahead;
use crate::cache::{Cache, CacheError, Hasher};
use crate::customer::{IdentityKey, Named};
use crate::encoding;
use crate::ids::Map;
use crate::store::Space;

/// What is known of identities in memory.
pub(super) struct Names {
    clean: moka::sync::Cache<IdentityKey, Named, Hasher>,
    reserved: Arc<Reserves>,
}

/// Who new identities will name, once someone has committed it; with the number of events that wait for that.
#[derive(Default)]
struct Reserves(Mutex<Map<IdentityKey, (Named, usize)>>);

/// Keeps the choice for a new identity until it is recorded.
pub struct Reservation {
    key: IdentityKey,
    pub named: Named,
    reserved: Arc<Reserves>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let reserved = &self.reserved.0;
        let mut reserved = reserved.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiting)) = reserved.get_mut(&self.key) {
            *waiting -= 1;
            if *waiting == 0 {
                reserved.remove(&self.key);
            }
        }
    }
}

/// What the view said of an identity.
#[derive(Clone, Copy)]
pub(super) struct ViewName {
    pub(super) key: IdentityKey,
    named: Option<Named>,
    /// How often the view had been written before it was asked: what has changed since then is ahead of it.
    as_of: u64,
}

/// What is known of whom an identity names.
pub(super) enum Answer {
    Named(Named),
    New,
    /// The view has to be asked.
    Unread,
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

    /// Who a new identity is going to name: the first who asks draws, the others get the same. Who was erased while others
    /// waited is not who comes next.
    fn reserve(
        &self,
        ahead: &Ahead,
        key: IdentityKey,
        draw: impl FnOnce() -> Named,
    ) -> Reservation {
        let reserved = &self.reserved.0;
        let mut reserved = reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let before = reserved.get(&key).copied();
        let waiting = before.map_or(0, |(_, waiting)| waiting);
        let named = before.map(|(named, _)| named);
        let named = named.filter(|named| ahead.is_alive(*named));
        let named = named.unwrap_or_else(draw);
        reserved.insert(key, (named, waiting + 1));
        Reservation {
            key,
            named,
            reserved: Arc::clone(&self.reserved),
        }
    }
}

impl Cache {
    /// Whom the identity names; `None` when it is new.
    pub async fn find(&self, key: IdentityKey) -> Result<Option<Named>, CacheError> {
        let mut read = None;
        loop {
            match self.answer(&self.ahead(), key, read.as_ref()) {
                Answer::Named(named) => return Ok(Some(named)),
                Answer::New => return Ok(None),
                Answer::Unread => {}
            }
            read = Some(self.read_name(key).await?);
        }
    }

    /// Whom the identity names, by what memory knows, and by what the view said a moment ago.
    pub(super) fn answer(
        &self,
        ahead: &Ahead,
        key: IdentityKey,
        read: Option<&ViewName>,
    ) -> Answer {
        let named = match ahead.name(key) {
            Some(named) => named,
            None => match (self.names.clean.get(&key), read) {
                (Some(named), _) => Some(named),
                (None, _) if !self.known.may_have(key.as_bytes()) => None,
                (None, Some(read)) if read.as_of == ahead.writes() => {
                    if let Some(named) = read.named {
                        self.names.remember(key, named);
                    }
                    read.named
                }
                (None, _) => return Answer::Unread,
            },
        };
        // Whoever was erased has no name any more, wherever one is still found.
        match named.filter(|named| ahead.is_alive(*named)) {
            Some(named) => Answer::Named(named),
            None => Answer::New,
        }
    }

    pub(super) async fn read_name(&self, key: IdentityKey) -> Result<ViewName, CacheError> {
        let as_of = self.ahead().writes();
        let view = Arc::clone(&self.view);
        let found =
            tokio::task::spawn_blocking(move || view.get(Space::Identities, key.as_bytes()));
        let found = found.await.map_err(|_| CacheError::CutOff)??;
        Ok(ViewName {
            key,
            named: found.map(|bytes| read(&bytes)).transpose()?,
            as_of,
        })
    }

    /// Keeps who a new identity will name.
    pub fn reserve(&self, key: IdentityKey, draw: impl FnOnce() -> Named) -> Reservation {
        self.reserve_beside(&self.ahead(), key, draw)
    }

    pub(super) fn reserve_beside(
        &self,
        ahead: &Ahead,
        key: IdentityKey,
        draw: impl FnOnce() -> Named,
    ) -> Reservation {
        self.names.reserve(ahead, key, draw)
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Named, CacheError> {
    encoding::decode(bytes).map_err(|source| CacheError::Unreadable {
        what: "identity",
        source,
    })
}
