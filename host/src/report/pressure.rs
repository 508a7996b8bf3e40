//! How often each customer was reached, of a sample where there are too many to count.

use std::collections::{BTreeMap, HashMap};

use crate::ids::{CustomerId, Text};

/// So many pairs of a customer and a market are counted at a time.
const COUNTED: usize = 500_000;

/// Contacts by customer and market. Customers' ids are drawn, so the sample is by chance, and the same in every report.
pub(super) struct Pressure {
    counts: HashMap<CustomerId, Vec<(u16, u32)>>,
    most: usize,
    halvings: u32,
}

/// How often those were reached who were reached at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Spread {
    pub(super) customers: u64,
    pub(super) contacts: u64,
    /// Nineteen of twenty customers were reached no more often.
    pub(super) p95: u64,
    pub(super) most: u64,
}

impl Default for Pressure {
    fn default() -> Self {
        Self::of_at_most(COUNTED)
    }
}

impl Pressure {
    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            counts: HashMap::new(),
            most,
            halvings: 0,
        }
    }

    pub(super) fn one_in(&self) -> u64 {
        1 << self.halvings
    }

    pub(super) fn add(&mut self, customer: CustomerId, market: u16) {
        if !is_in(self.halvings, customer) {
            return;
        }
        let counts = self.counts.entry(customer).or_default();
        match counts.iter_mut().find(|(of, _)| *of == market) {
            Some((_, count)) => *count += 1,
            None => counts.push((market, 1)),
        }
        while self.counts.len() > self.most && self.halvings < 63 {
            self.halvings += 1;
            let halvings = self.halvings;
            self.counts.retain(|customer, _| is_in(halvings, *customer));
        }
    }

    /// By market; and of all markets together, where a customer of several counts once.
    pub(super) fn spread(&self, names: &[Text]) -> (BTreeMap<Text, Spread>, Spread) {
        let mut all = Vec::with_capacity(self.counts.len());
        let mut by_market: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
        for counts in self.counts.values() {
            all.push(counts.iter().map(|(_, count)| count).sum());
            for (market, count) in counts {
                by_market.entry(*market).or_default().push(*count);
            }
        }
        let by_market = by_market.into_iter().filter_map(|(market, counts)| {
            let name = names.get(usize::from(market))?;
            Some((name.clone(), Spread::of(counts)))
        });
        (by_market.collect(), Spread::of(all))
    }
}

impl Spread {
    fn of(mut counts: Vec<u32>) -> Self {
        counts.sort_unstable();
        let at = |place: usize| counts.get(place).copied().unwrap_or_default().into();
        Self {
            customers: counts.len() as u64,
            contacts: counts.iter().copied().map(u64::from).sum(),
            p95: at((counts.len() * 95).div_ceil(100).saturating_sub(1)),
            most: at(counts.len().saturating_sub(1)),
        }
    }
}

/// Whether a customer is of the sample: by the last bits of the id, which are by chance.
fn is_in(halvings: u32, customer: CustomerId) -> bool {
    let (_, last) = customer.as_bytes().split_at(8);
    let drawn = last
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    drawn.trailing_zeros() >= halvings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Chance;

    // A45: bounded memory must not change what the figure means.
    #[test]
    fn too_many_customers_are_sampled_and_the_spread_stays() {
        let mut chance = Chance::from_seed(b"pressure");
        let mut pressure = Pressure::of_at_most(1_000);
        for _ in 0..10_000 {
            let customer = CustomerId::draw(&mut chance);
            for _ in 0..3 {
                pressure.add(customer, 0);
            }
        }
        let (by_market, all) = pressure.spread(&["de".into()]);
        assert_eq!(by_market.get("de"), Some(&all));
        assert!(pressure.one_in() >= 8, "{}", pressure.one_in());
        assert!((100..=1_000).contains(&all.customers), "{all:?}");
        assert_eq!((all.contacts, all.p95, all.most), (all.customers * 3, 3, 3));
    }

    #[test]
    fn nineteen_of_twenty_are_reached_no_more_often_than_p95() {
        let spread = Spread::of([1; 19].into_iter().chain([9]).collect());
        assert_eq!((spread.p95, spread.most, spread.contacts), (1, 9, 28));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
