//! Facts, each with who said it and when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Field, Merge};
use crate::clock::{Instant, Span};
use crate::ids::{Key, Text};
use crate::value::Value;

/// The facts that are known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Fields {
    /// In order of key.
    facts: Vec<(Key, Fact)>,
    /// When a field was cleared last, as long as something older may still arrive.
    cleared: Vec<(Key, Instant)>,
}

/// How long it is known that a field was cleared: what arrives later and is older is taken.
const CLEARED_KEPT: Span = Span::from_days(30);

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

/// What a source claims of a field.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub source: Key,
    pub occurred_at: Instant,
    pub received_at: Instant,
    /// The event's id.
    pub event: &'a Text,
}

impl Fields {
    pub fn at(&self, key: Key) -> Option<&Fact> {
        let at = self.facts.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        self.facts.get(at).map(|(_, fact)| fact)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &Fact)> {
        self.facts.iter().map(|(key, fact)| (*key, fact))
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

    /// Whether the field was cleared after what is claimed.
    fn is_cleared_since(&self, field: &Field, claim: Claim<'_>) -> bool {
        let mut cleared = self.cleared.iter();
        cleared.any(|(key, at)| *key == field.key && *at > claim.occurred_at)
    }

    /// Sets a value where the field's merge rule lets this claim win.
    pub fn set(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: Value,
    ) -> Claimed {
        if self.is_cleared_since(field, claim) {
            return Claimed::Outdated;
        }
        let known = self.at(field.key);
        let value = match (known, field.merge) {
            (None, _) => value,
            (Some(fact), Merge::Protected) => return Claimed::lost(&value, fact),
            (Some(fact), Merge::Max) if !is_larger(&value, &fact.value) => {
                return Claimed::Outdated;
            }
            (Some(fact), Merge::Union) => union(&fact.value, &value).unwrap_or(value),
            (Some(fact), Merge::Latest) if claim.occurred_at < fact.occurred_at => {
                return Claimed::lost(&value, fact);
            }
            (Some(fact), Merge::LeadingSource) if !leads(charter, field, claim, fact) => {
                return Claimed::lost(&value, fact);
            }
            (Some(_), Merge::Max | Merge::Latest | Merge::LeadingSource) => value,
        };
        let occurred_at = match (known, field.merge) {
            (Some(fact), Merge::Union) => fact.occurred_at.max(claim.occurred_at),
            _ => claim.occurred_at,
        };
        self.stamp(
            charter,
            field,
            Claim {
                occurred_at,
                ..claim
            },
            value,
        );
        Claimed::Taken
    }

    /// Adds to a number. Sums do not depend on the order of events, so a late one counts like any other. Overflow leaves
    /// the value as it was.
    pub fn add(&mut self, charter: &Charter, field: &Field, claim: Claim<'_>, by: &Value) {
        if self.is_cleared_since(field, claim) {
            return;
        }
        let known = self.at(field.key);
        let sum = match (known.map(|fact| &fact.value), by) {
            (None, by) => Some(by.clone()),
            (Some(Value::Integer(now)), Value::Integer(by)) => {
                now.checked_add(*by).map(Value::Integer)
            }
            (Some(Value::Number(now)), Value::Number(by)) => Some(Value::Number(now + by)),
            _ => None,
        };
        let occurred_at = known.map_or(claim.occurred_at, |fact| {
            fact.occurred_at.max(claim.occurred_at)
        });
        let Some(sum) = sum else { return };
        self.stamp(
            charter,
            field,
            Claim {
                occurred_at,
                ..claim
            },
            sum,
        );
    }

    /// Adds entries to a list, or takes them out.
    pub fn edit(&mut self, charter: &Charter, field: &Field, claim: Claim<'_>, edit: Edit<'_>) {
        if self.is_cleared_since(field, claim) {
            return;
        }
        let known = self.at(field.key);
        let before = known
            .map(|fact| fact.value.clone())
            .unwrap_or_else(|| empty_like(edit.entries()));
        let after = match edit {
            Edit::Append(entries) => union(&before, entries),
            Edit::Remove(entries) => difference(&before, entries),
        };
        let occurred_at = known.map_or(claim.occurred_at, |fact| {
            fact.occurred_at.max(claim.occurred_at)
        });
        let Some(after) = after else { return };
        self.stamp(
            charter,
            field,
            Claim {
                occurred_at,
                ..claim
            },
            after,
        );
    }

    /// Forgets a value, unless it is younger than this claim.
    pub fn clear(&mut self, field: &Field, claim: Claim<'_>) {
        self.facts
            .retain(|(key, fact)| *key != field.key || fact.occurred_at > claim.occurred_at);
        self.note_cleared(field.key, claim.occurred_at);
    }

    fn stamp(&mut self, charter: &Charter, field: &Field, claim: Claim<'_>, value: Value) {
        let fact = Fact {
            value: bounded(value, field.at_most),
            source: claim.source,
            occurred_at: claim.occurred_at,
            received_at: claim.received_at,
            event: claim.event.clone(),
            charter: charter.version.clone(),
        };
        self.put(field.key, fact);
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
        self.cleared.retain(|(_, at)| at.plus(CLEARED_KEPT) >= now);
    }

    /// Until when the first of them is kept.
    pub(super) fn kept_until(&self, charter: &Charter) -> Option<Instant> {
        let facts = self.facts.iter();
        let kept = facts.filter_map(|(key, fact)| kept_until(charter, *key, fact));
        kept.map(|(_, until)| until).min()
    }

    pub(super) fn take_over(&mut self, charter: &Charter, other: &Self) {
        for (key, fact) in &other.facts {
            let field = charter
                .names
                .field_keys
                .get(key)
                .map(|ix| charter.fields.at(*ix));
            let is_cleared = self
                .cleared
                .iter()
                .any(|(of, at)| of == key && *at > fact.occurred_at);
            let wins = match (self.at(*key), field) {
                _ if is_cleared => false,
                (None, _) => true,
                (Some(_), None) => false,
                (Some(known), Some(field)) => match field.merge {
                    Merge::Protected => false,
                    Merge::Max => is_larger(&fact.value, &known.value),
                    Merge::Latest | Merge::Union => fact.occurred_at > known.occurred_at,
                    Merge::LeadingSource => {
                        let (theirs, ours) = (
                            rank(charter, field, fact.source),
                            rank(charter, field, known.source),
                        );
                        theirs < ours || (theirs == ours && fact.occurred_at > known.occurred_at)
                    }
                },
            };
            if wins {
                self.put(*key, fact.clone());
            }
        }
        for (key, at) in &other.cleared {
            self.note_cleared(*key, *at);
            self.facts
                .retain(|(of, fact)| of != key || fact.occurred_at > *at);
        }
    }

    fn note_cleared(&mut self, key: Key, at: Instant) {
        match self.cleared.iter_mut().find(|(of, _)| *of == key) {
            Some((_, last)) => *last = (*last).max(at),
            None => self.cleared.push((key, at)),
        }
    }
}

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claimed {
    Taken,
    /// What is known stays, and says the same or is meant to outlast it.
    Outdated,
    /// What is known stays, and says something else (A17).
    Conflict,
}

impl Claimed {
    fn lost(value: &Value, known: &Fact) -> Self {
        match known.value == *value {
            true => Self::Outdated,
            false => Self::Conflict,
        }
    }
}

/// A change of a list.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'a> {
    Append(&'a Value),
    Remove(&'a Value),
}

impl<'a> Edit<'a> {
    fn entries(self) -> &'a Value {
        match self {
            Self::Append(entries) | Self::Remove(entries) => entries,
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

fn leads(charter: &Charter, field: &Field, claim: Claim<'_>, known: &Fact) -> bool {
    let ours = rank(charter, field, claim.source);
    let theirs = rank(charter, field, known.source);
    match ours.cmp(&theirs) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => claim.occurred_at >= known.occurred_at,
        // A lower source speaks only once the higher one's word has gone stale.
        std::cmp::Ordering::Greater => field
            .max_age
            .is_some_and(|age| known.occurred_at.plus(age) < claim.occurred_at),
    }
}

fn is_larger(value: &Value, than: &Value) -> bool {
    match (value, than) {
        (Value::Integer(value), Value::Integer(than)) => value > than,
        (Value::Number(value), Value::Number(than)) => value > than,
        (Value::Instant(value), Value::Instant(than)) => value > than,
        _ => false,
    }
}

fn empty_like(entries: &Value) -> Value {
    match entries {
        Value::Integer(_) | Value::Integers(_) => Value::Integers(Arc::from([])),
        _ => Value::Texts(Arc::from([])),
    }
}

fn texts(value: &Value) -> Option<Vec<Text>> {
    match value {
        Value::Text(one) => Some(vec![one.clone()]),
        Value::Texts(many) => Some(many.to_vec()),
        _ => None,
    }
}

fn integers(value: &Value) -> Option<Vec<i64>> {
    match value {
        Value::Integer(one) => Some(vec![*one]),
        Value::Integers(many) => Some(many.to_vec()),
        _ => None,
    }
}

fn union(before: &Value, more: &Value) -> Option<Value> {
    fn join<T: PartialEq>(mut all: Vec<T>, more: Vec<T>) -> Vec<T> {
        for entry in more {
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
        all
    }
    match before {
        Value::Texts(_) => Some(Value::Texts(join(texts(before)?, texts(more)?).into())),
        Value::Integers(_) => Some(Value::Integers(
            join(integers(before)?, integers(more)?).into(),
        )),
        _ => None,
    }
}

fn difference(before: &Value, less: &Value) -> Option<Value> {
    match before {
        Value::Texts(all) => {
            let less = texts(less)?;
            Some(Value::Texts(
                all.iter()
                    .filter(|entry| !less.contains(entry))
                    .cloned()
                    .collect(),
            ))
        }
        Value::Integers(all) => {
            let less = integers(less)?;
            Some(Value::Integers(
                all.iter()
                    .filter(|entry| !less.contains(entry))
                    .copied()
                    .collect(),
            ))
        }
        _ => None,
    }
}

/// Until when a value is kept; `None` for as long as nobody changes it.
fn kept_until<'a>(charter: &'a Charter, key: Key, fact: &Fact) -> Option<(&'a Field, Instant)> {
    let field = charter.fields.at(*charter.names.field_keys.get(&key)?);
    Some((field, fact.occurred_at.plus(field.retention?)))
}

/// Keeps the newest entries of a list that has grown too long.
fn bounded(value: Value, at_most: usize) -> Value {
    match value {
        Value::Texts(all) if all.len() > at_most => {
            Value::Texts(all.iter().skip(all.len() - at_most).cloned().collect())
        }
        Value::Integers(all) if all.len() > at_most => {
            Value::Integers(all.iter().skip(all.len() - at_most).copied().collect())
        }
        value => value,
    }
}
