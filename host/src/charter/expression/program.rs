//! The compiled form: one small tree per type, so that nothing is looked up, converted or allocated while it runs.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::charter::events::DatumIx;
use crate::charter::expression::Facts;
use crate::charter::fields::{FieldIx, ItemsIx, WindowIx};
use crate::charter::segments::{SegmentIx, StageIx};
use crate::clock::Instant;
use crate::ids::Text;
use crate::value::{Kind, Value};

/// A program of any type.
#[derive(Debug)]
pub(super) enum Program {
    Flag(Truth),
    Integer(Whole),
    Number(Real),
    Text(Wording),
    Instant(Moment),
    Texts(Wordings),
    Integers(Wholes),
}

impl Program {
    pub(super) fn value(&self, facts: &dyn Facts) -> Option<Value> {
        Some(match self {
            Self::Flag(truth) => Value::Flag(truth.known(facts)?),
            Self::Integer(whole) => Value::Integer(whole.value(facts)?),
            Self::Number(real) => Value::Number(real.value(facts)?),
            Self::Text(wording) => Value::Text(wording.value(facts)?.clone()),
            Self::Instant(moment) => Value::Instant(moment.value(facts)?),
            Self::Texts(wordings) => Value::Texts(wordings.value(facts)?.clone()),
            Self::Integers(wholes) => Value::Integers(wholes.value(facts)?.clone()),
        })
    }

    pub(super) fn kind(&self) -> Kind {
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

/// A value that is read as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaf {
    Datum(DatumIx),
    Field(FieldIx),
}

impl Leaf {
    fn read(self, facts: &dyn Facts) -> Option<&Value> {
        match self {
            Self::Datum(datum) => facts.datum(datum),
            Self::Field(field) => facts.field(field),
        }
    }
}

/// How two values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    More,
}

impl Order {
    /// False where either side is unknown.
    fn of<T: PartialOrd>(self, left: Option<T>, right: Option<T>) -> bool {
        let (Some(left), Some(right)) = (left, right) else {
            return false;
        };
        let Some(ordering) = left.partial_cmp(&right) else {
            return false;
        };
        match self {
            Self::Less => ordering == Ordering::Less,
            Self::AtMost => ordering != Ordering::Greater,
            Self::Equal => ordering == Ordering::Equal,
            Self::Unequal => ordering != Ordering::Equal,
            Self::AtLeast => ordering != Ordering::Less,
            Self::More => ordering == Ordering::Greater,
        }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::AtLeast => ">=",
            Self::More => ">",
        }
    }

    pub(super) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::Unequal)
    }
}

/// How two amounts are combined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sum {
    Plus,
    Minus,
    Times,
    Over,
}

impl Sum {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
        }
    }
}

/// Yes or no.
#[derive(Debug)]
pub(super) enum Truth {
    Always(bool),
    Leaf(Leaf),
    Segment(SegmentIx),
    Not(Box<Truth>),
    Both(Box<(Truth, Truth)>),
    Either(Box<(Truth, Truth)>),
    Flags(Order, Box<(Truth, Truth)>),
    Wholes(Order, Whole, Whole),
    Reals(Order, Real, Real),
    Wordings(Order, Wording, Wording),
    Moments(Order, Moment, Moment),
    TextLists(Order, Wordings, Wordings),
    IntegerLists(Order, Wholes, Wholes),
    TextIn(Wording, Wordings),
    IntegerIn(Whole, Wholes),
    ItemIn(Wording, ItemsIx),
}

impl Truth {
    pub(super) fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Self::Always(truth) => *truth,
            Self::Leaf(_) | Self::Segment(_) => self.known(facts).unwrap_or(false),
            Self::Not(truth) => !truth.holds(facts),
            Self::Both(sides) => sides.0.holds(facts) && sides.1.holds(facts),
            Self::Either(sides) => sides.0.holds(facts) || sides.1.holds(facts),
            Self::Flags(order, sides) => order.of(sides.0.known(facts), sides.1.known(facts)),
            Self::Wholes(order, left, right) => order.of(left.value(facts), right.value(facts)),
            Self::Reals(order, left, right) => order.of(left.value(facts), right.value(facts)),
            Self::Wordings(order, left, right) => order.of(left.value(facts), right.value(facts)),
            Self::Moments(order, left, right) => order.of(left.value(facts), right.value(facts)),
            Self::TextLists(order, left, right) => order.of(left.value(facts), right.value(facts)),
            Self::IntegerLists(order, left, right) => {
                order.of(left.value(facts), right.value(facts))
            }
            Self::TextIn(text, list) => match (text.value(facts), list.value(facts)) {
                (Some(text), Some(list)) => list.contains(text),
                _ => false,
            },
            Self::IntegerIn(whole, list) => match (whole.value(facts), list.value(facts)) {
                (Some(whole), Some(list)) => list.contains(&whole),
                _ => false,
            },
            Self::ItemIn(text, items) => text
                .value(facts)
                .is_some_and(|text| facts.item(*items, text).is_some()),
        }
    }

    /// A flag that is only read may be unknown; whatever is decided about it is not.
    fn known(&self, facts: &dyn Facts) -> Option<bool> {
        match self {
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Flag(flag) => Some(*flag),
                _ => None,
            },
            Self::Segment(segment) => facts.segment(*segment),
            decided => Some(decided.holds(facts)),
        }
    }
}

