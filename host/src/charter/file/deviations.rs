//! [[deviations]]: the only way to widen, for one market, approved, and until it expires (C03).

use crate::charter::Charter;
use crate::charter::channels::ChannelIx;
use crate::charter::file::bounds::{self, check_delay, read_caps, read_delay};
use crate::charter::file::channels::read_slots;
use crate::charter::file::hours::read_hours;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::{actions, typing, values};
use crate::charter::markets::{ChannelFrame, Frame, Market, MarketIx};
use crate::charter::nearest::{did_you_mean, quoted};
use crate::charter::people::{self, Deviation};
use crate::charter::table::Index;
use crate::ids::Text;

pub(super) const DEVIATION_KEYS: Keys = Keys {
    known: &[
        "market",
        "what",
        "is",
        "why",
        "approved-by",
        "expires",
        "review-by",
    ],
    later: &[],
    central: &[],
};

/// The most deviations of one charter.
const DEVIATIONS: usize = 1_000;
/// What can deviate of each.
const OF_ACTIONS: [&str; 7] = [
    "channels",
    "delay",
    "lapses",
    "pending",
    "caps",
    "automation",
    "reach",
];
const OF_PARAMETERS: [&str; 4] = ["between", "one-of", "at-most", "required"];
const OF_CHANNELS: [&str; 3] = ["caps", "hours", "slots"];

/// A deviation and where it stands.
pub(super) struct Deviating<'a> {
    pub(super) deviation: Deviation,
    is: &'a Node,
    what: &'a Node,
    /// `what`, in its parts.
    path: Vec<&'a str>,
}

impl Deviating<'_> {
    pub(super) fn expires(&self) -> jiff::civil::Date {
        self.deviation.expires
    }
}

pub(super) fn read_deviations<'a>(
    top: &Section<'a>,
    charter: &Charter,
    findings: &'a Findings,
) -> Vec<Deviating<'a>> {
    if let Some(node) = top.node.entry("deviations")
        && let Shape::List(entries) = &node.shape
        && let Some(node) = entries.get(DEVIATIONS)
    {
        findings.say(
            node,
            format!("is one deviation too many: at most {DEVIATIONS}"),
        );
    }
    let read = top.list("deviations", |node| {
        Ok(read_deviation(node, charter, findings))
    });
    let read: Vec<Deviating<'_>> = read.into_iter().flatten().take(DEVIATIONS).collect();
    for (position, later) in read.iter().enumerate() {
        let overlapping = read.iter().take(position).find(|earlier| {
            earlier.deviation.market == later.deviation.market
                && earlier.path.iter().zip(&later.path).all(|(a, b)| a == b)
        });
        if let Some(earlier) = overlapping {
            findings.say(
                later.what,
                format!(
                    "overlaps `{}` at {} for the same market: one deviation says all of it",
                    earlier.deviation.what, earlier.deviation.place
                ),
            );
        }
    }
    read
}

fn read_deviation<'a>(
    node: &'a Node,
    charter: &Charter,
    findings: &'a Findings,
) -> Option<Deviating<'a>> {
    let section = Section::open(node, &DEVIATION_KEYS, findings);
    let market = section.required("market", |node| {
        refer(node, &charter.names.markets, "a market")
    });
    let what = section.required("what", |node| {
        let path: Vec<&str> = values::source_of(node)?.split('.').collect();
        check_path(&path)?;
        Ok((node, path))
    });
    let is = section.required("is", Ok);
    let why = section.required("why", values::text);
    section.required("approved-by", |_| Ok(()));
    let approved_by = section.list("approved-by", |node| {
        let name = values::text(node)?;
        let known = || charter.people.iter().map(|person| person.name.as_str());
        match known().any(|person| name == person) {
            true => Ok(name),
            false => Err(format!(
                "`{name}` is not one of [people]{}",
                did_you_mean(&name, known())
            )),
        }
    });
    let expires = section.required("expires", values::date);
    check_review(&section, expires);
    let (what, path) = what?;
    check_approval(node, &path, &approved_by, charter, findings);
    Some(Deviating {
        deviation: Deviation {
            market: market?,
            what: Text::new(path.join(".")),
            is: Text::new(is?.to_string()),
            place: Text::new(what.place()),
            why: why?,
            approved_by,
            expires: expires?,
        },
        is: is?,
        what,
        path,
    })
}

