//! [channels].

use crate::charter::Charter;
use crate::charter::channels::{Channel, Latency, Mode};
use crate::charter::file::bounds::caps_of;
use crate::charter::file::hours::read_hours;
use crate::charter::file::moments::{CLASSES, MODES};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values;
use crate::ids::{Key, Text};

pub(super) const CHANNEL_KEYS: Keys = Keys {
    known: &[
        "mode",
        "class",
        "connector",
        "caps",
        "hours",
        "slots",
        "review-by",
    ],
    later: &[],
    central: &[],
};

/// The most slots of one channel.
const SLOTS: usize = 100;

pub(super) fn read_channels(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("channels") {
        let section = Section::open(node, &CHANNEL_KEYS, findings);
        let mode = section.required("mode", |node| values::word(node, MODES));
        if let (Some(Mode::Respond), Some(node)) = (mode, node.entry("hours")) {
            findings.say(
                node,
                "are for `inspire`: somebody waits for a response, whatever the hour",
            );
        }
        charter.channels.push(Channel {
            name: Text::new(name),
            key: Key::of("channel", name),
            mode: mode.unwrap_or(Mode::Inspire),
            class: section
                .required("class", |node| values::word(node, CLASSES))
                .unwrap_or(Latency::Outbound),
            connector: section
                .required("connector", values::text)
                .unwrap_or_default(),
            caps: caps_of(&section),
            hours: node
                .entry("hours")
                .and_then(|node| read_hours(node, findings)),
            slots: section.optional("slots", read_slots).unwrap_or_default(),
        });
    }
}

/// The places for actions that a channel has, each once.
pub(super) fn read_slots(node: &Node) -> Result<Vec<Text>, String> {
    let Shape::List(entries) = &node.shape else {
        return Err(format!(
            "is {}: write a list such as `[\"top\", \"side\"]`",
            node.shown()
        ));
    };
    if entries.is_empty() {
        return Err("is empty: name the slots, or leave it out".to_owned());
    }
    if entries.len() > SLOTS {
        return Err(format!("names {} slots: at most {SLOTS}", entries.len()));
    }
    let mut slots: Vec<Text> = Vec::with_capacity(entries.len());
    for entry in entries {
        let slot = values::text(entry)?;
        if slots.contains(&slot) {
            return Err(format!("names `{slot}` twice"));
        }
        slots.push(slot);
    }
    Ok(slots)
}
