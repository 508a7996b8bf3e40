//! One event: what the outside said, checked against the charter. Inside, every name is an index of that charter.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, EventIx, IdentityIx, MarketIx, SourceIx};
use crate::clock::Instant;
use crate::ids::Text;
use crate::value::Value;

/// One checked event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The charter that it was checked against; its indices are only good there.
    pub charter: Arc<Charter>,
    pub market: MarketIx,
    pub kind: EventIx,
    pub id: Text,
    /// As the caller wrote it, such as `shop/gb`.
    pub source: Text,
    pub source_ix: SourceIx,
    pub subject: Option<Name>,
    /// A weak identity seen in the same request.
    pub visitor: Option<Name>,
    pub account: Option<Name>,
    pub channel: Option<Text>,
    pub occurred_at: Instant,
    pub received_at: Instant,
    /// By `DatumIx` of its kind.
    pub data: Vec<Option<Value>>,
    /// How many data were not declared, and dropped.
    pub dropped: u32,
    /// Of everything that it says: the same pair of source and id with another digest is a conflict.
    pub content: Content,
}

/// A digest of an event's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Content(pub [u8; 16]);

/// One identity: `crm:17850`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    pub identity: IdentityIx,
    /// In its normal form; of a hashed identity, still in clear here.
    pub value: Text,
}
