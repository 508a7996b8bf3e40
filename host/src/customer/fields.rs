//! Facts, each with who said it and when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Field, Merge};
use crate::clock::Instant;
use crate::ids::{Key, Text};
use crate::value::Value;

/// The facts that are known, in order of key.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Fields(Vec<(Key, Fact)>);

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
        let at = self.0.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        self.0.get(at).map(|(_, fact)| fact)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &Fact)> {
        self.0.iter().map(|(key, fact)| (*key, fact))
    }

    fn put(&mut self, key: Key, fact: Fact) {
        match self.0.binary_search_by_key(&key, |(of, _)| *of) {
            Ok(at) => {
                if let Some(entry) = self.0.get_mut(at) {
                    entry.1 = fact;
                }
            }
            Err(at) => self.0.insert(at, (key, fact)),
        }
    }

    /// Sets a value where the field's merge rule lets this claim win; whether it did.
    pub fn set(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: Value,
    ) -> bool {
        let known = self.at(field.key);
        let value = match (known, field.merge) {
            (None, _) => value,
            (Some(_), Merge::Protected) => return false,
            (Some(fact), Merge::Max) if !is_larger(&value, &fact.value) => return false,
            (Some(fact), Merge::Union) => union(&fact.value, &value).unwrap_or(value),
            (Some(fact), Merge::Latest) if claim.occurred_at < fact.occurred_at => return false,
            (Some(fact), Merge::LeadingSource) if !leads(charter, field, claim, fact) => {
                return false;
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
        true
    }

    /// Adds to a number. Sums do not depend on the order of events, so a late one counts like any other. Overflow leaves
    /// the value as it was.
    pub fn add(&mut self, charter: &Charter, field: &Field, claim: Claim<'_>, by: &Value) -> bool {
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
        let Some(sum) = sum else { return false };
        self.stamp(
            charter,
            field,
            Claim {
                occurred_at,
                ..claim
            },
            sum,
        );
        true
    }

    /// Adds entries to a list, or takes them out.
    pub fn edit(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        edit: Edit<'_>,
    ) -> bool {
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
        let Some(after) = after else { return false };
        self.stamp(
            charter,
            field,
            Claim {
                occurred_at,
                ..claim
            },
            after,
        );
        true
    }

    /// Forgets a value, unless it is younger than this claim.
    pub fn clear(&mut self, field: &Field, claim: Claim<'_>) -> bool {
        let before = self.0.len();
        self.0
            .retain(|(key, fact)| *key != field.key || fact.occurred_at > claim.occurred_at);
        self.0.len() != before
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

    pub(super) fn forget(&mut self, charter: &Charter, now: Instant) {
        self.0.retain(|(key, fact)| {
            let field = charter
                .names
                .field_keys
                .get(key)
                .map(|ix| charter.fields.at(*ix));
            field
                .and_then(|field| field.retention)
                .is_none_or(|kept| fact.occurred_at.plus(kept) >= now)
        });
    }

    pub(super) fn take_over(&mut self, charter: &Charter, other: &Self) {
        for (key, fact) in &other.0 {
            let field = charter
                .names
                .field_keys
                .get(key)
                .map(|ix| charter.fields.at(*ix));
            let wins = match (self.at(*key), field) {
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
