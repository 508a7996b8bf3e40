//! What a source claims of a field, held against what is known. Whatever order claims arrive in, the order in which they
//! happened counts.

use super::lists;
use super::rules::{Said, is_ever_set, leads, may_speak};
use super::{Fact, Fields};
use crate::charter::{Charter, Field, Merge};
use crate::clock::Instant;
use crate::customer::traces::{Base, Clear, Sum, Touches, Way, of_list};
use crate::ids::{Key, Text};
use crate::value::Value;

/// What a source claims of a field.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub source: Key,
    pub occurred_at: Instant,
    pub received_at: Instant,
    /// The event's id.
    pub event: &'a Text,
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

/// A change of a list.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'a> {
    Append(&'a Value),
    Remove(&'a Value),
}

impl Claimed {
    fn lost(value: Option<&Value>, known: &Fact) -> Self {
        match value == Some(&known.value) {
            true => Self::Outdated,
            false => Self::Conflict,
        }
    }
}

impl<'a> Edit<'a> {
    fn entries(self) -> &'a Value {
        match self {
            Self::Append(entries) | Self::Remove(entries) => entries,
        }
    }
}

impl Claim<'_> {
    fn said(self) -> Said {
        Said {
            source: self.source,
            at: self.occurred_at,
        }
    }

    fn fact(self, charter: &Charter, value: Value) -> Fact {
        Fact {
            value,
            source: self.source,
            occurred_at: self.occurred_at,
            received_at: self.received_at,
            event: self.event.clone(),
            charter: charter.version.clone(),
        }
    }
}

impl Fields {
    /// Sets a value where the field's merge rule lets this claim win.
    pub fn set(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: Value,
    ) -> Claimed {
        if field.merge == Merge::Union {
            return self.edit(charter, field, claim, Edit::Append(&value));
        }
        if let Some(refused) = self.refusal(charter, field, claim, Some(&value)) {
            return refused;
        }
        let said = claim.said();
        match (self.at(field.key), field.merge) {
            (Some(known), Merge::Max) if !tops((&value, said.at), known) => Claimed::Outdated,
            (Some(_), Merge::Latest) => self.set_in_time(charter, field, claim, value),
            (Some(known), Merge::LeadingSource) if said.is_equal(charter, field, known.said()) => {
                self.set_in_time(charter, field, claim, value)
            }
            _ => self.replace(charter, field, claim, value),
        }
    }

    /// Adds to a number. What happened before it was last set is in it already. Overflow leaves the value as it was.
    pub fn add(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        by: &Value,
    ) -> Claimed {
        if let Some(refused) = self.refusal(charter, field, claim, None) {
            return refused;
        }
        let known = match field.merge {
            Merge::Protected => None,
            _ => self.at(field.key),
        };
        let Some(known) = known else {
            self.replace(charter, field, claim, by.clone());
            if field.merge != Merge::Protected {
                let first = claim.occurred_at;
                self.put_sum(field.key, Sum { first, base: None });
            }
            return Claimed::Taken;
        };
        let Some(sum) = plus(&known.value, by) else {
            return Claimed::Outdated;
        };
        let mut trace = match self.sum(field.key) {
            Some(trace) => trace.clone(),
            None => Sum {
                first: claim.occurred_at,
                base: is_ever_set(charter, field).then(|| known.base()),
            },
        };
        if trace
            .base
            .as_ref()
            .is_some_and(|base| base.at > claim.occurred_at)
        {
            return Claimed::Outdated;
        }
        trace.first = trace.first.min(claim.occurred_at);
        self.put_sum(field.key, trace);
        self.stamp(charter, field, claim, sum);
        Claimed::Taken
    }

    /// Adds entries to a list, or takes them out. Of one entry, what happened last counts.
    pub fn edit(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        edit: Edit<'_>,
    ) -> Claimed {
        if let Some(refused) = self.refusal(charter, field, claim, None) {
            return refused;
        }
        if field.merge == Merge::Protected {
            let value = edited(&mut Touches::default(), Vec::new(), claim, edit);
            return self.replace(charter, field, claim, lists::list(field, &value));
        }
        let known = self.at(field.key);
        let before = known.map_or_else(Vec::new, |known| lists::entries(&known.value));
        let is_new = self.touches(field.key).is_none();
        let since = known.filter(|_| is_new);
        let since = since.and_then(|known| known.set_at(charter, field));
        let touches = of_list(&mut self.traces.lists, field.key);
        if is_new {
            touches.since = since;
        }
        if touches.is_set_since(claim.occurred_at) {
            return Claimed::Outdated;
        }
        let after = edited(touches, before, claim, edit);
        self.stamp(charter, field, claim, lists::list(field, &after));
        Claimed::Taken
    }

