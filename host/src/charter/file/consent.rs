//! [purposes], [identities] and [sources].

use crate::charter::Charter;
use crate::charter::consent::{Basis, Identity, Needs, Normal, Purpose, Source, Strength};
use crate::charter::events::{BuiltIn, EventIx, EventKind};
use crate::charter::fields::Per;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values;
use crate::charter::nearest::did_you_mean;
use crate::ids::{Key, Text};
use crate::spelling::CallingRegion;

pub(super) const STORES: &[(&str, bool)] = &[("clear", false), ("hash", true)];

pub(super) const STRENGTHS: &[(&str, Strength)] =
    &[("strong", Strength::Strong), ("weak", Strength::Weak)];

pub(super) const BASES: &[(&str, Basis)] = &[
    ("contract", Basis::Contract),
    ("opt-in", Basis::OptIn),
    ("legitimate-interest", Basis::LegitimateInterest),
];

pub(super) const PURPOSE_KEYS: Keys = Keys {
    known: &[
        "meaning",
        "basis",
        "channels",
        "needs",
        "owner",
        "review-by",
    ],
    later: &["retention"],
    central: &[],
};

pub(super) const IDENTITY_KEYS: Keys = Keys {
    known: &[
        "meaning",
        "strength",
        "of",
        "store",
        "normal",
        "region",
        "nobody",
        "retention",
        "needs",
    ],
    later: &[],
    central: &[],
};

pub(super) const SOURCE_KEYS: Keys = Keys {
    known: &["meaning", "may-send", "subjects"],
    later: &[],
    central: &[],
};

pub(super) const PER: &[(&str, Per)] = &[("customer", Per::Customer), ("account", Per::Account)];

/// As whom the host speaks.
const HOST: &str = "kairos";

pub(super) fn read_purposes(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("purposes") {
        let section = Section::open(node, &PURPOSE_KEYS, findings);
        let basis = section.required("basis", |node| values::word(node, BASES));
        let channels = section.list("channels", |node| {
            refer(node, &charter.names.channels, "a channel")
        });
        let needs = section.optional("needs", |node| match basis {
            Some(Basis::OptIn) | None => values::word(node, &Needs::WORDS),
            Some(_) => Err(
                "says how much consent is needed, and only the basis `opt-in` asks for any"
                    .to_owned(),
            ),
        });
        charter.purposes.push(Purpose {
            name: Text::new(name),
            key: Key::of("purpose", name),
            meaning: section.meaning(),
            basis: basis.unwrap_or(Basis::OptIn),
            channels,
            needs: needs.unwrap_or(match basis {
                Some(Basis::Contract | Basis::LegitimateInterest) => Needs::Nothing,
                Some(Basis::OptIn) | None => Needs::Granted,
            }),
            owner: section.owner(&charter.people),
        });
    }
}

pub(super) fn read_identities(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("identities") {
        let section = Section::open(node, &IDENTITY_KEYS, findings);
        let of = section
            .optional("of", |node| values::word(node, PER))
            .unwrap_or(Per::Customer);
        let strength = |node| match (values::word(node, STRENGTHS)?, of) {
            (Strength::Weak, Per::Account) => {
                Err("is `weak`: a name of an account is `strong`".to_owned())
            }
            (strength, _) => Ok(strength),
        };
        let strength = match of {
            Per::Customer => section.required("strength", strength),
            Per::Account => section.optional("strength", strength),
        };
        charter.identities.push(Identity {
            name: Text::new(name),
            key: Key::of("identity", name),
            meaning: section.meaning(),
            strength: strength.unwrap_or(Strength::Strong),
            of,
            hashed: section
                .optional("store", |node| values::word(node, STORES))
                .unwrap_or(false),
            normal: read_normal(&section, name),
            nobody: section.list("nobody", values::text),
            retention: section.optional("retention", |node| match of {
                Per::Customer => values::duration(node),
                Per::Account => Err(
                    "is said of a name of accounts, which is kept as long as the account: leave it out"
                        .to_owned(),
                ),
            }),
            needs: section.optional("needs", |node| {
                refer(node, &charter.names.purposes, "a purpose")
            }),
        });
    }
}

pub(super) const NORMALS: &[(&str, Normal)] = &[
    ("email", Normal::Email),
    ("phone", Normal::Phone(None)),
    ("exact", Normal::Exact),
];

/// Where nothing is said, what is called `email` is an address.
fn read_normal(section: &Section<'_>, name: &str) -> Normal {
    let default = match name {
        "email" => Normal::Email,
        _ => Normal::Exact,
    };
    let normal = section.optional("normal", |node| values::word(node, NORMALS));
    let region = section.optional("region", |node| {
        let code = values::text(node)?;
        CallingRegion::of(&code).ok_or_else(|| {
            let known: Vec<&str> = CallingRegion::countries().collect();
            format!(
                "`{code}` is no region whose numbers are known: write one of {}",
                known.join(", ")
            )
        })
    });
    match normal.unwrap_or(default) {
        Normal::Phone(_) => Normal::Phone(region),
        other => {
            if let Some(node) = section.node.entry("region") {
                section
                    .findings
                    .say(node, "is for `normal = \"phone\"` alone: leave it out");
            }
            other
        }
    }
}

pub(super) fn read_sources(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("sources") {
        let section = Section::open(node, &SOURCE_KEYS, findings);
        if name == HOST {
            findings.say(
                node,
                format!("`{HOST}` is the host itself: no source of a charter is called so"),
            );
        }
        let mut may_send = section.list("may-send", |node| read_sent(node, charter));
        may_send.sort_unstable();
        may_send.dedup();
        let mut subjects = section.list("subjects", |node| {
            let identity = refer(node, &charter.names.identities, "an identity")?;
            match charter.identities.at(identity).of {
                Per::Customer => Ok(identity),
                Per::Account => {
                    Err("is an identity of accounts: an event names it as its `account`".to_owned())
                }
            }
        });
        subjects.sort_unstable();
        subjects.dedup();
        charter.sources.push(Source {
            name: Text::new(name),
            key: Key::of("source", name),
            meaning: section.meaning(),
            may_send,
            subjects,
        });
    }
}

/// An event that a source may send.
fn read_sent(node: &Node, charter: &Charter) -> Result<EventIx, String> {
    let name = values::text(node)?;
    let is_sent = |event: &EventKind| event.built_in.is_none_or(BuiltIn::is_sent);
    match charter.names.events.get(&name) {
        Some(&event) if is_sent(charter.events.at(event)) => Ok(event),
        Some(_) => Err(format!(
            "{} is made by the host: no source sends it",
            node.shown()
        )),
        None => {
            let sent = charter.events.iter().filter(|(_, event)| is_sent(event));
            let known = sent.map(|(_, event)| event.name.as_str());
            Err(format!(
                "`{name}` is not an event of this charter{}",
                did_you_mean(&name, known)
            ))
        }
    }
}
