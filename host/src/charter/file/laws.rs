//! [laws]: what each country and region asks for, with where it is written.

use crate::charter::Charter;
use crate::charter::consent::{Basis, Needs, PurposeIx};
use crate::charter::file::hours::read_hours;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::values;
use crate::charter::hours::CalendarIx;
use crate::charter::laws::{Law, LawBasis, Origin, OriginKind, Place};
use crate::charter::nearest::did_you_mean;
use crate::ids::Text;

pub(super) const BASIS_KEYS: Keys = Keys {
    known: &BASIS,
    later: &[],
    central: &[],
};

pub(super) const HOLIDAYS_KEYS: Keys = Keys {
    known: &["calendar", "kind", "source", "review-by"],
    later: &[],
    central: &[],
};

pub(super) const GPC_KEYS: Keys = Keys {
    known: &["purposes", "kind", "source", "review-by"],
    later: &[],
    central: &[],
};

/// What a law has besides the purposes: no purpose can be called so.
pub(super) const WORDS: [&str; 2] = ["holidays", "gpc"];
/// A law's word for every channel: no channel can be called so.
pub(super) const ALL_CHANNELS: &str = "all";

const BASIS: [&str; 6] = ["needs", "valid", "hours", "kind", "source", "review-by"];
pub(super) const KINDS: &[(&str, OriginKind)] = &[
    ("law", OriginKind::Law),
    ("code", OriginKind::Code),
    ("custom", OriginKind::Custom),
];

/// Where a rule comes from: all three must be said.
pub(super) fn read_origin(section: &Section<'_>) -> Origin {
    Origin {
        kind: section
            .required("kind", |node| values::word(node, KINDS))
            .unwrap_or(OriginKind::Custom),
        source: section.required("source", values::text).unwrap_or_default(),
        review_by: section.required("review-by", values::date),
    }
}

pub(super) fn read_laws(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("laws") {
        if !matches!(node.shape, Shape::Table(_)) {
            findings.say(node, format!("is {}: write a table", node.shown()));
        }
        let mut law = Law {
            code: Text::new(name),
            place: Place::parse(name),
            bases: Vec::new(),
            holidays: None,
            gpc: None,
        };
        for (key, node) in node.entries() {
            match key.as_str() {
                "holidays" => law.holidays = read_holidays(node, charter, findings),
                "gpc" => law.gpc = read_gpc(node, charter, findings),
                purpose => match charter.names.purposes.get(purpose) {
                    Some(&purpose) => read_bases(purpose, node, &mut law, charter, findings),
                    None => {
                        let names = charter.names.purposes.keys().map(|name| name.as_str());
                        let guess = did_you_mean(purpose, names.chain(WORDS));
                        findings.say(
                            node,
                            format!("`{purpose}` is not a purpose of this charter{guess}"),
                        );
                    }
                },
            }
        }
        charter.laws.push(law);
    }
}

/// What a law says of one purpose, channel by channel.
fn read_bases(
    purpose: PurposeIx,
    node: &Node,
    law: &mut Law,
    charter: &Charter,
    findings: &Findings,
) {
    let is_basis = |key: &str| BASIS.contains(&key) && !charter.names.channels.contains_key(key);
    let names_channels = node.entries().iter().all(|(key, _)| !is_basis(key));
    if node.entries().is_empty() || !names_channels {
        findings.say(
            node,
            "does not say for which channel: write one of [channels] or `all`, such as `marketing.email = { needs = \"granted\", … }`",
        );
        return;
    }
    if charter.purposes.at(purpose).basis == Basis::Contract {
        findings.say(
            node,
            "is a purpose of basis `contract`: what was ordered needs no consent and waits for no hours",
        );
    }
    for (channel, node) in node.entries() {
        let over = match charter.names.channels.get(channel.as_str()) {
            Some(&channel) => Some(channel),
            None if channel == ALL_CHANNELS => None,
            None => {
                let names = charter.names.channels.keys().map(|name| name.as_str());
                let guess = did_you_mean(channel, names.chain([ALL_CHANNELS]));
                findings.say(
                    node,
                    format!("`{channel}` is not a channel of this charter{guess}"),
                );
                continue;
            }
        };
        let mut basis = read_basis(node, purpose, findings);
        basis.channel = over;
        law.bases.push(basis);
    }
}

fn read_basis(node: &Node, purpose: PurposeIx, findings: &Findings) -> LawBasis {
    let section = Section::open(node, &BASIS_KEYS, findings);
    if !["needs", "valid", "hours"]
        .iter()
        .any(|key| section.has(key))
    {
        findings.say(
            node,
            "asks for nothing: write at least one of `needs`, `valid` and `hours`",
        );
    }
    LawBasis {
        purpose,
        channel: None,
        needs: section.optional("needs", |node| values::word(node, &Needs::WORDS)),
        valid: section.optional("valid", values::duration),
        hours: node
            .entry("hours")
            .and_then(|node| read_hours(node, findings)),
        origin: read_origin(&section),
    }
}

fn read_holidays(
    node: &Node,
    charter: &Charter,
    findings: &Findings,
) -> Option<(CalendarIx, Origin)> {
    let section = Section::open(node, &HOLIDAYS_KEYS, findings);
    let calendar = section.required("calendar", |node| {
        refer(node, &charter.names.calendars, "a calendar")
    });
    let origin = read_origin(&section);
    Some((calendar.unwrap_or_else(stand_in), origin))
}

fn read_gpc(
    node: &Node,
    charter: &Charter,
    findings: &Findings,
) -> Option<(Vec<PurposeIx>, Origin)> {
    let section = Section::open(node, &GPC_KEYS, findings);
    section.required("purposes", |node| match &node.shape {
        Shape::List(purposes) if purposes.is_empty() => {
            Err("is empty: name the purposes that `Sec-GPC: 1` withdraws".to_owned())
        }
        _ => Ok(()),
    });
    let purposes = section.list("purposes", |node| {
        let purpose = refer(node, &charter.names.purposes, "a purpose")?;
        match charter.purposes.at(purpose).basis {
            Basis::Contract => Err(format!(
                "{} is a purpose of basis `contract`: nothing withdraws it",
                node.shown()
            )),
            Basis::OptIn | Basis::LegitimateInterest => Ok(purpose),
        }
    });
    let origin = read_origin(&section);
    Some((purposes, origin))
}
