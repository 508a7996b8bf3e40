//! When a definition must be looked at again (C30): warned of before, and no new deployment after.

use jiff::civil::Date;

use crate::charter::{Charter, MarketIx};
use crate::clock::Span;
use crate::ids::Text;

/// Something of the charter with a date by which somebody must look at it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Review {
    /// Dotted path, such as `laws.DE.marketing.email`; empty for the charter as a whole.
    pub what: Text,
    /// `charter.toml:412`
    pub place: Text,
    pub owner: Text,
    /// Whose file or deviation it stands in; `None` for what is central.
    pub market: Option<MarketIx>,
    /// The last day on which it counts as reviewed.
    pub by: Date,
}

impl Charter {
    /// What should have been reviewed before `today`, the longest overdue first.
    pub fn overdue(&self, today: Date) -> Vec<&Review> {
        self.reviews_between(Date::MIN, today)
    }

    /// What must be reviewed within `soon` from `today`, the first first.
    pub fn due_soon(&self, today: Date, soon: Span) -> Vec<&Review> {
        let days = i32::try_from(soon.millis().div_ceil(86_400_000)).unwrap_or(i32::MAX);
        let end = jiff::Span::new()
            .try_days(days)
            .and_then(|span| today.checked_add(span))
            .unwrap_or(Date::MAX);
        self.reviews_between(today, end)
    }

    fn reviews_between(&self, from: Date, to: Date) -> Vec<&Review> {
        let mut due: Vec<&Review> = self
            .reviews
            .iter()
            .filter(|review| review.by >= from && review.by < to)
            .collect();
        due.sort_by_key(|review| review.by);
        due
    }
}
