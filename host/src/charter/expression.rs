//! Conditions and amounts: a checked, bounded subset of CEL, compiled when the charter loads into a typed program over
//! indices. What is unknown makes a comparison false.

use crate::charter::events::DatumIx;
use crate::charter::fields::{FieldIx, ItemsIx, WindowIx};
use crate::clock::Instant;
use crate::value::Value;

/// What a program may look at while it runs.
pub trait Facts {
    fn datum(&self, datum: DatumIx) -> Option<&Value>;
    /// `None` where it is unknown or stale.
    fn field(&self, field: FieldIx) -> Option<&Value>;
    /// The figure now; zero where nothing was counted. `None` for an account's window without an account.
    fn window(&self, window: WindowIx) -> Option<i64>;
    /// When the item was added.
    fn item(&self, items: ItemsIx, key: &str) -> Option<Instant>;
}

/// A program that answers yes or no.
#[derive(Debug)]
pub struct Condition {}

impl Condition {
    pub fn holds(&self, _facts: &dyn Facts) -> bool {
        false
    }
}

/// A program that gives a value of a kind that was checked at load.
#[derive(Debug)]
pub struct Expression {}

impl Expression {
    /// `None` where anything that it needs is unknown, and on overflow.
    pub fn value(&self, _facts: &dyn Facts) -> Option<Value> {
        None
    }
}
