//! Writes what is ahead to the view: in batches, coalesced, never past what the log holds for good.

use std::sync::Arc;

use crate::cache::ahead::Generation;
use crate::cache::keys::{put_erased, put_key, seal_state};
use crate::cache::schedule::put_hint;
use crate::cache::spent::{Spent, put_spent};
use crate::cache::{Cache, Earlier, Kept, State, to_store};
use crate::encoding;
use crate::event::EventKey;
use crate::ids::{Chance, DecisionId};
use crate::store::{Changes, Failed, Position, Space, ViewError};

/// Why writing behind ended.
#[derive(Debug, thiserror::Error)]
pub enum WriteBehindError {
    #[error("the log has failed, so the view stays where it is")]
    Log(#[from] Failed),
    #[error("the view cannot be written")]
    View(#[from] ViewError),
}

impl Cache {
    /// Writes everything that was committed before now; whether there was anything.
    pub async fn write_behind(&self) -> Result<bool, WriteBehindError> {
        let Some((generation, end)) = self.begin() else {
            return Ok(false);
        };
        self.log.until_all(end).await?;
        let changes = changes(&generation, end, &mut self.ring.chance());
        self.view.apply(changes, end)?;
        self.remember(&generation);
        self.ahead().finish();
        Ok(true)
    }

    /// Whether everything that was committed is in the view.
    pub fn is_written(&self) -> bool {
        self.ahead().is_written()
    }

    /// What is to be written, and the end of the log that it reaches: taken under one lock, so that whatever is in the log
    /// before that end is in this generation or an earlier one.
    fn begin(&self) -> Option<(Arc<Generation>, Position)> {
        let mut ahead = self.ahead();
        let end = self.log.end();
        ahead.begin().map(|generation| (generation, end))
    }

    fn remember(&self, generation: &Arc<Generation>) {
        for (id, state) in &generation.customers {
            self.customers.clean.insert(*id, state.encoded.clone());
        }
        for (id, state) in &generation.accounts {
            self.accounts.clean.insert(*id, state.encoded.clone());
        }
        // An earlier generation may have brought back what was forgotten while it was written.
        for id in &generation.erased {
            self.customers.clean.invalidate(id);
        }
        for (key, named) in &generation.names {
            match named {
                Some(named) => self.names.remember(*key, *named),
                None => self.names.forget(*key),
            }
        }
    }
}

/// What a generation changes in the view, which then covers everything before `end`.
fn changes(generation: &Generation, end: Position, chance: &mut Chance) -> Changes {
    let mut changes = generation.notes.clone();
    for (id, state) in &generation.customers {
        put_state(&mut changes, *id, state, chance);
    }
    for (id, state) in &generation.accounts {
        put_state(&mut changes, *id, state, chance);
    }
    for (subject, wrapped) in &generation.keys {
        put_key(&mut changes, *subject, wrapped);
    }
    for id in &generation.erased {
        put_erased(&mut changes, *id);
    }
    for (key, named) in &generation.names {
        match named {
            Some(named) => changes.put(Space::Identities, key.as_bytes(), encoding::encode(named)),
            None => changes.remove(Space::Identities, key.as_bytes()),
        }
    }
    for (key, earlier) in &generation.events {
        put_event(&mut changes, *key, *earlier);
    }
    for (id, position) in &generation.decisions {
        put_decision(&mut changes, *id, *position);
    }
    for (id, waiting) in &generation.waiting {
        changes.put(Space::Approvals, id.as_bytes(), encoding::encode(waiting));
    }
    for hint in &generation.hints {
        put_hint(&mut changes, *hint);
    }
    for (counter, total) in &generation.spent {
        put_spent(
            &mut changes,
            *counter,
            Spent {
                total: *total,
                as_of: end,
            },
        );
    }
    changes
}

/// As the view keeps it: closed with its own key alone, for as long as it is the newest.
fn put_state<E: Kept>(changes: &mut Changes, id: E::Id, state: &State<E>, chance: &mut Chance) {
    let encoded = &state.encoded;
    let sealed = seal_state(&encoded.key, E::subject(id), chance, &encoded.bytes);
    changes.put(E::SPACE, E::key(&id), to_store(encoded.position, &sealed));
}

pub(super) fn put_event(changes: &mut Changes, key: EventKey, earlier: Earlier) {
    changes.put(Space::Events, &key.0, encoding::encode(&earlier));
}

pub(super) fn put_decision(changes: &mut Changes, id: DecisionId, position: Position) {
    changes.put(
        Space::Decisions,
        id.as_bytes(),
        position.as_u64().to_le_bytes().to_vec(),
    );
}
