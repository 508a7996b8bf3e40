//! Parses with the `cel` crate, then checks and compiles: the crate itself neither checks types nor bounds anything.

use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr, operators};
use cel::parser::{Expression as Parsed, Parser};

use crate::charter::expression::inputs::Inputs;
use crate::charter::expression::program::{
    Leaf, Moment, Order, Program, Real, Sum, Truth, Whole, Wholes, Wording, Wordings,
};
use crate::charter::expression::scope::{Named, Scope};
use crate::charter::expression::typed::{Typed, compared, leaf, list_part, literal_part};
use crate::charter::expression::{
    Condition, EXPRESSION_BYTES, EXPRESSION_DEPTH, EXPRESSION_NODES, Expression,
};
use crate::charter::fields::ItemsIx;
use crate::charter::nearest::did_you_mean;
use crate::ids::Text;
use crate::value::Kind;

impl Condition {
    /// Compiles `source`; the error says what is wrong and what would be right.
    pub(in crate::charter) fn parse(source: &str, scope: &Scope<'_>) -> Result<Self, String> {
        Self::with_inputs(source, scope).map(|(condition, _)| condition)
    }

    /// Compiles `source` and tells what it reads and costs.
    pub(in crate::charter) fn with_inputs(
        source: &str,
        scope: &Scope<'_>,
    ) -> Result<(Self, Inputs), String> {
        let (typed, inputs) = compile(source, scope)?;
        match typed {
            Typed::Flag(truth) => Ok((Self(truth), inputs)),
            other => Err(format!(
                "must be true or false, and this is {}",
                other.described()
            )),
        }
    }
}

impl Expression {
    /// Compiles `source`, which must give a value of `kind`; an integer is also a number.
    pub(in crate::charter) fn parse(
        source: &str,
        kind: Kind,
        scope: &Scope<'_>,
    ) -> Result<Self, String> {
        Ok(Self(match (kind, compile(source, scope)?.0) {
            (Kind::Flag, Typed::Flag(truth)) => Program::Flag(truth),
            (Kind::Integer, Typed::Integer(whole)) => Program::Integer(whole),
            (Kind::Number, Typed::Number(real)) => Program::Number(real),
            (Kind::Number, Typed::Integer(whole)) => Program::Number(Real::Whole(whole)),
            (Kind::Text, Typed::Text(wording)) => Program::Text(wording),
            (Kind::Instant, Typed::Instant(moment)) => Program::Instant(moment),
            (Kind::Texts, Typed::Texts(wordings)) => Program::Texts(wordings),
            (Kind::Texts, Typed::Empty) => Program::Texts(Wordings::Just(Arc::from([]))),
            (Kind::Integers, Typed::Integers(wholes)) => Program::Integers(wholes),
            (Kind::Integers, Typed::Empty) => Program::Integers(Wholes::Just(Arc::from([]))),
            (kind, other) => {
                return Err(format!(
                    "must be of kind {kind}, and this is {}",
                    other.described()
                ));
            }
        }))
    }
}

fn compile(source: &str, scope: &Scope<'_>) -> Result<(Typed, Inputs), String> {
    if source.len() > EXPRESSION_BYTES {
        return Err(format!(
            "is {} bytes long, and an expression has at most {EXPRESSION_BYTES}",
            source.len()
        ));
    }
    let depth = u16::try_from(EXPRESSION_DEPTH).unwrap_or(u16::MAX);
    if nesting(source) > EXPRESSION_DEPTH {
        return Err(too_deep());
    }
    let parsed = Parser::new()
        .max_recursion_depth(depth)
        .parse(source)
        .map_err(|errors| match errors.errors.first() {
            Some(error) => {
                let cause = error.msg.split(" expecting ").next().unwrap_or_default();
                let cause = cause.trim_start_matches("Syntax error: ");
                format!("is not an expression: {cause} (column {})", error.pos.1)
            }
            None => "is not an expression".to_owned(),
        })?;
    let mut check = Check {
        scope,
        nodes: 0,
        inputs: Inputs::default(),
    };
    let typed = check.part(&parsed, 1)?;
    check.inputs.nodes = check.nodes;
    Ok((typed, check.inputs))
}

