//! Whether a bound became narrower or wider, by the orders that narrowing is proved with.

use crate::charter::caps::Cap;
use crate::charter::consent::Needs;
use crate::charter::fields::Type;
use crate::charter::file::bounds::read_caps;
use crate::charter::file::hours::read_hours;
use crate::charter::file::order::{
    Among, AtLeast, AtMost, Between, Bound, Lapses, Open, is_looser,
};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::Findings;
use crate::charter::file::{actions, typing, values};
use crate::ids::Text;

/// How one value differs from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    Added,
    Removed,
    /// Allows less than before.
    Narrowed,
    /// Allows more than before.
    Widened,
    /// Neither can be said.
    Changed,
}

impl Sort {
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Narrowed => "narrowed",
            Self::Widened => "widened",
            Self::Changed => "changed",
        }
    }
}

/// How the value under a key changed; of at least one side.
pub(in crate::charter) fn judge(key: &str, before: Option<&Node>, after: Option<&Node>) -> Sort {
    let relation = match key {
        "reach" | "fuel" | "violations" | "real-time-moments" | "local-fields" | "at-most"
        | "keep" | "actions-per-minute" | "actions-per-day" | "spend-per-day" => {
            relate(before, after, |node| AtMost(number(node)))
        }
        "lapses" => relate(before, after, |node| Lapses(node.and_then(span))),
        "max" | "time" | "lateness" | "retention" | "max-age" | "valid" | "decisions"
        | "consents" | "states" => relate(before, after, |node| AtMost(node.and_then(span))),
        "memory" => relate(before, after, |node| {
            AtMost(node.and_then(|node| values::size(node).ok()))
        }),
        "min" | "lasts" => relate(before, after, |node| {
            AtLeast(node.and_then(span).unwrap_or_default())
        }),
        "between" => relate(before, after, |node| {
            Between(node.and_then(|node| typing::read_between(node, Type::Number).ok()))
        }),
        "hours" => relate(before, after, |node| {
            Open(node.and_then(|node| read_hours(node, &Findings::default())))
        }),
        "one-of" | "channels" | "slots" | "languages" | "moments" | "actions" | "may-send"
        | "subjects" | "writers" => relate(before, after, |node| Among(node.map(texts))),
        "refuses" | "requires" | "holidays" => relate(after, before, |node| {
            Among(Some(node.map(texts).unwrap_or_default()))
        }),
        "automation" => relate(before, after, |node| {
            AtLeast(of_words(node, actions::AUTOMATIONS))
        }),
        "pending" => relate(before, after, |node| {
            AtLeast(of_words(node, actions::PENDING))
        }),
        "needs" => relate(before, after, |node| {
            let needs = node.and_then(|node| values::word(node, &Needs::WORDS).ok());
            AtLeast(needs.unwrap_or(Needs::Nothing))
        }),
        "required" => relate(before, after, |node| {
            AtLeast(node.is_some_and(|node| values::flag(node) == Ok(true)))
        }),
        "caps" => of_caps(&caps(before), &caps(after)),
        _ => None,
    };
    relation.unwrap_or(Sort::Changed)
}

fn relate<B: Bound>(
    before: Option<&Node>,
    after: Option<&Node>,
    read: impl Fn(Option<&Node>) -> B,
) -> Option<Sort> {
    let (before, after) = (read(before), read(after));
    sort(after.is_within(&before), before.is_within(&after))
}

/// `None` where both or neither lies within the other.
fn sort(is_narrower: bool, is_wider: bool) -> Option<Sort> {
    match (is_narrower, is_wider) {
        (true, false) => Some(Sort::Narrowed),
        (false, true) => Some(Sort::Widened),
        (true, true) | (false, false) => None,
    }
}

/// Every one of a cap counts: what one says, another of the other side must say too, or more.
fn of_caps(before: &[Cap], after: &[Cap]) -> Option<Sort> {
    let hold = |caps: &[Cap], others: &[Cap]| {
        caps.iter().all(|cap| {
            let says = |other: &Cap| other == cap || is_looser(cap, other);
            others.iter().any(says)
        })
    };
    sort(hold(before, after), hold(after, before))
}

fn caps(node: Option<&Node>) -> Vec<Cap> {
    node.map_or_else(Vec::new, |node| read_caps(node, &Findings::default()))
}

fn number(node: Option<&Node>) -> Option<u64> {
    values::integer(node?).ok()?.try_into().ok()
}

fn span(node: &Node) -> Option<crate::clock::Span> {
    values::delay(node).ok()
}

fn texts(node: &Node) -> Vec<Text> {
    match &node.shape {
        Shape::List(entries) => entries
            .iter()
            .filter_map(|one| values::text(one).ok())
            .collect(),
        _ => Vec::new(),
    }
}

fn of_words<T: Copy + Default>(node: Option<&Node>, words: &[(&str, T)]) -> T {
    node.and_then(|node| values::word(node, words).ok())
        .unwrap_or_default()
}
