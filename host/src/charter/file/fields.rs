//! [fields], the central ones and the markets' own, and [customer].

use crate::charter::consent::{Basis, PurposeIx};
use crate::charter::fields::{Field, FieldIx, Merge, Per, Sensitivity, Type};
use crate::charter::file::consent::PER;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::{typing, values};
use crate::charter::markets::MarketIx;
use crate::charter::{Charter, OwnFields};
use crate::ids::{Key, Text};

pub(super) const CUSTOMER_KEYS: Keys = Keys {
    known: &["country", "region", "time-zone", "language"],
    later: &[],
    central: &[],
};

pub(super) const MERGES: &[(&str, Merge)] = &[
    ("leading-source", Merge::LeadingSource),
    ("latest", Merge::Latest),
    ("max", Merge::Max),
    ("union", Merge::Union),
    ("protected", Merge::Protected),
];

pub(super) const SENSITIVITIES: &[(&str, Sensitivity)] = &[
    ("ordinary", Sensitivity::Ordinary),
    ("personal", Sensitivity::Personal),
    ("special", Sensitivity::Special),
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

pub(super) const FIELD_KEYS: Keys = Keys {
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
        "sensitivity",
        "writers",
        "one-of",
        "review-by",
    ],
    later: &[],
    central: &[],
};

fn read_field(
    name: &str,
    node: &Node,
    market: Option<MarketIx>,
    charter: &Charter,
    findings: &Findings,
) -> Field {
    let section = Section::open(node, &FIELD_KEYS, findings);
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
    let at_most = typing.as_ref().map_or(1, |typing| typing.at_most);
    let writers = section.list("writers", |node| {
        refer(node, &charter.names.sources, "a source")
    });
    let leading = section.list("leading-source", |node| {
        let source = refer(node, &charter.names.sources, "a source")?;
        if writers.is_empty() || writers.contains(&source) {
            Ok(source)
        } else {
            Err(format!(
                "{} leads, and is none of the `writers`: name it there too",
                node.shown()
            ))
        }
    });
    let merge = section.optional("merge", |node| {
        let merge = values::word(node, MERGES)?;
        check_merge(merge, ty, section.has("leading-source")).map(|()| merge)
    });
    let purpose = section.required("purpose", |node| {
        refer(node, &charter.names.purposes, "a purpose")
    });
    let sensitivity = section.optional("sensitivity", |node| {
        read_sensitivity(node, purpose, charter)
    });
    let (of, one_of) = typing.map_or((None, Vec::new()), |typing| (typing.of, typing.one_of));
    Field {
        name: Text::new(name),
        key: Key::of("field", name),
        ty,
        at_most,
        of,
        meaning: section.meaning(),
        unit: section.optional("unit", values::text),
        owner: section.owner(&charter.people),
        merge: merge.unwrap_or(Merge::Latest),
        leading,
        writers,
        sensitivity: sensitivity.unwrap_or_default(),
        one_of,
        review_by: section.optional("review-by", values::date),
        purpose: purpose.unwrap_or_else(stand_in),
        max_age: section.optional("max-age", values::duration),
        retention: section.optional("retention", values::duration),
        per: section
            .optional("per", |node| values::word(node, PER))
            .unwrap_or(Per::Customer),
        market,
    }
}

/// What is special rests on consent alone (B18).
fn read_sensitivity(
    node: &Node,
    purpose: Option<PurposeIx>,
    charter: &Charter,
) -> Result<Sensitivity, String> {
    let sensitivity = values::word(node, SENSITIVITIES)?;
    let purpose = purpose.map(|purpose| charter.purposes.at(purpose));
    match (sensitivity, purpose) {
        (Sensitivity::Special, Some(purpose)) if purpose.basis != Basis::OptIn => Err(format!(
            "is `special`, which rests on consent alone: `{}` is not a purpose of basis `opt-in`",
            purpose.name
        )),
        _ => Ok(sensitivity),
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
    let Some(node) = top.node.entry("customer") else {
        return;
    };
    let section = Section::open(node, &CUSTOMER_KEYS, findings);
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
