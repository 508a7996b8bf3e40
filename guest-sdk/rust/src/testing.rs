//! Tests of a policy, on the author's own machine: no host, no WebAssembly. Everything is named as in the charter.
//!
//! A test also fails where the policy and its manifest do not agree: an input that is not declared, one of another kind, a
//! required one left out, a proposal or a reason that the manifest does not name.
#![expect(clippy::panic, reason = "a failed test panics")]

use core::fmt::{Display, Write as _};
use core::marker::PhantomData;

use crate::bindings::exports::kairos::policy::policy as wit;
use crate::manifest::{InputText, MomentText, Policy, Reason};
use crate::value::{Duration, Instant, Value};

/// 2026-11-02T10:00:00Z, a Monday: `now` where a test says nothing.
pub const NOW: Instant = Instant::from_millis(1_793_613_600_000);

/// A policy about to be asked at a moment.
#[derive(Debug)]
#[must_use = "nothing is asked until `decide`"]
pub struct Asked<P> {
    moment: &'static MomentText,
    event: wit::Event,
    context: wit::Context,
    policy: PhantomData<P>,
}

impl<P: Policy> Asked<P> {
    /// Asks at this moment of the manifest. Until told otherwise, nothing is known.
    #[track_caller]
    pub fn at(moment: &str) -> Self {
        if let Some(flaw) = flaw::<P>() {
            panic!("a host would refuse the manifest: {flaw}");
        }
        let moments = P::MANIFEST.moments;
        let Some((index, found)) = (0..).zip(moments).find(|(_, text)| text.name == moment) else {
            panic!(
                "the manifest has no moment `{moment}`: it has {}",
                names(moments.iter().map(|text| text.name))
            );
        };
        Self {
            moment: found,
            event: wit::Event {
                moment: index,
                channel: None,
                occurred_at: NOW.millis(),
                data: found.data.iter().map(|_| None).collect(),
            },
            context: wit::Context {
                now: NOW.millis(),
                utc_offset: 0,
                market: P::MANIFEST.name.to_owned(),
                language: "en".to_owned(),
                draw: 0,
                readings: found.reads.iter().map(|_| wit::Reading::Unknown).collect(),
            },
            policy: PhantomData,
        }
    }

    /// The event carries this.
    #[track_caller]
    pub fn datum(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let place = declared(self.moment, "data", self.moment.data, name, Some(&value));
        if let Some(datum) = self.event.data.get_mut(place) {
            *datum = Some(value.0);
        }
        self
    }

    /// This is known, as of now.
    #[track_caller]
    pub fn reading(self, name: &str, value: impl Into<Value>) -> Self {
        let as_of = self.context.now;
        self.reading_as_of(name, value, Instant::from_millis(as_of))
    }

    /// This is known, and so old.
    #[track_caller]
    pub fn reading_as_of(self, name: &str, value: impl Into<Value>, as_of: Instant) -> Self {
        let value = value.into();
        let place = declared(self.moment, "reads", self.moment.reads, name, Some(&value));
        let stamped = wit::Stamped {
            value: value.0,
            as_of: as_of.millis(),
        };
        self.put(place, wit::Reading::Known(stamped))
    }

    /// This was said too long ago to be relied on.
    #[track_caller]
    pub fn stale(self, name: &str, value: impl Into<Value>, as_of: Instant) -> Self {
        let value = value.into();
        let place = declared(self.moment, "reads", self.moment.reads, name, Some(&value));
        let stamped = wit::Stamped {
            value: value.0,
            as_of: as_of.millis(),
        };
        self.put(place, wit::Reading::Stale(stamped))
    }

    /// Nobody has said this, which is so for every reading at first.
    #[track_caller]
    pub fn unknown(self, name: &str) -> Self {
        let place = declared(self.moment, "reads", self.moment.reads, name, None);
        self.put(place, wit::Reading::Unknown)
    }

    /// This is kept from the policy.
    #[track_caller]
    pub fn withheld(self, name: &str) -> Self {
        let place = declared(self.moment, "reads", self.moment.reads, name, None);
        self.put(place, wit::Reading::Withheld)
    }

