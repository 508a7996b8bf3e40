//! [events]: first their data, then, when fields and windows are known, their updates.

use crate::charter::Charter;
use crate::charter::events::{
    BuiltIn, Datum, DatumIx, EventIx, EventKind, Outcome, Presence, Reaction,
};
use crate::charter::fields::Type;
use crate::charter::file::names::{Local, is_local, not_local};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::{typing, values};
use crate::charter::markets::MarketIx;
use crate::charter::table::{Index, Table};
use crate::ids::{Key, Map, Text};
use crate::limits;

pub(super) const PRESENCES: &[(&str, Presence)] = &[
    ("required", Presence::Required),
    ("optional", Presence::Optional),
];

pub(super) const DATUM_KEYS: Keys = Keys {
    known: &[
        "type", "of", "at-most", "required", "between", "one-of", "maps",
    ],
    later: &[],
    central: &[],
};

/// The most data of one event, those of all markets together.
const EVENT_DATA: usize = 1_000;
/// An event that the host itself understands: name, kind, meaning, data.
type Known = (
    &'static str,
    BuiltIn,
    &'static str,
    &'static [(&'static str, Type, bool)],
);

/// The events that the host itself understands. Of each datum: name, type, whether it must be there.
const BUILT_IN: &[Known] = &[
    (
        "consent.given",
        BuiltIn::ConsentGiven,
        "a consent was asked for, given or confirmed",
        &[
            ("purpose", Type::Text, true),
            ("state", Type::Text, false),
            ("channels", Type::Texts, false),
            ("brand", Type::Text, false),
            ("markets", Type::Texts, false),
            ("wording", Type::Text, false),
            ("proof", Type::Text, false),
        ],
    ),
    (
        "consent.withdrawn",
        BuiltIn::ConsentWithdrawn,
        "a consent was denied or withdrawn",
        &[
            ("purpose", Type::Text, true),
            ("state", Type::Text, false),
            ("channels", Type::Texts, false),
            ("brand", Type::Text, false),
            ("proof", Type::Text, false),
        ],
    ),
    (
        "segment.entered",
        BuiltIn::SegmentEntered,
        "a segment holds that did not hold before",
        &[("segment", Type::Text, true)],
    ),
    (
        "segment.left",
        BuiltIn::SegmentLeft,
        "a segment holds no longer",
        &[("segment", Type::Text, true)],
    ),
    (
        "stage.entered",
        BuiltIn::StageEntered,
        "another step of a stage is the first that holds",
        &[
            ("stage", Type::Text, true),
            ("step", Type::Text, true),
            ("before", Type::Text, false),
        ],
    ),
    (
        ELAPSED,
        BuiltIn::SilenceElapsed,
        "nothing has come for a moment's time of silence",
        &[("moment", Type::Text, true)],
    ),
    (
        "action.approved",
        BuiltIn::ActionApproved,
        "a person let a waiting action act",
        APPROVAL_DATA,
    ),
    (
        "action.rejected",
        BuiltIn::ActionRejected,
        "a person refused a waiting action",
        APPROVAL_DATA,
    ),
    (
        "data.expired",
        BuiltIn::DataExpired,
        "the retention of something that was known is over",
        &[],
    ),
];
const APPROVAL_DATA: &[(&str, Type, bool)] = &[
    ("action", Type::Text, true),
    ("by", Type::Text, true),
    ("reason", Type::Text, false),
];
/// The event that the host makes when a silence has lasted.
pub(super) const ELAPSED: &str = "silence.elapsed";

pub(super) const EVENT_KEYS: Keys = Keys {
    known: &[
        "meaning",
        "owner",
        "purpose",
        "data",
        "updates",
        "subject",
        "account",
        "outcome",
        "review-by",
    ],
    later: &[],
    central: &[],
};
pub(super) const OUTCOME_KEYS: Keys = Keys {
    known: &["is", "of", "within"],
    later: &[],
    central: &[],
};
pub(super) const LOCAL_EVENT_KEYS: Keys = Keys {
    known: &["data", "updates"],
    later: &[],
    central: &[
        "meaning", "owner", "purpose", "subject", "account", "outcome",
    ],
};

/// The built-in events, then the charter's in its order.
pub(super) fn declare_events(top: &Section<'_>, findings: &Findings) -> Map<Text, EventIx> {
    let mut names = Map::default();
    let built_in = BUILT_IN.iter().map(|(name, ..)| *name);
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
            findings.say(node, remedy(name));
        }
    }
    names
}

fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|(built_in, ..)| *built_in == name)
}

/// What to write instead of a definition of what is built in.
fn remedy(name: &str) -> &'static str {
    let is_sent = BUILT_IN
        .iter()
        .any(|(built_in, kind, ..)| *built_in == name && kind.is_sent());
    if is_sent {
        "is built in: leave it out, and name it in `may-send` of its sources"
    } else {
        "is built in, and made by the host: leave it out, and name it where it is of use"
    }
}

/// The charter's own events, in its order.
pub(super) fn defined<'a>(
    top: &Section<'a>,
) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
    top.open_each("events")
        .filter(|(name, _)| !is_built_in(name))
}

