//! Lists as fields hold them.

use crate::charter::{Field, Type};
use crate::customer::traces;
use crate::ids::Text;
use crate::value::Value;

/// The entries of a list; of anything else, it alone.
pub(super) fn entries(value: &Value) -> Vec<Value> {
    match value {
        Value::Texts(all) => all.iter().cloned().map(Value::Text).collect(),
        Value::Integers(all) => all.iter().copied().map(Value::Integer).collect(),
        one => vec![one.clone()],
    }
}

/// The list of a field; of too many entries, the last ones.
pub(super) fn list(field: &Field, entries: &[Value]) -> Value {
    let skipped = entries.len().saturating_sub(field.at_most);
    let kept = entries.iter().skip(skipped);
    match field.ty {
        Type::Integers => Value::Integers(kept.filter_map(integer).collect()),
        _ => Value::Texts(kept.filter_map(text).collect()),
    }
}

/// A list with other entries.
pub(super) fn like(value: &Value, entries: &[Value]) -> Value {
    match value {
        Value::Integers(_) => Value::Integers(entries.iter().filter_map(integer).collect()),
        _ => Value::Texts(entries.iter().filter_map(text).collect()),
    }
}

/// A value as its field holds it.
pub(super) fn bounded(field: &Field, value: Value) -> Value {
    match &value {
        Value::Texts(all) if all.len() > field.at_most => list(field, &entries(&value)),
        Value::Integers(all) if all.len() > field.at_most => list(field, &entries(&value)),
        _ => value,
    }
}

/// The number by which traces tell an entry.
pub(super) fn mark(entry: &Value) -> u32 {
    match entry {
        Value::Integer(number) => traces::mark(&number.to_le_bytes()),
        Value::Text(text) => traces::mark(text.as_bytes()),
        _ => 0,
    }
}

pub(super) fn is_list(value: &Value) -> bool {
    matches!(value, Value::Texts(_) | Value::Integers(_))
}

fn integer(entry: &Value) -> Option<i64> {
    match entry {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

fn text(entry: &Value) -> Option<Text> {
    match entry {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}
