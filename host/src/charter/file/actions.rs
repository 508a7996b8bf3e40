//! [actions].

use crate::charter::Charter;
use crate::charter::actions::{Action, Automation, CancelOn, Class, OnPending, Target};
use crate::charter::channels::{ChannelIx, Mode};
use crate::charter::consent::Basis;
use crate::charter::expression::Condition;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::file::bounds::{self, caps_of, read_delay};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::parameters::read_parameters;
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::values::{self, source_of};
use crate::charter::nearest::quoted;
use crate::clock::Span;
use crate::ids::{Key, Text};

pub(super) const CANCEL_KEYS: Keys = Keys {
    known: &["event", "when"],
    later: &[],
    central: &[],
};

/// How long a person may take to approve an action, where the charter does not say.
const APPROVE_WITHIN: Span = Span::from_days(1);
/// The weight of an action, where the charter does not say.
const WEIGHT: u32 = 100;
/// The heaviest action.
const MOST_WEIGHT: u64 = 1_000_000;
/// The most events that cancel one action.
const CANCELLING: usize = 64;

pub(super) const TARGETS: &[(&str, Target)] =
    &[("customer", Target::Customer), ("account", Target::Account)];
pub(super) const AUTOMATIONS: &[(&str, Automation)] = &[
    ("auto", Automation::Auto),
    ("approval", Automation::Approval),
    ("never", Automation::Never),
];
pub(super) const PENDING: &[(&str, OnPending)] = &[
    ("both", OnPending::Both),
    ("replace", OnPending::Replace),
    ("keep", OnPending::Keep),
];

pub(super) fn read_actions(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("actions") {
        let action = read_action(name, node, charter, findings);
        check_action(&action, node, charter, findings);
        charter.actions.push(action);
    }
}

pub(super) const ACTION_KEYS: Keys = Keys {
    known: &[
        "meaning",
        "class",
        "to",
        "channels",
        "purpose",
        "slot",
        "parameters",
        "delay",
        "lapses",
        "pending",
        "cancel-on",
        "still",
        "caps",
        "automation",
        "approve-within",
        "reach",
        "cost",
        "weight",
        "owner",
        "review-by",
    ],
    later: &[],
    central: &[],
};

