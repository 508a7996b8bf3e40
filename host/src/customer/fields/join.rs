//! What is known of two who turn out to be one: as if everything had been said of one from the start.

use super::claim::plus;
use super::lists;
use super::rules::{Said, is_added_up, is_larger, leads};
use super::{Fact, Fields};
use crate::charter::{Charter, Field, Merge};
use crate::clock::{Instant, Span};
use crate::customer::traces::{Base, Sum, Touches, of_list};
use crate::ids::Key;
use crate::value::Value;

/// A field, and what is remembered of it.
struct Holding {
    fact: Fact,
    sum: Option<Sum>,
    touches: Option<Touches>,
}

/// What was added to a number.
struct Added {
    by: Value,
    first: Instant,
    last: Instant,
}

impl Fields {
    pub(in crate::customer) fn take_over(&mut self, charter: &Charter, other: &Self) {
        let mut theirs = other.clone();
        theirs.heed_clears(charter, self);
        self.heed_clears(charter, other);
        let keys: Vec<Key> = theirs.iter().map(|(key, _)| key).collect();
        for key in keys {
            let field = field(charter, key);
            let holding = match (self.take(key), theirs.take(key), field) {
                (Some(ours), Some(theirs), Some(field)) => ours.join(charter, field, theirs),
                (Some(ours), _, _) => ours,
                (None, Some(theirs), _) => theirs,
                (None, None, _) => continue,
            };
            self.put_all(key, holding);
        }
        for (key, touches) in &theirs.traces.lists {
            of_list(&mut self.traces.lists, *key).join(touches);
        }
        for (key, at) in &other.cleared {
            self.note_cleared(*key, *at);
        }
        for clear in &other.traces.clears {
            self.traces.note_clear(*clear);
        }
    }

    /// Forgets what the other one's clears were after.
    fn heed_clears(&mut self, charter: &Charter, other: &Self) {
        for (key, at) in &other.cleared {
            if field(charter, *key).is_none_or(|field| field.merge != Merge::Protected) {
                self.cut(*key, before(*at));
            }
        }
        for clear in &other.traces.clears {
            let by = Said {
                source: clear.source,
                at: clear.at,
            };
            let stands = match (self.at(clear.of), field(charter, clear.of)) {
                (Some(known), Some(field)) => {
                    let said = known.said();
                    !said.is_equal(charter, field, by) && leads(charter, field, said, by)
                }
                _ => false,
            };
            if !stands {
                self.cut(clear.of, before(clear.at));
            }
        }
    }

    fn take(&mut self, key: Key) -> Option<Holding> {
        let fact = self.at(key)?.clone();
        let holding = Holding {
            fact,
            sum: self.sum(key).cloned(),
            touches: self.touches(key).cloned(),
        };
        self.drop_all(key);
        Some(holding)
    }

    fn put_all(&mut self, key: Key, holding: Holding) {
        self.put(key, holding.fact);
        if let Some(sum) = holding.sum {
            self.put_sum(key, sum);
        }
        if let Some(touches) = holding.touches {
            *of_list(&mut self.traces.lists, key) = touches;
        }
    }
}

fn field(charter: &Charter, key: Key) -> Option<&Field> {
    let field = charter.names.field_keys.get(&key)?;
    Some(charter.fields.at(*field))
}

/// The last instant before: of one instant, what was said stays.
fn before(at: Instant) -> Instant {
    at.minus(Span::from_millis(1))
}

impl Holding {
    fn join(self, charter: &Charter, field: &Field, other: Self) -> Self {
        let is_sum = self.sum.is_some() || other.sum.is_some() || is_added_up(charter, field);
        let is_list = lists::is_list(&self.fact.value) && lists::is_list(&other.fact.value);
        let (ours, theirs) = (self.fact.said(), other.fact.said());
        let (ours_value, theirs_value) = (&self.fact.value, &other.fact.value);
        let is_theirs = match field.merge {
            Merge::Protected => other.time() < self.time(),
            _ if is_sum => return self.join_sums(charter, field, other),
            Merge::Latest | Merge::Union if is_list => {
                return self.join_lists(charter, field, other);
            }
            Merge::LeadingSource if is_list && ours.is_equal(charter, field, theirs) => {
                return self.join_lists(charter, field, other);
            }
            Merge::LeadingSource if !ours.is_equal(charter, field, theirs) => {
                !leads(charter, field, ours, theirs)
            }
            Merge::Max => {
                is_larger(theirs_value, ours_value)
                    || (theirs_value == ours_value && theirs.at < ours.at)
            }
            Merge::LeadingSource | Merge::Latest | Merge::Union => other.time() > self.time(),
        };
        match is_theirs {
            true => other,
            false => self,
        }
    }

