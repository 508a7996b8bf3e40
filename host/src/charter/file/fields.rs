//! [fields], the central ones and the markets' own, and [customer].

use crate::charter::fields::{Field, FieldIx, Merge, Per, Sensitivity, Type};
use crate::charter::file::consent::PER;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::{typing, values};
use crate::charter::markets::MarketIx;
use crate::charter::{Charter, OwnFields};
use crate::ids::{Key, Text};

const MERGES: &[(&str, Merge)] = &[
    ("leading-source", Merge::LeadingSource),
    ("latest", Merge::Latest),
    ("max", Merge::Max),
    ("union", Merge::Union),
    ("protected", Merge::Protected),
];

pub(super) fn read_fields(
    top: &Section<'_>,
    local: &[(MarketIx, &str, &Node)],
    charter: &mut Charter,
    findings: &Findings,
) {
    let central = top
        .open_each("fields")
        .map(|(name, node)| (None, name, node));
    let local = local
        .iter()
        .map(|(market, name, node)| (Some(*market), *name, *node));
    for (market, name, node) in central.chain(local) {
        let field = read_field(name, node, market, charter, findings);
        charter.fields.push(field);
    }
}

fn read_field(
    name: &str,
    node: &Node,
    market: Option<MarketIx>,
    charter: &Charter,
    findings: &Findings,
) -> Field {
    const KEYS: Keys = Keys {
        known: &[
            "type",
            "of",
            "at-most",
            "unit",
            "meaning",
            "owner",
            "leading-source",
            "merge",
            "purpose",
            "max-age",
            "retention",
            "per",
        ],
        later: &["sensitivity"],
        central: &[],
    };
    let section = Section::open(node, &KEYS, findings);
    let typing = typing::read_typing(&section);
    let ty = typing.as_ref().map_or(Type::Text, |typing| typing.ty);
    if typing::is_list(ty) {
        section.required("at-most", |_| Ok(()));
    } else if let (Type::Text, Some(bound)) = (ty, node.entry("at-most")) {
        findings.say(
            bound,
            format!("is for lists, and this is of type `{}`", ty.name()),
        );
    }
    let leading = section.list("leading-source", |node| {
        refer(node, &charter.names.sources, "a source")
    });
    let merge = section.optional("merge", |node| {
        let merge = values::word(node, MERGES)?;
        check_merge(merge, ty, section.has("leading-source")).map(|()| merge)
    });
    Field {
        name: Text::new(name),
        key: Key::of("field", name),
        ty,
        at_most: typing.as_ref().map_or(1, |typing| typing.at_most),
        of: typing.and_then(|typing| typing.of),
        meaning: section.meaning(),
        unit: section.optional("unit", values::text),
        owner: section.owner(&charter.people),
        merge: merge.unwrap_or(Merge::Latest),
        leading,
        writers: Vec::new(),
        sensitivity: Sensitivity::default(),
        one_of: Vec::new(),
        review_by: None,
        purpose: section
            .required("purpose", |node| {
                refer(node, &charter.names.purposes, "a purpose")
            })
            .unwrap_or_else(stand_in),
        max_age: section.optional("max-age", values::duration),
        retention: section.optional("retention", values::duration),
        per: section
            .optional("per", |node| values::word(node, PER))
            .unwrap_or(Per::Customer),
        market,
    }
}

fn check_merge(merge: Merge, ty: Type, has_leading: bool) -> Result<(), String> {
    let wrong = match merge {
        Merge::LeadingSource if !has_leading => {
            "is `leading-source`, and none is named: add `leading-source = [\"…\"]`"
        }
        Merge::Union if !typing::is_list(ty) => {
            "is `union`, which joins lists: this is none, so use `latest` or `max`"
        }
        Merge::Max if !typing::is_amount(ty) && ty != Type::Instant => {
            "is `max`, which compares amounts and instants: this is none, so use `latest`"
        }
        _ => return Ok(()),
    };
    Err(wrong.to_owned())
}

pub(super) fn read_own_fields(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    const KEYS: Keys = Keys {
        known: &["country", "region", "time-zone", "language"],
        later: &[],
        central: &[],
    };
    let Some(node) = top.node.entry("customer") else {
        return;
    };
    let section = Section::open(node, &KEYS, findings);
    let own = |node: &Node| own_field(node, charter);
    charter.customer = OwnFields {
        country: section.optional("country", own),
        region: section.optional("region", own),
        time_zone: section.optional("time-zone", own),
        language: section.optional("language", own),
    };
}

fn own_field(node: &Node, charter: &Charter) -> Result<FieldIx, String> {
    let index = refer(node, &charter.names.fields, "a field")?;
    let field = charter.fields.at(index);
    if field.ty == Type::Text && field.market.is_none() && field.per == Per::Customer {
        Ok(index)
    } else {
        Err(format!(
            "`{}` cannot be it: it must be a central field of a customer, of type `text`",
            field.name
        ))
    }
}
