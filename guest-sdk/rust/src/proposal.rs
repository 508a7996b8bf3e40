//! What a policy answers: proposals, or hold.

use crate::contract::{self as wit, List, Maybe, Str};
use crate::manifest::Reason;
use crate::value::{Duration, Instant, Value};

/// Room for this many parameters, and kinds of events that cancel, is taken at once; few proposals have more.
const PARAMETERS: usize = 4;
const CANCEL_ON: usize = 2;

/// A proposal without its reason yet. Made by a moment's own method for the action, such as
/// `order.review_request()`; `because` completes it.
#[derive(Clone, Debug)]
#[must_use = "a proposal counts only in the answer"]
pub struct Draft(Box<Parts>);

/// An action that the policy suggests. The charter has the last word.
#[derive(Clone, Debug)]
#[must_use = "a proposal counts only in the answer"]
pub struct Proposal(Box<Parts>);

/// A proposal whose lists still grow. In a box: moving it from step to step would cost fuel for every byte.
#[derive(Clone, Debug)]
struct Parts {
    record: wit::Proposal,
    parameters: Vec<wit::Parameter>,
    cancel_on: Vec<Str<'static>>,
}

impl From<Proposal> for wit::Proposal {
    fn from(Proposal(parts): Proposal) -> Self {
        Self {
            parameters: parts.parameters.into(),
            cancel_on: parts.cancel_on.into(),
            ..parts.record
        }
    }
}

impl Draft {
    #[doc(hidden)]
    pub fn new(action: &'static str, channel: &'static str) -> Self {
        Self(Box::new(Parts {
            record: wit::Proposal {
                action: Str::of(action),
                channel: Str::of(channel),
                timing: wit::Timing::Now,
                lapses_after: Maybe::None,
                key: Maybe::None,
                parameters: List::of(&[]),
                cancel_on: List::of(&[]),
                score: 0.0,
                reason: Str::of(""),
            },
            parameters: Vec::with_capacity(PARAMETERS),
            cancel_on: Vec::with_capacity(CANCEL_ON),
        }))
    }

    /// Adds a parameter of the action; the charter names them and bounds them.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.parameters.push(wit::Parameter {
            name: Str::of(name),
            value: value.into().0,
        });
        self
    }

    /// Through another of the declared channels than the first.
    pub fn by(mut self, channel: &'static str) -> Self {
        self.0.record.channel = Str::of(channel);
        self
    }

    /// So long after this decision.
    pub fn after(mut self, wait: Duration) -> Self {
        self.0.record.timing = wit::Timing::After(wait.millis());
        self
    }

    /// At this time.
    pub fn at(mut self, time: Instant) -> Self {
        self.0.record.timing = wit::Timing::At(time.millis());
        self
    }

    /// So many days from today, at this time of the customer's day.
    pub fn in_days_at(mut self, days: u32, hour: u32, minute: u32) -> Self {
        self.0.record.timing = wit::Timing::Local(wit::LocalTime {
            days,
            minute: hour * 60 + minute,
        });
        self
    }

    /// How long after its time it is still worth doing; the charter's where this is not said.
    pub fn lapses_after(mut self, wait: Duration) -> Self {
        self.0.record.lapses_after = Maybe::Some(wait.millis());
        self
    }

    /// Only one action with this key is alive: proposals with the same key are alternatives, and a later decision replaces
    /// what is still pending.
    pub fn key(mut self, key: &str) -> Self {
        self.0.record.key = Maybe::Some(Str::copied(key));
        self
    }

    /// An event of this kind makes it pointless while it waits.
    pub fn unless(mut self, event: &'static str) -> Self {
        self.0.cancel_on.push(Str::of(event));
        self
    }

    /// Its rank among this decision's proposals, higher first; 0 where this is not said.
    pub fn score(mut self, score: f64) -> Self {
        self.0.record.score = score;
        self
    }

    /// Completes the proposal with its reason.
    pub fn because(mut self, reason: impl Reason) -> Proposal {
        self.0.record.reason = Str::of(reason.code());
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
        Self(wit::Decision::Act(vec![proposal.into()].into()))
    }

    /// Suggests these actions; holds with `otherwise` where there are none.
    pub fn act_on(proposals: impl IntoIterator<Item = Proposal>, otherwise: impl Reason) -> Self {
        let proposals: Vec<_> = proposals.into_iter().map(wit::Proposal::from).collect();
        if proposals.is_empty() {
            return Self::hold(otherwise);
        }
        Self(wit::Decision::Act(proposals.into()))
    }

    /// Does nothing, for this reason.
    pub fn hold(reason: impl Reason) -> Self {
        Self(wit::Decision::Hold(Str::of(reason.code())))
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
