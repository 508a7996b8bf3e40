//! Conditions and amounts: a checked, bounded subset of CEL, compiled when the charter loads into a typed program over
//! indices. What is unknown makes a comparison false, and a flag that is unknown counts as false.

pub(super) mod check;
mod program;
mod typed;
pub(super) mod inputs;
pub(super) mod scope;

use crate::charter::events::DatumIx;
use crate::charter::fields::{FieldIx, ItemsIx, WindowIx};
use crate::charter::segments::{SegmentIx, StageIx};
use crate::clock::Instant;
use crate::ids::Text;
use crate::value::{Kind, Value};

use program::{Leaf, Program, Truth, Wording};

/// The longest expression, in bytes.
pub const EXPRESSION_BYTES: usize = 1_024;
/// The most names, literals and operators in one expression.
pub const EXPRESSION_NODES: usize = 128;
/// How deep an expression may be nested.
pub const EXPRESSION_DEPTH: usize = 24;
/// The most entries of a list that an expression writes out.
pub const EXPRESSION_LIST: usize = 100;

/// What a program may look at while it runs.
pub trait Facts {
    fn datum(&self, datum: DatumIx) -> Option<&Value>;
    /// `None` where it is unknown or stale.
    fn field(&self, field: FieldIx) -> Option<&Value>;
    /// The figure now; zero where nothing was counted. `None` for an account's window without an account.
    fn window(&self, window: WindowIx) -> Option<i64>;
    /// When the item was added.
    fn item(&self, items: ItemsIx, key: &str) -> Option<Instant>;
    /// Whether it holds, as it was last evaluated; `None` without anybody.
    fn segment(&self, segment: SegmentIx) -> Option<bool>;
    /// The name of the step.
    fn stage(&self, stage: StageIx) -> Option<&Text>;
}

/// A program that answers yes or no.
#[derive(Debug)]
pub struct Condition(Truth);

impl Condition {
    /// The condition that always holds: `true`.
    pub fn always() -> Self {
        Self(Truth::Always(true))
    }

    /// Whether it is written as `true`.
    pub fn is_always(&self) -> bool {
        matches!(self.0, Truth::Always(true))
    }

    /// Whether it is so; allocates nothing.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        self.0.holds(facts)
    }
}

/// A program that gives a value of a kind that was checked at load.
#[derive(Debug)]
pub struct Expression(Program);

impl Expression {
    /// `None` where anything that it needs is unknown, on overflow and on division by zero.
    pub fn value(&self, facts: &dyn Facts) -> Option<Value> {
        self.0.value(facts)
    }

    /// The datum that it is, and nothing else.
    pub fn as_datum(&self) -> Option<DatumIx> {
        match &self.0 {
            Program::Text(Wording::Leaf(Leaf::Datum(datum))) => Some(*datum),
            _ => None,
        }
    }

    /// What kind of value it gives.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }
}
