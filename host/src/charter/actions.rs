//! What may be done.

use crate::charter::channels::ChannelIx;
use crate::charter::consent::PurposeIx;
use crate::charter::fields::Type;
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::{Key, Text};

index! {
    /// One of the charter's actions.
    ActionIx
}

/// One kind of action.
#[derive(Debug)]
pub struct Action {
    pub name: Text,
    pub key: Key,
    pub meaning: Text,
    /// The message class: `service`, `marketing`, `insight` ….
    pub class: Text,
    pub to: Target,
    pub channels: Vec<ChannelIx>,
    pub purpose: PurposeIx,
    /// One action to a slot.
    pub slot: Option<Text>,
    pub parameters: Vec<Parameter>,
    /// How long after its time it is still worth doing.
    pub lapses: Option<Span>,
    pub owner: Text,
}

/// Whom an action is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Customer,
    Account,
}

/// One parameter and its bounds.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: Text,
    pub ty: Type,
    pub unit: Option<Text>,
    pub of: Option<Text>,
    pub required: bool,
    /// For integers, numbers and money; both ends included. Money is in minor units.
    pub between: Option<(f64, f64)>,
    /// For texts: the only values; empty for any.
    pub one_of: Vec<Text>,
    /// For lists, the most entries; for a text, the most bytes.
    pub at_most: usize,
}
