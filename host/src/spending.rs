//! What markets and actions have used up of their bounds: reach an hour, actions a minute and a day, money a day.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::ids::{Key, Map};

/// One figure: what, of whom, in which stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Counter {
    pub what: What,
    /// An action's or a market's; of `What::ActionInMarket`, the action's.
    pub of: Key,
    pub market: Option<Key>,
    /// Since 1970: minutes, hours or days.
    pub stretch: i64,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum What {
    /// Actions of one kind in an hour, all markets together, or in one.
    ActionPerHour,
    ActionsPerMinute,
    ActionsPerDay,
    /// Minor units of the charter's currency.
    SpendPerDay,
}

impl What {
    pub fn millis(self) -> i64 {
        match self {
            Self::ActionsPerMinute => 60_000,
            Self::ActionPerHour => 3_600_000,
            Self::ActionsPerDay | Self::SpendPerDay => 86_400_000,
        }
    }
}

impl Counter {
    pub fn at(what: What, of: Key, market: Option<Key>, now: Instant) -> Self {
        Self {
            what,
            of,
            market,
            stretch: now.millis().div_euclid(what.millis()),
        }
    }

    /// When its stretch of time is over.
    pub fn ends(&self) -> Instant {
        let next = self.stretch.saturating_add(1);
        Instant::from_millis(next.saturating_mul(self.what.millis()))
    }
}

/// All figures of this host. One short lock: it is taken only for actions that have a bound.
#[derive(Debug, Default)]
pub struct Spending(Mutex<Figures>);

type Figures = Map<Counter, i64>;

/// One thing to be used up, and its bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charge {
    pub counter: Counter,
    pub amount: i64,
    pub at_most: i64,
}

/// What a decision found used up and what it used up itself, as the evidence keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Expense {
    pub counter: Counter,
    /// Used up by others, when it was first asked about.
    pub before: i64,
    /// Zero where a bound refused it.
    pub amount: i64,
}

/// Others have used up what a decision counted on: it is to be decided again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a bound was reached meanwhile")]
pub struct Overtaken;

impl Spending {
    /// Goes on from figures that were kept.
    pub fn new(figures: Vec<(Counter, i64)>) -> Self {
        Self(Mutex::new(figures.into_iter().collect()))
    }

    /// Forgets the stretches of time that ended before `oldest`.
    pub fn forget(&self, oldest: Instant) {
        self.figures().retain(|counter, _| counter.ends() >= oldest);
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn of(&self, counter: Counter) -> i64 {
        self.figures().get(&counter).copied().unwrap_or(0)
    }

    /// Counts everything that the purse's decision uses up, or nothing of it; `queue` makes it happen, and may fail.
    ///
    /// INVARIANT: figures change only here, so what is counted was within its bound when it was counted.
    pub fn settle<T, E: From<Overtaken>>(
        &self,
        purse: &Purse,
        queue: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if purse.is_empty() {
            return queue();
        }
        let mut figures = self.figures();
        let fits = |entry: &Entry| {
            let spent = figures.get(&entry.counter).copied().unwrap_or(0);
            entry.amount == 0 || spent <= entry.most_before
        };
        if !purse.entries.iter().all(fits) {
            return Err(Overtaken.into());
        }
        let queued = queue()?;
        for entry in &purse.entries {
            let spent = figures.entry(entry.counter).or_default();
            *spent = spent.saturating_add(entry.amount);
        }
        Ok(queued)
    }
}

/// What one decision may use up. It only looks at what others have used up; what it uses up itself counts once its record is
/// queued, by [`Spending::settle`].
#[derive(Clone, Debug, Default)]
pub struct Purse {
    /// `None` of a decision that is computed again: it knows what was found then.
    spending: Option<Arc<Spending>>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    counter: Counter,
    before: i64,
    amount: i64,
    /// So much others may have used up, for every bound that it was held against to be kept.
    most_before: i64,
}

impl Purse {
    pub fn of(spending: &Arc<Spending>) -> Self {
        Self {
            spending: Some(Arc::clone(spending)),
            entries: Vec::new(),
        }
    }

    /// With what a decision found used up when it was recorded.
    pub fn recorded(expenses: &[Expense]) -> Self {
        let entries = expenses.iter().map(|expense| Entry {
            counter: expense.counter,
            before: expense.before,
            amount: 0,
            most_before: i64::MAX,
        });
        Self {
            spending: None,
            entries: entries.collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.iter().all(|entry| entry.amount == 0)
    }

    fn entry(&mut self, counter: Counter) -> Option<&mut Entry> {
        let known = self.entries.iter().position(|one| one.counter == counter);
        let place = known.unwrap_or_else(|| {
            let spending = self.spending.as_ref();
            self.entries.push(Entry {
                counter,
                before: spending.map_or(0, |spending| spending.of(counter)),
                amount: 0,
                most_before: i64::MAX,
            });
            self.entries.len() - 1
        });
        self.entries.get_mut(place)
    }

    /// Uses up all of `charges`, or nothing: then the one that is beyond its bound.
    pub fn take(&mut self, charges: &[Charge]) -> Result<(), Charge> {
        for (place, charge) in charges.iter().enumerate() {
            let Some(entry) = self.entry(charge.counter) else {
                continue;
            };
            let spent = entry.before.saturating_add(entry.amount);
            if spent.saturating_add(charge.amount) > charge.at_most {
                self.put_back(charges.get(..place).unwrap_or_default());
                return Err(*charge);
            }
            entry.amount = entry.amount.saturating_add(charge.amount);
            let most_before = charge.at_most.saturating_sub(entry.amount);
            entry.most_before = entry.most_before.min(most_before);
        }
        Ok(())
    }

    /// Takes back what was used up for something that does not happen.
    pub fn put_back(&mut self, charges: &[Charge]) {
        for charge in charges {
            if let Some(entry) = self.entry(charge.counter) {
                entry.amount = entry.amount.saturating_sub(charge.amount);
            }
        }
    }

    /// For the record: everything that was asked about.
    pub fn expenses(&self) -> Vec<Expense> {
        let entries = self.entries.iter().map(|entry| Expense {
            counter: entry.counter,
            before: entry.before,
            amount: entry.amount,
        });
        entries.collect()
    }
}
