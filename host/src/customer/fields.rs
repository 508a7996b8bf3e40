//! Facts, each with who said it and when.

mod claim;
mod join;
mod lists;
mod rules;

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Field};
use crate::clock::Instant;
use crate::customer::traces::{self, FieldTraces, LATE, Sum, Touches};
use crate::ids::{Key, Text};
use crate::value::Value;

pub use claim::{Claim, Claimed, Edit};

/// The facts that are known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Fields {
    /// In order of key.
    facts: Vec<(Key, Fact)>,
    /// When a field was cleared last, as long as something older may still arrive.
    cleared: Vec<(Key, Instant)>,
    /// Kept at the end of the status, where states have room for it.
    #[serde(skip)]
    pub(super) traces: FieldTraces,
}

/// One value with its origin.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fact {
    pub value: Value,
    pub source: Key,
    /// When its source says that it was so.
    pub occurred_at: Instant,
    pub received_at: Instant,
    /// The event that said so, and the version of the charter that defined the field then (C13).
    pub event: Text,
    pub charter: Text,
}

impl Fields {
    pub fn at(&self, key: Key) -> Option<&Fact> {
        let at = self.facts.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        self.facts.get(at).map(|(_, fact)| fact)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &Fact)> {
        self.facts.iter().map(|(key, fact)| (*key, fact))
    }

    fn at_mut(&mut self, key: Key) -> Option<&mut Fact> {
        let at = self.facts.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        self.facts.get_mut(at).map(|(_, fact)| fact)
    }

    fn put(&mut self, key: Key, fact: Fact) {
        match self.facts.binary_search_by_key(&key, |(of, _)| *of) {
            Ok(at) => {
                if let Some(entry) = self.facts.get_mut(at) {
                    entry.1 = fact;
                }
            }
            Err(at) => self.facts.insert(at, (key, fact)),
        }
    }

    fn put_value(&mut self, key: Key, value: Value) {
        if let Some(fact) = self.at_mut(key) {
            fact.value = value;
        }
    }

    /// What was added to a number, if it is remembered.
    fn sum(&self, key: Key) -> Option<&Sum> {
        let mut sums = self.traces.sums.iter();
        sums.find(|(of, _)| *of == key).map(|(_, sum)| sum)
    }

    fn sum_mut(&mut self, key: Key) -> Option<&mut Sum> {
        let mut sums = self.traces.sums.iter_mut();
        sums.find(|(of, _)| *of == key).map(|(_, sum)| sum)
    }

    fn put_sum(&mut self, key: Key, sum: Sum) {
        match self.sum_mut(key) {
            Some(known) => *known = sum,
            None => self.traces.sums.push((key, sum)),
        }
    }

    /// What was put into a list or taken out, if it is remembered.
    fn touches(&self, key: Key) -> Option<&Touches> {
        let mut lists = self.traces.lists.iter();
        lists.find(|(of, _)| *of == key).map(|(_, touches)| touches)
    }

    /// Drops a field with all that is remembered of it.
    fn drop_all(&mut self, key: Key) {
        self.facts.retain(|(of, _)| *of != key);
        self.drop_traces(key);
    }

    /// Drops what is remembered beside the value of a field.
    fn drop_traces(&mut self, key: Key) {
        self.traces.sums.retain(|(of, _)| *of != key);
        self.traces.lists.retain(|(of, _)| *of != key);
    }

    /// Drops what is no longer kept, and adds its names to `faded`.
    pub(super) fn forget(&mut self, charter: &Charter, now: Instant, faded: &mut Vec<Text>) {
        self.facts
            .retain(|(key, fact)| match kept_until(charter, *key, fact) {
                Some((field, until)) if until < now => {
                    faded.push(field.name.clone());
                    false
                }
                _ => true,
            });
        let facts = &self.facts;
        let is_known = |key: &Key| facts.binary_search_by_key(key, |(of, _)| *of).is_ok();
        self.traces.sums.retain(|(key, _)| is_known(key));
        traces::forget(&mut self.traces.lists, now);
        self.traces
            .clears
            .retain(|clear| clear.at.plus(LATE) >= now);
        self.cleared.retain(|(_, at)| at.plus(LATE) >= now);
    }

    /// Until when the first of them is kept.
    pub(super) fn kept_until(&self, charter: &Charter) -> Option<Instant> {
        let facts = self.facts.iter();
        let kept = facts.filter_map(|(key, fact)| kept_until(charter, *key, fact));
        kept.map(|(_, until)| until).min()
    }

    fn note_cleared(&mut self, key: Key, at: Instant) {
        match self.cleared.iter_mut().find(|(of, _)| *of == key) {
            Some((_, last)) => *last = (*last).max(at),
            None => self.cleared.push((key, at)),
        }
    }
}

/// Until when a value is kept; `None` for as long as nobody changes it.
fn kept_until<'a>(charter: &'a Charter, key: Key, fact: &Fact) -> Option<(&'a Field, Instant)> {
    let field = charter.fields.at(*charter.names.field_keys.get(&key)?);
    Some((field, fact.occurred_at.plus(field.retention?)))
}
