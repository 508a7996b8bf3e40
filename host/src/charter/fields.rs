//! What is known of a customer or an account: fields, windows, items.

use crate::charter::consent::{PurposeIx, SourceIx};
use crate::charter::events::EventIx;
use crate::charter::expression::{Condition, Expression};
use crate::charter::markets::MarketIx;
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::{Key, Text};
use crate::value::Kind;

index! {
    /// One of the charter's fields.
    FieldIx
}
index! {
    /// One of the charter's windows.
    WindowIx
}
index! {
    /// One of the charter's item lists.
    ItemsIx
}

/// The type of a datum, a field or a parameter, as the charter writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    Flag,
    Integer,
    Number,
    Text,
    Instant,
    Texts,
    Integers,
    /// Minor units of the charter's currency.
    Money,
}

impl Type {
    /// The kind of value that holds it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Flag => Kind::Flag,
            Self::Integer | Self::Money => Kind::Integer,
            Self::Number => Kind::Number,
            Self::Text => Kind::Text,
            Self::Instant => Kind::Instant,
            Self::Texts => Kind::Texts,
            Self::Integers => Kind::Integers,
        }
    }

    /// Whether it is one text.
    pub fn is_text(self) -> bool {
        self == Self::Text
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Text => "text",
            Self::Instant => "instant",
            Self::Texts => "texts",
            Self::Integers => "integers",
            Self::Money => "money",
        }
    }
}

/// One typed, centrally defined fact.
#[derive(Debug)]
pub struct Field {
    pub name: Text,
    pub key: Key,
    pub ty: Type,
    /// For lists, the most entries kept; the newest stay.
    pub at_most: usize,
    /// The item type of a text or of texts, such as `sku`.
    pub of: Option<Text>,
    pub meaning: Text,
    pub unit: Option<Text>,
    pub owner: Text,
    pub merge: Merge,
    /// The leading source first. Empty: no source leads.
    pub leading: Vec<SourceIx>,
    /// The sources that may write it; empty for all (C01).
    pub writers: Vec<SourceIx>,
    pub sensitivity: Sensitivity,
    /// For texts: the only values; empty for any (A14).
    pub one_of: Vec<Text>,
    pub review_by: Option<jiff::civil::Date>,
    pub purpose: PurposeIx,
    /// Older than this, it is stale.
    pub max_age: Option<Span>,
    /// Older than this, it is dropped.
    pub retention: Option<Span>,
    /// Whose status it belongs to.
    pub per: Per,
    /// The only market that may read it; `None` for a central field.
    pub market: Option<MarketIx>,
}

/// How careful one must be with it. INVARIANT: in order of strictness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Sensitivity {
    #[default]
    Ordinary,
    /// Never shown beyond the customer view and the evidence.
    Personal,
    /// Rests on consent alone: health, belief, exact location (B18).
    Special,
}

/// Who wins when two sources disagree, whatever order they are heard in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Merge {
    /// The source earlier in `leading-source`, until its word is stale; among equals the later `occurred-at`.
    LeadingSource,
    /// The later `occurred-at`.
    Latest,
    /// The larger value.
    Max,
    /// Both lists together.
    Union,
    /// The first value stays: the one of the earliest `occurred-at`, whatever is said, added or cleared later.
    Protected,
}

/// Whose status something belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Per {
    Customer,
    Account,
}

/// A figure over time, in buckets of `step`.
#[derive(Debug)]
pub struct Window {
    pub name: Text,
    pub key: Key,
    pub measure: Measure,
    /// Events that add, each with its compiled amount (for `Measure::Sum`) and condition.
    pub plus: Vec<Contribution>,
    /// Events that take away.
    pub minus: Vec<Contribution>,
    pub over: Span,
    pub step: Span,
    pub per: Per,
    /// `Type::Integer` for counts and distincts.
    pub ty: Type,
    /// For distincts, the most members remembered.
    pub at_most: usize,
    pub purpose: PurposeIx,
    pub meaning: Text,
    pub owner: Text,
}

/// What a window measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    Count,
    Sum,
    /// Different customers.
    DistinctCustomers,
}

/// What one kind of event adds to a window.
#[derive(Debug)]
pub struct Contribution {
    pub event: EventIx,
    /// `None` counts one.
    pub amount: Option<Expression>,
    pub when: Option<Condition>,
}

/// One instant per item: read as `bought[sku]`.
#[derive(Debug)]
pub struct Items {
    pub name: Text,
    pub key: Key,
    /// The item type, such as `sku`: only data `of` it can be looked up.
    pub item: Text,
    /// Events that add items, with the datum (a text or texts) that names them.
    pub add: Vec<(EventIx, Expression)>,
    pub remove: Vec<(EventIx, Expression)>,
    /// The most items kept per customer; the newest stay.
    pub keep: usize,
    pub retention: Option<Span>,
    pub purpose: PurposeIx,
    pub meaning: Text,
    pub owner: Text,
}
