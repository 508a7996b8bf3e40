//! [events]: first their data, then, when fields and windows are known, their updates.

use std::collections::HashMap;

use crate::charter::Charter;
use crate::charter::events::{
    BuiltIn, Change, Datum, DatumIx, EventIx, EventKind, Presence, Update,
};
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::expression::{Condition, Expression};
use crate::charter::fields::{FieldIx, Type};
use crate::charter::file::names::{Local, is_local, not_local};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::{typing, values};
use crate::charter::markets::MarketIx;
use crate::charter::nearest::quoted;
use crate::charter::table::{Index, Table};
use crate::ids::{Key, Text};
use crate::limits;
use crate::value::Kind;

/// The events that the host itself understands.
const BUILT_IN: &[(&str, BuiltIn, &str)] = &[
    (
        "consent.given",
        BuiltIn::ConsentGiven,
        "a consent was asked for, given or confirmed",
    ),
    (
        "consent.withdrawn",
        BuiltIn::ConsentWithdrawn,
        "a consent was denied or withdrawn",
    ),
];
/// Their data: name, type, whether it must be there.
const BUILT_IN_DATA: &[(&str, Type, bool)] = &[
    ("purpose", Type::Text, true),
    ("state", Type::Text, false),
    ("channels", Type::Texts, false),
    ("brand", Type::Text, false),
    ("proof", Type::Text, false),
];
const EVENT_KEYS: Keys = Keys {
    known: &[
        "meaning", "owner", "purpose", "data", "updates", "subject", "account",
    ],
    later: &[],
    central: &[],
};
const LOCAL_EVENT_KEYS: Keys = Keys {
    known: &["data", "updates"],
    later: &[],
    central: &["meaning", "owner", "purpose", "subject", "account"],
};

/// The built-in events, then the charter's in its order.
pub(super) fn declare_events(top: &Section<'_>, findings: &Findings) -> HashMap<Text, EventIx> {
    let mut names = HashMap::new();
    let built_in = BUILT_IN.iter().map(|(name, _, _)| *name);
    let defined = defined(top).map(|(name, node)| {
        if !name.split('.').all(values::is_snake_case) {
            findings.say(node, format!("`{name}` is not a name for an event: write snake_case parts, such as `order.placed`"));
        }
        name
    });
    for (number, name) in (0..).zip(built_in.chain(defined)) {
        names.insert(Text::new(name), EventIx::from_number(number));
    }
    for (name, node) in top.open_each("events") {
        if is_built_in(name) {
            findings.say(
                node,
                "is built in: leave it out, and name it in `may-send` of its sources",
            );
        }
    }
    names
}

fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|(built_in, _, _)| *built_in == name)
}

fn defined<'a>(top: &Section<'a>) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
    top.open_each("events")
        .filter(|(name, _)| !is_built_in(name))
}

pub(super) fn read_events(
    top: &Section<'_>,
    local: &Local<'_>,
    charter: &mut Charter,
    findings: &Findings,
) {
    for (name, built_in, meaning) in BUILT_IN {
        let event = built_in_event(name, *built_in, meaning);
        charter.events.push(event);
    }
    for (name, node) in defined(top) {
        let event = read_event(name, node, charter, findings);
        charter.events.push(event);
    }
    for &(market, event, node) in &local.events {
        let section = Section::open(node, &LOCAL_EVENT_KEYS, findings);
        if let Some(built_in) = charter.events.at(event).built_in {
            findings.say(
                node,
                format!("is built in ({built_in:?}): a market adds nothing to it"),
            );
            continue;
        }
        let name = local_name(local, market);
        for (datum, node) in section.open_each("data") {
            read_local_datum(
                (market, name, datum),
                node,
                charter.events.at_mut(event),
                findings,
            );
        }
    }
}

fn local_name<'a>(local: &Local<'a>, market: MarketIx) -> &'a str {
    local
        .choices
        .iter()
        .find(|choice| choice.market == market)
        .map_or("", |choice| choice.name)
}

fn read_local_datum(
    (market, market_name, name): (MarketIx, &str, &str),
    node: &Node,
    event: &mut EventKind,
    findings: &Findings,
) {
    if !is_local(name, market_name) {
        let is_central = event.data.iter().any(|(_, datum)| datum.name == name);
        findings.say(node, not_local(name, market_name, is_central));
        return;
    }
    if let Some(mut datum) = read_datum(name, node, findings) {
        if datum.required {
            findings.say(node, "is `required`: that would refuse the event in this market, so only central data may be");
            datum.required = false;
        }
        datum.market = Some(market);
        event.data.push(datum);
    }
}

