//! Figures over time, in buckets, in bounded memory.

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Measure, Window};
use crate::clock::Instant;
use crate::ids::{Key, Text};

/// The windows that anything was counted in.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Figures(Vec<(Key, Buckets)>);

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Buckets {
    /// Number of the bucket, and what fell into it; in order of number.
    Sums(Vec<(i64, i64)>),
    /// A member's hash, and the last bucket in which it was seen.
    Members(Vec<(u64, i64)>),
}

impl Figures {
    /// The figure at `now`. A bucket counts as long as any instant of it is inside the window.
    pub fn at(&self, window: &Window, now: Instant) -> i64 {
        let first = first_bucket(window, now);
        match self.0.iter().find(|(key, _)| *key == window.key) {
            Some((_, Buckets::Sums(sums))) => {
                let inside = sums.iter().filter(|(number, _)| *number >= first);
                inside.fold(0, |sum: i64, (_, amount)| sum.saturating_add(*amount))
            }
            Some((_, Buckets::Members(members))) => {
                let inside = members
                    .iter()
                    .filter(|(_, number)| *number >= first)
                    .count();
                i64::try_from(inside).unwrap_or(i64::MAX)
            }
            None => 0,
        }
    }

    /// Adds `amount` at the time that it occurred; what is older than the window is ignored.
    pub fn add(&mut self, window: &Window, at: Instant, now: Instant, amount: i64) {
        let number = bucket(window, at);
        if number < first_bucket(window, now) {
            return;
        }
        let Buckets::Sums(sums) = self.buckets(window) else {
            return;
        };
        match sums.binary_search_by_key(&number, |(of, _)| *of) {
            Ok(place) => {
                if let Some((_, sum)) = sums.get_mut(place) {
                    *sum = sum.saturating_add(amount);
                }
            }
            Err(place) => sums.insert(place, (number, amount)),
        }
    }

    /// Notes that `member` was there; the longest unseen makes room when the window is full.
    pub fn see(&mut self, window: &Window, at: Instant, now: Instant, member: u64) {
        let number = bucket(window, at);
        if number < first_bucket(window, now) {
            return;
        }
        let Buckets::Members(members) = self.buckets(window) else {
            return;
        };
        if let Some((_, seen)) = members.iter_mut().find(|(of, _)| *of == member) {
            *seen = (*seen).max(number);
            return;
        }
        if members.len() >= window.at_most
            && let Some(oldest) = members
                .iter()
                .enumerate()
                .min_by_key(|(_, (_, seen))| *seen)
                .map(|(place, _)| place)
        {
            members.swap_remove(oldest);
        }
        members.push((member, number));
    }

    fn buckets(&mut self, window: &Window) -> &mut Buckets {
        let place = match self.0.iter().position(|(key, _)| *key == window.key) {
            Some(place) => place,
            None => {
                let buckets = match window.measure {
                    Measure::Count | Measure::Sum => Buckets::Sums(Vec::new()),
                    Measure::DistinctCustomers => Buckets::Members(Vec::new()),
                };
                self.0.push((window.key, buckets));
                self.0.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the place was just found or made")]
        &mut self.0[place].1
    }

    /// Drops what is older than its window, and adds the names of windows that are empty then to `faded`.
    pub(super) fn forget(&mut self, charter: &Charter, now: Instant, faded: &mut Vec<Text>) {
        self.0.retain_mut(|(key, buckets)| {
            let Some((_, window)) = charter
                .windows
                .iter()
                .find(|(_, window)| window.key == *key)
            else {
                return true;
            };
            let first = first_bucket(window, now);
            let is_left = match buckets {
                Buckets::Sums(sums) => {
                    sums.retain(|(number, _)| *number >= first);
                    !sums.is_empty()
                }
                Buckets::Members(members) => {
                    members.retain(|(_, number)| *number >= first);
                    !members.is_empty()
                }
            };
            if !is_left {
                faded.push(window.name.clone());
            }
            is_left
        });
    }

    /// Until when the first window still has something in it.
    pub(super) fn kept_until(&self, charter: &Charter) -> Option<Instant> {
        let ends = self.0.iter().filter_map(|(key, buckets)| {
            let mut windows = charter.windows.iter();
            let (_, window) = windows.find(|(_, window)| window.key == *key)?;
            let newest = match buckets {
                Buckets::Sums(sums) => sums.last().map(|(number, _)| *number),
                Buckets::Members(members) => members.iter().map(|(_, number)| *number).max(),
            };
            Some(start(window, newest?.saturating_add(1)).plus(window.over))
        });
        ends.min()
    }

    pub(super) fn take_over(&mut self, charter: &Charter, other: &Self) {
        for (key, buckets) in &other.0 {
            let Some((_, window)) = charter
                .windows
                .iter()
                .find(|(_, window)| window.key == *key)
            else {
                // A window of another charter is kept as it is, for when it comes back.
                if self.0.iter().all(|(of, _)| of != key) {
                    self.0.push((*key, buckets.clone()));
                }
                continue;
            };
            match buckets {
                Buckets::Sums(sums) => {
                    for (number, amount) in sums {
                        let at = start(window, *number);
                        self.add(window, at, at, *amount);
                    }
                }
                Buckets::Members(members) => {
                    for (member, number) in members {
                        let at = start(window, *number);
                        self.see(window, at, at, *member);
                    }
                }
            }
        }
    }
}

fn step(window: &Window) -> i64 {
    i64::try_from(window.step.millis())
        .unwrap_or(i64::MAX)
        .max(1)
}

fn bucket(window: &Window, at: Instant) -> i64 {
    at.millis().div_euclid(step(window))
}

fn start(window: &Window, number: i64) -> Instant {
    Instant::from_millis(number.saturating_mul(step(window)))
}

fn first_bucket(window: &Window, now: Instant) -> i64 {
    bucket(window, now.minus(window.over))
}