    fn put(mut self, place: usize, reading: wit::Reading) -> Self {
        if let Some(old) = self.context.readings.get_mut(place) {
            *old = reading;
        }
        self
    }

    /// It is decided at this time; the event happens then too.
    pub fn now(mut self, now: Instant) -> Self {
        self.context.now = now.millis();
        self.event.occurred_at = now.millis();
        self
    }

    /// The event happened so long ago.
    pub fn late_by(mut self, wait: Duration) -> Self {
        let wait = i64::try_from(wait.millis()).unwrap_or(i64::MAX);
        self.event.occurred_at = self.context.now.saturating_sub(wait);
        self
    }

    /// The event happened here.
    pub fn on_channel(mut self, channel: &str) -> Self {
        self.event.channel = Some(channel.to_owned());
        self
    }

    /// The customer is so far east of UTC.
    pub fn utc_offset_minutes(mut self, minutes: i32) -> Self {
        self.context.utc_offset = minutes;
        self
    }

    /// The customer reads this language.
    pub fn language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.context.language);
        self
    }

    /// The customer drew this number.
    pub fn draw(mut self, draw: u64) -> Self {
        self.context.draw = draw;
        self
    }

    /// Asks the policy, and holds its answer against its manifest.
    #[track_caller]
    pub fn decide(self) -> Answered {
        let answer = self.ask();
        match answer {
            Ok(decision) => {
                if let Some(fault) = disagreement::<P>(self.moment, &decision) {
                    panic!("the manifest and the decision do not agree: {fault}");
                }
                Answered { decision }
            }
            Err(why) => panic!("the policy could not decide: {why}"),
        }
    }

    /// Asks the policy, and expects that it cannot decide; gives its words.
    #[track_caller]
    pub fn cannot_decide(self) -> String {
        match self.ask() {
            Ok(decision) => panic!("the policy decided: {}", Shown(&decision)),
            Err(why) => why,
        }
    }

    #[track_caller]
    fn ask(&self) -> Result<wit::Decision, String> {
        let data = self.moment.data.iter().zip(&self.event.data);
        let missing = data.filter(|(input, given)| input.required && given.is_none());
        let reads = self.moment.reads.iter().zip(&self.context.readings);
        let unread = reads
            .filter(|(input, given)| input.required && !matches!(given, wit::Reading::Known(_)));
        let blocked: Vec<_> = missing
            .map(|(input, _)| input.name)
            .chain(unread.map(|(input, _)| input.name))
            .collect();
        if !blocked.is_empty() {
            panic!(
                "a host would not ask the policy (outcome `blocked`): required and not given: {}",
                names(blocked)
            );
        }
        P::decide(&self.event, &self.context)
    }
}

/// What the policy answered.
#[derive(Debug)]
pub struct Answered {
    decision: wit::Decision,
}

impl Answered {
    /// It holds, for this reason.
    #[track_caller]
    pub fn holds(&self, reason: impl Reason) {
        match &self.decision {
            wit::Decision::Hold(code) if code == reason.code() => {}
            other => panic!("expected: hold, {}; got: {}", reason.code(), Shown(other)),
        }
    }

    /// It proposes exactly so many actions.
    #[track_caller]
    pub fn proposes_only(&self, count: usize) -> &Self {
        if self.proposals().len() != count {
            panic!(
                "expected: {count} proposals; got: {}",
                Shown(&self.decision)
            );
        }
        self
    }

    /// It does not propose this action.
    #[track_caller]
    pub fn does_not_propose(&self, action: &str) -> &Self {
        if self
            .proposals()
            .iter()
            .any(|proposal| proposal.action == action)
        {
            panic!("expected: no `{action}`; got: {}", Shown(&self.decision));
        }
        self
    }

