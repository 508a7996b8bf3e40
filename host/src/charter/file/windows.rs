//! [windows] and [items].

use crate::charter::Charter;
use crate::charter::events::EventIx;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::expression::{Condition, Expression};
use crate::charter::fields::{Contribution, Items, ItemsIx, Measure, Per, Type, Window, WindowIx};
use crate::charter::file::consent::PER;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::values::{self, source_of};
use crate::clock::Span;
use crate::ids::{Key, Text};
use crate::value::Kind;

pub(super) const ITEMS_KEYS: Keys = Keys {
    known: &[
        "key",
        "add",
        "remove",
        "keep",
        "retention",
        "meaning",
        "owner",
        "purpose",
        "review-by",
    ],
    later: &[],
    central: &[],
};

/// The most buckets of one window: they are kept for every customer.
const WINDOW_BUCKETS: u64 = 1_000;
/// The most members that a distinct count remembers.
const WINDOW_MEMBERS: usize = 1_000;
/// The most items kept per customer.
const ITEMS_KEPT: usize = 10_000;

pub(super) fn read_windows(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("windows") {
        let window = read_window(name, node, charter, findings);
        let index: Option<WindowIx> = charter.names.windows.get(name).copied();
        let touched: Vec<EventIx> = window
            .plus
            .iter()
            .chain(&window.minus)
            .map(|part| part.event)
            .collect();
        charter.windows.push(window);
        for event in touched {
            let windows = &mut charter.events.at_mut(event).windows;
            windows.extend(index.filter(|index| !windows.contains(index)));
        }
    }
}

pub(super) const WINDOW_KEYS: Keys = Keys {
    known: &[
        "count",
        "sum",
        "distinct",
        "of",
        "minus",
        "when",
        "over",
        "step",
        "at-most",
        "per",
        "type",
        "meaning",
        "owner",
        "purpose",
        "review-by",
    ],
    later: &["retention"],
    central: &[],
};

