//! Whose word counts where two say something of one field.

use std::cmp::Ordering;

use super::Fact;
use crate::charter::events::Change;
use crate::charter::{Charter, Field, Merge};
use crate::clock::Instant;
use crate::customer::traces::Base;
use crate::ids::Key;
use crate::value::Value;

/// Who said something, and when it was so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Said {
    pub(super) source: Key,
    pub(super) at: Instant,
}

impl Said {
    /// Whether neither source leads the other.
    pub(super) fn is_equal(self, charter: &Charter, field: &Field, other: Self) -> bool {
        rank(charter, field, self.source) == rank(charter, field, other.source)
    }
}

impl Fact {
    pub(super) fn said(&self) -> Said {
        Said {
            source: self.source,
            at: self.occurred_at,
        }
    }

    /// What it is to whatever is added to it.
    pub(super) fn base(&self) -> Base {
        Base {
            value: self.value.clone(),
            source: self.source,
            at: self.occurred_at,
        }
    }

    /// When a list of which nothing else is remembered was set as a whole, if it ever was.
    pub(super) fn set_at(&self, charter: &Charter, field: &Field) -> Option<Instant> {
        let is_set = field.merge != Merge::Union && is_ever_set(charter, field);
        is_set.then_some(self.occurred_at)
    }
}

impl Base {
    pub(super) fn said(&self) -> Said {
        Said {
            source: self.source,
            at: self.at,
        }
    }
}

/// The place of a source among the field's leading ones; the last place for one that is not named.
fn rank(charter: &Charter, field: &Field, source: Key) -> usize {
    let place = field
        .leading
        .iter()
        .position(|leading| charter.sources.at(*leading).key == source);
    place.unwrap_or(field.leading.len())
}

/// Whether `claim` takes the place of what is known, where sources lead: in whatever order the two are heard.
pub(super) fn leads(charter: &Charter, field: &Field, claim: Said, known: Said) -> bool {
    let ours = rank(charter, field, claim.source);
    let theirs = rank(charter, field, known.source);
    // A lower source speaks only once the higher one's word has gone stale.
    let is_stale = |word: Said, at: Instant| {
        let ends = field.max_age.map(|age| word.at.plus(age));
        ends.is_some_and(|end| end < at)
    };
    match ours.cmp(&theirs) {
        Ordering::Less => claim.at >= known.at || !is_stale(claim, known.at),
        Ordering::Equal => claim.at >= known.at,
        Ordering::Greater => is_stale(known, claim.at),
    }
}

/// Whether the source of a claim may change what is known, be it late or not.
pub(super) fn may_speak(charter: &Charter, field: &Field, claim: Said, known: Said) -> bool {
    field.merge != Merge::LeadingSource
        || claim.is_equal(charter, field, known)
        || leads(charter, field, claim, known)
}

pub(super) fn is_larger(value: &Value, than: &Value) -> bool {
    match (value, than) {
        (Value::Integer(value), Value::Integer(than)) => value > than,
        (Value::Number(value), Value::Number(than)) => value > than,
        (Value::Instant(value), Value::Instant(than)) => value > than,
        _ => false,
    }
}

/// Whether any event of the charter sets the field.
pub(super) fn is_ever_set(charter: &Charter, field: &Field) -> bool {
    is_ever(charter, field, |change| matches!(change, Change::Set(_)))
}

/// Whether any event of the charter adds to the field, and none sets it.
pub(super) fn is_added_up(charter: &Charter, field: &Field) -> bool {
    is_ever(charter, field, |change| matches!(change, Change::Add(_)))
        && !is_ever_set(charter, field)
}

fn is_ever(charter: &Charter, field: &Field, is_it: impl Fn(&Change) -> bool) -> bool {
    let events = charter.events.iter();
    let mut updates = events.flat_map(|(_, kind)| &kind.updates);
    updates.any(|update| charter.fields.at(update.field).key == field.key && is_it(&update.change))
}
