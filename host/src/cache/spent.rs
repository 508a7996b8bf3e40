//! What was used up, as the view keeps it: the oldest stretches of time first, so that they are forgotten first.

use serde::{Deserialize, Serialize};

use crate::cache::{Cache, CacheError, waiting};
use crate::clock::{Instant, Span};
use crate::encoding;
use crate::spending::{Counter, Spending};
use crate::store::{Changes, Position, Space, View};

/// How long the figures of a stretch are kept after its end.
pub(super) const SPENT_KEPT: Span = Span::from_days(1);
/// How long it is known what became of a waiting action, after the time in which it could be approved.
const WAITING_KEPT: Span = Span::from_days(1);

/// A figure as the view keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Spent {
    pub total: i64,
    /// Every record that starts before it is counted in.
    pub as_of: Position,
}

impl Cache {
    /// The figures that the view has.
    pub(super) fn kept_spending(view: &View) -> Result<Spending, CacheError> {
        let mut figures = Vec::new();
        for pair in view.scan_after(Space::Spending, None) {
            let (key, value) = pair?;
            figures.push((counter(&key)?, read(&value)?.total));
        }
        Ok(Spending::new(figures))
    }

    /// Forgets the figures of stretches that are long over, and waiting actions that nobody can decide about any more.
    /// Only for the thread that writes behind.
    pub fn forget(&self, now: Instant) -> Result<(), CacheError> {
        let oldest = now.minus(SPENT_KEPT);
        self.spending.forget(oldest);
        let mut changes = Changes::default();
        for pair in self.view.scan_after(Space::Spending, None) {
            let (key, _) = pair?;
            if key.as_slice() >= ordered(oldest).as_slice() {
                break;
            }
            changes.remove(Space::Spending, &key);
        }
        for pair in self.view.scan_after(Space::Approvals, None) {
            let (key, value) = pair?;
            if waiting::read(&value)?.until.plus(WAITING_KEPT) < now {
                changes.remove(Space::Approvals, &key);
            }
        }
        if !changes.is_empty() {
            self.view.apply(changes, self.view.covers())?;
        }
        Ok(())
    }
}

pub(super) fn put_spent(changes: &mut Changes, counter: Counter, spent: Spent) {
    changes.put(Space::Spending, &key(counter), encoding::encode(&spent));
}

pub(super) fn read(bytes: &[u8]) -> Result<Spent, CacheError> {
    encoding::decode(bytes).map_err(|source| CacheError::Unreadable {
        what: "figure",
        source,
    })
}

/// The end of the stretch, then the counter.
pub(super) fn key(counter: Counter) -> Vec<u8> {
    let mut key = ordered(counter.ends()).to_vec();
    encoding::encode_into(&counter, &mut key);
    key
}

fn counter(key: &[u8]) -> Result<Counter, CacheError> {
    let counter = key.get(8..).unwrap_or_default();
    encoding::decode(counter).map_err(|source| CacheError::Unreadable {
        what: "figure",
        source,
    })
}

/// Bytes in the order of time.
fn ordered(at: Instant) -> [u8; 8] {
    (at.millis().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}
