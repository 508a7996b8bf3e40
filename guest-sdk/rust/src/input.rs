//! What a policy is given: the types that a moment's declaration uses, and how they are read by position.

use core::fmt;

use crate::contract::{self as wit, Maybe, Str};
use crate::value::{Instant, Money};

/// Yes or no: a `bool`.
#[derive(Debug)]
pub enum Flag {}
/// A whole number: an `i64`.
#[derive(Debug)]
pub enum Integer {}
/// Any other number: an `f64`.
#[derive(Debug)]
pub enum Number {}
/// A text: a `&str`.
#[derive(Debug)]
pub enum Text {}
/// Texts in their order: a `&[Str]`.
#[derive(Debug)]
pub enum Texts {}
/// Whole numbers in their order: a `&[i64]`.
#[derive(Debug)]
pub enum Integers {}

/// A type of the charter, and what it is in Rust.
pub trait Typed {
    /// What a policy sees.
    type Of<'a>: Clone + fmt::Debug;
    #[doc(hidden)]
    const KIND: wit::Kind;
    #[doc(hidden)]
    fn of<'a>(value: &wit::Value<'a>) -> Option<Self::Of<'a>>;
}

macro_rules! typed {
    ($($name:ty: $rust:ty, $kind:ident($value:ident) => $of:expr;)*) => {
        $(impl Typed for $name {
            type Of<'a> = $rust;
            const KIND: wit::Kind = wit::Kind::$kind;

            fn of<'a>(value: &wit::Value<'a>) -> Option<Self::Of<'a>> {
                match value {
                    wit::Value::$kind($value) => Some($of),
                    _ => None,
                }
            }
        })*
    };
}

typed! {
    Flag: bool, Flag(value) => *value;
    Integer: i64, Integer(value) => *value;
    Money: Money, Integer(value) => Money::minor(*value);
    Number: f64, Number(value) => *value;
    Text: &'a str, Text(value) => value.as_str();
    Instant: Instant, Instant(value) => Instant::from_millis(*value);
    Texts: &'a [Str<'a>], Texts(value) => value.items();
    Integers: &'a [i64], Integers(value) => value.items();
}

/// What is known of a customer, an account or a market, as far as this policy may know it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reading<V> {
    /// Fresh enough by the charter.
    Known(V, AsOf),
    /// Older than the charter's maximum age.
    Stale(V, AsOf),
    /// No source has said anything.
    Unknown,
    /// Kept from this policy by the customer's consent or by the charter.
    Withheld,
}

/// When a source said so.
pub type AsOf = Instant;

impl<V> Reading<V> {
    /// The value, where it is fresh.
    pub fn known(self) -> Option<V> {
        match self {
            Self::Known(value, _) => Some(value),
            Self::Stale(..) | Self::Unknown | Self::Withheld => None,
        }
    }

    /// The value, fresh or old.
    pub fn last_known(self) -> Option<V> {
        match self {
            Self::Known(value, _) | Self::Stale(value, _) => Some(value),
            Self::Unknown | Self::Withheld => None,
        }
    }

    /// The fresh value, or `other`.
    pub fn known_or(self, other: V) -> V {
        self.known().unwrap_or(other)
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    pub fn is_withheld(&self) -> bool {
        matches!(self, Self::Withheld)
    }
}

impl<V: PartialEq> Reading<V> {
    /// Whether it is known, fresh, and this.
    pub fn is(self, value: V) -> bool {
        self.known() == Some(value)
    }
}

/// Why a policy could not decide. The market's fallback applies, and the evidence keeps these words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undecided(String);

impl Undecided {
    pub fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    #[cold]
    fn missing(name: &str) -> Self {
        Self(format!(
            "`{name}` is declared as required, and the host gave none"
        ))
    }

    #[cold]
    fn ill_typed(name: &str, declared: wit::Kind) -> Self {
        Self(format!(
            "`{name}` is declared as Kind::{declared:?}, and the host gave another kind"
        ))
    }
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Undecided {}

/// How a declared datum of the event is given: `T` is required, `Option<T>` is not.
pub trait Datum {
    type Given<'a>;
    #[doc(hidden)]
    const KIND: wit::Kind;
    #[doc(hidden)]
    const REQUIRED: bool;
    #[doc(hidden)]
    fn take<'a>(
        given: Option<&Maybe<wit::Value<'a>>>,
        name: &'static str,
    ) -> Result<Self::Given<'a>, Undecided>;
}

impl<T: Typed> Datum for T {
    type Given<'a> = T::Of<'a>;
    const KIND: wit::Kind = T::KIND;
    const REQUIRED: bool = true;