fn read_window(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> Window {
    let section = Section::open(node, &WINDOW_KEYS, findings);
    let named = read_measure(&section);
    let measure = named.unwrap_or(Measure::Count);
    let (over, step) = read_span(&section);
    let per = section
        .optional("per", |node| values::word(node, PER))
        .unwrap_or(Per::Customer);
    if measure == Measure::DistinctCustomers && per == Per::Customer {
        findings.say(
            node,
            "counts different customers, so it must be `per = \"account\"`",
        );
    }
    let adds = if measure == Measure::Count {
        "count"
    } else {
        "of"
    };
    if named.is_some() {
        section.required(adds, |_| Ok(()));
    }
    Window {
        name: Text::new(name),
        key: Key::of("window", name),
        measure,
        plus: contributions(&section, adds, measure, charter),
        minus: contributions(&section, "minus", measure, charter),
        over,
        step,
        per,
        ty: named.map_or(Type::Integer, |measure| read_window_type(&section, measure)),
        at_most: named.map_or(1, |measure| read_members(&section, measure)),
        purpose: section
            .required("purpose", |node| {
                refer(node, &charter.names.purposes, "a purpose")
            })
            .unwrap_or_else(stand_in),
        meaning: section.meaning(),
        owner: section.owner(&charter.people),
    }
}

fn read_measure(section: &Section<'_>) -> Option<Measure> {
    let named: Vec<&str> = ["count", "sum", "distinct"]
        .into_iter()
        .filter(|key| section.has(key))
        .collect();
    let measure = match named.as_slice() {
        ["sum"] => Measure::Sum,
        ["distinct"] => Measure::DistinctCustomers,
        ["count"] => Measure::Count,
        _ => {
            section.findings.say(
                section.node,
                "does not say what it measures: write one of `count`, `sum` and `distinct`",
            );
            return None;
        }
    };
    if measure == Measure::DistinctCustomers {
        section.optional("distinct", |node| values::word(node, &[("customer", ())]));
    }
    for (key, wrong) in [
        ("of", Measure::Count),
        ("minus", Measure::DistinctCustomers),
    ] {
        if measure == wrong
            && let Some(node) = section.node.entry(key)
        {
            section.findings.say(node, "does not belong to this measure: `count` names its events itself, and what was distinct cannot be taken away");
        }
    }
    Some(measure)
}

fn read_span(section: &Section<'_>) -> (Span, Span) {
    let over = section.required("over", values::duration);
    let step = section.required("step", |node| {
        let step = values::duration(node)?;
        let Some(over) = over else { return Ok(step) };
        let buckets = over.millis().div_ceil(step.millis().max(1));
        if step > over {
            Err(format!("is longer than the window of `{over}`"))
        } else if buckets > WINDOW_BUCKETS {
            Err(format!("makes {buckets} buckets of `{over}`, and at most {WINDOW_BUCKETS} are kept: write a larger one"))
        } else {
            Ok(step)
        }
    });
    (over.unwrap_or_default(), step.unwrap_or_default())
}

fn read_window_type(section: &Section<'_>, measure: Measure) -> Type {
    const TYPES: &[(&str, Type)] = &[("integer", Type::Integer), ("money", Type::Money)];
    if measure == Measure::Sum {
        return section
            .required("type", |node| values::word(node, TYPES))
            .unwrap_or(Type::Integer);
    }
    section.optional("type", |node| values::word(node, &[("integer", ())]));
    Type::Integer
}

fn read_members(section: &Section<'_>, measure: Measure) -> usize {
    let read = |node: &Node| match measure {
        Measure::DistinctCustomers => values::entries(node, WINDOW_MEMBERS),
        Measure::Count | Measure::Sum => {
            Err("is for `distinct`, which must remember its members".to_owned())
        }
    };
    let members = match measure {
        Measure::DistinctCustomers => section.required("at-most", read),
        Measure::Count | Measure::Sum => section.optional("at-most", read),
    };
    members.unwrap_or(1)
}

/// Amount and condition are compiled for each event, because each has data of its own.
fn contributions(
    section: &Section<'_>,
    key: &str,
    measure: Measure,
    charter: &Charter,
) -> Vec<Contribution> {
    let events = section.list(key, |node| refer(node, &charter.names.events, "an event"));
    let mut parts = Vec::with_capacity(events.len());
    for event in events {
        let scope = Scope {
            charter,
            event: Some(event),
            market: None,
            sight: Sight::Data,
        };
        let amount = match measure {
            Measure::Sum => section.optional("sum", |node| {
                Expression::parse(source_of(node)?, Kind::Integer, &scope)
            }),
            Measure::Count | Measure::DistinctCustomers => None,
        };
        let when = section.optional("when", |node| Condition::parse(source_of(node)?, &scope));
        parts.push(Contribution {
            event,
            amount,
            when,
        });
    }
    parts
}

pub(super) fn read_items(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("items") {
        let items = read_item_list(name, node, charter, findings);
        let index: Option<ItemsIx> = charter.names.items.get(name).copied();
        let touched: Vec<EventIx> = items
            .add
            .iter()
            .chain(&items.remove)
            .map(|(event, _)| *event)
            .collect();
        charter.items.push(items);
        for event in touched {
            let lists = &mut charter.events.at_mut(event).items;
            lists.extend(index.filter(|index| !lists.contains(index)));
        }
    }
}

fn read_item_list(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> Items {
    let section = Section::open(node, &ITEMS_KEYS, findings);
    let item = section.required("key", values::text).unwrap_or_default();
    section.required("add", |_| Ok(()));
    Items {
        name: Text::new(name),
        key: Key::of("items", name),
        add: item_changes(&section, "add", &item, charter),
        remove: item_changes(&section, "remove", &item, charter),
        item,
        keep: section
            .required("keep", |node| values::entries(node, ITEMS_KEPT))
            .unwrap_or(1),
        retention: section.optional("retention", values::duration),
        purpose: section
            .required("purpose", |node| {
                refer(node, &charter.names.purposes, "a purpose")
            })
            .unwrap_or_else(stand_in),
        meaning: section.meaning(),
        owner: section.owner(&charter.people),
    }
}

fn item_changes(
    section: &Section<'_>,
    key: &str,
    item: &Text,
    charter: &Charter,
) -> Vec<(EventIx, Expression)> {
    let mut changes = Vec::new();
    for (event, node) in section.open_each(key) {
        let Some(&index) = charter.names.events.get(event) else {
            let known = charter.names.events.keys().map(|name| name.as_str());
            let guess = crate::charter::nearest::did_you_mean(event, known);
            section.findings.say(
                node,
                format!("`{event}` is not an event of this charter{guess}"),
            );
            continue;
        };
        if charter.events.at(index).built_in.is_some() {
            section.findings.say(
                node,
                format!("`{event}` is built in, and none of its data names items"),
            );
            continue;
        }
        let change = section.noted(node, item_datum(node, index, item, charter));
        changes.extend(change.map(|change| (index, change)));
    }
    changes
}

/// The datum that names the items: a text or texts `of` the list's item type.
fn item_datum(
    node: &Node,
    event: EventIx,
    item: &Text,
    charter: &Charter,
) -> Result<Expression, String> {
    let source = source_of(node)?;
    let scope = Scope {
        charter,
        event: Some(event),
        market: None,
        sight: Sight::Data,
    };
    let datum = source.strip_prefix("data.").and_then(|name| {
        charter
            .events
            .at(event)
            .data
            .iter()
            .find(|(_, datum)| datum.name == name)
    });
    let kind = match datum {
        Some((_, datum)) if datum.ty.kind() == Kind::Texts => Kind::Texts,
        _ => Kind::Text,
    };
    let expression = Expression::parse(source, kind, &scope)?;
    match datum.and_then(|(_, datum)| datum.of.as_ref()) {
        Some(of) if of == item => Ok(expression),
        Some(of) => Err(format!(
            "`{source}` is of `{of}`, and these items are of `{item}`"
        )),
        None => Err(format!(
            "`{source}` does not say what it names: give the datum `of = \"{item}\"`"
        )),
    }
}
