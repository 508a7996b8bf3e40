//! What can happen, and when a policy is asked.

use crate::charter::channels::{Latency, Mode};
use crate::charter::consent::PurposeIx;
use crate::charter::expression::{Condition, Expression};
use crate::charter::fields::{FieldIx, ItemsIx, Type, WindowIx};
use crate::charter::markets::MarketIx;
use crate::charter::segments::Membership;
use crate::charter::table::{Table, index};
use crate::charter::{Charter, OwnField};
use crate::clock::Span;
use crate::ids::{Key, Text};

index! {
    /// One of the charter's events.
    EventIx
}
index! {
    /// One of the data of an event: only valid with that event.
    DatumIx
}
index! {
    /// One of the charter's moments.
    MomentIx
}

/// One kind of event.
#[derive(Debug)]
pub struct EventKind {
    pub name: Text,
    pub key: Key,
    pub meaning: Text,
    pub owner: Text,
    /// `None` for a built-in event, which is kept as the proof of a consent.
    pub purpose: Option<PurposeIx>,
    pub data: Table<DatumIx, Datum>,
    pub updates: Vec<Update>,
    pub subject: Presence,
    pub account: Presence,
    /// What the host does with it besides the updates.
    pub built_in: Option<BuiltIn>,
    /// What it says about something that was done before (A43).
    pub outcome: Option<Outcome>,
    /// The windows and item lists that it changes, so that absorbing visits no other.
    pub windows: Vec<WindowIx>,
    pub items: Vec<ItemsIx>,
    /// The moments on it, in the charter's order.
    pub moments: Vec<MomentIx>,
    /// The segments and stages that may change with it, in the charter's order of evaluation.
    pub memberships: Vec<Membership>,
    /// The moments of silence whose time it starts anew.
    pub starts: Vec<MomentIx>,
    /// The moments of silence whose time it ends.
    pub ends: Vec<MomentIx>,
}

/// What an event says about a decision or an action: how somebody took it (A43).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub is: Reaction,
    /// The datum, a text, that names the decision or the action; `None` where it names none.
    pub of: Option<DatumIx>,
    /// How long after an action a complaint that names none is about it.
    pub within: Option<Span>,
}

/// How somebody took what was done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reaction {
    Opened,
    Clicked,
    Bought,
    Complained,
    Unsubscribed,
}

impl Reaction {
    pub const ALL: [Self; 5] = [
        Self::Opened,
        Self::Clicked,
        Self::Bought,
        Self::Complained,
        Self::Unsubscribed,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Bought => "bought",
            Self::Complained => "complained",
            Self::Unsubscribed => "unsubscribed",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// Whether it can only be said of something that was done, and must name it.
    pub fn is_of_something(self) -> bool {
        matches!(self, Self::Opened | Self::Clicked)
    }
}

/// Whether an event must name something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    Required,
    Optional,
}

/// Events that the host itself understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuiltIn {
    ConsentGiven,
    ConsentWithdrawn,
    /// Data: `segment`.
    SegmentEntered,
    SegmentLeft,
    /// Data: `stage`, `step`, `before`.
    StageEntered,
    /// Nothing of a kind has come for a moment's time of silence. Data: `moment`.
    SilenceElapsed,
    /// A person decided about a waiting action. Data: `action`, `by`, `reason`.
    ActionApproved,
    ActionRejected,
    /// Something of a customer or an account is no longer kept.
    DataExpired,
}

impl BuiltIn {
    /// Whether sources may send it; the others the host makes itself.
    pub fn is_sent(self) -> bool {
        matches!(self, Self::ConsentGiven | Self::ConsentWithdrawn)
    }
}

impl Charter {
    /// The kind of event that the host itself understands as `built_in`; every charter that was loaded has it.
    pub fn built_in(&self, built_in: BuiltIn) -> Option<EventIx> {
        let mut kinds = self.events.iter();
        kinds
            .find(|(_, kind)| kind.built_in == Some(built_in))
            .map(|(kind, _)| kind)
    }
}

/// One typed datum of an event.
#[derive(Debug)]
pub struct Datum {
    /// As it stands in the event's `data`; a market's own with its namespace, such as `de.gift_wrap`.
    pub name: Text,
    pub ty: Type,
    pub of: Option<Text>,
    /// For lists, the most entries.
    pub at_most: usize,
    pub required: bool,
    /// For amounts, the smallest and the largest; of money in minor units of the charter's currency.
    pub between: Option<(f64, f64)>,
    /// For texts, the only values; empty for any.
    pub one_of: Vec<Text>,
    /// Where it says what the host itself must understand.
    pub own: Option<OwnField>,
    /// What sources write for one of the values: from, to (A14).
    pub maps: Vec<(Text, Text)>,
    /// The only market in which it is read; `None` for a central datum.
    pub market: Option<MarketIx>,
}

/// One change of a field.
#[derive(Debug)]
pub struct Update {
    pub field: FieldIx,
    pub change: Change,
    pub when: Option<Condition>,
    /// The only market in which it applies; `None` for a central update.
    pub market: Option<MarketIx>,
}

/// What an update does to its field.
#[derive(Debug)]
pub enum Change {
    /// Replaces the value. Where the expression is unknown, nothing changes.
    Set(Expression),
    /// Adds to an integer, number or money; a field without a value counts as zero.
    Add(Expression),
    Clear,
    /// Puts entries at the end of a list, each once.
    Append(Expression),
    /// Takes from a list.
    Remove(Expression),
}

/// An event that is worth a decision.
#[derive(Debug)]
pub struct Moment {
    pub name: Text,
    pub key: Key,
    /// The event at hand; for a silence, the built-in `silence.elapsed`.
    pub on: EventIx,
    pub silence: Option<Silence>,
    pub when: Option<Condition>,
    /// Must be known and fresh, or nobody is asked: `blocked`, for data quality (A18).
    pub requires: Vec<FieldIx>,
    pub mode: Mode,
    pub class: Latency,
    pub real_time: Text,
    pub worst_case: Text,
    pub owner: Text,
    /// Events that arrive later than this are absorbed, and nobody is asked.
    pub lateness: Option<Span>,
}

/// Nothing has come for a time: the cart was left.
#[derive(Debug)]
pub struct Silence {
    pub lasts: Span,
    /// Events that start the time anew.
    pub after: Vec<EventIx>,
    /// Events that end it.
    pub unless: Vec<EventIx>,
}