pub(super) fn read_events(
    top: &Section<'_>,
    local: &Local<'_>,
    charter: &mut Charter,
    findings: &Findings,
) {
    for known in BUILT_IN {
        charter.events.push(built_in_event(known));
    }
    for (name, node) in defined(top) {
        let event = read_event(name, node, charter, findings);
        charter.events.push(event);
    }
    for &(market, event, node) in &local.events {
        let section = Section::open(node, &LOCAL_EVENT_KEYS, findings);
        if charter.events.at(event).built_in.is_some() {
            findings.say(node, "is built in: a market adds nothing to it");
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
    if event.data.len() == EVENT_DATA {
        findings.say(node, format!("is one datum too many: at most {EVENT_DATA}"));
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

fn built_in_event((name, built_in, meaning, known): &Known) -> EventKind {
    let mut data = Table::new();
    for (datum, ty, required) in *known {
        data.push(Datum {
            name: Text::new(datum),
            ty: *ty,
            of: None,
            at_most: limits::LIST_ITEMS,
            required: *required,
            between: None,
            one_of: Vec::new(),
            own: None,
            maps: Vec::new(),
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
        subject: match built_in.is_sent() {
            true => Presence::Required,
            false => Presence::Optional,
        },
        account: Presence::Optional,
        built_in: Some(*built_in),
        outcome: (*built_in == BuiltIn::ConsentWithdrawn).then_some(Outcome {
            is: Reaction::Unsubscribed,
            of: None,
            within: None,
        }),
        windows: Vec::new(),
        items: Vec::new(),
        moments: Vec::new(),
        memberships: Vec::new(),
        starts: Vec::new(),
        ends: Vec::new(),
    }
}

fn read_event(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> EventKind {
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
        if data.len() == EVENT_DATA {
            findings.say(node, format!("is one datum too many: at most {EVENT_DATA}"));
            break;
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
    let outcome = node
        .entry("outcome")
        .and_then(|node| read_outcome(node, &data, findings));
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
        outcome,
        windows: Vec::new(),
        items: Vec::new(),
        moments: Vec::new(),
        memberships: Vec::new(),
        starts: Vec::new(),
        ends: Vec::new(),
    }
}

/// `outcome = { is = "opened", of = "action" }`: the datum names the decision or the action (A43).
fn read_outcome(node: &Node, data: &Table<DatumIx, Datum>, findings: &Findings) -> Option<Outcome> {
    let section = Section::open(node, &OUTCOME_KEYS, findings);
    let is = section.required("is", |node| {
        let words = Reaction::ALL.map(|one| (one.word(), one));
        values::word(node, &words)
    })?;
    let of = section.optional("of", |node| read_named(node, data));
    if is.is_of_something() && !section.has("of") {
        findings.say(
            node,
            format!(
                "does not say what was {}: name in `of` the datum with the id of the decision or the action",
                is.word()
            ),
        );
    }
    let within = section.optional("within", values::duration);
    if let (true, Some(node)) = (is != Reaction::Complained, node.entry("within")) {
        findings.say(
            node,
            format!(
                "is for `complained` alone: what was {} says itself what it is about",
                is.word()
            ),
        );
    }
    Some(Outcome { is, of, within })
}

fn read_named(node: &Node, data: &Table<DatumIx, Datum>) -> Result<DatumIx, String> {
    let name = values::text(node)?;
    let found = data.iter().find(|(_, datum)| datum.name == name);
    match found {
        Some((index, datum)) if datum.ty == Type::Text => Ok(index),
        Some(_) => Err(format!(
            "`{name}` is no text: the id of a decision or an action is one"
        )),
        None => Err(format!(
            "`{name}` is not declared in the data of this event: add `{name} = {{ type = \"text\" }}`"
        )),
    }
}

fn read_datum(name: &str, node: &Node, findings: &Findings) -> Option<Datum> {
    let section = Section::open(node, &DATUM_KEYS, findings);
    let typing = typing::read_typing(&section)?;
    Some(Datum {
        name: Text::new(name),
        ty: typing.ty,
        of: typing.of,
        at_most: typing.at_most,
        required: section.optional("required", values::flag).unwrap_or(false),
        between: section.optional("between", |node| typing::read_between(node, typing.ty)),
        own: None,
        maps: read_maps(&section, &typing.one_of),
        one_of: typing.one_of,
        market: None,
    })
}

/// What sources write for one of the values (A14): `maps = { aktiv = "active" }`.
fn read_maps(section: &Section<'_>, one_of: &[Text]) -> Vec<(Text, Text)> {
    let Some(node) = section.node.entry("maps") else {
        return Vec::new();
    };
    if one_of.is_empty() {
        section.findings.say(
            node,
            "maps to the values of `one-of`, and there are none: name them",
        );
        return Vec::new();
    }
    let mut maps = Vec::new();
    for (from, node) in section.open_each("maps") {
        let to = section.noted(node, read_mapped(from, node, one_of));
        maps.extend(to.map(|to| (Text::new(from), to)));
    }
    maps
}

fn read_mapped(from: &str, node: &Node, one_of: &[Text]) -> Result<Text, String> {
    let to = values::text(node)?;
    if one_of.iter().any(|value| *value == from) {
        return Err(format!("`{from}` is one of the values itself"));
    }
    typing::check_one_of(std::iter::once(&to), one_of).map(|()| to)
}
