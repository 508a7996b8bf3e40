//! Fields, windows and items, as the charter lets an event change them.

use crate::absorb::{Absorption, Parties, Situation};
use crate::charter::events::Change;
use crate::charter::fields::Contribution;
use crate::charter::{Field, Items, Measure, OwnField, Update, Window};
use crate::clock::Instant;
use crate::customer::Customer;
use crate::customer::fields::{Claim, Claimed, Edit};
use crate::event::Event;
use crate::ids::Text;
use crate::value::Value;

/// Applies one update, if this source may write the field, and so.
pub(super) fn apply(
    event: &Event,
    now: Instant,
    update: &Update,
    standing: &mut Parties,
    absorbed: &mut Absorption,
) {
    if update.market.is_some_and(|market| market != event.market) {
        return;
    }
    let charter = &*event.charter;
    let field = charter.fields.at(update.field);
    let seen = Situation {
        event,
        now,
        standing,
    };
    if update.when.as_ref().is_some_and(|when| !when.holds(&seen)) {
        return;
    }
    let value = match &update.change {
        Change::Clear => None,
        Change::Set(expression)
        | Change::Add(expression)
        | Change::Append(expression)
        | Change::Remove(expression) => {
            let value = expression.value(&seen);
            if value.is_none() {
                return;
            }
            value
        }
    };
    let own = charter.customer.which(update.field);
    let value = value.map(|value| understood(own, value));
    let is_foreign = |value: &Value| is_foreign(field, value);
    if !may_write(event, field) || value == Some(None) || value.iter().flatten().any(is_foreign) {
        note(&mut absorbed.refused_writes, &field.name);
        return;
    }
    if leaves_no_mark(update, field, seen) {
        return;
    }
    let value = value.flatten();
    let claim = claim_of(event);
    let Some(status) = standing.status_mut(field.per) else {
        return;
    };
    let fields = &mut status.fields;
    let claimed = match (&update.change, value) {
        (Change::Set(_), Some(value)) => fields.set(charter, field, claim, value),
        (Change::Add(_), Some(value)) => fields.add(charter, field, claim, &value),
        (Change::Append(_), Some(value)) => {
            fields.edit(charter, field, claim, Edit::Append(&value))
        }
        (Change::Remove(_), Some(value)) => {
            fields.edit(charter, field, claim, Edit::Remove(&value))
        }
        (Change::Clear, _) => fields.clear(charter, field, claim),
        (_, None) => return,
    };
    if claimed == Claimed::Conflict {
        note(&mut absorbed.conflicts, &field.name);
    }
}

fn claim_of(event: &Event) -> Claim<'_> {
    Claim {
        source: event.source_key(),
        occurred_at: event.occurred_at,
        received_at: event.received_at,
        event: &event.id,
    }
}

/// Whether there is nothing to take out, and no leave to remember that it was: a mark tells of somebody as well.
fn leaves_no_mark(update: &Update, field: &Field, seen: Situation<'_>) -> bool {
    let is_removal = matches!(update.change, Change::Remove(_) | Change::Clear);
    let status = seen.standing.status(field.per);
    let is_known = || status.is_some_and(|status| status.fields.at(field.key).is_some());
    is_removal && !is_known() && !seen.allows(field.purpose)
}

/// A value as the host itself understands it, where it must; `None` of what has no meaning.
fn understood(own: Option<OwnField>, value: Value) -> Option<Value> {
    match (own, value) {
        (Some(own), Value::Text(text)) => own.normal(&text).map(Value::Text),
        (_, value) => Some(value),
    }
}

/// Whether the charter lets the event's source write the field (C01).
fn may_write(event: &Event, field: &Field) -> bool {
    field.writers.is_empty()
        || event
            .source_ix
            .is_some_and(|source| field.writers.contains(&source))
}

/// Whether the value is none of those that the field may have (A14).
fn is_foreign(field: &Field, value: &Value) -> bool {
    let is_listed = |text: &Text| field.one_of.contains(text);
    match value {
        _ if field.one_of.is_empty() => false,
        Value::Text(text) => !is_listed(text),
        Value::Texts(texts) => !texts.iter().all(is_listed),
        _ => false,
    }
}

fn note(names: &mut Vec<Text>, name: &Text) {
    if !names.contains(name) {
        names.push(name.clone());
    }
}

/// Counts the event in a window.
pub(super) fn count(event: &Event, now: Instant, window: &Window, standing: &mut Parties) {
    let seen = Situation {
        event,
        now,
        standing,
    };
    let total = |contributions: &[Contribution]| -> Option<i64> {
        let mine = contributions
            .iter()
            .filter(|contribution| contribution.event == event.kind);
        let mine = mine.filter(|contribution| {
            contribution
                .when
                .as_ref()
                .is_none_or(|when| when.holds(&seen))
        });
        let amounts = mine.filter_map(|contribution| match &contribution.amount {
            None => Some(1),
            Some(amount) => match amount.value(&seen)? {
                Value::Integer(amount) => Some(amount),
                _ => None,
            },
        });
        amounts.fold(None, |sum: Option<i64>, amount| {
            Some(sum.unwrap_or(0).saturating_add(amount))
        })
    };
    let (plus, minus) = (total(&window.plus), total(&window.minus));
    if plus.is_none() && minus.is_none() {
        return;
    }
    let member = standing.customer.as_ref().map(member);
    let Some(status) = standing.status_mut(window.per) else {
        return;
    };
    match window.measure {
        Measure::Count | Measure::Sum => {
            let amount = plus.unwrap_or(0).saturating_sub(minus.unwrap_or(0));
            status.windows.add(window, event.occurred_at, now, amount);
        }
        Measure::DistinctCustomers => {
            if let Some(member) = member {
                status.windows.see(window, event.occurred_at, now, member);
            }
        }
    }
}

/// A number for one customer in a window of an account: enough to tell people apart, too little to find them.
fn member(customer: &Customer) -> u64 {
    let (first, _) = customer.id.as_bytes().split_at(8);
    first
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Adds and takes out the items that the event names.
pub(super) fn note_items(event: &Event, now: Instant, items: &Items, standing: &mut Parties) {
    let mut changes: Vec<(Text, bool)> = Vec::new();
    let seen = Situation {
        event,
        now,
        standing,
    };
    for (list, is_added) in [(&items.add, true), (&items.remove, false)] {
        for (_, names) in list.iter().filter(|(of, _)| *of == event.kind) {
            match names.value(&seen) {
                Some(Value::Text(name)) => changes.push((name, is_added)),
                Some(Value::Texts(names)) => {
                    changes.extend(names.iter().map(|name| (name.clone(), is_added)))
                }
                _ => {}
            }
        }
    }
    let Some(customer) = &mut standing.customer else {
        return;
    };
    for (name, is_added) in changes {
        match is_added {
            true => customer.status.items.add(items, &name, event.occurred_at),
            false => customer
                .status
                .items
                .remove(items, &name, event.occurred_at),
        }
    }
}
