//! What the host itself says: segments entered, silences, approvals. No source may send these; they take the same path.

use std::sync::Arc;

use crate::charter::{BuiltIn, Charter, MarketIx};
use crate::clock::Instant;
use crate::event::content::ContentParts;
use crate::event::data::Data;
use crate::event::{About, Event};
use crate::ids::Text;
use crate::value::Value;

/// As whom the host speaks. No source of a charter speaks under this name.
pub const OWN_SOURCE: &str = "kairos";

/// One event of the host itself.
#[derive(Clone, Debug)]
pub struct OwnEvent<'a> {
    pub charter: &'a Arc<Charter>,
    pub market: MarketIx,
    pub kind: BuiltIn,
    /// The same thing said twice has the same id: it happens once.
    pub id: Text,
    pub about: About,
    pub channel: Option<Text>,
    pub occurred_at: Instant,
    pub received_at: Instant,
    /// By the names of the kind's data; what the kind does not declare is left out.
    pub data: Vec<(&'a str, Value)>,
}

impl OwnEvent<'_> {
    /// The event; `None` where the charter was made without such a kind.
    pub fn event(self) -> Option<Event> {
        let kind = self.charter.built_in(self.kind)?;
        let defined = self.charter.events.at(kind);
        let mut data = Data::of(defined);
        for (name, value) in self.data {
            data.put(defined, name, value);
        }
        let source = Text::new_static(OWN_SOURCE);
        let content = ContentParts {
            market: &self.charter.markets.at(self.market).name,
            kind: defined,
            id: &self.id,
            source: &source,
            names: [None; 3],
            about: self.about,
            is_gpc: false,
            channel: self.channel.as_ref(),
            time: Some(self.occurred_at),
            data: &data,
        }
        .digest();
        Some(Event {
            charter: Arc::clone(self.charter),
            market: self.market,
            kind,
            id: self.id,
            source,
            source_ix: None,
            subject: None,
            visitor: None,
            account: None,
            about: self.about,
            is_gpc: false,
            channel: self.channel,
            occurred_at: self.occurred_at,
            received_at: self.received_at,
            dropped: 0,
            data: data.slots,
            content,
        })
    }
}

impl Event {
    /// What follows from this event, as an event of the host itself: of the same time and place. It is no event for anyone to
    /// send again, so it has no content of its own.
    pub fn derive(&self, kind: BuiltIn, about: About, data: Vec<(&str, Value)>) -> Option<Self> {
        let kind = self.charter.built_in(kind)?;
        let defined = self.charter.events.at(kind);
        let mut slots = Data::of(defined);
        for (name, value) in data {
            slots.put(defined, name, value);
        }
        Some(Self {
            charter: Arc::clone(&self.charter),
            market: self.market,
            kind,
            id: self.id.clone(),
            source: Text::new_static(OWN_SOURCE),
            source_ix: None,
            subject: None,
            visitor: None,
            account: None,
            about,
            is_gpc: false,
            channel: self.channel.clone(),
            occurred_at: self.occurred_at,
            received_at: self.received_at,
            dropped: 0,
            data: slots.slots,
            content: self.content,
        })
    }
}
