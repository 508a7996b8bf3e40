//! Who may speak of whom, and what data may be used for.

use crate::charter::channels::ChannelIx;
use crate::charter::events::EventIx;
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::{Key, Text};
use crate::spelling::CallingRegion;

index! {
    /// One of the charter's sources.
    SourceIx
}
index! {
    /// One of the charter's kinds of identity.
    IdentityIx
}
index! {
    /// One of the charter's purposes.
    PurposeIx
}

/// A system that may send events.
#[derive(Debug)]
pub struct Source {
    pub name: Text,
    pub key: Key,
    pub meaning: Text,
    /// Sorted.
    pub may_send: Vec<EventIx>,
    /// The identities it may name; sorted.
    pub subjects: Vec<IdentityIx>,
}

impl Source {
    pub fn may_send(&self, event: EventIx) -> bool {
        self.may_send.binary_search(&event).is_ok()
    }

    pub fn may_name(&self, identity: IdentityIx) -> bool {
        self.subjects.binary_search(&identity).is_ok()
    }

    /// Whether an event's `source` is this one or below it: `shop`, `shop/fr`.
    pub fn covers(&self, source: &str) -> bool {
        source
            .strip_prefix(self.name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A kind of name for customers or accounts, such as `crm` or `email`.
#[derive(Debug)]
pub struct Identity {
    pub name: Text,
    pub key: Key,
    pub meaning: Text,
    pub strength: Strength,
    /// Whose it is: a customer's or an account's.
    pub of: crate::charter::fields::Per,
    /// Only a keyed hash of the value is kept.
    pub hashed: bool,
    pub normal: Normal,
    /// Values that name nobody, besides those that do nowhere.
    pub nobody: Vec<Text>,
    pub retention: Option<Span>,
    /// Without it, an event with this identity alone is decided as of nobody, and forgotten.
    pub needs: Option<PurposeIx>,
}

/// The one way in which a name of a kind is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Normal {
    /// As it comes.
    Exact,
    Email,
    /// A number without a country's code is of this region.
    Phone(Option<CallingRegion>),
}

/// How much an identity says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strength {
    /// At most one of its kind per customer; two strong ones never merge by themselves.
    Strong,
    /// Joins a customer when an event names both.
    Weak,
}

/// What data may be used for.
#[derive(Debug)]
pub struct Purpose {
    pub name: Text,
    pub key: Key,
    pub meaning: Text,
    pub basis: Basis,
    /// The channels for which consent is kept apart; empty: one consent for all.
    pub channels: Vec<ChannelIx>,
    pub needs: Needs,
    pub owner: Text,
}

/// The legal basis of a purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// Needed for what was ordered: no consent asked.
    Contract,
    /// Only with consent.
    OptIn,
    /// Until the person objects.
    LegitimateInterest,
}

/// How much consent an opt-in purpose needs. INVARIANT: in order of strictness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Needs {
    /// None, until the person objects.
    Nothing,
    /// At least the soft one of a purchase of something similar.
    Soft,
    Granted,
    /// Confirmed a second time, by mail for example.
    Confirmed,
    /// Not even consent makes it lawful.
    Never,
}

impl Needs {
    pub const WORDS: [(&'static str, Self); 5] = [
        ("nothing", Self::Nothing),
        ("soft", Self::Soft),
        ("granted", Self::Granted),
        ("confirmed", Self::Confirmed),
        ("never", Self::Never),
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Soft => "soft",
            Self::Granted => "granted",
            Self::Confirmed => "confirmed",
            Self::Never => "never",
        }
    }
}
