//! Actions that wait for a person, of all customers: an index, since each stands with its customer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cache::{Cache, CacheError};
use crate::clock::Instant;
use crate::encoding;
use crate::ids::{ActionId, DecisionId, Key, Text};
use crate::store::Space;

/// One action that waits for a person, or did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// The decision that planned it: its evidence has the proposal.
    pub decision: DecisionId,
    pub market: Key,
    /// Nobody can approve it after this.
    pub until: Instant,
    /// Why it no longer waits, in words.
    pub ended: Option<Text>,
}

impl Cache {
    /// The action as the index has it, whether it still waits or not; `None` of one that never did, or long ago.
    pub async fn waiting(&self, id: ActionId) -> Result<Option<Waiting>, CacheError> {
        let ahead = self.ahead().waiting(id);
        if ahead.is_some() {
            return Ok(ahead);
        }
        let view = Arc::clone(&self.view);
        let found = tokio::task::spawn_blocking(move || view.get(Space::Approvals, id.as_bytes()));
        let found = found.await.map_err(|_| CacheError::CutOff)??;
        found.map(|bytes| read(&bytes)).transpose()
    }

    /// Calls `each` with the actions after `cursor` that the index has, the oldest first, until it says that it is enough.
    /// Reads the view: not for a thread that serves.
    pub fn visit_waiting(
        &self,
        cursor: Option<ActionId>,
        mut each: impl FnMut(ActionId, &Waiting) -> Enough,
    ) -> Result<(), CacheError> {
        // Before the view is read: what is written to it meanwhile stands in both.
        let mut ahead: BTreeMap<ActionId, Waiting> = self.ahead().all_waiting();
        if let Some(cursor) = cursor {
            ahead.retain(|id, _| *id > cursor);
        }
        let cursor = cursor.as_ref().map(|id| id.as_bytes().as_slice());
        for pair in self.view.scan_after(Space::Approvals, cursor) {
            let (key, value) = pair?;
            let Ok(key) = <[u8; 16]>::try_from(key) else {
                continue;
            };
            let id = ActionId::from_bytes(key);
            while let Some(first) = ahead.first_entry().filter(|first| *first.key() < id) {
                let (id, waiting) = first.remove_entry();
                if each(id, &waiting) == Enough::Yes {
                    return Ok(());
                }
            }
            let waiting = match ahead.remove(&id) {
                Some(newer) => newer,
                None => read(&value)?,
            };
            if each(id, &waiting) == Enough::Yes {
                return Ok(());
            }
        }
        for (id, waiting) in ahead {
            if each(id, &waiting) == Enough::Yes {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether a visitor has seen enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enough {
    Yes,
    No,
}

pub(super) fn read(bytes: &[u8]) -> Result<Waiting, CacheError> {
    encoding::decode(bytes).map_err(|source| CacheError::Unreadable {
        what: "waiting action",
        source,
    })
}
