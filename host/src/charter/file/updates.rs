//! The updates of [events]: how an event changes what is known.

use crate::charter::Charter;
use crate::charter::events::{Change, Update};
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::expression::{Condition, Expression};
use crate::charter::fields::{FieldIx, Type};
use crate::charter::file::names::Local;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values::source_of;
use crate::charter::file::{events, typing};
use crate::charter::nearest::quoted;
use crate::value::Kind;

pub(super) const UPDATE_KEYS: Keys = Keys {
    known: &[
        "set", "to", "add", "by", "clear", "append", "remove", "value", "when",
    ],
    later: &[],
    central: &[],
};

/// Compiles the updates: the charter's first, then each market's own.
pub(super) fn read_updates(
    top: &Section<'_>,
    local: &Local<'_>,
    charter: &mut Charter,
    findings: &Findings,
) {
    let central = events::defined(top)
        .filter_map(|(name, node)| Some((None, *charter.names.events.get(name)?, node)));
    let local = local
        .events
        .iter()
        .map(|(market, event, node)| (Some(*market), *event, *node));
    for (market, event, node) in central.chain(local).collect::<Vec<_>>() {
        if charter.events.at(event).built_in.is_some() {
            continue;
        }
        let section = Section { node, findings };
        let scope = Scope {
            charter,
            event: Some(event),
            market,
            sight: Sight::Everything,
        };
        let updates = section.list("updates", |node| Ok(read_update(node, &scope, findings)));
        let own_fields = charter.customer;
        let event = charter.events.at_mut(event);
        for update in updates.into_iter().flatten() {
            if let Change::Set(to) = &update.change
                && let Some(datum) = to.as_datum()
            {
                let datum = event.data.at_mut(datum);
                datum.own = datum.own.or(own_fields.which(update.field));
            }
            event.updates.push(update);
        }
    }
}

/// The verbs of an update, each with the key of what it takes.
const VERBS: &[(&str, Option<&str>)] = &[
    ("set", Some("to")),
    ("add", Some("by")),
    ("clear", None),
    ("append", Some("value")),
    ("remove", Some("value")),
];

fn read_update(node: &Node, scope: &Scope<'_>, findings: &Findings) -> Option<Update> {
    let section = Section::open(node, &UPDATE_KEYS, findings);
    let mut verbs = VERBS.iter().filter(|(verb, _)| section.has(verb));
    let (Some(&(verb, takes)), None) = (verbs.next(), verbs.next()) else {
        findings.say(node, "does not say what to do: write one of `set … to`, `add … by`, `clear`, `append … value` and `remove … value`");
        return None;
    };
    for (key, extra) in node.entries() {
        if key != verb
            && key != "when"
            && takes != Some(key.as_str())
            && UPDATE_KEYS.known.contains(&key.as_str())
        {
            findings.say(
                extra,
                format!(
                    "does not belong to `{verb}`{}",
                    takes.map_or(String::new(), |key| format!(", which takes `{key}`"))
                ),
            );
        }
    }
    let field = section.required(verb, |node| updated_field(node, verb, scope))?;
    let scope = &Scope {
        sight: Sight::CopiedInto(field),
        ..*scope
    };
    let when = section.optional("when", |node| Condition::parse(source_of(node)?, scope));
    let change = match takes {
        None => Change::Clear,
        Some(takes) => {
            let amount = section.required(takes, |node| {
                let kinds = taken_kinds(verb, scope.charter.fields.at(field).ty);
                parse_any(source_of(node)?, kinds, scope)
            })?;
            match verb {
                "set" => Change::Set(amount),
                "add" => Change::Add(amount),
                "append" => Change::Append(amount),
                _ => Change::Remove(amount),
            }
        }
    };
    Some(Update {
        field,
        change,
        when,
        market: scope.market,
    })
}

/// An expression of the first of `kinds` that fits.
fn parse_any(source: &str, kinds: [Kind; 2], scope: &Scope<'_>) -> Result<Expression, String> {
    let [kind, other] = kinds;
    match Expression::parse(source, kind, scope) {
        Err(_) if other != kind => Expression::parse(source, other, scope),
        parsed => parsed,
    }
}

/// What an update takes for a field of a type: a list takes one entry or several.
fn taken_kinds(verb: &str, ty: Type) -> [Kind; 2] {
    match (verb, ty) {
        ("append" | "remove", Type::Integers) => [Kind::Integer, Kind::Integers],
        ("append" | "remove", _) => [Kind::Text, Kind::Texts],
        (_, ty) => [ty.kind(), ty.kind()],
    }
}

fn updated_field(node: &Node, verb: &str, scope: &Scope<'_>) -> Result<FieldIx, String> {
    let index = refer(node, &scope.charter.names.fields, "a field")?;
    let field = scope.charter.fields.at(index);
    match (field.market, scope.market) {
        (Some(_), None) => {
            return Err(format!(
                "`{}` is a market's own: only that market's file changes it",
                field.name
            ));
        }
        (None, Some(_)) => {
            return Err(format!(
                "`{}` means the same in every market: a market's file changes only its own fields",
                field.name
            ));
        }
        (owner, market) if owner != market => {
            return Err(format!("`{}` is another market's own", field.name));
        }
        _ => {}
    }
    if let Some(event) = scope.event
        && let event = scope.charter.events.at(event)
        && let Some(purpose) = event.purpose
    {
        scope.check_purpose(&event.name, purpose, field)?;
    }
    match verb {
        "add" if !typing::is_amount(field.ty) => Err(format!(
            "`{}` is of type `{}`: only amounts are added to",
            field.name,
            field.ty.name()
        )),
        "append" | "remove" if !typing::is_list(field.ty) => {
            let lists = quoted(&["texts", "integers"]);
            Err(format!(
                "`{}` is of type `{}`, and `{verb}` is for {lists}",
                field.name,
                field.ty.name()
            ))
        }
        _ => Ok(index),
    }
}
