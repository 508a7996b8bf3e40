//! One typed value, as events carry it, fields hold it and policies see it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