fn read_action(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> Action {
    let section = Section::open(node, &ACTION_KEYS, findings);
    let delay = node.entry("delay").map(|node| read_delay(node, findings));
    Action {
        name: Text::new(name),
        key: Key::of("action", name),
        meaning: section.meaning(),
        class: section
            .required("class", bounds::class)
            .unwrap_or(Class::Marketing),
        to: section
            .optional("to", |node| values::word(node, TARGETS))
            .unwrap_or(Target::Customer),
        channels: read_channels(&section, charter),
        purpose: section
            .required("purpose", |node| {
                refer(node, &charter.names.purposes, "a purpose")
            })
            .unwrap_or_else(stand_in),
        slot: section.optional("slot", values::text),
        parameters: read_parameters(&section, charter),
        delay: delay.unwrap_or_default(),
        lapses: section.optional("lapses", values::duration),
        pending: section
            .optional("pending", |node| values::word(node, PENDING))
            .unwrap_or_default(),
        cancel_on: read_cancel_on(&section, charter),
        still: read_still(&section, charter),
        caps: caps_of(&section),
        automation: section
            .optional("automation", |node| values::word(node, AUTOMATIONS))
            .unwrap_or_default(),
        approve_within: section
            .optional("approve-within", values::duration)
            .unwrap_or(APPROVE_WITHIN),
        reach: section.optional("reach", bounds::amount),
        cost: section.optional("cost", bounds::money).unwrap_or_default(),
        weight: section
            .optional("weight", |node| values::count(node, MOST_WEIGHT))
            .and_then(|weight| u32::try_from(weight).ok())
            .unwrap_or(WEIGHT),
        owner: section.owner(&charter.people),
    }
}

/// At least one, each once.
pub(super) fn read_channels(section: &Section<'_>, charter: &Charter) -> Vec<ChannelIx> {
    section.required("channels", |node| match &node.shape {
        Shape::List(entries) if entries.is_empty() => {
            Err("is empty: without a channel the action reaches nobody".to_owned())
        }
        _ => Ok(()),
    });
    let mut channels = section.list("channels", |node| {
        refer(node, &charter.names.channels, "a channel")
    });
    channels.sort_unstable();
    channels.dedup();
    channels
}

fn read_cancel_on(section: &Section<'_>, charter: &Charter) -> Vec<CancelOn> {
    if let Some(node) = section.node.entry("cancel-on")
        && let Shape::List(entries) = &node.shape
        && entries.len() > CANCELLING
    {
        section.findings.say(
            node,
            format!("names {} events: at most {CANCELLING}", entries.len()),
        );
    }
    let cancelling = section.list("cancel-on", |node| {
        let section = Section::open(node, &CANCEL_KEYS, section.findings);
        let event = section.required("event", |node| {
            refer(node, &charter.names.events, "an event")
        });
        let scope = Scope {
            charter,
            event,
            market: None,
            sight: Sight::Everything,
        };
        let when = event.and_then(|_| {
            section.optional("when", |node| Condition::parse(source_of(node)?, &scope))
        });
        Ok(event.map(|event| CancelOn { event, when }))
    });
    cancelling.into_iter().flatten().collect()
}

fn read_still(section: &Section<'_>, charter: &Charter) -> Option<Condition> {
    let scope = Scope {
        charter,
        event: None,
        market: None,
        sight: Sight::Everything,
    };
    section.optional("still", |node| Condition::parse(source_of(node)?, &scope))
}

/// Rules that contradict each other, so that one of them could never hold.
fn check_action(action: &Action, node: &Node, charter: &Charter, findings: &Findings) {
    let say = |key: &str, what: String| findings.say(node.nearest(&[key]), what);
    let answers = |mode: Mode| {
        let channels = action.channels.iter().map(|one| charter.channels.at(*one));
        channels.filter(move |channel| channel.mode == mode)
    };
    if action.delay.min > Span::default()
        && let Some(channel) = answers(Mode::Respond).next()
    {
        say(
            "delay",
            format!(
                "is at least `{}`, and `{}` answers at once: split it into two actions",
                action.delay.min, channel.name
            ),
        );
    }
    if !action.channels.is_empty() && answers(Mode::Inspire).next().is_none() {
        for key in ["pending", "cancel-on"] {
            if node.entry(key).is_some() {
                say(
                    key,
                    "is for what waits, and all of its channels answer at once".to_owned(),
                );
            }
        }
    }
    if action.automation == Automation::Never && node.entry("approve-within").is_some() {
        say(
            "approve-within",
            "is for what a person may approve, and this is `automation = \"never\"`".to_owned(),
        );
    }
    check_transactional(action, node, charter, findings);
    check_slot(action, node, charter, findings);
}

/// What is owed to the customer rests on the contract, is not held back, and promotes nothing (D14).
fn check_transactional(action: &Action, node: &Node, charter: &Charter, findings: &Findings) {
    if action.class != Class::Transactional {
        return;
    }
    let purpose = charter
        .purposes
        .iter()
        .find(|(one, _)| *one == action.purpose);
    if let Some((_, purpose)) = purpose
        && purpose.basis != Basis::Contract
    {
        findings.say(
            node.nearest(&["purpose"]),
            format!(
                "is `{}`, and what is `transactional` rests on a purpose of basis `contract`",
                purpose.name
            ),
        );
    }
    if let Some(node) = node.entry("caps") {
        findings.say(
            node,
            "never hold back what is `transactional`: leave them out, or choose another class",
        );
    }
    for parameter in action.parameters.iter().filter(|one| one.is_promotion) {
        findings.say(
            node.nearest(&["parameters", &parameter.name, "promotion"]),
            "promotes, and what is `transactional` may not: make it an action of its own",
        );
    }
}

/// Where a channel has slots of its own, an action takes one of them.
fn check_slot(action: &Action, node: &Node, charter: &Charter, findings: &Findings) {
    let Some(slot) = &action.slot else { return };
    for channel in action.channels.iter().map(|one| charter.channels.at(*one)) {
        if !channel.slots.is_empty() && !channel.slots.contains(slot) {
            findings.say(
                node.nearest(&["slot"]),
                format!(
                    "`{slot}` is none of the slots of `{}`: {}",
                    channel.name,
                    quoted(&channel.slots)
                ),
            );
        }
    }
}