    /// Forgets a value, and what happened before.
    pub fn clear(&mut self, charter: &Charter, field: &Field, claim: Claim<'_>) -> Claimed {
        match self.at(field.key) {
            None if field.merge == Merge::Protected => return Claimed::Outdated,
            Some(known) if field.merge == Merge::Protected => return Claimed::lost(None, known),
            Some(known) if !may_speak(charter, field, claim.said(), known.said()) => {
                return Claimed::lost(None, known);
            }
            _ => {}
        }
        self.cut(field.key, claim.occurred_at);
        match field.merge {
            Merge::LeadingSource => self.traces.note_clear(Clear {
                of: field.key,
                source: claim.source,
                at: claim.occurred_at,
            }),
            _ => self.note_cleared(field.key, claim.occurred_at),
        }
        Claimed::Taken
    }

    /// What becomes of a claim that may not speak here, or no longer.
    fn refusal(
        &self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: Option<&Value>,
    ) -> Option<Claimed> {
        if self.is_cleared_since(charter, field, claim.said()) {
            return Some(Claimed::Outdated);
        }
        let known = self.at(field.key)?;
        let is_refused = match field.merge {
            Merge::Protected => known.occurred_at <= claim.occurred_at,
            _ => !may_speak(charter, field, claim.said(), known.said()),
        };
        is_refused.then(|| Claimed::lost(value, known))
    }

    /// Whether the field was cleared after what is said, by somebody whose word counts against it.
    pub(super) fn is_cleared_since(&self, charter: &Charter, field: &Field, said: Said) -> bool {
        let mut cleared = self.cleared.iter();
        let mut clears = self.traces.clears.iter();
        cleared.any(|(key, at)| *key == field.key && *at > said.at)
            || clears.any(|clear| {
                let by = Said {
                    source: clear.source,
                    at: clear.at,
                };
                clear.of == field.key && clear.at > said.at && !leads(charter, field, said, by)
            })
    }

    /// Sets a value that happened after what it takes the place of, and before what was added or changed since.
    fn set_in_time(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: Value,
    ) -> Claimed {
        let at = claim.occurred_at;
        let Some(known) = self.at(field.key) else {
            return self.replace(charter, field, claim, value);
        };
        if at >= known.occurred_at && self.touches(field.key).is_none() {
            return self.replace(charter, field, claim, value);
        }
        let lost = Claimed::lost(Some(&value), known);
        if let Some(touches) = self.touches(field.key) {
            if touches.is_past(at) {
                return lost;
            }
            return self.set_below(charter, field, claim, &value);
        }
        let added = match self.sum(field.key) {
            Some(sum) if sum.first >= at && sum.base_at() <= Some(at) => sum.added(&known.value),
            _ => return lost,
        };
        let Some(total) = added.and_then(|added| plus(&value, &added)) else {
            return lost;
        };
        let base = Base {
            value,
            source: claim.source,
            at,
        };
        if let Some(sum) = self.sum_mut(field.key) {
            sum.base = Some(base);
        }
        self.stamp(charter, field, claim, total);
        Claimed::Taken
    }

    /// Sets a list below what was put in or taken out of it since.
    fn set_below(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: &Value,
    ) -> Claimed {
        let known = self.at(field.key);
        let known = known.map_or_else(Vec::new, |known| lists::entries(&known.value));
        let touches = of_list(&mut self.traces.lists, field.key);
        touches.begin(claim.occurred_at);
        let is_touched = |entry: &Value| touches.at(lists::mark(entry)).is_some();
        let set = lists::entries(value);
        let set = set.into_iter().filter(|entry| !is_touched(entry));
        let all: Vec<Value> = set.chain(known.into_iter().filter(is_touched)).collect();
        if !touches.is_any() {
            self.traces.lists.retain(|(key, _)| *key != field.key);
        }
        self.stamp(charter, field, claim, lists::list(field, &all));
        Claimed::Taken
    }