/// Everybody who must sign the section must have approved what deviates from it.
fn check_approval(
    node: &Node,
    path: &[&str],
    approved_by: &[Text],
    charter: &Charter,
    findings: &Findings,
) {
    let Some(section) = path.first() else { return };
    let approvers = people::approvers(&charter.approvals, section);
    let missing: Vec<&Text> = approvers
        .iter()
        .filter(|approver| !approved_by.contains(approver))
        .collect();
    if let (Some(list), false) = (node.entry("approved-by"), missing.is_empty()) {
        findings.say(
            list,
            format!(
                "lacks {}: [approvals] names {} for `{section}`",
                quoted(&missing),
                quoted(approvers)
            ),
        );
    }
}

/// A deviation is looked at again while it holds.
fn check_review(section: &Section<'_>, expires: Option<jiff::civil::Date>) {
    let review_by = section.optional("review-by", values::date);
    if let (Some(review_by), Some(expires)) = (review_by, expires)
        && review_by > expires
    {
        section.findings.say(
            section.node.nearest(&["review-by"]),
            format!("is `{review_by}`, and the deviation ends on {expires}: write a day before"),
        );
    }
}

/// Whether something can deviate there at all.
fn check_path(path: &[&str]) -> Result<(), String> {
    let known: &[&str] = match path {
        ["caps"]
        | ["channels", _, "caps" | "hours" | "slots"]
        | ["actions", _, "delay", "min" | "max"] => return Ok(()),
        ["actions", _, key] if OF_ACTIONS.contains(key) => return Ok(()),
        ["actions", _, "parameters", _, key] if OF_PARAMETERS.contains(key) => return Ok(()),
        ["actions", _, "parameters", ..] => &OF_PARAMETERS,
        ["actions", _, "delay", ..] => &["min", "max"],
        ["actions", ..] => &OF_ACTIONS,
        ["channels", ..] => &OF_CHANNELS,
        ["moments", ..] => {
            return Err(
                "is the same in every market: which moments a market has is its grant".to_owned(),
            );
        }
        _ => {
            return Err(format!(
                "`{}` cannot deviate: there are `actions.<action>.…`, `channels.<channel>.…` and `caps`",
                path.join(".")
            ));
        }
    };
    let pattern = match path {
        ["actions", _, "parameters", ..] => "actions.<action>.parameters.<parameter>.<key>",
        ["actions", _, "delay", ..] => "actions.<action>.delay.<key>",
        ["actions", ..] => "actions.<action>.<key>",
        _ => "channels.<channel>.<key>",
    };
    let also = match path {
        ["actions", _, "parameters" | "delay", ..] => "",
        ["actions", ..] => ", or `actions.<action>.parameters.<parameter>.…`",
        _ => "",
    };
    Err(format!(
        "`{}` cannot deviate: write `{pattern}` with a key of {}{also}",
        path.join("."),
        quoted(known)
    ))
}

/// Which lines draw the bounds of one market: the charter's, or those of the deviations that hold.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) central: &'a Node,
    pub(super) deviating: &'a [&'a Deviating<'a>],
}

impl Lines<'_> {
    /// `charter.toml:42`, of the line that bounds what is at `path`.
    pub(super) fn place(&self, path: &[&str]) -> String {
        let covers = |one: &&&Deviating<'_>| one.path.iter().zip(path).all(|(a, b)| a == b);
        match self.deviating.iter().find(covers) {
            Some(one) => one.is.place(),
            None => self.central.nearest(path).place(),
        }
    }
}

/// Puts what deviates in the place of what the charter grants.
pub(super) fn apply(
    one: &Deviating<'_>,
    market: &mut Market,
    charter: &Charter,
    findings: &Findings,
) {
    match one.path.as_slice() {
        ["caps"] => market.caps = read_caps(one.is, findings),
        ["channels", channel, key] => match charter.names.channels.get(*channel) {
            Some(&index) => {
                let frame = market.channels.get_mut(usize::from(index.number()));
                if let Some(frame) = frame {
                    apply_to_channel(one, key, frame, findings);
                }
            }
            None => unknown(
                one,
                "a channel",
                charter.names.channels.keys().map(|name| name.as_str()),
                channel,
                findings,
            ),
        },
        ["actions", action, rest @ ..] => match charter.names.actions.get(*action) {
            Some(&index) => {
                let frame = market.frames.get_mut(usize::from(index.number()));
                match frame.and_then(Option::as_mut) {
                    Some(frame) => apply_to_action(one, rest, frame, charter, findings),
                    None => findings.say(
                        one.what,
                        format!(
                            "`{action}` is not granted to this market: add it to `actions` of [markets.{}]",
                            market.name
                        ),
                    ),
                }
            }
            None => unknown(
                one,
                "an action",
                charter.names.actions.keys().map(|name| name.as_str()),
                action,
                findings,
            ),
        },
        _ => {}
    }
}

