//! What records mean for the view, when the host starts again. A record carries whole states, so nothing is ever applied
//! twice; what is used up is counted once because each figure says how far it counted.

use std::collections::HashMap;

use crate::cache::schedule::put_hint;
use crate::cache::spent::{SPENT_KEPT, Spent, key, put_spent, read};
use crate::cache::write_behind::{put_decision, put_event};
use crate::cache::{CacheError, Earlier, States, to_store};
use crate::clock::Instant;
use crate::encoding;
use crate::event::EventKey;
use crate::ids::DecisionId;
use crate::spending::Counter;
use crate::store::{Changes, Position, Space, View};

/// Replays records, one after the other.
#[derive(Debug, Default)]
pub struct Recovery {
    spent: HashMap<Counter, Spent>,
    /// The end of the latest stretch so far.
    latest: Instant,
}

/// Beyond so many figures in memory, those of stretches long over are let go.
const FIGURES: usize = 4_096;

/// One record of an event, to be replayed.
#[derive(Clone, Copy, Debug)]
pub struct Replayed<'a> {
    pub position: Position,
    pub states: &'a States,
    pub event: (EventKey, Earlier),
    pub decisions: &'a [DecisionId],
}

impl Recovery {
    /// What the record changes in `view`.
    pub fn replay(
        &mut self,
        view: &View,
        record: Replayed<'_>,
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        let Replayed {
            position, states, ..
        } = record;
        for after in &states.customers {
            let state = to_store(position, &after.state);
            changes.put(Space::Customers, after.id.as_bytes(), state);
        }
        for after in &states.accounts {
            let state = to_store(position, &after.state);
            changes.put(Space::Accounts, after.id.as_bytes(), state);
        }
        for (key, named) in &states.named {
            changes.put(Space::Identities, key.as_bytes(), encoding::encode(named));
        }
        for (id, waiting) in &states.waiting {
            changes.put(Space::Approvals, id.as_bytes(), encoding::encode(waiting));
        }
        for hint in &states.hints {
            put_hint(changes, *hint);
        }
        let (key, earlier) = record.event;
        put_event(changes, key, earlier);
        for id in record.decisions {
            put_decision(changes, *id, position);
        }
        for (counter, amount) in &states.spent {
            self.spend(view, position, (*counter, *amount), changes)?;
        }
        Ok(())
    }

    /// Counts what a record used up, unless the figure counted it before.
    fn spend(
        &mut self,
        view: &View,
        position: Position,
        (counter, amount): (Counter, i64),
        changes: &mut Changes,
    ) -> Result<(), CacheError> {
        let mut spent = match self.spent.get(&counter) {
            Some(spent) => *spent,
            None => match view.get(Space::Spending, &key(counter))? {
                Some(bytes) => read(&bytes)?,
                None => Spent {
                    total: 0,
                    as_of: Position::default(),
                },
            },
        };
        if position >= spent.as_of {
            spent.total = spent.total.saturating_add(amount);
            spent.as_of = Position::from_u64(position.as_u64() + 1);
            put_spent(changes, counter, spent);
        }
        self.latest = self.latest.max(counter.ends());
        if self.spent.len() >= FIGURES {
            let oldest = self.latest.minus(SPENT_KEPT);
            self.spent.retain(|counter, _| counter.ends() >= oldest);
        }
        self.spent.insert(counter, spent);
        Ok(())
    }
}
