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

    /// Uses up all of `charges`, or nothing: then the one that is beyond its bound.
    pub fn take(&self, charges: &[Charge]) -> Result<(), Charge> {
        if charges.is_empty() {
            return Ok(());
        }
        let mut figures = self.figures();
        let beyond = charges.iter().enumerate().find(|(place, charge)| {
            let spent = figures.get(&charge.counter).copied().unwrap_or(0);
            let so_far = charges.iter().take(place + 1);
            let wanted = so_far.filter(|other| other.counter == charge.counter);
            let wanted = wanted.fold(spent, |sum, one| sum.saturating_add(one.amount));
            wanted > charge.at_most
        });
        if let Some((_, charge)) = beyond {
            return Err(*charge);
        }
        for charge in charges {
            let spent = figures.entry(charge.counter).or_default();
            *spent = spent.saturating_add(charge.amount);
        }
        Ok(())
    }

    /// Gives back what was taken for something that did not happen.
    pub fn give_back(&self, charges: &[Charge]) {
        if charges.is_empty() {
            return;
        }
        let mut figures = self.figures();
        for charge in charges {
            if let Some(spent) = figures.get_mut(&charge.counter) {
                *spent = spent.saturating_sub(charge.amount);
            }
        }
    }
}

/// What was used up for something that is not certain yet: given back when it is dropped, unless it is kept.
#[derive(Debug)]
pub struct Taken {
    spending: Arc<Spending>,
    charges: Vec<Charge>,
}

impl Taken {
    pub fn from(spending: &Arc<Spending>) -> Self {
        Self {
            spending: Arc::clone(spending),
            charges: Vec::new(),
        }
    }

    /// Answers for charges that were taken.
    pub fn add(&mut self, charges: Vec<Charge>) {
        self.charges.extend(charges);
    }

    /// How much of each, for the record.
    pub fn amounts(&self) -> Vec<(Counter, i64)> {
        let mut amounts: Vec<(Counter, i64)> = Vec::new();
        for charge in &self.charges {
            match amounts.iter_mut().find(|(of, _)| *of == charge.counter) {
                Some((_, amount)) => *amount = amount.saturating_add(charge.amount),
                None => amounts.push((charge.counter, charge.amount)),
            }
        }
        amounts
    }

    /// It happened.
    pub fn keep(mut self) {
        self.charges.clear();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.spending.give_back(&self.charges);
    }
}
