//! The sealed record of one event and its decisions: what came in, what was read, what was proposed, what was ruled, what
//! came of it, by which versions, and the state after. What is not in the evidence did not happen.

pub mod checkpoint;
pub mod disclosure;
pub mod explain;
pub mod keychain;
pub mod query;
mod seal;
pub mod verify;

use serde::{Deserialize, Serialize};

use crate::action::{Action, Plan, Ruling};
use crate::cache::Waiting;
use crate::clock::Instant;
use crate::context::{Context, Signal};
#[cfg(doc)]
use crate::encoding::Names;
use crate::event::{Content, EventKey};
use crate::ids::{AccountId, ActionId, CustomerId, DecisionId, Digest, Key, Text};
use crate::keys::{Class, Period, Subject, Wrapped};
use crate::policy::{Fault, Proposal};
use crate::value::Value;

pub use keychain::Keychain;
pub use seal::{Opened, Unreadable, open, open_header, open_outside, open_state, seal};

/// Every kind of record in the log; the number is the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Event = 1,
    Consent = 2,
    /// Holds `stop::SwitchRecord`.
    Stop = 3,
    Charter = 4,
    Policy = 5,
    Merge = 6,
    /// Holds an [`Erased`].
    Erase = 7,
    Schedule = 8,
    Delivery = 9,
    /// Holds the text of a signed `checkpoint::Checkpoint` of all records before it.
    Checkpoint = 10,
    /// Holds a [`KeyChange`].
    Keys = 11,
    /// Holds an [`Expired`].
    Expire = 12,
    /// Holds the [`Names`] of a charter or a policy, for the records behind it.
    Names = 13,
    /// Holds a `disclosure::Disclosure`.
    Disclosure = 14,
}

impl Kind {
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Event,
            2 => Self::Consent,
            3 => Self::Stop,
            4 => Self::Charter,
            5 => Self::Policy,
            6 => Self::Merge,
            7 => Self::Erase,
            8 => Self::Schedule,
            9 => Self::Delivery,
            10 => Self::Checkpoint,
            11 => Self::Keys,
            12 => Self::Expire,
            13 => Self::Names,
            14 => Self::Disclosure,
            _ => return None,
        })
    }

    pub fn number(self) -> u8 {
        self as u8
    }
}

/// What may be read of a record without any key: no personal data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// The decision's time.
    pub at: Instant,
    /// When it really arrived; differs from `at` where the host runs on the clock of old events.
    pub arrived_at: Instant,
    pub market: Key,
    /// A keyed hash of the event's source and id.
    pub event: EventKey,
    /// A keyed hash of what the event says.
    pub content: Content,
    pub decisions: Vec<(DecisionId, Outcome)>,
    pub seal: Seal,
}

/// How the rest of the record is protected.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Seal {
    pub cipher: Cipher,
    /// Whose key opens the body, together with its period's.
    pub key: Subject,
    /// By which the body is kept; states are kept as such.
    pub class: Class,
}

impl Header {
    /// When what the record holds of a class was written, for as long as that is kept.
    pub fn period(&self, class: Class) -> Period {
        Period {
            market: self.market,
            class,
            month: self.arrived_at.month(),
        }
    }
}

/// How a payload is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cipher {
    /// Under a key for this content alone, which BLAKE3 derives from the subject's.
    Aes256Gcm,
}

/// The payload: what happened, in names that need no charter to be read. In the log they stand for their places in the tables
/// of names.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Body {
    pub event: EventRecord,
    pub charter: Text,
    pub customer: Option<CustomerId>,
    pub account: Option<AccountId>,
    pub decisions: Vec<DecisionRecord>,
    /// Pending actions that the event made pointless.
    pub cancelled: Vec<Cancelled>,
    pub noted: Notes,
}

/// A pending action that will not act.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cancelled {
    pub id: ActionId,
    pub action: Text,
    /// `superseded: order.placed`, `consent: …`
    pub because: Text,
}

/// What absorbing the event did besides changing what is known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Notes {
    /// Fields where the event said something else than a source that comes before it (A17).
    pub conflicts: Vec<Text>,
    /// Fields that its source may not write (C01).
    pub refused_writes: Vec<Text>,
    /// `segment.big_spender`, `stage.loyalty=gold`
    pub entered: Vec<Text>,
    pub left: Vec<Text>,
    /// Moments whose silence is now waited for.
    pub waits_for: Vec<Text>,
    /// Fields and lists of which something is no longer kept (C17).
    pub faded: Vec<Text>,
}

/// The derived event that a decision is about, where it is not the event itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DerivedEvent {
    pub kind: Text,
    pub data: Vec<(Text, Value)>,
}

/// The event as it came.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventRecord {
    pub id: Text,
    pub source: Text,
    pub market: Text,
    pub kind: Text,
    /// `namespace:value`; of a hashed identity the hash.
    pub subject: Option<Text>,
    pub visitor: Option<Text>,
    pub account: Option<Text>,
    pub channel: Option<Text>,
    /// The browser said `Sec-GPC: 1`.
    pub gpc: bool,
    pub occurred_at: Instant,
    pub received_at: Instant,
    /// `None` where the customer gave no basis to keep it.
    pub data: Option<Vec<(Text, Value)>>,
    /// Data that the charter does not declare.
    pub dropped: u32,
}