    /// Puts a value in the place of all that is known of the field.
    fn replace(
        &mut self,
        charter: &Charter,
        field: &Field,
        claim: Claim<'_>,
        value: Value,
    ) -> Claimed {
        self.drop_traces(field.key);
        let fact = claim.fact(charter, lists::bounded(field, value));
        self.put(field.key, fact);
        Claimed::Taken
    }

    /// Keeps a value with its origin: of all that it came of, the latest.
    fn stamp(&mut self, charter: &Charter, field: &Field, claim: Claim<'_>, value: Value) {
        match self.at_mut(field.key) {
            Some(known) if known.occurred_at > claim.occurred_at => known.value = value,
            _ => self.put(field.key, claim.fact(charter, value)),
        }
    }

    /// Forgets what is not younger than `at`.
    pub(super) fn cut(&mut self, key: Key, at: Instant) {
        let Some(known) = self.at(key) else { return };
        if known.occurred_at <= at {
            return self.drop_all(key);
        }
        if let Some(touches) = self.touches(key) {
            let mut left = lists::entries(&known.value);
            let put_in = |entry: &Value| touches.at(lists::mark(entry)).or(touches.since);
            left.retain(|entry| put_in(entry) > Some(at));
            let value = lists::like(&known.value, &left);
            of_list(&mut self.traces.lists, key).begin(at);
            self.put_value(key, value);
        } else if let Some(sum) = self.sum(key)
            && sum.first > at
            && let Some(base) = &sum.base
            && base.at <= at
            && let Some(added) = sum.added(&known.value)
        {
            self.put_value(key, added);
            if let Some(sum) = self.sum_mut(key) {
                sum.base = None;
            }
        }
    }
}

/// The entries after an edit, in the order in which they were put in.
fn edited(
    touches: &mut Touches,
    mut list: Vec<Value>,
    claim: Claim<'_>,
    edit: Edit<'_>,
) -> Vec<Value> {
    let at = claim.occurred_at;
    for entry in lists::entries(edit.entries()) {
        let mark = lists::mark(&entry);
        let last = match list.contains(&entry) {
            true => touches.put_in(mark),
            false => touches.taken_out(mark),
        };
        if last > Some(at) {
            continue;
        }
        list.retain(|known| *known != entry);
        match edit {
            Edit::Append(_) => {
                let place = place(touches, &list, at);
                list.insert(place, entry);
                touches.touch(mark, at, Way::In);
            }
            Edit::Remove(_) => touches.touch(mark, at, Way::Out),
        }
    }
    list
}

/// Where an entry that was put in at `at` stands in a list.
fn place(touches: &Touches, list: &[Value], at: Instant) -> usize {
    let is_younger = |known: &Value| touches.put_in(lists::mark(known)) > Some(at);
    let place = match touches.is_over(at) {
        true => None,
        false => list.iter().position(is_younger),
    };
    place.unwrap_or(list.len())
}

/// Whether a value takes the place of a smaller one; of equal ones, the earlier.
fn tops((value, at): (&Value, Instant), known: &Fact) -> bool {
    super::rules::is_larger(value, &known.value)
        || (*value == known.value && at < known.occurred_at)
}

/// A sum; `None` where it overflows, or where these are no numbers.
pub(super) fn plus(one: &Value, other: &Value) -> Option<Value> {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one.checked_add(*other).map(Value::Integer),
        (Value::Number(one), Value::Number(other)) => Some(Value::Number(one + other)),
        _ => None,
    }
}

/// What is left of a sum without a part of it.
pub(super) fn minus(sum: &Value, part: &Value) -> Option<Value> {
    match (sum, part) {
        (Value::Integer(sum), Value::Integer(part)) => sum.checked_sub(*part).map(Value::Integer),
        (Value::Number(sum), Value::Number(part)) => Some(Value::Number(sum - part)),
        _ => None,
    }
}

impl Sum {
    /// When what it is added to was set.
    fn base_at(&self) -> Option<Instant> {
        self.base.as_ref().map(|base| base.at)
    }

    /// What was added, of all that is known.
    pub(super) fn added(&self, total: &Value) -> Option<Value> {
        match &self.base {
            Some(base) => minus(total, &base.value),
            None => Some(total.clone()),
        }
    }
}
