//! Markets' policies: checked and compiled when they are loaded, asked in a fresh sandbox for every decision.

pub mod engine;
pub mod manifest;
pub mod refused;
pub mod catalog;
mod binding;
mod compiled;
mod component;
mod sandbox;
mod v1_0;

use serde::{Deserialize, Serialize};

use crate::clock::{Instant, Span};
use crate::ids::Text;
use crate::value::Value;

pub use catalog::{Active, Policies, StrandedPolicy};
pub use engine::{Engines, Settings, Unstartable};
pub use manifest::{Manifest, Reason, Sentence};
pub use refused::{Outside, Refused};

/// What came of asking a policy.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Consultation {
    pub answer: Answer,
    /// The fuel that it used, of what the charter allows.
    pub fuel: u64,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// What a policy answered. Its failure is data, never the host's error.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Answer {
    Decision(Decision),
    Fault(Fault),
}

/// What a policy decided.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Decision {
    /// At least one proposal.
    Act(Vec<Proposal>),
    /// Do nothing, for one of the manifest's reasons.
    Hold { reason: Text },
}

/// An action that a policy suggests. Untrusted: only its size and its reason are checked here.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Proposal {
    pub action: Text,
    pub channel: Text,
    pub timing: Timing,
    /// How long after its time it is still worth doing; the charter's where none.
    pub lapses_after: Option<Span>,
    /// Only one action with this key is alive for a customer or account.
    pub key: Option<Text>,
    pub parameters: Vec<(Text, Value)>,
    /// Kinds of events that make it pointless, on top of the charter's.
    pub cancel_on: Vec<Text>,
    /// Rank among the policy's own proposals, higher first; always finite.
    pub score: f64,
    /// One of the manifest's reasons.
    pub reason: Text,
}

/// When a proposal should act.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Timing {
    Now,
    After(Span),
    At(Instant),
    /// A minute of the day where the customer is, so many days from today.
    Local {
        days: u32,
        minute: u32,
    },
}

/// Why a policy did not answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
pub enum Fault {
    #[error("it used up its fuel")]
    OutOfFuel,
    #[error("it took too long")]
    OutOfTime,
    #[error("it wanted more memory than the charter allows")]
    OutOfMemory,
    #[error("it trapped: {why}")]
    Trapped { why: Text },
    /// What came back is not an answer.
    #[error("it answered nonsense: {what}")]
    Nonsense { what: Text },
    /// `decide` returned an error.
    #[error("it could not decide: {why}")]
    Declined { why: Text },
    /// Every sandbox of this core is in use.
    #[error("no sandbox was free")]
    NoRoom,
}
