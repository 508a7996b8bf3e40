//! From bytes to a checked event.

use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer};
use serde_json::de::Read;
use serde_json::value::RawValue;

use crate::charter::events::Presence;
use crate::charter::{BuiltIn, Charter, EventIx, EventKind, MarketIx, SourceIx};
use crate::clock::{Clock, Instant, Span};
use crate::event::consent;
use crate::event::content::ContentParts;
use crate::event::data::{Data, DataSeed};
use crate::event::envelope::{Attribute, Envelope};
use crate::event::invalid::{InvalidEvent, nearest};
use crate::event::names::NameAttribute;
use crate::event::structured::EventVisitor;
use crate::event::{About, Caller, Event, Name, Voice};
use crate::ids::Text;
use crate::value::Value;

/// How far ahead of the host's clock a `time` may be, in minutes: clocks differ, but not by more.
const AHEAD_MINUTES: u64 = 5;

/// Where an event comes in: what it is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    pub charter: &'a Arc<Charter>,
    pub clock: &'a Clock,
    pub caller: &'a Caller,
    /// As the path names it.
    pub market: &'a str,
    /// Whether the request says `Sec-GPC: 1`: for all of its events.
    pub is_gpc: bool,
}

impl Event {
    /// Reads the structured form: everything in one JSON object.
    pub fn parse(door: &Door<'_>, body: &[u8]) -> Result<Self, InvalidEvent> {
        let mut parser = Parser::at(door)?;
        parser.read_event(body)?;
        parser.finish()
    }

    /// Reads the binary form: `attributes` as (name without `ce-`, value) from the headers, and the data as the body.
    pub fn parse_binary<'h>(
        door: &Door<'_>,
        attributes: impl Iterator<Item = (&'h str, &'h [u8])>,
        body: &[u8],
    ) -> Result<Self, InvalidEvent> {
        let mut parser = Parser::at(door)?;
        for (name, value) in attributes {
            if let Some(attribute) = Attribute::named(name) {
                let text = decoded(attribute, value)?;
                parser.envelope.put(attribute, Some(text))?;
            }
        }
        if !body.is_empty() {
            parser.find_kind()?;
            parser.read_data(body)?;
        }
        parser.finish()
    }
}

/// A header's value, percent-decoded as the CloudEvents binding asks.
fn decoded(attribute: Attribute, value: &[u8]) -> Result<Text, InvalidEvent> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(byte));
        let used = if escaped.is_some() { 2 } else { 0 };
        rest = tail.get(used..).unwrap_or_default();
    }
    String::from_utf8(bytes).map(Text::from).map_err(|_| {
        let what = format!("the header `ce-{}` is not UTF-8", attribute.name());
        InvalidEvent::not_an_event(&attribute.pointer(), what)
    })
}

/// An event while it is read.
pub(super) struct Parser<'a> {
    door: Door<'a>,
    market: MarketIx,
    pub(super) envelope: Envelope,
    kind: Option<EventIx>,
    data: Option<Data>,
    /// Members of the data that are read elsewhere.
    pub(super) beside: &'static [&'static str],
    pub(super) complaint: Option<InvalidEvent>,
}

impl<'a> Parser<'a> {
    pub(super) fn at(door: &Door<'a>) -> Result<Self, InvalidEvent> {
        let markets = &door.charter.names.markets;
        let market = markets.get(door.market).copied().ok_or_else(|| {
            let name: String = door.market.chars().take(32).collect();
            InvalidEvent::UnknownMarket {
                nearest: nearest(&name, markets.keys()),
                market: name.into(),
            }
        })?;
        if !door.caller.speaks_for(door.market) {
            return Err(InvalidEvent::not_yours(
                "",
                format!(
                    "the token `{}` does not speak for the market `{}`",
                    door.caller.name, door.market
                ),
            ));
        }
        Ok(Self {
            door: *door,
            market,
            envelope: Envelope::default(),
            kind: None,
            data: None,
            beside: &[],
            complaint: None,
        })
    }

