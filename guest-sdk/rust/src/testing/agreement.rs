//! Whether a policy does what its manifest says.
#![expect(clippy::panic, reason = "a failed test panics")]

use core::fmt::{Display, Write as _};

use crate::bindings::exports::kairos::policy::policy as wit;
use crate::manifest::{InputText, MomentText, Policy};
use crate::value::Value;

/// The place of an input in its list; fails the test where it is not declared, or of another kind.
#[track_caller]
pub(super) fn declared(
    moment: &MomentText,
    list: &str,
    inputs: &[InputText],
    name: &str,
    value: Option<&Value>,
) -> usize {
    let Some((place, input)) = (0..).zip(inputs).find(|(_, input)| input.name == name) else {
        panic!(
            "`{name}` is not declared in `{list}` of `{}`: it declares {}",
            moment.name,
            names(inputs.iter().map(|input| input.name))
        );
    };
    if let Some(value) = value.filter(|value| value.kind() != input.kind) {
        panic!(
            "`{name}` is declared as {:?}; the test gives {value}",
            input.kind
        );
    }
    place
}

/// What a host would refuse in the manifest, whatever its charter says.
pub(super) fn flaw<P: Policy>() -> Option<String> {
    let manifest = P::MANIFEST;
    let moments = twice(manifest.moments.iter().map(|moment| moment.name));
    let reasons = twice(manifest.reasons.iter().map(|reason| reason.code));
    let within = manifest.moments.iter().find_map(|moment| {
        twice(moment.data.iter().map(|input| input.name))
            .or_else(|| twice(moment.reads.iter().map(|input| input.name)))
            .or_else(|| twice(moment.proposes.iter().map(|(action, _)| *action)))
            .map(|name| format!("`{name}` stands twice in `{}`", moment.name))
    });
    moments
        .map(|name| format!("moment `{name}` stands twice"))
        .or_else(|| reasons.map(|code| format!("reason `{code}` stands twice")))
        .or(within)
}

fn twice<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let all = names.clone();
    (0..)
        .zip(names)
        .find(|(place, name)| all.clone().take(*place).any(|earlier| earlier == *name))
        .map(|(_, name)| name)
}

/// What the decision uses that the manifest does not name; a host would call it nonsense or refuse it.
pub(super) fn disagreement<P: Policy>(
    moment: &MomentText,
    decision: &wit::Decision,
) -> Option<String> {
    let reason = |code: &str| {
        let known = P::MANIFEST.reasons.iter().any(|reason| reason.code == code);
        (!known).then(|| format!("reason `{code}` is not in the manifest"))
    };
    match decision {
        wit::Decision::Hold(code) => reason(code),
        wit::Decision::Act(proposals) if proposals.is_empty() => {
            Some("it acts without a proposal: hold, and say why".to_owned())
        }
        wit::Decision::Act(proposals) => proposals
            .iter()
            .find_map(|proposal| undeclared(moment, proposal).or_else(|| reason(&proposal.reason))),
    }
}

fn undeclared(moment: &MomentText, proposal: &wit::Proposal) -> Option<String> {
    let wit::Proposal {
        action,
        channel,
        parameters,
        ..
    } = proposal;
    let Some((_, channels)) = moment.proposes.iter().find(|(name, _)| name == action) else {
        return Some(format!("`{}` does not propose `{action}`", moment.name));
    };
    if !channels.contains(&channel.as_str()) {
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
    twice(parameters.iter().map(|parameter| parameter.name.as_str()))
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
