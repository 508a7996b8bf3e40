//! What a policy answered, and what a test expects of it.
#![expect(clippy::panic, reason = "a failed test panics")]

use core::fmt::{self, Display};

use crate::contract as wit;
use crate::manifest::Reason;
use crate::testing::agreement::names;
use crate::value::{Duration, Value};

/// What the policy answered.
#[derive(Debug)]
pub struct Answered {
    pub(super) decision: wit::Decision,
}

impl Answered {
    /// It holds, for this reason.
    #[track_caller]
    pub fn holds(&self, reason: impl Reason) {
        match &self.decision {
            wit::Decision::Hold(code) if *code == reason.code() => {}
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
            wit::Decision::Act(proposals) => proposals.items(),
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
            .items()
            .iter()
            .find(|parameter| parameter.name == name);
        let found = found.map(|parameter| Value(parameter.value));
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
            .items()
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
        let got = self.proposal.key.as_option().map_or("none", |key| key);
        same("key", key, got);
        self
    }

    #[track_caller]
    pub fn unless(self, event: &str) -> Self {
        let kinds = self.proposal.cancel_on.items();
        if !kinds.iter().any(|kind| *kind == event) {
            panic!(
                "expected: cancelled by `{event}`; it is cancelled by {}",
                names(kinds)
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

/// A decision in one line, for a failed test.
pub(super) struct Shown<'a>(pub(super) &'a wit::Decision);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            wit::Decision::Hold(code) => write!(f, "hold, {code}"),
            wit::Decision::Act(proposals) => {
                let shown = proposals.items().iter().map(|proposal| proposal.action);
                write!(f, "act, {}", names(shown))
            }
        }
    }
}