    fn read_event(&mut self, body: &[u8]) -> Result<(), InvalidEvent> {
        let late = match std::str::from_utf8(body) {
            Ok(text) => self.visit_event(serde_json::Deserializer::from_str(text)),
            Err(_) => self.visit_event(serde_json::Deserializer::from_slice(body)),
        };
        match late.map_err(|error| self.blame(&error))? {
            Some(data) => {
                self.find_kind()?;
                self.read_data(data.get().as_bytes())
            }
            None => Ok(()),
        }
    }

    /// Reads the data of an event whose kind is known.
    pub(super) fn read_data(&mut self, json: &[u8]) -> Result<(), InvalidEvent> {
        // What is text as a whole is not looked through once more for each of its strings. What is not may still be an event,
        // where only something that nobody reads is no text.
        let read = match std::str::from_utf8(json) {
            Ok(text) => self.visit_whole_data(serde_json::Deserializer::from_str(text)),
            Err(_) => self.visit_whole_data(serde_json::Deserializer::from_slice(json)),
        };
        read.map_err(|error| self.blame(&error))
    }

    fn visit_event<'de, R: Read<'de>>(
        &mut self,
        mut json: serde_json::Deserializer<R>,
    ) -> serde_json::Result<Option<&'de RawValue>> {
        let late = json.deserialize_any(EventVisitor::of(self))?;
        json.end().map(|()| late)
    }

    fn visit_whole_data<'de, R: Read<'de>>(
        &mut self,
        mut json: serde_json::Deserializer<R>,
    ) -> serde_json::Result<()> {
        self.visit_data(&mut json)?;
        json.end()
    }

    pub(super) fn put(&mut self, attribute: Attribute, text: Text) -> Result<(), InvalidEvent> {
        self.envelope.put(attribute, Some(text))
    }

    pub(super) fn datum(&self, name: &str) -> Option<&Value> {
        let kind = self.door.charter.events.at(self.kind?);
        self.data.as_ref()?.named(kind, name)
    }

    /// Puts a datum in its slot, in place of what stood there.
    pub(super) fn put_datum(&mut self, name: &str, value: Value) {
        if let (Some(kind), Some(data)) = (self.kind, &mut self.data) {
            data.put(self.door.charter.events.at(kind), name, value);
        }
    }

    pub(super) fn visit_data<'de, D: Deserializer<'de>>(
        &mut self,
        json: D,
    ) -> Result<(), D::Error> {
        let Some(kind) = self.kind else {
            return Ok(());
        };
        let kind = self.door.charter.events.at(kind);
        DataSeed {
            charter: self.door.charter,
            market: self.market,
            kind,
            data: self.data.get_or_insert_with(|| Data::of(kind)),
            beside: self.beside,
            complaint: &mut self.complaint,
        }
        .deserialize(json)
    }

    fn blame(&mut self, error: &serde_json::Error) -> InvalidEvent {
        match self.complaint.take() {
            Some(complaint) => complaint,
            None if error.is_data() => InvalidEvent::not_an_event(
                "",
                "an event is a JSON object of CloudEvents attributes",
            ),
            None => InvalidEvent::malformed(error),
        }
    }

    /// Finds out which of the charter's kinds it is.
    pub(super) fn find_kind(&mut self) -> Result<EventIx, InvalidEvent> {
        if let Some(kind) = self.kind {
            return Ok(kind);
        }
        let named = self.envelope.required(Attribute::Type)?;
        let events = &self.door.charter.names.events;
        let kind = events
            .get(named)
            .copied()
            .ok_or_else(|| InvalidEvent::UnknownEvent {
                nearest: nearest(named, events.keys()),
                kind: named.clone(),
            })?;
        self.kind = Some(kind);
        Ok(kind)
    }

    pub(super) fn finish(mut self) -> Result<Event, InvalidEvent> {
        self.envelope.check_version()?;
        let id = self.envelope.required(Attribute::Id)?.clone();
        let source = self.envelope.required(Attribute::Source)?.clone();
        let kind = self.find_kind()?;
        let defined = self.door.charter.events.at(kind);
        let is_withdrawn = defined.built_in == Some(BuiltIn::ConsentWithdrawn);
        if !is_withdrawn {
            self.envelope.check_odd()?;
            self.envelope.check_content_type()?;
        }
        self.check_market()?;
        let source_ix = self.speaker(&source, kind)?;
        let [subject, visitor, account] = self.names(source_ix, is_withdrawn)?;
        check_presence(defined, subject.is_some(), account.is_some())?;
        let channel = match self.envelope.short(Attribute::Channel) {
            Err(_) if is_withdrawn => None,
            channel => channel?.cloned(),
        };
        let now = self.door.clock.now();
        let time = self.time(now, defined)?;
        let received_at = self.received_at(now, time);
        let mut data = self.data.unwrap_or_else(|| Data::of(defined));
        data.check_required(defined, self.market)?;
        consent::check(&self.door, defined, &mut data)?;
        let is_gpc = self.door.is_gpc || self.envelope.says_gpc();
        let content = ContentParts {
            market: self.door.market,
            kind: defined,
            id: &id,
            source: &source,
            names: [&subject, &visitor, &account].map(|name| pair(self.door.charter, name)),
            about: About::default(),
            is_gpc,
            channel: channel.as_ref(),
            time,
            data: &data,
        }
        .digest();
        Ok(Event {
            charter: Arc::clone(self.door.charter),
            market: self.market,
            kind,
            id,
            source,
            source_ix: Some(source_ix),
            subject,
            visitor,
            account,
            about: About::default(),
            is_gpc,
            channel,
            occurred_at: time.unwrap_or(received_at),
            received_at,
            dropped: data.dropped,
            data: data.slots,
            content,
        })
    }

    /// Subject, visitor and account. Who withdraws names themselves; whatever else the event names is no reason to turn them away.
    fn names(
        &self,
        source: SourceIx,
        is_withdrawn: bool,
    ) -> Result<[Option<Name>; 3], InvalidEvent> {
        let subject = self.name(NameAttribute::Subject, source)?;
        let beside = |naming| match self.name(naming, source) {
            Err(_) if is_withdrawn && subject.is_some() => Ok(None),
            name => name,
        };
        let visitor = beside(NameAttribute::Visitor)?;
        let account = beside(NameAttribute::Account)?;
        Ok([subject, visitor, account])
    }

    /// On the clock of events it is never earlier than what an event says.
    fn received_at(&self, now: Instant, time: Option<Instant>) -> Instant {
        match self.door.clock {
            Clock::Events(_) => time.map_or(now, |time| time.max(now)),
            Clock::System | Clock::Fixed(_) => now,
        }
    }

    fn check_market(&self) -> Result<(), InvalidEvent> {
        match self.envelope.text(Attribute::Market) {
            Some(market) if market != self.door.market => Err(InvalidEvent::not_an_event(
                "/market",
                format!(
                    "`market` is `{}`, and the path says `{}`: they must be the same",
                    market.chars().take(32).collect::<String>(),
                    self.door.market
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Which of the charter's sources is speaking, if it may say this.
    fn speaker(&self, source: &Text, kind: EventIx) -> Result<SourceIx, InvalidEvent> {
        let charter = self.door.charter;
        let speaker = match &self.door.caller.voice {
            Voice::Any => charter
                .sources
                .iter()
                .filter(|(_, own)| own.covers(source))
                .max_by_key(|(_, own)| own.name.len())
                .map(|(index, _)| index)
                .ok_or_else(|| {
                    let known: Vec<String> = charter
                        .sources
                        .iter()
                        .map(|(_, own)| format!("`{}`", own.name))
                        .collect();
                    InvalidEvent::not_yours(
                        "/source",
                        format!(
                            "`source` is `{source}`, and the charter knows only {} and what is below them",
                            known.join(", ")
                        ),
                    )
                })?,
            Voice::One(own) => {
                let index = charter.names.sources.get(own).copied();
                index
                    .filter(|index| charter.sources.at(*index).covers(source))
                    .ok_or_else(|| {
                        InvalidEvent::not_yours(
                            "/source",
                            format!(
                                "`source` is `{source}`, and this token speaks as `{own}` or below it, such as `{own}/web`"
                            ),
                        )
                    })?
            }
            Voice::None => {
                return Err(InvalidEvent::not_yours(
                    "/source",
                    "this token has no source, and so may send no events",
                ));
            }
        };
        check_kind(charter, speaker, kind)?;
        Ok(speaker)
    }

    fn name(&self, naming: NameAttribute, source: SourceIx) -> Result<Option<Name>, InvalidEvent> {
        let charter = self.door.charter;
        let attribute = match naming {
            NameAttribute::Subject => Attribute::Subject,
            NameAttribute::Visitor => Attribute::Visitor,
            NameAttribute::Account => Attribute::Account,
        };
        let Some(text) = self.envelope.text(attribute) else {
            return Ok(None);
        };
        let name = Name::named(charter, naming, text)?;
        let source = charter.sources.at(source);
        // A source's `subjects` say which customers it may name; an account is not one.
        if naming != NameAttribute::Account && !source.may_name(name.identity) {
            return Err(InvalidEvent::not_yours(
                naming.pointer(),
                format!(
                    "the source `{}` may not name a `{}`: the charter does not list it in its `subjects`",
                    source.name,
                    charter.identities.at(name.identity).name
                ),
            ));
        }
        Ok(Some(name))
    }

    /// A withdrawal whose time cannot be meant holds from its arrival; anything else with such a time is refused.
    fn time(&self, now: Instant, kind: &EventKind) -> Result<Option<Instant>, InvalidEvent> {
        match self.said_time(now) {
            Err(_) if kind.built_in == Some(BuiltIn::ConsentWithdrawn) => Ok(None),
            said => said,
        }
    }

    fn said_time(&self, now: Instant) -> Result<Option<Instant>, InvalidEvent> {
        let on_events_clock = matches!(self.door.clock, Clock::Events(_));
        let Some(text) = self.envelope.text(Attribute::Time) else {
            if on_events_clock && now == Instant::default() {
                return Err(InvalidEvent::unfit(
                    "/time",
                    "`time` is missing: this host runs on the clock of its events, and none has come yet",
                ));
            }
            return Ok(None);
        };
        let time = Instant::parse(text)
            .map_err(|invalid| InvalidEvent::not_an_event("/time", format!("`time`: {invalid}")))?;
        let earliest = self.door.charter.earliest_event;
        if time < earliest {
            return Err(InvalidEvent::unfit(
                "/time",
                format!(
                    "`time` is {time}, before {earliest}: the charter takes no event from before its `earliest-event`"
                ),
            ));
        }
        let latest = now.plus(Span::from_millis(AHEAD_MINUTES * 60_000));
        if time > latest && !on_events_clock {
            return Err(InvalidEvent::unfit(
                "/time",
                format!(
                    "`time` is {time}, more than {AHEAD_MINUTES} minutes after the host's {now}: an event has happened"
                ),
            ));
        }
        Ok(Some(time))
    }
}

fn pair<'a>(charter: &'a Charter, name: &'a Option<Name>) -> Option<(&'a Text, &'a Name)> {
    let name = name.as_ref()?;
    Some((&charter.identities.at(name.identity).name, name))
}

/// Whether the source may say such a thing.
fn check_kind(charter: &Charter, speaker: SourceIx, kind: EventIx) -> Result<(), InvalidEvent> {
    let defined = charter.sources.at(speaker);
    let said = charter.events.at(kind);
    if said.built_in.is_some_and(|built_in| !built_in.is_sent()) {
        return Err(InvalidEvent::not_yours(
            "/type",
            format!(
                "`{}` is said by the host alone: no source may send it",
                said.name
            ),
        ));
    }
    if !defined.may_send(kind) {
        return Err(InvalidEvent::not_yours(
            "/type",
            format!(
                "the source `{}` may not send `{}`: the charter does not list it in its `may-send`",
                defined.name, said.name
            ),
        ));
    }
    Ok(())
}

fn check_presence(kind: &EventKind, subject: bool, account: bool) -> Result<(), InvalidEvent> {
    if kind.subject == Presence::Required && !subject {
        return Err(InvalidEvent::unfit(
            "/subject",
            format!(
                "`subject` is missing: `{}` must name its customer as `namespace:value`",
                kind.name
            ),
        ));
    }
    // With a subject, the account may be the customer's own.
    if kind.account == Presence::Required && !account && !subject {
        return Err(InvalidEvent::unfit(
            "/account",
            format!(
                "`account` is missing: `{}` must name its account as `namespace:value`, or a subject that has one",
                kind.name
            ),
        ));
    }
    Ok(())
}
