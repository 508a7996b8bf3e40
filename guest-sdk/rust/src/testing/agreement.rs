//! Whether a policy does what its manifest says.
#![expect(clippy::panic, reason = "a failed test panics")]

use core::fmt::{Display, Write as _};

use crate::contract::{self as wit, Input, List, Moment, Str};
use crate::manifest::Policy;
use crate::value::Value;

/// The place of an input in its list; fails the test where it is not declared, or of another kind.
#[track_caller]
pub(super) fn declared(
    moment: &Moment,
    list: &str,
    inputs: List<'_, Input>,
    name: &str,
    value: Option<&Value>,
) -> usize {
    let Some((place, input)) = (0..)
        .zip(inputs.items())
        .find(|(_, input)| input.name == name)
    else {
        panic!(
            "`{name}` is not declared in `{list}` of `{}`: it declares {}",
            moment.name,
            names(inputs.items().iter().map(|input| input.name))
        );
    };
    if let Some(value) = value.filter(|value| value.kind() != input.kind) {
        panic!(
            "`{name}` is declared as Kind::{:?}; the test gives {value}",
            input.kind
        );
    }
    place
}

/// What a host would refuse in the manifest, whatever its charter says.
pub(super) fn flaw<P: Policy>() -> Option<String> {
    let manifest = P::MANIFEST;
    let (moments, reasons) = (manifest.moments.items(), manifest.reasons.items());
    let within = moments.iter().find_map(|moment| {
        let proposes = moment.proposes.items().iter();
        twice(moment.data.items().iter().map(|input| input.name))
            .or_else(|| twice(moment.reads.items().iter().map(|input| input.name)))
            .or_else(|| twice(proposes.map(|may| may.action)))
            .map(|name| format!("`{name}` stands twice in `{}`", moment.name))
    });
    twice(moments.iter().map(|moment| moment.name))
        .map(|name| format!("moment `{name}` stands twice"))
        .or_else(|| {
            let reason = twice(reasons.iter().map(|reason| reason.code));
            reason.map(|code| format!("reason `{code}` stands twice"))
        })
        .or(within)
}

fn twice<'a>(names: impl Iterator<Item = Str<'a>> + Clone) -> Option<Str<'a>> {
    let all = names.clone();
    (0..)
        .zip(names)
        .find(|(place, name)| all.clone().take(*place).any(|earlier| earlier == *name))
        .map(|(_, name)| name)
}

/// What the decision uses that the manifest does not name; a host would call it nonsense or refuse it.
pub(super) fn disagreement<P: Policy>(moment: &Moment, decision: &wit::Decision) -> Option<String> {
    let reason = |code: Str<'_>| {
        let mut reasons = P::MANIFEST.reasons.items().iter();
        let known = reasons.any(|reason| reason.code == code);
        (!known).then(|| format!("reason `{code}` is not in the manifest"))
    };
    match decision {
        wit::Decision::Hold(code) => reason(*code),
        wit::Decision::Act(proposals) if proposals.items().is_empty() => {
            Some("it acts without a proposal: hold, and say why".to_owned())
        }
        wit::Decision::Act(proposals) => proposals
            .items()
            .iter()
            .find_map(|proposal| undeclared(moment, proposal).or_else(|| reason(proposal.reason))),
    }
}

fn undeclared(moment: &Moment, proposal: &wit::Proposal) -> Option<String> {
    let wit::Proposal {
        action,
        channel,
        parameters,
        ..
    } = proposal;
    let mut proposes = moment.proposes.items().iter();
    let Some(may) = proposes.find(|may| may.action == *action) else {
        return Some(format!("`{}` does not propose `{action}`", moment.name));
    };
    let channels = may.channels.items();
    if !channels.contains(channel) {
        return Some(format!(
            "`{action}` is declared by {}, not by `{channel}`",
            names(channels.iter())
        ));
    }
    if !proposal.score.is_finite() {
        return Some(format!("the score of `{action}` is {}", proposal.score));
    }
    if matches!(&proposal.timing, wit::Timing::Local(time) if time.minute >= 24 * 60) {
        return Some(format!("`{action}` is timed past the end of a day"));
    }
    twice(parameters.items().iter().map(|parameter| parameter.name))
        .map(|name| format!("`{action}` has the parameter `{name}` twice"))
}

pub(super) fn names(names: impl IntoIterator<Item = impl Display>) -> String {
    let mut list = String::new();
    for name in names {
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}`{name}`");
    }
    if list.is_empty() {
        "nothing".to_owned()
    } else {
        list
    }
}