/// An integer, or money in minor units.
#[derive(Debug)]
pub(super) enum Whole {
    Just(i64),
    Leaf(Leaf),
    Window(WindowIx),
    TextCount(Wordings),
    IntegerCount(Wholes),
    Negative(Box<Whole>),
    Combined(Sum, Box<(Whole, Whole)>),
}

impl Whole {
    fn value(&self, facts: &dyn Facts) -> Option<i64> {
        match self {
            Self::Just(whole) => Some(*whole),
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Integer(whole) => Some(*whole),
                _ => None,
            },
            Self::Window(window) => facts.window(*window),
            Self::TextCount(list) => i64::try_from(list.value(facts)?.len()).ok(),
            Self::IntegerCount(list) => i64::try_from(list.value(facts)?.len()).ok(),
            Self::Negative(whole) => whole.value(facts)?.checked_neg(),
            Self::Combined(sum, sides) => {
                let (left, right) = (sides.0.value(facts)?, sides.1.value(facts)?);
                match sum {
                    Sum::Plus => left.checked_add(right),
                    Sum::Minus => left.checked_sub(right),
                    Sum::Times => left.checked_mul(right),
                    Sum::Over => left.checked_div(right),
                }
            }
        }
    }
}

/// A floating-point number; what is not finite is unknown.
#[derive(Debug)]
pub(super) enum Real {
    Just(f64),
    Leaf(Leaf),
    Whole(Whole),
    Negative(Box<Real>),
    Combined(Sum, Box<(Real, Real)>),
}

impl Real {
    fn value(&self, facts: &dyn Facts) -> Option<f64> {
        let real = match self {
            Self::Just(real) => *real,
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Number(real) => *real,
                _ => return None,
            },
            Self::Whole(whole) => whole.value(facts)? as f64,
            Self::Negative(real) => -real.value(facts)?,
            Self::Combined(sum, sides) => {
                let (left, right) = (sides.0.value(facts)?, sides.1.value(facts)?);
                match sum {
                    Sum::Plus => left + right,
                    Sum::Minus => left - right,
                    Sum::Times => left * right,
                    Sum::Over => left / right,
                }
            }
        };
        real.is_finite().then_some(real)
    }
}

/// A text.
#[derive(Debug)]
pub(super) enum Wording {
    Just(Text),
    Leaf(Leaf),
    Stage(StageIx),
}

impl Wording {
    fn value<'a>(&'a self, facts: &'a dyn Facts) -> Option<&'a Text> {
        match self {
            Self::Just(text) => Some(text),
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Text(text) => Some(text),
                _ => None,
            },
            Self::Stage(stage) => facts.stage(*stage),
        }
    }
}

/// An instant: of a field, of a datum, or when an item was added.
#[derive(Debug)]
pub(super) enum Moment {
    Just(Instant),
    Leaf(Leaf),
    Item(ItemsIx, Wording),
}

impl Moment {
    fn value(&self, facts: &dyn Facts) -> Option<Instant> {
        match self {
            Self::Just(instant) => Some(*instant),
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Instant(instant) => Some(*instant),
                _ => None,
            },
            Self::Item(items, key) => facts.item(*items, key.value(facts)?),
        }
    }
}

/// A list of texts.
#[derive(Debug)]
pub(super) enum Wordings {
    Just(Arc<[Text]>),
    Leaf(Leaf),
}

impl Wordings {
    fn value<'a>(&'a self, facts: &'a dyn Facts) -> Option<&'a Arc<[Text]>> {
        match self {
            Self::Just(texts) => Some(texts),
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Texts(texts) => Some(texts),
                _ => None,
            },
        }
    }
}

/// A list of integers.
#[derive(Debug)]
pub(super) enum Wholes {
    Just(Arc<[i64]>),
    Leaf(Leaf),
}

impl Wholes {
    fn value<'a>(&'a self, facts: &'a dyn Facts) -> Option<&'a Arc<[i64]>> {
        match self {
            Self::Just(integers) => Some(integers),
            Self::Leaf(leaf) => match leaf.read(facts)? {
                Value::Integers(integers) => Some(integers),
                _ => None,
            },
        }
    }
}
