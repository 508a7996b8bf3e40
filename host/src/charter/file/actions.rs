//! [channels] and [actions].

use crate::charter::Charter;
use crate::charter::actions::{Action, Automation, Class, Delay, OnPending, Parameter, Target};
use crate::charter::channels::{Channel, Latency, Mode};
use crate::charter::file::moments::{CLASSES, MODES};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::{typing, values};
use crate::clock::Span;
use crate::ids::{Key, Text};
use crate::limits;

/// What the charter may one day say of an action, and a market of its own.
pub(super) const LATER: &[&str] = &[
    "delay",
    "pending",
    "cancel-on",
    "still",
    "caps",
    "automation",
    "reach",
];

/// How long a person may take to approve an action, where the charter does not say.
const APPROVE_WITHIN: Span = Span::from_days(1);
/// The weight of an action, where the charter does not say.
const WEIGHT: u32 = 100;

pub(super) fn read_channels(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    const KEYS: Keys = Keys {
        known: &["mode", "class", "connector"],
        later: &["caps", "hours", "slots"],
        central: &[],
    };
    for (name, node) in top.open_each("channels") {
        let section = Section::open(node, &KEYS, findings);
        charter.channels.push(Channel {
            name: Text::new(name),
            key: Key::of("channel", name),
            mode: section
                .required("mode", |node| values::word(node, MODES))
                .unwrap_or(Mode::Inspire),
            class: section
                .required("class", |node| values::word(node, CLASSES))
                .unwrap_or(Latency::Outbound),
            connector: section
                .required("connector", values::text)
                .unwrap_or_default(),
            caps: Vec::new(),
            hours: None,
            slots: Vec::new(),
        });
    }
}

pub(super) fn read_actions(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    const KEYS: Keys = Keys {
        known: &[
            "meaning",
            "class",
            "to",
            "channels",
            "purpose",
            "slot",
            "parameters",
            "lapses",
            "owner",
        ],
        later: LATER,
        central: &[],
    };
    const TARGETS: &[(&str, Target)] =
        &[("customer", Target::Customer), ("account", Target::Account)];
    for (name, node) in top.open_each("actions") {
        let section = Section::open(node, &KEYS, findings);
        section.required("channels", |node| match node.shape {
            super::page::Shape::List(ref entries) if entries.is_empty() => {
                Err("is empty: without a channel the action reaches nobody".to_owned())
            }
            _ => Ok(()),
        });
        let mut channels = section.list("channels", |node| {
            refer(node, &charter.names.channels, "a channel")
        });
        channels.sort_unstable();
        channels.dedup();
        charter.actions.push(Action {
            name: Text::new(name),
            key: Key::of("action", name),
            meaning: section.meaning(),
            class: section
                .required("class", |node| {
                    values::word(node, &Class::ALL.map(|class| (class.word(), class)))
                })
                .unwrap_or(Class::Marketing),
            to: section
                .optional("to", |node| values::word(node, TARGETS))
                .unwrap_or(Target::Customer),
            channels,
            purpose: section
                .required("purpose", |node| {
                    refer(node, &charter.names.purposes, "a purpose")
                })
                .unwrap_or_else(stand_in),
            slot: section.optional("slot", values::text),
            parameters: read_parameters(&section),
            delay: Delay::default(),
            lapses: section.optional("lapses", values::duration),
            pending: OnPending::default(),
            cancel_on: Vec::new(),
            still: None,
            caps: Vec::new(),
            automation: Automation::default(),
            approve_within: APPROVE_WITHIN,
            reach: None,
            cost: 0,
            weight: WEIGHT,
            owner: section.owner(&charter.people),
        });
    }
}

fn read_parameters(section: &Section<'_>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (name, node) in section.open_each("parameters") {
        if parameters.len() == limits::PARAMETERS {
            section.findings.say(
                node,
                format!("is one too many: at most {} parameters", limits::PARAMETERS),
            );
            break;
        }
        if !values::is_snake_case(name) {
            section.findings.say(node, format!("`{name}` is not a name for a parameter: write snake_case, such as `order_total`"));
        }
        parameters.extend(read_parameter(name, node, section.findings));
    }
    parameters
}

fn read_parameter(name: &str, node: &Node, findings: &Findings) -> Option<Parameter> {
    const KEYS: Keys = Keys {
        known: &[
            "type", "unit", "of", "required", "between", "one-of", "at-most",
        ],
        later: &["unless"],
        central: &[],
    };
    let section = Section::open(node, &KEYS, findings);
    let typing = typing::read_typing(&section)?;
    Some(Parameter {
        name: Text::new(name),
        ty: typing.ty,
        unit: section.optional("unit", values::text),
        of: typing.of,
        required: section.optional("required", values::flag).unwrap_or(false),
        between: section.optional("between", |node| typing::read_between(node, typing.ty)),
        one_of: typing.one_of,
        at_most: typing.at_most,
        unless: None,
        is_promotion: false,
    })
}
