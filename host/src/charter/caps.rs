//! How often, how hard and how soon again: bounds on contacts over time.

use crate::charter::actions::Class;
use crate::charter::events::EventIx;
use crate::clock::Span;
use crate::ids::{Key, Text};

/// The largest `at-most`: so many contacts of one action over one channel are remembered of a customer.
pub const CAP_AT_MOST: u32 = 32;
/// The longest `per` of a cap: contacts are remembered for so long.
pub const CAP_PER: Span = Span::from_days(366);

/// At most so many in a time. Whole days are the customer's calendar days (A21).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cap {
    pub at_most: u32,
    pub per: Span,
    /// The classes that count; empty for all but transactional ones.
    pub counts: Vec<Class>,
}

impl Cap {
    pub fn counts(&self, class: Class) -> bool {
        match self.counts.is_empty() {
            true => class != Class::Transactional,
            false => self.counts.contains(&class),
        }
    }
}

/// Contacts weighed by how much each channel bothers (A45).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pressure {
    pub at_most: u32,
    pub per: Span,
    /// By channel, in the order of `Charter::channels`.
    pub weights: Vec<u32>,
    pub refuses: Vec<Class>,
}

/// Silence after something that went wrong (B11).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoolDown {
    pub name: Text,
    pub key: Key,
    pub after: Vec<EventIx>,
    pub lasts: Span,
    pub refuses: Vec<Class>,
    pub reason: Text,
    pub owner: Text,
}
