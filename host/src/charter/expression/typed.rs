//! What a part of an expression is: its type decides what it may be joined with.

use std::sync::Arc;

use cel::common::ast::{Expr, ListExpr, LiteralValue};

use crate::charter::expression::EXPRESSION_LIST;
use crate::charter::expression::program::{
    Leaf, Moment, Order, Real, Truth, Whole, Wholes, Wording, Wordings,
};
use crate::charter::fields::Type;
use crate::clock::Instant;
use crate::ids::Text;

/// A part of an expression, compiled.
pub(super) enum Typed {
    Flag(Truth),
    Integer(Whole),
    Number(Real),
    Text(Wording),
    Instant(Moment),
    Texts(Wordings),
    Integers(Wholes),
    /// `[]`: of any kind of list.
    Empty,
}

impl Typed {
    pub(super) fn described(&self) -> &'static str {
        match self {
            Self::Flag(_) => "a flag",
            Self::Integer(_) => "an integer",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Instant(_) => "an instant",
            Self::Texts(_) => "a list of texts",
            Self::Integers(_) => "a list of integers",
            Self::Empty => "an empty list",
        }
    }

    /// As a number, for what is computed with one.
    pub(super) fn real(self) -> Option<Real> {
        match self {
            Self::Integer(whole) => Some(Real::Whole(whole)),
            Self::Number(real) => Some(real),
            _ => None,
        }
    }
}

pub(super) fn leaf(leaf: Leaf, ty: Type) -> Typed {
    match ty {
        Type::Flag => Typed::Flag(Truth::Leaf(leaf)),
        Type::Integer | Type::Money => Typed::Integer(Whole::Leaf(leaf)),
        Type::Number => Typed::Number(Real::Leaf(leaf)),
        Type::Text => Typed::Text(Wording::Leaf(leaf)),
        Type::Instant => Typed::Instant(Moment::Leaf(leaf)),
        Type::Texts => Typed::Texts(Wordings::Leaf(leaf)),
        Type::Integers => Typed::Integers(Wholes::Leaf(leaf)),
    }
}

pub(super) fn literal_part(literal: &LiteralValue) -> Result<Typed, String> {
    Ok(match literal {
        LiteralValue::Boolean(flag) => Typed::Flag(Truth::Always(*flag.inner())),
        LiteralValue::Int(whole) => Typed::Integer(Whole::Just(*whole.inner())),
        LiteralValue::Double(real) => Typed::Number(Real::Just(*real.inner())),
        LiteralValue::String(text) => Typed::Text(Wording::Just(Text::new(text.inner()))),
        LiteralValue::UInt(_) => {
            return Err("writes a number with `u`: write it without".to_owned());
        }
        LiteralValue::Bytes(_) => return Err("uses bytes: there are texts and numbers".to_owned()),
        LiteralValue::Null => {
            return Err(
                "uses `null`: what is unknown makes a comparison false by itself".to_owned(),
            );
        }
    })
}

pub(super) fn list_part(list: &ListExpr) -> Result<Typed, String> {
    const WRONG: &str = "a list that is written out has texts only or integers only";
    if list.elements.len() > EXPRESSION_LIST {
        return Err(format!(
            "writes out a list of {}: at most {EXPRESSION_LIST} entries",
            list.elements.len()
        ));
    }
    let (mut texts, mut integers) = (Vec::new(), Vec::new());
    for element in &list.elements {
        match &element.expr {
            Expr::Literal(LiteralValue::String(text)) => texts.push(Text::new(text.inner())),
            Expr::Literal(LiteralValue::Int(whole)) => integers.push(*whole.inner()),
            _ => return Err(WRONG.to_owned()),
        }
    }
    match (texts.is_empty(), integers.is_empty()) {
        (true, true) => Ok(Typed::Empty),
        (false, true) => Ok(Typed::Texts(Wordings::Just(texts.into()))),
        (true, false) => Ok(Typed::Integers(Wholes::Just(integers.into()))),
        (false, false) => Err(WRONG.to_owned()),
    }
}

pub(super) fn compared(order: Order, left: Typed, right: Typed) -> Result<Truth, String> {
    let kinds = (left.described(), right.described());
    let one_of_a_kind = |kind: &str| {
        format!(
            "`{}` does not order {kind}: they are compared with `==`, `!=` and `in`",
            order.symbol()
        )
    };
    let truth = match (left, right) {
        (Typed::Integer(left), Typed::Integer(right)) => Truth::Wholes(order, left, right),
        (Typed::Instant(left), Typed::Instant(right)) => Truth::Moments(order, left, right),
        (Typed::Instant(left), Typed::Text(Wording::Just(text))) => {
            Truth::Moments(order, left, written_instant(&text)?)
        }
        (Typed::Text(Wording::Just(text)), Typed::Instant(right)) => {
            Truth::Moments(order, written_instant(&text)?, right)
        }
        (Typed::Flag(_), Typed::Flag(_)) if !order.is_equality() => {
            return Err(one_of_a_kind("flags"));
        }
        (Typed::Text(_), Typed::Text(_)) if !order.is_equality() => {
            return Err(one_of_a_kind("texts"));
        }
        (
            Typed::Texts(_) | Typed::Integers(_) | Typed::Empty,
            Typed::Texts(_) | Typed::Integers(_) | Typed::Empty,
        ) if !order.is_equality() => {
            return Err(one_of_a_kind("lists"));
        }
        (Typed::Flag(left), Typed::Flag(right)) => Truth::Flags(order, Box::new((left, right))),
        (Typed::Text(left), Typed::Text(right)) => Truth::Wordings(order, left, right),
        (Typed::Texts(left), Typed::Texts(right)) => Truth::TextLists(order, left, right),
        (Typed::Texts(list), Typed::Empty) | (Typed::Empty, Typed::Texts(list)) => {
            Truth::TextLists(order, list, Wordings::Just(Arc::from([])))
        }
        (Typed::Integers(left), Typed::Integers(right)) => Truth::IntegerLists(order, left, right),
        (Typed::Integers(list), Typed::Empty) | (Typed::Empty, Typed::Integers(list)) => {
            Truth::IntegerLists(order, list, Wholes::Just(Arc::from([])))
        }
        (left, right) => match (left.real(), right.real()) {
            (Some(left), Some(right)) => Truth::Reals(order, left, right),
            _ => {
                return Err(format!(
                    "`{}` compares {} with {}: both sides must be of one kind",
                    order.symbol(),
                    kinds.0,
                    kinds.1
                ));
            }
        },
    };
    Ok(truth)
}

fn written_instant(text: &str) -> Result<Moment, String> {
    Instant::parse(text)
        .map(Moment::Just)
        .map_err(|error| error.to_string())
}