    /// It proposes this action; the first, where there are several.
    #[track_caller]
    pub fn proposes(&self, action: &str) -> Proposed<'_> {
        let found = self
            .proposals()
            .iter()
            .find(|proposal| proposal.action == action);
        match found {
            Some(proposal) => Proposed { proposal },
            None => panic!("expected: `{action}`; got: {}", Shown(&self.decision)),
        }
    }

    fn proposals(&self) -> &[wit::Proposal] {
        match &self.decision {
            wit::Decision::Act(proposals) => proposals,
            wit::Decision::Hold(_) => &[],
        }
    }
}

/// One proposal of the answer; every check gives it back for the next.
#[derive(Clone, Copy, Debug)]
pub struct Proposed<'a> {
    proposal: &'a wit::Proposal,
}

impl Proposed<'_> {
    /// With this parameter.
    #[track_caller]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        let expected = value.into();
        let found = self
            .proposal
            .parameters
            .iter()
            .find(|parameter| parameter.name == name);
        let found = found.map(|parameter| Value(parameter.value.clone()));
        match found {
            Some(value) if value == expected => self,
            Some(value) => panic!("expected: `{name}` is {expected}; got: {value}"),
            None => panic!("expected: `{name}` is {expected}; the proposal has none"),
        }
    }

    /// Without this parameter.
    #[track_caller]
    pub fn without(self, name: &str) -> Self {
        if self
            .proposal
            .parameters
            .iter()
            .any(|parameter| parameter.name == name)
        {
            panic!("expected: no parameter `{name}`");
        }
        self
    }

    #[track_caller]
    pub fn because(self, reason: impl Reason) -> Self {
        same("reason", reason.code(), &self.proposal.reason);
        self
    }

    #[track_caller]
    pub fn by(self, channel: &str) -> Self {
        same("channel", channel, &self.proposal.channel);
        self
    }

    #[track_caller]
    pub fn right_now(self) -> Self {
        same("timing", "now", &timing(&self.proposal.timing));
        self
    }

    #[track_caller]
    pub fn after(self, wait: Duration) -> Self {
        let expected = timing(&wit::Timing::After(wait.millis()));
        same("timing", &expected, &timing(&self.proposal.timing));
        self
    }

    #[track_caller]
    pub fn in_days_at(self, days: u32, hour: u32, minute: u32) -> Self {
        let minute = hour * 60 + minute;
        let expected = timing(&wit::Timing::Local(wit::LocalTime { days, minute }));
        same("timing", &expected, &timing(&self.proposal.timing));
        self
    }

    #[track_caller]
    pub fn key(self, key: &str) -> Self {
        same("key", key, self.proposal.key.as_deref().unwrap_or("none"));
        self
    }

    #[track_caller]
    pub fn unless(self, event: &str) -> Self {
        if !self.proposal.cancel_on.iter().any(|kind| kind == event) {
            panic!(
                "expected: cancelled by `{event}`; it is cancelled by {}",
                names(&self.proposal.cancel_on)
            );
        }
        self
    }
}

#[track_caller]
fn same(what: &str, expected: &str, got: &str) {
    if expected != got {
        panic!("expected: {what} {expected}; got: {got}");
    }
}

/// The place of an input in its list; fails the test where it is not declared, or of another kind.
#[track_caller]
fn declared(
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
fn flaw<P: Policy>() -> Option<String> {
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
fn disagreement<P: Policy>(moment: &MomentText, decision: &wit::Decision) -> Option<String> {
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

fn timing(timing: &wit::Timing) -> String {
    match timing {
        wit::Timing::Now => "now".to_owned(),
        wit::Timing::After(wait) => format!("after {wait} ms"),
        wit::Timing::At(time) => format!("at instant {time}"),
        wit::Timing::Local(time) => format!(
            "in {} days at {:02}:{:02}",
            time.days,
            time.minute / 60,
            time.minute % 60
        ),
    }
}

fn names(names: impl IntoIterator<Item = impl Display>) -> String {
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

/// A decision in one line, for a failed test.
struct Shown<'a>(&'a wit::Decision);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            wit::Decision::Hold(code) => write!(f, "hold, {code}"),
            wit::Decision::Act(proposals) => {
                let shown = proposals.iter().map(|proposal| &proposal.action);
                write!(f, "act, {}", names(shown))
            }
        }
    }
}