fn unknown<'a>(
    one: &Deviating<'_>,
    what: &str,
    known: impl Iterator<Item = &'a str>,
    name: &str,
    findings: &Findings,
) {
    let guess = did_you_mean(name, known);
    findings.say(
        one.what,
        format!("`{name}` is not {what} of this charter{guess}"),
    );
}

fn apply_to_channel(one: &Deviating<'_>, key: &str, frame: &mut ChannelFrame, findings: &Findings) {
    let section = Section {
        node: one.is,
        findings,
    };
    match key {
        "caps" => frame.caps = read_caps(one.is, findings),
        "hours" => frame.hours = read_hours(one.is, findings),
        _ => {
            if let Some(slots) = section.noted(one.is, read_slots(one.is)) {
                frame.slots = slots;
            }
        }
    }
}

fn apply_to_action(
    one: &Deviating<'_>,
    rest: &[&str],
    frame: &mut Frame,
    charter: &Charter,
    findings: &Findings,
) {
    let node = one.is;
    let section = Section { node, findings };
    match rest {
        ["channels"] => frame.channels = read_channels(node, charter, findings),
        ["delay"] => frame.delay = read_delay(node, findings),
        ["delay", "min"] => {
            frame.delay.min = section.noted(node, values::delay(node)).unwrap_or_default();
            check_delay(node, frame.delay, findings);
        }
        ["delay", _] => {
            frame.delay.max = section.noted(node, values::delay(node));
            check_delay(node, frame.delay, findings);
        }
        ["lapses"] => frame.lapses = section.noted(node, values::duration(node)),
        ["pending"] => {
            let pending = section.noted(node, values::word(node, actions::PENDING));
            frame.pending = pending.unwrap_or_default();
        }
        ["caps"] => frame.caps = read_caps(node, findings),
        ["automation"] => {
            let automation = section.noted(node, values::word(node, actions::AUTOMATIONS));
            frame.automation = automation.unwrap_or_default();
        }
        ["reach"] => frame.reach = section.noted(node, bounds::amount(node)),
        ["parameters", parameter, key] => apply_to_parameter(one, parameter, key, frame, findings),
        _ => {}
    }
}

fn read_channels(node: &Node, charter: &Charter, findings: &Findings) -> Vec<ChannelIx> {
    let section = Section { node, findings };
    let Shape::List(entries) = &node.shape else {
        findings.say(
            node,
            format!("is {}: write a list in `[` and `]`", node.shown()),
        );
        return Vec::new();
    };
    if entries.is_empty() {
        findings.say(
            node,
            "is empty: without a channel the action reaches nobody",
        );
    }
    let channels = entries
        .iter()
        .filter_map(|node| section.noted(node, refer(node, &charter.names.channels, "a channel")));
    let mut channels: Vec<ChannelIx> = channels.collect();
    channels.sort_unstable();
    channels.dedup();
    channels
}

fn apply_to_parameter(
    one: &Deviating<'_>,
    name: &str,
    key: &str,
    frame: &mut Frame,
    findings: &Findings,
) {
    let node = one.is;
    let section = Section { node, findings };
    let known = frame.parameters.iter().map(|known| known.name.as_str());
    let guess = did_you_mean(name, known);
    let Some(parameter) = frame.parameters.iter_mut().find(|known| known.name == name) else {
        findings.say(
            one.what,
            format!("`{name}` is not a parameter of this action{guess}"),
        );
        return;
    };
    let ty = parameter.ty;
    match key {
        "between" => parameter.between = section.noted(node, typing::read_between(node, ty)),
        "one-of" => {
            parameter.one_of = section
                .noted(node, typing::read_one_of(node, ty))
                .unwrap_or_default();
        }
        "at-most" => {
            parameter.at_most = section
                .noted(node, typing::read_at_most(node, ty))
                .unwrap_or(1);
        }
        _ => parameter.required = section.noted(node, values::flag(node)).unwrap_or(true),
    }
}

/// Those of one market, the first to expire first.
pub(super) fn of_market<'a>(all: &'a [Deviating<'a>], market: MarketIx) -> Vec<&'a Deviating<'a>> {
    let mut own: Vec<&Deviating<'_>> = all
        .iter()
        .filter(|one| one.deviation.market == market)
        .collect();
    own.sort_by_key(|one| one.deviation.expires);
    own
}
