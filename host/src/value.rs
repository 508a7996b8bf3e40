//! One typed value, as events carry it, fields hold it and policies see it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::clock::Instant;
use crate::ids::Text;

/// One typed value. Money is an integer in minor units of the charter's currency.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Value {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(Text),
    Instant(Instant),
    Texts(Arc<[Text]>),
    Integers(Arc<[i64]>),
}

/// The kind of a [`Value`]; the same seven as in the policy interface.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    Flag,
    Integer,
    Number,
    Text,
    Instant,
    Texts,
    Integers,
}

impl Value {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Flag(_) => Kind::Flag,
            Self::Integer(_) => Kind::Integer,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Instant(_) => Kind::Instant,
            Self::Texts(_) => Kind::Texts,
            Self::Integers(_) => Kind::Integers,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Text => "text",
            Self::Instant => "instant",
            Self::Texts => "texts",
            Self::Integers => "integers",
        })
    }
}

/// Named values as a JSON object.
pub struct Values<'a>(pub &'a [(Text, Value)]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Plain(value))))
    }
}

/// A value as JSON has it: times in RFC 3339, money in minor units.
pub struct Plain<'a>(pub &'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Instant(instant) => serializer.collect_str(instant),
            Value::Texts(texts) => serializer.collect_seq(texts.iter()),
            Value::Integers(numbers) => serializer.collect_seq(numbers.iter()),
        }
    }
}
