//! One event, one time: the pair of source and id is claimed before anything else. A second arrival waits for the first and
//! gets its reply.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::cache::{Cache, CacheError};
use crate::clock::{Instant, Span};
use crate::encoding;
use crate::event::{Content, EventKey};
use crate::ids::{Key, Map};
use crate::store::{Position, Space};

/// How long a repeat gets the first reply.
const REMEMBERED: Span = Span::from_days(30);

/// What came the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Earlier {
    pub content: Content,
    pub market: Key,
    pub at: Instant,
    /// Of its record.
    pub position: Position,
}

/// The answer to a claim.
pub enum ClaimAnswer {
    /// It is new, and ours until the claim is dropped.
    First(Claim),
    Repeat(Earlier),
    /// The same pair came with other content, or for another market.
    Conflict(Earlier),
}

/// The events that are being decided, each with what is closed when its claim ends.
#[derive(Default)]
pub(super) struct Claims(Mutex<Map<EventKey, Arc<Semaphore>>>);

/// The right to decide an event. Dropped after the commit, or when the caller hung up before it.
pub struct Claim {
    key: EventKey,
    claims: Arc<Claims>,
}

impl Claim {
    pub fn key(&self) -> EventKey {
        self.key
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.claims.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = claims.remove(&self.key) {
            done.close();
        }
    }
}

impl Cache {
    /// Claims an event at `now`.
    pub async fn claim(
        &self,
        key: EventKey,
        content: Content,
        market: Key,
        now: Instant,
    ) -> Result<ClaimAnswer, CacheError> {
        loop {
            let claim = match self.claims.enter(key) {
                Turn::First => Claim {
                    key,
                    claims: Arc::clone(&self.claims),
                },
                Turn::Second(first) => {
                    // Closing is the only thing that ever happens to it.
                    let _closed = first.acquire().await;
                    continue;
                }
            };
            return Ok(match self.event(key, now)? {
                None => ClaimAnswer::First(claim),
                Some(earlier) if earlier.content == content && earlier.market == market => {
                    ClaimAnswer::Repeat(earlier)
                }
                Some(earlier) => ClaimAnswer::Conflict(earlier),
            });
        }
    }

    /// Where an event came before, if it did.
    ///
    /// Most events are new, which is known without reading: so the view is asked right here.
    pub fn event(&self, key: EventKey, now: Instant) -> Result<Option<Earlier>, CacheError> {
        let ahead = self.ahead().event(key);
        if ahead.is_some() {
            return Ok(ahead);
        }
        if !self.known.may_have(&key.0) {
            return Ok(None);
        }
        let Some(bytes) = self.view.get(Space::Events, &key.0)? else {
            return Ok(None);
        };
        let earlier: Earlier =
            encoding::decode(&bytes).map_err(|source| CacheError::Unreadable {
                what: "event",
                source,
            })?;
        Ok((earlier.at.plus(REMEMBERED) >= now).then_some(earlier))
    }
}

enum Turn {
    First,
    Second(Arc<Semaphore>),
}

impl Claims {
    /// Whoever comes second waits, whatever it says: what the first said counts only once it is recorded.
    fn enter(&self, key: EventKey) -> Turn {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = claims.get(&key) {
            return Turn::Second(Arc::clone(done));
        }
        claims.insert(key, Arc::new(Semaphore::new(0)));
        Turn::First
    }
}