/// How deep brackets stand in brackets: counted before parsing, because the parser calls itself for each.
fn nesting(source: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for letter in source.chars() {
        match letter {
            '(' | '[' | '{' => now += 1,
            ')' | ']' | '}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

fn too_deep() -> String {
    format!("is nested too deeply: at most {EXPRESSION_DEPTH} levels")
}

struct Check<'a> {
    scope: &'a Scope<'a>,
    nodes: usize,
    inputs: Inputs,
}

impl Check<'_> {
    fn part(&mut self, part: &Parsed, depth: usize) -> Result<Typed, String> {
        self.nodes += 1;
        if self.nodes > EXPRESSION_NODES {
            return Err(format!(
                "is too big: at most {EXPRESSION_NODES} names, literals and operators"
            ));
        }
        if depth > EXPRESSION_DEPTH {
            return Err(too_deep());
        }
        match &part.expr {
            Expr::Literal(literal) => literal_part(literal),
            Expr::Ident(_) | Expr::Select(_) => self.name(&part.expr),
            Expr::List(list) => list_part(list),
            Expr::Call(call) => self.call(call, depth),
            Expr::Comprehension(_) => Err(
                "uses a macro such as `all`, `exists`, `map` or `filter`: there are none; use `in` for lists"
                    .to_owned(),
            ),
            Expr::Map(_) | Expr::Struct(_) => {
                Err("uses a map: there are only single values and lists".to_owned())
            }
            Expr::Unspecified => Err("is not an expression".to_owned()),
        }
    }

    /// What a name stands for; it is an input of the expression from now on.
    fn find(&mut self, name: &str) -> Result<Named, String> {
        let found = self.scope.find(name)?;
        self.inputs.note(&found);
        Ok(found)
    }

    fn name(&mut self, expr: &Expr) -> Result<Typed, String> {
        let name = dotted(expr)?;
        Ok(match self.find(&name)? {
            Named::Datum(datum, ty) => leaf(Leaf::Datum(datum), ty),
            Named::Field(field, ty) => leaf(Leaf::Field(field), ty),
            Named::Window(window) => Typed::Integer(Whole::Window(window)),
            Named::Segment(segment) => Typed::Flag(Truth::Segment(segment)),
            Named::Stage(stage) => Typed::Text(Wording::Stage(stage)),
            Named::Items(_) => {
                return Err(format!(
                    "`{name}` is a list of items: ask `… in {name}` or `{name}[…]`"
                ));
            }
        })
    }

    fn call(&mut self, call: &CallExpr, depth: usize) -> Result<Typed, String> {
        if call.target.is_none() {
            match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::INDEX, [list, key]) => return self.item(list, key, depth),
                (operators::IN, [entry, list]) => return self.membership(entry, list, depth),
                (operators::LOGICAL_NOT, [side]) => {
                    let truth = self.truth(side, "!", depth)?;
                    return Ok(Typed::Flag(Truth::Not(Box::new(truth))));
                }
                (operators::NEGATE, [side]) => return self.negative(side, depth),
                ("size", [list]) => return self.size(list, depth),
                (name, [left, right]) => {
                    if let Some(typed) = self.two_sided(name, left, right, depth) {
                        return typed;
                    }
                }
                _ => {}
            }
        }
        Err(match call.func_name.as_str() {
            operators::CONDITIONAL => {
                "uses `? :`: write two updates, each with a `when`".to_owned()
            }
            operators::MODULO => "uses `%`: there are only `+`, `-`, `*` and `/`".to_owned(),
            name => format!(
                "calls `{name}`: the only function is `size(list)`; there are names, comparisons, arithmetic, logic and `in`"
            ),
        })
    }

    fn two_sided(
        &mut self,
        name: &str,
        left: &Parsed,
        right: &Parsed,
        depth: usize,
    ) -> Option<Result<Typed, String>> {
        let order = match name {
            operators::LESS => Order::Less,
            operators::LESS_EQUALS => Order::AtMost,
            operators::EQUALS => Order::Equal,
            operators::NOT_EQUALS => Order::Unequal,
            operators::GREATER_EQUALS => Order::AtLeast,
            operators::GREATER => Order::More,
            operators::ADD => return Some(self.sum(Sum::Plus, left, right, depth)),
            operators::SUBSTRACT => return Some(self.sum(Sum::Minus, left, right, depth)),
            operators::MULTIPLY => return Some(self.sum(Sum::Times, left, right, depth)),
            operators::DIVIDE => return Some(self.sum(Sum::Over, left, right, depth)),
            operators::LOGICAL_AND => {
                let sides = self.truths(left, right, "&&", depth);
                return Some(sides.map(|sides| Typed::Flag(Truth::Both(Box::new(sides)))));
            }
            operators::LOGICAL_OR => {
                let sides = self.truths(left, right, "||", depth);
                return Some(sides.map(|sides| Typed::Flag(Truth::Either(Box::new(sides)))));
            }
            _ => return None,
        };
        let sides = self
            .part(left, depth + 1)
            .and_then(|left| Ok((left, self.part(right, depth + 1)?)));
        Some(sides.and_then(|(left, right)| {
            self.check_step(&left, &right)?;
            self.check_step(&right, &left)?;
            compared(order, left, right).map(Typed::Flag)
        }))
    }

    /// A stage is only compared with its own steps: with another text it could never be equal.
    fn check_step(&self, stage: &Typed, other: &Typed) -> Result<(), String> {
        let Typed::Text(Wording::Stage(stage)) = stage else {
            return Ok(());
        };
        let stage = self.scope.charter.stages.at(*stage);
        let texts = match other {
            Typed::Text(Wording::Just(text)) => std::slice::from_ref(text),
            Typed::Texts(Wordings::Just(texts)) => texts,
            _ => return Ok(()),
        };
        let is_step = |text: &Text| stage.steps.iter().any(|step| step.name == *text);
        match texts.iter().find(|text| !is_step(text)) {
            Some(text) => Err(format!(
                "`{text}` is not a step of `stage.{}`{}",
                stage.name,
                did_you_mean(text, stage.steps.iter().map(|step| step.name.as_str()))
            )),
            None => Ok(()),
        }
    }

    fn truth(&mut self, side: &Parsed, operator: &str, depth: usize) -> Result<Truth, String> {
        match self.part(side, depth + 1)? {
            Typed::Flag(truth) => Ok(truth),
            other => Err(format!(
                "`{operator}` joins flags and comparisons, not {}",
                other.described()
            )),
        }
    }

    fn truths(
        &mut self,
        left: &Parsed,
        right: &Parsed,
        operator: &str,
        depth: usize,
    ) -> Result<(Truth, Truth), String> {
        Ok((
            self.truth(left, operator, depth)?,
            self.truth(right, operator, depth)?,
        ))
    }

    fn negative(&mut self, side: &Parsed, depth: usize) -> Result<Typed, String> {
        match self.part(side, depth + 1)? {
            Typed::Integer(whole) => Ok(Typed::Integer(Whole::Negative(Box::new(whole)))),
            Typed::Number(real) => Ok(Typed::Number(Real::Negative(Box::new(real)))),
            other => Err(format!(
                "`-` wants an integer or a number, not {}",
                other.described()
            )),
        }
    }

    fn sum(
        &mut self,
        sum: Sum,
        left: &Parsed,
        right: &Parsed,
        depth: usize,
    ) -> Result<Typed, String> {
        let (left, right) = (self.part(left, depth + 1)?, self.part(right, depth + 1)?);
        let kinds = (left.described(), right.described());
        match (left, right) {
            (Typed::Integer(left), Typed::Integer(right)) => Ok(Typed::Integer(Whole::Combined(
                sum,
                Box::new((left, right)),
            ))),
            (left, right) => match (left.real(), right.real()) {
                (Some(left), Some(right)) => {
                    Ok(Typed::Number(Real::Combined(sum, Box::new((left, right)))))
                }
                _ => Err(format!(
                    "`{}` computes with integers and numbers, not with {} and {}",
                    sum.symbol(),
                    kinds.0,
                    kinds.1
                )),
            },
        }
    }

    fn size(&mut self, list: &Parsed, depth: usize) -> Result<Typed, String> {
        match self.part(list, depth + 1)? {
            Typed::Texts(list) => Ok(Typed::Integer(Whole::TextCount(list))),
            Typed::Integers(list) => Ok(Typed::Integer(Whole::IntegerCount(list))),
            Typed::Empty => Ok(Typed::Integer(Whole::Just(0))),
            other => Err(format!("`size` counts a list, not {}", other.described())),
        }
    }

    /// `bought[data.sku]`: when the item was added.
    fn item(&mut self, list: &Parsed, key: &Parsed, depth: usize) -> Result<Typed, String> {
        let name = dotted(&list.expr)?;
        let Named::Items(items) = self.find(&name)? else {
            return Err(format!(
                "`{name}[…]`: only a list of items can be looked up by key"
            ));
        };
        let key = self.item_key(&name, items, key, depth)?;
        Ok(Typed::Instant(Moment::Item(items, key)))
    }

    fn item_key(
        &mut self,
        name: &str,
        items: ItemsIx,
        key: &Parsed,
        depth: usize,
    ) -> Result<Wording, String> {
        let wanted = &self.scope.charter.items.at(items).item;
        let wording = match self.part(key, depth + 1)? {
            Typed::Text(wording) => wording,
            other => {
                return Err(format!(
                    "`{name}` is looked up by a text, not by {}",
                    other.described()
                ));
            }
        };
        if !matches!(wording, Wording::Just(_)) {
            let key = dotted(&key.expr)?;
            match self.scope.item_type(&key) {
                Some(of) if of == wanted => {}
                Some(of) => {
                    return Err(format!(
                        "`{name}` is looked up by `{wanted}`, and `{key}` is of `{of}`"
                    ));
                }
                None => {
                    return Err(format!(
                        "`{name}` is looked up by `{wanted}`, and `{key}` does not say `of = \"{wanted}\"`"
                    ));
                }
            }
        }
        Ok(wording)
    }

    fn membership(&mut self, entry: &Parsed, list: &Parsed, depth: usize) -> Result<Typed, String> {
        if let Ok(name) = dotted(&list.expr)
            && let Ok(Named::Items(items)) = self.scope.find(&name)
        {
            self.inputs.note(&Named::Items(items));
            let key = self.item_key(&name, items, entry, depth)?;
            return Ok(Typed::Flag(Truth::ItemIn(key, items)));
        }
        let (entry, list) = (self.part(entry, depth + 1)?, self.part(list, depth + 1)?);
        self.check_step(&entry, &list)?;
        Ok(Typed::Flag(match (entry, list) {
            (Typed::Text(text), Typed::Texts(list)) => Truth::TextIn(text, list),
            (Typed::Integer(whole), Typed::Integers(list)) => Truth::IntegerIn(whole, list),
            (Typed::Text(_) | Typed::Integer(_), Typed::Empty) => Truth::Always(false),
            (entry, list) => {
                return Err(format!(
                    "`in` looks for a text among texts or an integer among integers, not for {} in {}",
                    entry.described(),
                    list.described()
                ));
            }
        }))
    }
}

/// A name with its dots: `orders_90d`, `data.total`, `de.gift_wrap`.
fn dotted(expr: &Expr) -> Result<String, String> {
    match expr {
        Expr::Ident(name) => Ok(name.clone()),
        Expr::Select(select) if select.test => Err(
            "uses the macro `has`: it is not needed, since what is unknown makes a comparison false".to_owned(),
        ),
        Expr::Select(select) => Ok(format!("{}.{}", dotted(&select.operand.expr)?, select.field)),
        _ => Err("only names can have parts: `data.total`".to_owned()),
    }
}