fn built_in_event(name: &str, built_in: BuiltIn, meaning: &str) -> EventKind {
    let mut data = Table::new();
    for (datum, ty, required) in BUILT_IN_DATA {
        data.push(Datum {
            name: Text::new(datum),
            ty: *ty,
            of: None,
            at_most: limits::LIST_ITEMS,
            required: *required,
            one_of: Vec::new(),
            market: None,
        });
    }
    EventKind {
        name: Text::new(name),
        key: Key::of("event", name),
        meaning: Text::new(meaning),
        owner: Text::new_static("kairos"),
        purpose: None,
        data,
        updates: Vec::new(),
        subject: Presence::Required,
        account: Presence::Optional,
        built_in: Some(built_in),
        windows: Vec::new(),
        items: Vec::new(),
        moments: Vec::new(),
    }
}

fn read_event(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> EventKind {
    const PRESENCES: &[(&str, Presence)] = &[
        ("required", Presence::Required),
        ("optional", Presence::Optional),
    ];
    let section = Section::open(node, &EVENT_KEYS, findings);
    let mut data: Table<DatumIx, Datum> = Table::new();
    for (name, node) in section.open_each("data") {
        if !values::is_snake_case(name) {
            findings.say(
                node,
                format!(
                    "`{name}` is not a name for a datum: write snake_case, such as `order_total`"
                ),
            );
        }
        if let Some(datum) = read_datum(name, node, findings) {
            data.push(datum);
        }
    }
    let presence = |key, otherwise| {
        section
            .optional(key, |node| values::word(node, PRESENCES))
            .unwrap_or(otherwise)
    };
    EventKind {
        name: Text::new(name),
        key: Key::of("event", name),
        meaning: section.meaning(),
        owner: section.owner(&charter.people),
        purpose: section.required("purpose", |node| {
            refer(node, &charter.names.purposes, "a purpose")
        }),
        data,
        updates: Vec::new(),
        subject: presence("subject", Presence::Required),
        account: presence("account", Presence::Optional),
        built_in: None,
        windows: Vec::new(),
        items: Vec::new(),
        moments: Vec::new(),
    }
}

fn read_datum(name: &str, node: &Node, findings: &Findings) -> Option<Datum> {
    const KEYS: Keys = Keys {
        known: &["type", "of", "at-most", "required", "one-of"],
        later: &[],
        central: &[],
    };
    let section = Section::open(node, &KEYS, findings);
    let typing = typing::read_typing(&section)?;
    Some(Datum {
        name: Text::new(name),
        ty: typing.ty,
        of: typing.of,
        at_most: typing.at_most,
        required: section.optional("required", values::flag).unwrap_or(false),
        one_of: typing.one_of,
        market: None,
    })
}

/// Compiles the updates: the charter's first, then each market's own.
pub(super) fn read_updates(
    top: &Section<'_>,
    local: &Local<'_>,
    charter: &mut Charter,
    findings: &Findings,
) {
    let central = defined(top)
        .filter_map(|(name, node)| Some((None, *charter.names.events.get(name)?, node)));
    let local = local
        .events
        .iter()
        .map(|(market, event, node)| (Some(*market), *event, *node));
    for (market, event, node) in central.chain(local).collect::<Vec<_>>() {
        let section = Section { node, findings };
        let scope = Scope {
            charter,
            event: Some(event),
            market,
            sight: Sight::Everything,
        };
        let updates = section.list("updates", |node| Ok(read_update(node, &scope, findings)));
        charter
            .events
            .at_mut(event)
            .updates
            .extend(updates.into_iter().flatten());
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
    const KEYS: Keys = Keys {
        known: &[
            "set", "to", "add", "by", "clear", "append", "remove", "value", "when",
        ],
        later: &[],
        central: &[],
    };
    let section = Section::open(node, &KEYS, findings);
    let mut verbs = VERBS.iter().filter(|(verb, _)| section.has(verb));
    let (Some(&(verb, takes)), None) = (verbs.next(), verbs.next()) else {
        findings.say(node, "does not say what to do: write one of `set … to`, `add … by`, `clear`, `append … value` and `remove … value`");
        return None;
    };
    for (key, extra) in node.entries() {
        if key != verb
            && key != "when"
            && takes != Some(key.as_str())
            && KEYS.known.contains(&key.as_str())
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
    let when = section.optional("when", |node| Condition::parse(source_of(node)?, scope));
    let field = section.required(verb, |node| updated_field(node, verb, scope))?;
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

/// The text of a node that must be one, for expressions with several readers.
pub(super) fn source_of(node: &Node) -> Result<&str, String> {
    match &node.shape {
        Shape::Text(text) => Ok(text),
        _ => Err(format!(
            "is {}: write an expression in quotes",
            node.shown()
        )),
    }
}
