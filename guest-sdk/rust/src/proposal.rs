//! What a policy answers: proposals, or hold.

use crate::bindings::exports::kairos::policy::policy as wit;
use crate::manifest::Reason;
use crate::value::{Duration, Instant, Value};

/// A proposal without its reason yet. Made by a moment's own method for the action, such as
/// `order.review_request()`; `because` completes it.
#[derive(Clone, Debug)]
#[must_use = "a proposal counts only in the answer"]
pub struct Draft(wit::Proposal);

/// An action that the policy suggests. The charter has the last word.
#[derive(Clone, Debug)]
#[must_use = "a proposal counts only in the answer"]
pub struct Proposal(pub(crate) wit::Proposal);

impl Draft {
    #[doc(hidden)]
    pub fn new(action: &'static str, channel: &'static str) -> Self {
        Self(wit::Proposal {
            action: action.to_owned(),
            channel: channel.to_owned(),
            timing: wit::Timing::Now,
            lapses_after: None,
            key: None,
            parameters: Vec::new(),
            cancel_on: Vec::new(),
            score: 0.0,
            reason: String::new(),
        })
    }

    /// Adds a parameter of the action; the charter names them and bounds them.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.parameters.push(wit::Parameter {
            name: name.to_owned(),
            value: value.into().0,
        });
        self
    }

    /// Through another of the declared channels than the first.
    pub fn by(mut self, channel: &str) -> Self {
        channel.clone_into(&mut self.0.channel);
        self
    }

    /// So long after this decision.
    pub fn after(mut self, wait: Duration) -> Self {
        self.0.timing = wit::Timing::After(wait.millis());
        self
    }

    /// At this time.
    pub fn at(mut self, time: Instant) -> Self {
        self.0.timing = wit::Timing::At(time.millis());
        self
    }

    /// So many days from today, at this time of the customer's day.
    pub fn in_days_at(mut self, days: u32, hour: u32, minute: u32) -> Self {
        self.0.timing = wit::Timing::Local(wit::LocalTime {
            days,
            minute: hour * 60 + minute,
        });
        self
    }

    /// How long after its time it is still worth doing; the charter's where this is not said.
    pub fn lapses_after(mut self, wait: Duration) -> Self {
        self.0.lapses_after = Some(wait.millis());
        self
    }

    /// Only one action with this key is alive: proposals with the same key are alternatives, and a later decision replaces
    /// what is still pending.
    pub fn key(mut self, key: &str) -> Self {
        self.0.key = Some(key.to_owned());
        self
    }

    /// An event of this kind makes it pointless while it waits.
    pub fn unless(mut self, event: &str) -> Self {
        self.0.cancel_on.push(event.to_owned());
        self
    }

    /// Its rank among this decision's proposals, higher first; 0 where this is not said.
    pub fn score(mut self, score: f64) -> Self {
        self.0.score = score;
        self
    }

    /// Completes the proposal with its reason.
    pub fn because(mut self, reason: impl Reason) -> Proposal {
        reason.code().clone_into(&mut self.0.reason);
        Proposal(self.0)
    }
}

/// What a policy answers.
#[derive(Clone, Debug)]
#[must_use = "a decision counts only when it is returned"]
pub struct Decision(pub(crate) wit::Decision);

impl Decision {
    /// Suggests one action.
    pub fn act(proposal: Proposal) -> Self {
        Self(wit::Decision::Act(vec![proposal.0]))
    }

    /// Suggests these actions; holds with `otherwise` where there are none.
    pub fn act_on(proposals: impl IntoIterator<Item = Proposal>, otherwise: impl Reason) -> Self {
        let proposals: Vec<_> = proposals.into_iter().map(|proposal| proposal.0).collect();
        if proposals.is_empty() {
            return Self::hold(otherwise);
        }
        Self(wit::Decision::Act(proposals))
    }

    /// Does nothing, for this reason.
    pub fn hold(reason: impl Reason) -> Self {
        Self(wit::Decision::Hold(reason.code().to_owned()))
    }
}

/// What a function that decides about a moment may return: a [`Decision`], or a `Result` with one.
pub trait Answer {
    #[doc(hidden)]
    fn answer(self) -> Result<wit::Decision, String>;
}

impl Answer for Decision {
    fn answer(self) -> Result<wit::Decision, String> {
        Ok(self.0)
    }
}

impl<E: core::fmt::Display> Answer for Result<Decision, E> {
    fn answer(self) -> Result<wit::Decision, String> {
        self.map(|decision| decision.0)
            .map_err(|error| error.to_string())
    }
}
