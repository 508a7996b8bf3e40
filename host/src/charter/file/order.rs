//! The orders of bounds: for every kind there is one, and what is narrower allows nothing that is refused by what is wider.
//!
//! | bound | narrower is |
//! |---|---|
//! | a number or a time at most: latest delay, reach, lengths, limits, budgets | smaller |
//! | a lapse, where nothing is said the default | shorter |
//! | the earliest delay | later |
//! | what a consent must be; `auto`, `approval`, `never`; optional, required; `both`, `replace`, `keep` | later in this order |
//! | channels, slots, values, languages, moments, actions | fewer of them |
//! | `between` | inside |
//! | hours | inside, on each day |
//! | caps, holidays, items to avoid | more of them: those of the charter go on holding |

use std::fmt;

use crate::charter::actions::{Automation, Class, LAPSES_AFTER, OnPending};
use crate::charter::caps::Cap;
use crate::charter::consent::Needs;
use crate::charter::file::hours::{WEEKDAYS, stretch};
use crate::charter::hours::Hours;
use crate::charter::nearest::quoted;
use crate::clock::Span;
use crate::ids::Text;

/// A bound of one kind, with the order of that kind.
pub(super) trait Bound: Sized {
    /// Whether it allows nothing that `granted` refuses.
    fn is_within(&self, granted: &Self) -> bool;

    /// What both allow; `None` where nothing is left.
    fn meet(self, granted: &Self) -> Option<Self>;

    /// Chosen and granted in words, where the first is wider.
    fn compared(&self, granted: &Self) -> (String, String);
}

/// The smaller the narrower; `None` is without bound.
pub(super) struct AtMost<T>(pub(super) Option<T>);

impl<T: Copy + Ord + Word> Bound for AtMost<T> {
    fn is_within(&self, granted: &Self) -> bool {
        match (self.0, granted.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(chosen), Some(granted)) => chosen <= granted,
        }
    }

    fn meet(self, granted: &Self) -> Option<Self> {
        let both = self.0.into_iter().chain(granted.0);
        Some(Self(both.min()))
    }

    fn compared(&self, granted: &Self) -> (String, String) {
        let word =
            |bound: Option<T>| bound.map_or("without bound".to_owned(), |bound| bound.word());
        (word(self.0), word(granted.0))
    }
}

/// How long after its time something may act; `None` leaves it to the policy, and to [`LAPSES_AFTER`] where that says nothing.
pub(super) struct Lapses(pub(super) Option<Span>);

impl Lapses {
    fn where_nobody_asks(&self) -> Span {
        self.0.unwrap_or(LAPSES_AFTER)
    }
}

impl Bound for Lapses {
    /// Both what a policy may ask for and what holds where none asks must be no longer.
    fn is_within(&self, granted: &Self) -> bool {
        AtMost(self.0).is_within(&AtMost(granted.0))
            && self.where_nobody_asks() <= granted.where_nobody_asks()
    }

    fn meet(self, granted: &Self) -> Option<Self> {
        let shorter = self.where_nobody_asks().min(granted.where_nobody_asks());
        let is_said = self.0.or(granted.0).is_some();
        Some(Self(is_said.then_some(shorter)))
    }

    fn compared(&self, granted: &Self) -> (String, String) {
        let word = |lapses: Option<Span>| match lapses {
            Some(lapses) => lapses.word(),
            None => format!("the default of {}", LAPSES_AFTER.word()),
        };
        (word(self.0), word(granted.0))
    }
}

/// The later or stricter the narrower.
pub(super) struct AtLeast<T>(pub(super) T);

impl<T: Copy + Ord + Word> Bound for AtLeast<T> {
    fn is_within(&self, granted: &Self) -> bool {
        self.0 >= granted.0
    }

    fn meet(self, granted: &Self) -> Option<Self> {
        Some(Self(self.0.max(granted.0)))
    }

    fn compared(&self, granted: &Self) -> (String, String) {
        (self.0.word(), granted.0.word())
    }
}

/// The fewer the narrower; `None` allows any.
pub(super) struct Among<T>(pub(super) Option<Vec<T>>);

impl<T: PartialEq + Clone + Word> Bound for Among<T> {
    fn is_within(&self, granted: &Self) -> bool {
        match (&self.0, &granted.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(chosen), Some(granted)) => chosen.iter().all(|one| granted.contains(one)),
        }
    }

    /// In the order of what was chosen.
    fn meet(self, granted: &Self) -> Option<Self> {
        let both = match (self.0, &granted.0) {
            (Some(mut chosen), Some(granted)) => {
                chosen.retain(|one| granted.contains(one));
                Some(chosen)
            }
            (Some(chosen), None) => Some(chosen),
            (None, granted) => granted.clone(),
        };
        let is_empty = both.as_ref().is_some_and(Vec::is_empty);
        (!is_empty).then_some(Self(both))
    }

    fn compared(&self, granted: &Self) -> (String, String) {
        let words = |list: &Option<Vec<T>>| match list {
            Some(list) => {
                let words: Vec<String> = list.iter().map(Word::plain).collect();
                quoted(&words)
            }
            None => "any".to_owned(),
        };
        (words(&self.0), words(&granted.0))
    }
}

/// Both ends included; what is inside is narrower. `None` is without bound.
pub(super) struct Between(pub(super) Option<(f64, f64)>);

