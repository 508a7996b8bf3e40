//! The types of fields, data, parameters and settings, and the values that fit them.

use std::sync::Arc;

use crate::charter::fields::Type;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::Section;
use crate::charter::file::values;
use crate::charter::nearest::quoted;
use crate::clock::Instant;
use crate::ids::Text;
use crate::limits;
use crate::value::Value;

pub(super) const TYPES: &[(&str, Type)] = &[
    ("flag", Type::Flag),
    ("integer", Type::Integer),
    ("number", Type::Number),
    ("money", Type::Money),
    ("text", Type::Text),
    ("instant", Type::Instant),
    ("texts", Type::Texts),
    ("integers", Type::Integers),
];

/// What kind of values something takes.
pub(super) struct ValueType {
    pub(super) ty: Type,
    pub(super) of: Option<Text>,
    pub(super) at_most: usize,
    pub(super) one_of: Vec<Text>,
}

/// Reads `type`, `of`, `at-most` and `one-of`. `None` where there is no type to go by.
pub(super) fn read_typing(section: &Section<'_>) -> Option<ValueType> {
    let ty = section.required("type", read_type)?;
    let of = section.optional("of", |node| match ty {
        Type::Text | Type::Texts => values::text(node),
        _ => Err(format!(
            "says what a text names, and this is of type `{}`",
            ty.name()
        )),
    });
    let at_most = section.optional("at-most", |node| read_at_most(node, ty));
    let one_of = match section.node.entry("one-of") {
        Some(node) => section
            .noted(node, read_one_of(node, ty))
            .unwrap_or_default(),
        None => Vec::new(),
    };
    Some(ValueType {
        ty,
        of,
        at_most: at_most.or(most(ty)).unwrap_or(1),
        one_of,
    })
}

/// The most entries of a list, or bytes of a text.
pub(super) fn read_at_most(node: &Node, ty: Type) -> Result<usize, String> {
    match most(ty) {
        Some(most) => values::entries(node, most),
        None => Err(format!(
            "is for lists and texts, and this is of type `{}`",
            ty.name()
        )),
    }
}

pub(super) fn read_type(node: &Node) -> Result<Type, String> {
    values::word(node, TYPES)
}

/// The most entries of a list, or bytes of a text, that anything of the type may have.
fn most(ty: Type) -> Option<usize> {
    match ty {
        Type::Texts | Type::Integers => Some(limits::LIST_ITEMS),
        Type::Text => Some(limits::TEXT_BYTES),
        Type::Flag | Type::Integer | Type::Number | Type::Money | Type::Instant => None,
    }
}

pub(super) fn is_list(ty: Type) -> bool {
    matches!(ty, Type::Texts | Type::Integers)
}

pub(super) fn is_amount(ty: Type) -> bool {
    matches!(ty, Type::Integer | Type::Number | Type::Money)
}

/// The only values of a text.
pub(super) fn read_one_of(node: &Node, ty: Type) -> Result<Vec<Text>, String> {
    if !matches!(ty, Type::Text | Type::Texts) {
        return Err(format!(
            "lists texts, and this is of type `{}`: use `between` for amounts",
            ty.name()
        ));
    }
    let Shape::List(entries) = &node.shape else {
        return Err(format!("is {}: write a list of texts", node.shown()));
    };
    let mut allowed: Vec<Text> = Vec::with_capacity(entries.len());
    for entry in entries {
        let text = values::text(entry)?;
        if allowed.contains(&text) {
            return Err(format!("names `{text}` twice"));
        }
        allowed.push(text);
    }
    if allowed.is_empty() {
        return Err("is empty, so nothing would be allowed: name the values".to_owned());
    }
    Ok(allowed)
}

/// Both bounds of an amount, which they include.
pub(super) fn read_between(node: &Node, ty: Type) -> Result<(f64, f64), String> {
    const EXACT: i64 = 1 << 53;
    let wrong = || {
        format!(
            "is {}: write the lowest and the highest, such as `[0, 10]`",
            node.shown()
        )
    };
    if !is_amount(ty) {
        return Err(format!(
            "bounds an amount, and this is of type `{}`: use `one-of` or `at-most`",
            ty.name()
        ));
    }
    let Shape::List(entries) = &node.shape else {
        return Err(wrong());
    };
    let [low, high] = entries.as_slice() else {
        return Err(wrong());
    };
    let bound = |node: &Node| match node.shape {
        Shape::Integer(integer) if (-EXACT..=EXACT).contains(&integer) => Ok(integer as f64),
        Shape::Integer(_) => Err(format!("{} is too large: at most 2^53", node.shown())),
        Shape::Number(number) if ty == Type::Number && number.is_finite() => Ok(number),
        Shape::Number(_) => Err(format!(
            "{} does not fit the type `{}`: write whole numbers",
            node.shown(),
            ty.name()
        )),
        _ => Err(wrong()),
    };
    let (low, high) = (bound(low)?, bound(high)?);
    if low > high {
        return Err(format!("is empty: `{low}` is more than `{high}`"));
    }
    Ok((low, high))
}

/// A value that is written out, such as a setting.
pub(super) fn read_value(node: &Node, ty: Type) -> Result<Value, String> {
    let wrong = || {
        let unit = if ty == Type::Money {
            ", in minor units"
        } else {
            ""
        };
        format!(
            "is {}, and must be of type `{}`{unit}",
            node.shown(),
            ty.name()
        )
    };
    Ok(match (ty, &node.shape) {
        (Type::Flag, Shape::Flag(flag)) => Value::Flag(*flag),
        (Type::Integer | Type::Money, Shape::Integer(integer)) => Value::Integer(*integer),
        (Type::Number, Shape::Integer(integer)) => Value::Number(*integer as f64),
        (Type::Number, Shape::Number(number)) if number.is_finite() => Value::Number(*number),
        (Type::Text, Shape::Text(_)) => Value::Text(values::text(node)?),
        (Type::Instant, Shape::Text(text)) => {
            Value::Instant(Instant::parse(text).map_err(|error| error.to_string())?)
        }
        (Type::Instant, Shape::Date(date)) => {
            Value::Instant(Instant::parse(&date.to_string()).map_err(|error| error.to_string())?)
        }
        (Type::Texts, Shape::List(entries)) => {
            let texts: Result<Arc<[Text]>, String> = entries.iter().map(values::text).collect();
            Value::Texts(texts?)
        }
        (Type::Integers, Shape::List(entries)) => {
            let integers: Result<Arc<[i64]>, String> =
                entries.iter().map(values::integer).collect();
            Value::Integers(integers?)
        }
        _ => return Err(wrong()),
    })
}

/// Whether every text of `texts` is allowed; an empty `allowed` allows all.
pub(super) fn check_one_of<'a>(
    mut texts: impl Iterator<Item = &'a Text>,
    allowed: &[Text],
) -> Result<(), String> {
    match texts.find(|text| !allowed.is_empty() && !allowed.contains(text)) {
        Some(text) => Err(format!("`{text}` is none of {}", quoted(allowed))),
        None => Ok(()),
    }
}
