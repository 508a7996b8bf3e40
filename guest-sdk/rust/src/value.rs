//! Values as a policy handles them: the words of the charter as types.

use core::fmt;
use core::ops::{Add, Div, Mul, Sub};

use crate::contract::{self as wit, List, Str};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(i64);

impl Instant {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was; nothing where it was not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }
}

/// A length of time, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Duration(u64);

impl Duration {
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes as u64 * 60_000)
    }

    pub const fn hours(hours: u32) -> Self {
        Self(hours as u64 * 3_600_000)
    }

    pub const fn days(days: u32) -> Self {
        Self(days as u64 * 86_400_000)
    }

    pub const fn millis(self) -> u64 {
        self.0
    }
}

/// An amount in minor units of the charter's currency: pence or cents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Money(i64);

impl Money {
    pub const fn minor(units: i64) -> Self {
        Self(units)
    }

    pub const fn minor_units(self) -> i64 {
        self.0
    }

    /// So many per cent of it, rounded towards zero.
    #[must_use]
    pub const fn percent(self, percent: i64) -> Self {
        Self(self.0.saturating_mul(percent) / 100)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<i64> for Money {
    type Output = Self;

    fn mul(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Div<Money> for Money {
    type Output = i64;

    /// How many times `other` fits into it; 0 where `other` is nothing.
    fn div(self, other: Self) -> i64 {
        self.0.checked_div(other.0).unwrap_or(0)
    }
}

/// A typed value, as parameters carry it: made with `into()`.
#[derive(Clone, Debug)]
pub struct Value(pub(crate) wit::Value<'static>);

#[cfg(not(target_arch = "wasm32"))]
impl Value {
    pub(crate) fn kind(&self) -> wit::Kind {
        match self.0 {
            wit::Value::Flag(_) => wit::Kind::Flag,
            wit::Value::Integer(_) => wit::Kind::Integer,
            wit::Value::Number(_) => wit::Kind::Number,
            wit::Value::Text(_) => wit::Kind::Text,
            wit::Value::Instant(_) => wit::Kind::Instant,
            wit::Value::Texts(_) => wit::Kind::Texts,
            wit::Value::Integers(_) => wit::Kind::Integers,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use wit::Value::{Flag, Instant, Integer, Integers, Number, Text, Texts};
        match (&self.0, &other.0) {
            (Flag(one), Flag(two)) => one == two,
            (Integer(one), Integer(two)) | (Instant(one), Instant(two)) => one == two,
            (Number(one), Number(two)) => one == two,
            (Text(one), Text(two)) => one == two,
            (Texts(one), Texts(two)) => one.items() == two.items(),
            (Integers(one), Integers(two)) => one.items() == two.items(),
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            wit::Value::Flag(flag) => write!(f, "{flag}"),
            wit::Value::Integer(integer) => write!(f, "{integer}"),
            wit::Value::Number(number) => write!(f, "{number}"),
            wit::Value::Text(text) => write!(f, "{text:?}"),
            wit::Value::Instant(millis) => write!(f, "instant {millis}"),
            wit::Value::Texts(texts) => write!(f, "{texts:?}"),
            wit::Value::Integers(integers) => write!(f, "{integers:?}"),
        }
    }
}

macro_rules! into_value {
    ($($from:ty => |$value:ident| $case:ident($wit:expr);)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self(wit::Value::$case($wit))
            }
        })*
    };
}

into_value! {
    bool => |value| Flag(value);
    i32 => |value| Integer(i64::from(value));
    u32 => |value| Integer(i64::from(value));
    i64 => |value| Integer(value);
    Money => |value| Integer(value.minor_units());
    f64 => |value| Number(value);
    &str => |value| Text(Str::copied(value));
    String => |value| Text(value.into());
    Instant => |value| Instant(value.millis());
    &[String] => |value| Texts(copied(value));
    Vec<String> => |value| Texts(value.into_iter().map(Str::from).collect::<Vec<_>>().into());
    &[&str] => |value| Texts(copied(value));
    &[Str<'_>] => |value| Texts(copied(value));
    Vec<Str<'_>> => |value| Texts(copied(&value));
    &[i64] => |value| Integers(value.to_vec().into());
    Vec<i64> => |value| Integers(value.into());
}

/// Copies that stay.
fn copied(texts: &[impl AsRef<str>]) -> List<'static, Str<'static>> {
    let copies: Vec<_> = texts
        .iter()
        .map(|text| Str::copied(text.as_ref()))
        .collect();
    copies.into()
}

impl<const N: usize> From<[&str; N]> for Value {
    fn from(texts: [&str; N]) -> Self {
        texts.as_slice().into()
    }
}

impl<const N: usize> From<[i64; N]> for Value {
    fn from(integers: [i64; N]) -> Self {
        integers.as_slice().into()
    }
}