    /// Both lists together, but for what either has taken out, or replaced, since.
    fn join_lists(self, charter: &Charter, field: &Field, other: Self) -> Self {
        let [ours, theirs] = [&self, &other].map(|one| one.list(charter, field));
        let since = ours.touches.since.max(theirs.touches.since);
        let (our_part, their_part) = (ours.left(&theirs, since), theirs.left(&ours, since));
        let last = |list: &[Standing], entry: &Value| {
            let mut same = list.iter().filter(|(_, known)| known == entry);
            same.next().map(|(at, _)| *at)
        };
        let of_ours = our_part
            .iter()
            .filter(|(at, entry)| last(&their_part, entry) <= Some(*at));
        let of_theirs = their_part
            .iter()
            .filter(|(at, entry)| last(&our_part, entry) < Some(*at));
        let mut all: Vec<Standing> = of_ours.chain(of_theirs).cloned().collect();
        all.sort_by_key(|(at, _)| *at);
        let all: Vec<Value> = all.into_iter().map(|(_, entry)| entry).collect();
        let mut touches = ours.touches;
        touches.join(&theirs.touches);
        Self {
            fact: Fact {
                value: lists::list(field, &all),
                ..self.later(other)
            },
            sum: None,
            touches: Some(touches),
        }
    }

    fn list(&self, charter: &Charter, field: &Field) -> List {
        let untouched = || Touches::of_set(self.fact.set_at(charter, field));
        List {
            entries: lists::entries(&self.fact.value),
            touches: self.touches.clone().unwrap_or_else(untouched),
        }
    }

    /// What was set last, and what was added to either since.
    fn join_sums(self, charter: &Charter, field: &Field, other: Self) -> Self {
        let ((our_base, ours), (their_base, theirs)) =
            (self.parts(charter, field), other.parts(charter, field));
        let base = match (our_base, their_base) {
            (Some(ours), Some(theirs)) if !wins(charter, field, &theirs, &ours) => Some(ours),
            (ours, theirs) => theirs.or(ours),
        };
        let counts = |added: &Added| base.as_ref().is_none_or(|base| added.last >= base.at);
        let added: Vec<Added> = [ours, theirs]
            .into_iter()
            .flatten()
            .filter(counts)
            .collect();
        let values = base.iter().map(|base| &base.value);
        let mut values = values.chain(added.iter().map(|added| &added.by));
        let first = values.next().cloned();
        let total = first.and_then(|first| values.try_fold(first, |sum, value| plus(&sum, value)));
        let first = added.iter().map(|added| added.first).min();
        match total {
            Some(value) => Self {
                fact: Fact {
                    value,
                    ..self.later(other)
                },
                sum: first.map(|first| Sum { first, base }),
                touches: None,
            },
            None => self,
        }
    }

    /// What was set, and what was added since.
    fn parts(&self, charter: &Charter, field: &Field) -> (Option<Base>, Option<Added>) {
        let last = self.fact.occurred_at;
        match &self.sum {
            Some(sum) => {
                let by = sum.added(&self.fact.value);
                let first = sum.first;
                (sum.base.clone(), by.map(|by| Added { by, first, last }))
            }
            None if is_added_up(charter, field) => {
                let by = self.fact.value.clone();
                (
                    None,
                    Some(Added {
                        by,
                        first: last,
                        last,
                    }),
                )
            }
            None => (Some(self.fact.base()), None),
        }
    }

    /// The origin of whichever of two is younger.
    fn later(self, other: Self) -> Fact {
        match other.time() > self.time() {
            true => other.fact,
            false => self.fact,
        }
    }

    /// When it was so; of one instant, when that was heard.
    fn time(&self) -> (Instant, Instant) {
        (self.fact.occurred_at, self.fact.received_at)
    }
}

/// Whether what was set takes the place of what else was set.
fn wins(charter: &Charter, field: &Field, base: &Base, other: &Base) -> bool {
    match field.merge {
        Merge::Max => is_larger(&base.value, &other.value),
        Merge::LeadingSource => !leads(charter, field, other.said(), base.said()),
        _ => base.at > other.at,
    }
}

/// An entry that stands in a list, and since when, as far as that is known.
type Standing = (Option<Instant>, Value);

/// A list, and when its entries were put in or taken out.
struct List {
    entries: Vec<Value>,
    touches: Touches,
}

impl List {
    /// The entries that stand beside another list, and since when; `since`, one of the two was set as a whole.
    fn left(&self, other: &Self, since: Option<Instant>) -> Vec<Standing> {
        let entries = self.entries.iter().map(|entry| {
            let at = self.touches.put_in(lists::mark(entry));
            (at, entry.clone())
        });
        let stands = |(at, entry): &Standing| {
            let removed = other.touches.at(lists::mark(entry));
            let removed = removed.filter(|_| !other.entries.contains(entry));
            *at >= since && removed <= *at
        };
        entries.filter(stands).collect()
    }
}
