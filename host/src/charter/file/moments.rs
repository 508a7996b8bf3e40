//! [moments].

use crate::charter::Charter;
use crate::charter::channels::{Latency, Mode};
use crate::charter::events::{BuiltIn, EventIx, Moment, MomentIx, Silence};
use crate::charter::expression::Condition;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::fields::FieldIx;
use crate::charter::file::events::ELAPSED;
use crate::charter::file::page::{Node, Shape};
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
        let silence = moment.silence.as_ref();
        let (starts, ends) = silence.map_or((Vec::new(), Vec::new()), |silence| {
            (silence.after.clone(), silence.unless.clone())
        });
        charter.moments.push(moment);
        let index: Option<MomentIx> = charter.names.moments.get(name).copied();
        if let Some(on) = on {
            charter.events.at_mut(on).moments.extend(index);
        }
        for event in starts {
            charter.events.at_mut(event).starts.extend(index);
        }
        for event in ends {
            charter.events.at_mut(event).ends.extend(index);
        }
    }
}

pub(super) const MOMENT_KEYS: Keys = Keys {
    known: &[
        "on",
        "silence",
        "after",
        "unless",
        "when",
        "requires",
        "mode",
        "class",
        "real-time",
        "worst-case",
        "owner",
        "lateness",
        "review-by",
    ],
    later: &[],
    central: &[],
};

fn read_moment(
    name: &str,
    node: &Node,
    charter: &Charter,
    findings: &Findings,
) -> (Option<EventIx>, Moment) {
    let section = Section::open(node, &MOMENT_KEYS, findings);
    let silence = read_silence(&section, charter);
    let on = read_event(&section, charter);
    let scope = Scope {
        charter,
        event: on,
        market: None,
        sight: Sight::Everything,
    };
    let when = on
        .and_then(|_| section.optional("when", |node| Condition::parse(source_of(node)?, &scope)));
    let mode = section.required("mode", |node| {
        match (values::word(node, MODES)?, section.has("silence")) {
            (Mode::Respond, true) => {
                Err("is `respond`, and after a silence nobody waits: `inspire`".to_owned())
            }
            (mode, _) => Ok(mode),
        }
    });
    let class = section.required("class", |node| {
        let class = values::word(node, CLASSES)?;
        mode.map_or(Ok(()), |mode| check_speed(mode, class))?;
        Ok(class)
    });
    let moment = Moment {
        name: Text::new(name),
        key: Key::of("moment", name),
        on: on.unwrap_or_else(stand_in),
        silence,
        when,
        requires: read_requires(&section, charter),
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

/// The event at hand: the one that it is on, or that of silences.
fn read_event(section: &Section<'_>, charter: &Charter) -> Option<EventIx> {
    if section.has("silence") {
        if let Some(node) = section.node.entry("on") {
            section.findings.say(
                node,
                "contradicts `silence`: a moment is on an event, or after a silence",
            );
        }
        return charter.names.events.get(ELAPSED).copied();
    }
    for key in ["after", "unless"] {
        if let Some(node) = section.node.entry(key) {
            section.findings.say(
                node,
                "belongs to `silence`, which says how long nothing must have come",
            );
        }
    }
    section.required("on", |node| {
        let event = refer(node, &charter.names.events, "an event")?;
        match charter.events.at(event).built_in {
            Some(BuiltIn::SilenceElapsed) => Err(format!(
                "is {}, which is there for silences: write `silence` and `after` instead",
                node.shown()
            )),
            _ => Ok(event),
        }
    })
}

fn read_silence(section: &Section<'_>, charter: &Charter) -> Option<Silence> {
    section.node.entry("silence")?;
    let lasts = section.optional("silence", values::duration);
    let event = |node: &Node| {
        let event = refer(node, &charter.names.events, "an event")?;
        match charter.events.at(event).built_in {
            Some(BuiltIn::SilenceElapsed) => Err(format!(
                "is {}: a silence does not break a silence",
                node.shown()
            )),
            _ => Ok(event),
        }
    };
    section.required("after", |node| match &node.shape {
        Shape::List(events) if events.is_empty() => {
            Err("is empty: name the events after which it must be silent".to_owned())
        }
        _ => Ok(()),
    });
    let mut after = section.list("after", event);
    let mut unless = section.list("unless", |node| {
        let event = event(node)?;
        if after.contains(&event) {
            return Err(format!(
                "{} starts the silence anew and ends it: name it in `after` or in `unless`",
                node.shown()
            ));
        }
        Ok(event)
    });
    for events in [&mut after, &mut unless] {
        events.sort_unstable();
        events.dedup();
    }
    Some(Silence {
        lasts: lasts?,
        after,
        unless,
    })
}

/// Central fields without which nobody is asked (A18).
fn read_requires(section: &Section<'_>, charter: &Charter) -> Vec<FieldIx> {
    let mut fields = section.list("requires", |node| {
        let field = refer(node, &charter.names.fields, "a field")?;
        if charter.fields.at(field).market.is_some() {
            return Err(format!(
                "{} is one market's own, and a moment is the same in every market",
                node.shown()
            ));
        }
        Ok(field)
    });
    fields.sort_unstable();
    fields.dedup();
    fields
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