impl Bound for Between {
    fn is_within(&self, granted: &Self) -> bool {
        match (self.0, granted.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some((low, high)), Some((lowest, highest))) => low >= lowest && high <= highest,
        }
    }

    fn meet(self, granted: &Self) -> Option<Self> {
        let both = match (self.0, granted.0) {
            (Some((low, high)), Some((lowest, highest))) => {
                Some((low.max(lowest), high.min(highest)))
            }
            (chosen, granted) => chosen.or(granted),
        };
        let is_empty = both.is_some_and(|(low, high)| low > high);
        (!is_empty).then_some(Self(both))
    }

    fn compared(&self, granted: &Self) -> (String, String) {
        let words = |bound: Option<(f64, f64)>| {
            bound.map_or("any".to_owned(), |(low, high)| format!("{low} to {high}"))
        };
        (words(self.0), words(granted.0))
    }
}

/// Hours of a week; what is inside on each day is narrower. `None` is always.
pub(super) struct Open(pub(super) Option<Hours>);

impl Bound for Open {
    fn is_within(&self, granted: &Self) -> bool {
        match (&self.0, &granted.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(chosen), Some(granted)) => chosen.intersect(granted) == *chosen,
        }
    }

    fn meet(self, granted: &Self) -> Option<Self> {
        Some(Self(match (self.0, &granted.0) {
            (Some(chosen), Some(granted)) => Some(chosen.intersect(granted)),
            (chosen, granted) => chosen.or_else(|| granted.clone()),
        }))
    }

    /// The first day that opens where it must be closed.
    fn compared(&self, granted: &Self) -> (String, String) {
        let (Some(chosen), Some(granted)) = (&self.0, &granted.0) else {
            return ("always".to_owned(), "the hours".to_owned());
        };
        let both = chosen.intersect(granted);
        let days = WEEKDAYS.iter().zip(&both.days);
        let wider = days
            .zip(chosen.days.iter().zip(&granted.days))
            .find(|((_, both), (chosen, _))| both != chosen);
        match wider {
            Some((((day, _), _), (chosen, granted))) => {
                (shown_day(day, chosen), shown_day(day, granted))
            }
            None => ("the same".to_owned(), "the hours".to_owned()),
        }
    }
}

/// `sat 08:00-12:00 and 14:00-18:00`
fn shown_day(day: &str, open: &[(u16, u16)]) -> String {
    let stretches: Vec<String> = open.iter().map(|(from, to)| stretch(*from, *to)).collect();
    match stretches.is_empty() {
        true => format!("`{day}` closed"),
        false => format!("`{day} {}`", stretches.join(" and ")),
    }
}

/// Whether `chosen` says less than `granted` by itself: whatever `granted` allows, `chosen` allows too, and more. Such a cap
/// of a market would mislead. Two that count or last differently say different things, and both hold.
pub(super) fn is_looser(chosen: &Cap, granted: &Cap) -> bool {
    let is_counted = |class: &Class| !chosen.counts(*class) || granted.counts(*class);
    let is_same = chosen.at_most == granted.at_most
        && chosen.per == granted.per
        && Class::ALL
            .iter()
            .all(|class| chosen.counts(*class) == granted.counts(*class));
    !is_same
        && chosen.at_most >= granted.at_most
        && lies_within(chosen.per, granted.per)
        && Class::ALL.iter().all(is_counted)
}

/// Whether every `short` lies within one `long`. Whole days are days of the calendar: two of them may be as little as one
/// day and a moment, and as much as an hour more than two days.
fn lies_within(short: Span, long: Span) -> bool {
    const DAY_MS: u64 = 86_400_000;
    const HOUR_MS: u64 = 3_600_000;
    let (short, long) = (short.millis(), long.millis());
    match (short.is_multiple_of(DAY_MS), long.is_multiple_of(DAY_MS)) {
        (false, true) => short + DAY_MS <= long,
        (true, false) => short + HOUR_MS <= long,
        (true, true) | (false, false) => short <= long,
    }
}

/// How a cap reads: `1 per 7d of marketing`.
pub(super) fn shown_cap(cap: &Cap) -> String {
    let classes: Vec<&str> = cap.counts.iter().map(|class| class.word()).collect();
    let of = match classes.is_empty() {
        true => String::new(),
        false => format!(" of {}", classes.join(", ")),
    };
    format!("`{} per {}{of}`", cap.at_most, cap.per)
}

/// How the value of a bound reads in a complaint.
pub(in crate::charter) trait Word {
    fn plain(&self) -> String;

    fn word(&self) -> String {
        format!("`{}`", self.plain())
    }
}

macro_rules! plain {
    ($($ty:ty),*) => {
        $(impl Word for $ty {
            fn plain(&self) -> String {
                let shown: &dyn fmt::Display = self;
                shown.to_string()
            }
        })*
    };
}
plain!(u32, u64, i64, usize, Span, Text);

/// An amount of memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::charter) struct Bytes(pub(in crate::charter) usize);

impl Word for Bytes {
    fn plain(&self) -> String {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        match self.0 {
            bytes if bytes.is_multiple_of(MIB) => format!("{}MiB", bytes / MIB),
            bytes if bytes.is_multiple_of(KIB) => format!("{}KiB", bytes / KIB),
            bytes => format!("{bytes}B"),
        }
    }
}

impl Word for bool {
    fn word(&self) -> String {
        self.plain()
    }

    fn plain(&self) -> String {
        match self {
            true => "required".to_owned(),
            false => "optional".to_owned(),
        }
    }
}

impl Word for Automation {
    fn plain(&self) -> String {
        (*self).word().to_owned()
    }
}

impl Word for OnPending {
    fn plain(&self) -> String {
        (*self).word().to_owned()
    }
}

impl Word for Needs {
    fn plain(&self) -> String {
        (*self).word().to_owned()
    }
}
