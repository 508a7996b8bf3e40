//! What may be done.

use serde::{Deserialize, Serialize};

use crate::charter::caps::Cap;
use crate::charter::channels::ChannelIx;
use crate::charter::consent::PurposeIx;
use crate::charter::events::EventIx;
use crate::charter::expression::Condition;
use crate::charter::fields::{ItemsIx, Type};
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::{Key, Text};

index! {
    /// One of the charter's actions.
    ActionIx
}

/// How long an action is worth doing when neither the policy nor the charter says.
pub const LAPSES_AFTER: Span = Span::from_days(1);

/// One kind of action.
#[derive(Debug)]
pub struct Action {
    pub name: Text,
    pub key: Key,
    pub meaning: Text,
    pub class: Class,
    pub to: Target,
    pub channels: Vec<ChannelIx>,
    pub purpose: PurposeIx,
    /// One action to a slot.
    pub slot: Option<Text>,
    pub parameters: Vec<Parameter>,
    pub delay: Delay,
    /// How long after its time it is still worth doing.
    pub lapses: Option<Span>,
    pub pending: OnPending,
    /// Events that make a pending one pointless, with what must hold then.
    pub cancel_on: Vec<CancelOn>,
    /// Must hold when it is decided, and again when it is due.
    pub still: Option<Condition>,
    pub caps: Vec<Cap>,
    pub automation: Automation,
    /// How long an approval may take; then the action expires. For `Automation::Approval`.
    pub approve_within: Span,
    /// The most in one hour, all markets together; beyond it the breaker opens.
    pub reach: Option<u32>,
    /// What one costs, in minor units of the charter's currency, for budgets.
    pub cost: i64,
    /// Whose turn it is among proposals of one class: the heavier first.
    pub weight: u32,
    pub owner: Text,
}

/// What kind of message an action is. INVARIANT: in order of precedence, the first before all others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Class {
    /// Owed to the customer, such as the confirmation of an order: no marketing cap or hour holds it back, and it carries no
    /// promotion (D14).
    Transactional,
    Service,
    /// For colleagues, never for the customer.
    Insight,
    Marketing,
    /// Membership in an audience of an advertising network.
    Ads,
}

impl Class {
    pub const ALL: [Self; 5] = [
        Self::Transactional,
        Self::Service,
        Self::Insight,
        Self::Marketing,
        Self::Ads,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Service => "service",
            Self::Insight => "insight",
            Self::Marketing => "marketing",
            Self::Ads => "ads",
        }
    }
}

/// How soon after the decision an action may act, and how late.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Delay {
    pub min: Span,
    pub max: Option<Span>,
}

/// What a new action does to one of the same kind that waits, for the same customer. INVARIANT: in order of strictness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum OnPending {
    /// Both wait, unless they share a key.
    #[default]
    Both,
    /// The new one takes its place.
    Replace,
    /// The waiting one stays, and the new one is refused.
    Keep,
}

impl OnPending {
    pub fn word(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Replace => "replace",
            Self::Keep => "keep",
        }
    }
}

/// One kind of event that makes a pending action pointless.
#[derive(Debug)]
pub struct CancelOn {
    pub event: EventIx,
    pub when: Option<Condition>,
}

/// What may happen without a person. INVARIANT: in order of strictness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Automation {
    #[default]
    Auto,
    /// A person with the role decides first.
    Approval,
    Never,
}

impl Automation {
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Approval => "approval",
            Self::Never => "never",
        }
    }
}

/// Whom an action is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Customer,
    Account,
}

/// One parameter and its bounds.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: Text,
    pub ty: Type,
    pub unit: Option<Text>,
    pub of: Option<Text>,
    pub required: bool,
    /// For integers, numbers and money; both ends included. Money is in minor units.
    pub between: Option<(f64, f64)>,
    /// For texts: the only values; empty for any.
    pub one_of: Vec<Text>,
    /// For lists, the most entries; for a text, the most bytes.
    pub at_most: usize,
    /// Refused where any of the named items is in this list: `unless = "bought"` (D01).
    pub unless: Option<ItemsIx>,
    /// Makes the message a promotion, which what is owed to the customer must not carry (D14).
    pub is_promotion: bool,
}
