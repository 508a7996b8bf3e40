//! What a policy is given: the readings that its manifest declares for a moment, as far as it may know them.

mod gather;

use serde::{Deserialize, Serialize};

use crate::charter::{
    ActionIx, ChannelIx, DatumIx, FieldIx, ItemsIx, MomentIx, PurposeIx, SegmentIx, StageIx,
    WindowIx,
};
use crate::clock::{Instant, Span};
use crate::ids::Text;
use crate::value::Value;

pub use gather::{Briefing, field_reading, gather, has_unclear_zone, zone_of};

/// What a manifest declares for one moment, resolved against one charter.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub moment: MomentIx,
    /// Which of the manifest's moments it is.
    pub number: u32,
    pub data: Vec<DatumInput>,
    pub reads: Vec<ReadInput>,
}

/// A datum of the event.
#[derive(Clone, Debug)]
pub struct DatumInput {
    pub name: Text,
    pub datum: DatumIx,
    pub required: bool,
}

/// One reading.
#[derive(Clone, Debug)]
pub struct ReadInput {
    /// As the manifest writes it.
    pub name: Text,
    pub read: Read,
    pub required: bool,
}

/// Where a reading comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// `points`, or `account.tier` where the field is the account's.
    Field(FieldIx),
    /// `orders_90d`
    Window(WindowIx),
    /// `bought[sku]`: when the item that the datum names was added.
    Item(ItemsIx, DatumIx),
    /// `consent.marketing` or `consent.marketing.email`: what the customer said last, as a text: `confirmed`, `granted`,
    /// `soft`, `requested`, `denied`, `withdrawn`, or `expired` where the law lets a consent count only for a time.
    Consent(PurposeIx, Option<ChannelIx>),
    /// `contacts.email.7d`: how many actions over that channel in that time.
    Contacts(ChannelIx, Span),
    /// `pending.cart_reminder`: whether one waits.
    Pending(ActionIx),
    /// `setting.floor`: which of the market's settings.
    Setting(u16),
    /// `segment.big_spender`: whether the customer, or the account, is in it.
    Segment(SegmentIx),
    /// `stage.loyalty`: the name of the step.
    Stage(StageIx),
}

/// The event as a policy sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Signal {
    /// Which of the manifest's moments.
    pub moment: u32,
    pub channel: Option<Text>,
    pub occurred_at: Instant,
    /// In the order of the moment's `data`.
    pub data: Vec<Option<Value>>,
}

/// What a policy may know while it decides.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Context {
    pub now: Instant,
    /// Minutes east of UTC at `now`, where the customer is; the market's where that is not known.
    pub utc_offset: i32,
    pub market: Text,
    pub language: Text,
    pub draw: u64,
    /// In the order of the moment's `reads`.
    pub readings: Vec<Reading>,
}

/// A value, and when its source said so.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TimedValue {
    pub value: Value,
    pub as_of: Instant,
}

/// What a policy asked to know, as far as it may know it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Reading {
    Known(TimedValue),
    /// Older than the charter's maximum age.
    Stale(TimedValue),
    Unknown,
    /// Kept from this policy by the customer's consent or by the charter.
    Withheld,
}
