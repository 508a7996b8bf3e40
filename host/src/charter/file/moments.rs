//! [moments].

use crate::charter::Charter;
use crate::charter::channels::{Latency, Mode};
use crate::charter::events::{EventIx, Moment, MomentIx};
use crate::charter::expression::Condition;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer, stand_in};
use crate::charter::file::values::{self, source_of};
use crate::ids::{Key, Text};

pub(super) const MODES: &[(&str, Mode)] = &[("respond", Mode::Respond), ("inspire", Mode::Inspire)];
pub(super) const CLASSES: &[(&str, Latency)] = &[
    ("interactive", Latency::Interactive),
    ("assisted", Latency::Assisted),
    ("outbound", Latency::Outbound),
];

pub(super) fn read_moments(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("moments") {
        let (on, moment) = read_moment(name, node, charter, findings);
        charter.moments.push(moment);
        let index: Option<MomentIx> = charter.names.moments.get(name).copied();
        if let Some(on) = on {
            charter.events.at_mut(on).moments.extend(index);
        }
    }
}

fn read_moment(
    name: &str,
    node: &Node,
    charter: &Charter,
    findings: &Findings,
) -> (Option<EventIx>, Moment) {
    const KEYS: Keys = Keys {
        known: &[
            "on",
            "when",
            "mode",
            "class",
            "real-time",
            "worst-case",
            "owner",
            "lateness",
        ],
        later: &["silence", "after", "unless"],
        central: &[],
    };
    let section = Section::open(node, &KEYS, findings);
    let event = |node| refer(node, &charter.names.events, "an event");
    let on = if section.has("silence") {
        section.optional("on", event)
    } else {
        section.required("on", event)
    };
    let scope = Scope {
        charter,
        event: on,
        market: None,
        sight: Sight::Everything,
    };
    let when = on
        .and_then(|_| section.optional("when", |node| Condition::parse(source_of(node)?, &scope)));
    let mode = section.required("mode", |node| values::word(node, MODES));
    let class = section.required("class", |node| {
        let class = values::word(node, CLASSES)?;
        mode.map_or(Ok(()), |mode| check_speed(mode, class))?;
        Ok(class)
    });
    let moment = Moment {
        name: Text::new(name),
        key: Key::of("moment", name),
        on: on.unwrap_or_else(stand_in),
        silence: None,
        when,
        requires: Vec::new(),
        mode: mode.unwrap_or(Mode::Inspire),
        class: class.unwrap_or(Latency::Outbound),
        real_time: section
            .required("real-time", values::text)
            .unwrap_or_default(),
        worst_case: section
            .required("worst-case", values::text)
            .unwrap_or_default(),
        owner: section.owner(&charter.people),
        lateness: section.optional("lateness", values::duration),
    };
    (on, moment)
}

/// Who waits for an answer cannot be kept waiting, and nobody waits for an inspiration (B08).
fn check_speed(mode: Mode, class: Latency) -> Result<(), String> {
    match (mode, class) {
        (Mode::Respond, Latency::Outbound) => Err(
            "is `outbound`, and somebody waits for a response: `interactive` or `assisted`"
                .to_owned(),
        ),
        (Mode::Inspire, Latency::Interactive) => Err(
            "is `interactive`, and nobody waits for an inspiration: `assisted` or `outbound`"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}