/// One decision: everything that is needed to explain and to replay it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DecisionRecord {
    pub id: DecisionId,
    pub moment: Text,
    /// `None` where the event itself was the moment.
    pub on: Option<DerivedEvent>,
    pub outcome: Outcome,
    pub now: Instant,
    /// `None` where the market has no policy.
    pub policy: Option<PolicyVersion>,
    /// What it was asked; `None` where it was not asked.
    pub asked: Option<PolicyInput>,
    /// Why nobody was asked, why the policy holds, or why the fallback applied: in words.
    pub because: Option<Text>,
    /// The policy's reason to hold, one of its manifest's codes.
    pub held: Option<Text>,
    /// How the policy failed.
    pub fault: Option<Fault>,
    /// The policy's; after a fault the fallback's.
    pub proposals: Vec<Proposal>,
    /// By proposal.
    pub rulings: Vec<Ruling>,
    pub actions: Vec<Action>,
    pub replaced: Vec<ActionId>,
    pub fuel: u64,
    pub micros: u64,
}

impl DecisionRecord {
    /// A decision about a moment of which nothing is known yet.
    pub fn of(id: DecisionId, moment: &Text, now: Instant) -> Self {
        Self {
            id,
            moment: moment.clone(),
            on: None,
            outcome: Outcome::Hold,
            now,
            policy: None,
            asked: None,
            because: None,
            held: None,
            fault: None,
            proposals: Vec::new(),
            rulings: Vec::new(),
            actions: Vec::new(),
            replaced: Vec::new(),
            fuel: 0,
            micros: 0,
        }
    }

    /// With what it leads to.
    #[must_use]
    pub fn with(mut self, plan: Plan) -> Self {
        self.rulings = plan.rulings;
        self.replaced = plan.replaced;
        self.actions = plan.actions.into_iter().map(|one| one.action).collect();
        self
    }
}

/// Which policy answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub version: Text,
    pub digest: Digest,
}

/// What the policy was given, with the names of the inputs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PolicyInput {
    pub signal: Signal,
    pub context: Context,
    pub data_names: Vec<Text>,
    pub read_names: Vec<Text>,
}

/// How a decision ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// At least one action.
    Act,
    /// Nothing was proposed.
    Hold,
    /// Every proposal was refused.
    Refused,
    /// What the policy requires is not known.
    Blocked,
    /// A kill switch.
    Stopped,
    /// The policy could not answer: the market's safe default.
    Fallback,
}

impl Outcome {
    pub const ALL: [Self; 6] = [
        Self::Act,
        Self::Hold,
        Self::Refused,
        Self::Blocked,
        Self::Stopped,
        Self::Fallback,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Hold => "hold",
            Self::Refused => "refused",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Fallback => "fallback",
        }
    }
}

/// That somebody was erased: a proof with nothing personal in it, for an id that nothing leads to any more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Erased {
    pub at: Instant,
    /// The caller who asked for it.
    pub by: Text,
    /// The customer, and whoever had turned out to be them.
    pub customers: Vec<CustomerId>,
    /// Actions that waited for a person.
    pub waiting: Vec<(ActionId, Waiting)>,
    /// The epoch whose key wrapped theirs last: once it is destroyed, no copy of theirs can be opened.
    pub epoch: u32,
}

/// Keys that are new, or wrapped by another epoch's key; and the epochs whose keys are destroyed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeyChange {
    pub at: Instant,
    pub epoch: u32,
    pub keys: Vec<(Subject, Wrapped)>,
    pub destroyed: Vec<u32>,
}

impl KeyChange {
    /// Whether it says no more than that an epoch begins.
    pub fn begins_epoch(&self) -> bool {
        self.keys.is_empty() && self.destroyed.is_empty()
    }
}

/// That the retention of what was written in these periods is over, and their keys are destroyed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Expired {
    pub at: Instant,
    pub periods: Vec<Period>,
    /// The epoch whose key wrapped theirs last: once it is destroyed, no copy of theirs can be opened.
    pub epoch: u32,
}

/// A policy that went live. Its bytes are kept by digest beside the log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WentLive {
    pub at: Instant,
    pub digest: Digest,
    pub version: Text,
    pub market: Text,
}

/// A charter that went live: what it is made of, who loaded it, and who approved what is new in it (C19). Its files are
/// kept by digest beside the log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CharterRecord {
    pub at: Instant,
    pub digest: Digest,
    pub version: Text,
    /// The charter that it took the place of.
    pub before: Option<Digest>,
    /// The caller who loaded it, or `start` for the folder that the host was started with.
    pub by: Text,
    /// Its files by name, signatures included.
    pub files: Vec<(Text, Digest)>,
    pub approved: Vec<Countersignature>,
}

/// A section of the charter and who signed it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Countersignature {
    pub section: Text,
    pub digest: Digest,
    pub by: Text,
}