    fn take<'a>(
        given: Option<&Maybe<wit::Value<'a>>>,
        name: &'static str,
    ) -> Result<Self::Given<'a>, Undecided> {
        let value = given
            .and_then(Maybe::as_option)
            .ok_or_else(|| Undecided::missing(name))?;
        T::of(value).ok_or_else(|| Undecided::ill_typed(name, T::KIND))
    }
}

impl<T: Typed> Datum for Option<T> {
    type Given<'a> = Option<T::Of<'a>>;
    const KIND: wit::Kind = T::KIND;
    const REQUIRED: bool = false;

    fn take<'a>(
        given: Option<&Maybe<wit::Value<'a>>>,
        name: &'static str,
    ) -> Result<Self::Given<'a>, Undecided> {
        match given {
            None => Err(Undecided::missing(name)),
            Some(Maybe::None) => Ok(None),
            Some(Maybe::Some(value)) => T::of(value)
                .map(Some)
                .ok_or_else(|| Undecided::ill_typed(name, T::KIND)),
        }
    }
}

/// How a declared reading is given: `T` is required (then it is known and fresh), `Reading<T>` is not.
pub trait Read {
    type Given<'a>;
    #[doc(hidden)]
    const KIND: wit::Kind;
    #[doc(hidden)]
    const REQUIRED: bool;
    #[doc(hidden)]
    fn take<'a>(
        given: Option<&wit::Reading<'a>>,
        name: &'static str,
    ) -> Result<Self::Given<'a>, Undecided>;
}

impl<T: Typed> Read for T {
    type Given<'a> = T::Of<'a>;
    const KIND: wit::Kind = T::KIND;
    const REQUIRED: bool = true;

    fn take<'a>(
        given: Option<&wit::Reading<'a>>,
        name: &'static str,
    ) -> Result<Self::Given<'a>, Undecided> {
        match given {
            Some(wit::Reading::Known(known)) => {
                T::of(&known.value).ok_or_else(|| Undecided::ill_typed(name, T::KIND))
            }
            _ => Err(Undecided::missing(name)),
        }
    }
}

impl<T: Typed> Read for Reading<T> {
    type Given<'a> = Reading<T::Of<'a>>;
    const KIND: wit::Kind = T::KIND;
    const REQUIRED: bool = false;

    fn take<'a>(
        given: Option<&wit::Reading<'a>>,
        name: &'static str,
    ) -> Result<Self::Given<'a>, Undecided> {
        let typed = |stamped: &wit::Stamped<'a>| {
            let value = T::of(&stamped.value).ok_or_else(|| Undecided::ill_typed(name, T::KIND))?;
            Ok((value, Instant::from_millis(stamped.as_of)))
        };
        Ok(match given.ok_or_else(|| Undecided::missing(name))? {
            wit::Reading::Known(stamped) => {
                let (value, as_of) = typed(stamped)?;
                Reading::Known(value, as_of)
            }
            wit::Reading::Stale(stamped) => {
                let (value, as_of) = typed(stamped)?;
                Reading::Stale(value, as_of)
            }
            wit::Reading::Unknown => Reading::Unknown,
            wit::Reading::Withheld => Reading::Withheld,
        })
    }
}

/// When, where and for whom it is decided.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The time of this decision.
    pub now: Instant,
    /// When the event happened at its source.
    pub occurred_at: Instant,
    /// Where it happened, such as `web`.
    pub channel: Option<&'a str>,
    /// Minutes east of UTC, where the customer is.
    pub utc_offset_minutes: i32,
    /// The market's code, such as `gb`.
    pub market: &'a str,
    /// BCP 47: the first language of the market that the customer reads.
    pub language: &'a str,
    /// A number drawn for this customer, the same at every event: for experiments.
    pub draw: u64,
}

impl<'a> Occasion<'a> {
    #[doc(hidden)]
    pub fn of(event: &wit::Event<'a>, context: &wit::Context<'a>) -> Self {
        Self {
            now: Instant::from_millis(context.now),
            occurred_at: Instant::from_millis(event.occurred_at),
            channel: event.channel.map(Str::as_str),
            utc_offset_minutes: context.utc_offset,
            market: context.market.as_str(),
            language: context.language.as_str(),
            draw: context.draw,
        }
    }

    /// The hour of the customer's day, 0 to 23.
    pub fn local_hour(&self) -> u32 {
        let minutes = self.now.millis().div_euclid(60_000) + i64::from(self.utc_offset_minutes);
        u32::try_from(minutes.div_euclid(60).rem_euclid(24)).unwrap_or(0)
    }

    /// Whether this customer is in the first `percent` of a hundred equal groups: the same customer always is, or never.
    pub fn is_in_first(&self, percent: u64) -> bool {
        self.draw % 100 < percent
    }
}
