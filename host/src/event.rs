//! One event: what the outside said, checked against the charter. Inside, every name is an index of that charter.

mod amount;
mod batch;
mod caller;
mod consent;
mod content;
mod data;
mod datum;
mod envelope;
mod invalid;
mod names;
mod own;
mod parse;
mod scalar;
mod structured;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, EventIx, IdentityIx, MarketIx, SourceIx};
use crate::clock::Instant;
use crate::ids::{AccountId, CustomerId, Key, Text};
use crate::value::Value;

pub use batch::split;
pub use caller::{Caller, Markets, Role, Roles, Voice};
pub use consent::{ConsentHead, ConsentRequest};
pub use invalid::{Complaint, InvalidEvent};
pub use own::{OWN_SOURCE, OwnEvent};
pub use parse::Door;

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
    /// `None` for what the host itself says.
    pub source_ix: Option<SourceIx>,
    pub subject: Option<Name>,
    /// A weak identity seen in the same request.
    pub visitor: Option<Name>,
    pub account: Option<Name>,
    /// Whom the host's own events are about: they name nobody as a source does.
    pub about: About,
    /// The browser said `Sec-GPC: 1`.
    pub is_gpc: bool,
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

impl Event {
    /// The stable key of the source that is speaking.
    pub fn source_key(&self) -> Key {
        match self.source_ix {
            Some(source) => self.charter.sources.at(source).key,
            None => Key::of("source", OWN_SOURCE),
        }
    }
}

/// Whom an event of the host itself is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct About {
    pub customer: Option<CustomerId>,
    pub account: Option<AccountId>,
}

/// A digest of an event's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Content(pub [u8; 16]);

impl Content {
    /// As it may be kept in clear: without the data folder's secret `salt`, nobody can try out what an event said.
    pub fn kept_under(self, salt: &[u8; 32]) -> Self {
        Self(hashed_under(salt, &[b"content\0", &self.0]))
    }
}

/// Where an event is looked up: a keyed hash of its source and id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct EventKey(pub [u8; 16]);

impl EventKey {
    /// Hashes the pair under the data folder's secret `salt`.
    pub fn of(salt: &[u8; 32], source: &str, id: &str) -> Self {
        let parts = [b"event\0", source.as_bytes(), b"\0", id.as_bytes()];
        Self(hashed_under(salt, &parts))
    }
}

/// A hash that nobody can try out without the salt.
fn hashed_under(salt: &[u8; 32], parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    for part in parts {
        hasher.update(part);
    }
    let mut first = [0; 16];
    hasher.finalize_xof().fill(&mut first);
    first
}

/// One identity: `crm:17850`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    pub identity: IdentityIx,
    /// In its normal form; of a hashed identity, still in clear here.
    pub value: Text,
    /// How it may have been kept before there was a normal form, where that differs: whoever is known by it is found again.
    pub former: Vec<Text>,
}
