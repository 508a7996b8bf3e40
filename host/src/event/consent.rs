//! Consents: the event that a `PUT` becomes, and what the charter must know of any consent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::charter::{BuiltIn, EventIx, EventKind};
use crate::event::data::Data;
use crate::event::envelope::Attribute;
use crate::event::invalid::{InvalidEvent, nearest};
use crate::event::parse::{Door, Parser};
use crate::event::{Event, Name, Voice};
use crate::ids::Text;
use crate::value::Value;

/// What a person has said; the first four give, the last two take.
const GIVEN: [&str; 4] = ["requested", "granted", "confirmed", "soft"];
const WITHDRAWN: [&str; 2] = ["denied", "withdrawn"];
/// Withdrawn, it is the objection to everything that needs consent.
const ALL: &str = "all";

/// A consent as a `PUT` says it.
#[derive(Clone, Debug)]
pub struct ConsentRequest<'a> {
    pub id: Text,
    /// `None`: the caller's own.
    pub source: Option<Text>,
    /// `None`: now.
    pub time: Option<Text>,
    /// `namespace:value`
    pub subject: Text,
    pub purpose: Text,
    pub head: ConsentHead,
    /// Read once more, as data: the head tells of which kind and market.
    pub body: &'a [u8],
}

/// What the body says besides the event's data.
#[derive(Clone, Debug)]
pub struct ConsentHead {
    state: Option<Text>,
    market: Option<Text>,
}

/// The members of an object in their order, those that stand twice as well.
struct Members(Vec<(Text, serde_json::Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl Members {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a serde_json::Value> {
        let named = self.0.iter().filter(move |(member, _)| member == name);
        named.map(|(_, value)| value)
    }

    /// The one text of that name; nothing where there is none, or null.
    fn text(&self, name: &str) -> Result<Option<Text>, InvalidEvent> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (None | Some(serde_json::Value::Null), None) => Ok(None),
            (Some(serde_json::Value::String(text)), None) => Ok(Some(Text::from(text.as_str()))),
            (_, None) => {
                let what = format!("`{name}` must be a text");
                Err(InvalidEvent::unfit(format!("/{name}"), what))
            }
            (_, Some(_)) => {
                let what = format!("`{name}` stands twice");
                Err(InvalidEvent::unfit(format!("/{name}"), what))
            }
        }
    }

    /// The word of a withdrawal, in whatever form it is said.
    fn withdrawal(&self) -> Option<Text> {
        let words = self.all("state").flat_map(|value| match value {
            serde_json::Value::Array(words) => words.as_slice(),
            word => std::slice::from_ref(word),
        });
        let mut words = words.filter_map(serde_json::Value::as_str);
        words.find(|word| WITHDRAWN.contains(word)).map(Text::new)
    }
}

impl ConsentHead {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidEvent> {
        let members: Members = serde_json::from_slice(body).map_err(|error| {
            if error.is_data() {
                let what = "a consent is a JSON object such as {\"state\": \"granted\", \"market\": \"gb\", \"channels\": [\"email\"]}";
                InvalidEvent::not_an_event("", what)
            } else {
                InvalidEvent::malformed(&error)
            }
        })?;
        if let Some(state) = members.withdrawal() {
            let mut markets = members.all("market").filter_map(serde_json::Value::as_str);
            return Ok(Self {
                state: Some(state),
                market: markets.next().map(Text::new),
            });
        }
        Ok(Self {
            state: members.text("state")?,
            market: members.text("market")?,
        })
    }

    /// The market in which it was said.
    pub fn market(&self) -> Result<&Text, InvalidEvent> {
        self.market.as_ref().ok_or_else(|| {
            InvalidEvent::unfit(
                "/market",
                "`market` is missing: where was the consent said?",
            )
        })
    }

    pub fn is_withdrawal(&self) -> bool {
        let state = self.state.as_deref();
        state.is_some_and(|state| WITHDRAWN.contains(&state))
    }

    fn kind(&self) -> Result<&'static str, InvalidEvent> {
        let right = || quoted(&[&GIVEN[..], &WITHDRAWN]);
        match &self.state {
            Some(_) if self.is_withdrawal() => Ok("consent.withdrawn"),
            Some(state) if GIVEN.contains(&state.as_str()) => Ok("consent.given"),
            Some(state) => {
                let state: String = state.chars().take(32).collect();
                let what = format!("`state` is `{state}`, and must be one of {}", right());
                Err(InvalidEvent::unfit("/state", what))
            }
            None => {
                let what = format!("`state` is missing: one of {}", right());
                Err(InvalidEvent::unfit("/state", what))
            }
        }
    }
}

impl Event {
    /// Reads a consent; the door's market must be the head's.
    pub fn consent(door: &Door<'_>, request: &ConsentRequest<'_>) -> Result<Self, InvalidEvent> {
        let kind = request.head.kind()?;
        let mut parser = Parser::at(door)?;
        parser.put(Attribute::SpecVersion, "1.0".into())?;
        parser.put(Attribute::Id, request.id.clone())?;
        parser.put(Attribute::Type, kind.into())?;
        parser.put(Attribute::Subject, request.subject.clone())?;
        if let Some(time) = &request.time {
            parser.put(Attribute::Time, time.clone())?;
        }
        let kind = parser.find_kind()?;
        let source = match &request.source {
            Some(source) => source.clone(),
            None => own_source(door, kind, &request.subject)?,
        };
        parser.put(Attribute::Source, source)?;
        parser.beside = &["market"];
        parser.read_data(request.body)?;
        let purpose = purpose_of(request, parser.datum("purpose"))?;
        parser.put_datum("purpose", Value::Text(purpose));
        parser.finish()
    }
}

/// The purpose of the path. Where the body names another one, nothing is given; what is withdrawn is then all.
fn purpose_of(request: &ConsentRequest<'_>, said: Option<&Value>) -> Result<Text, InvalidEvent> {
    match said {
        Some(Value::Text(said)) if *said != request.purpose => {
            if request.head.is_withdrawal() {
                return Ok(Text::new_static(ALL));
            }
            let said: String = said.chars().take(64).collect();
            let what = format!(
                "`purpose` is `{said}`, and the path says `{}`: leave it out, or say the same",
                request.purpose
            );
            Err(InvalidEvent::unfit("/purpose", what))
        }
        _ => Ok(request.purpose.clone()),
    }
}

/// As whom the caller speaks when it does not say.
fn own_source(door: &Door<'_>, kind: EventIx, subject: &str) -> Result<Text, InvalidEvent> {
    let charter = door.charter;
    match &door.caller.voice {
        Voice::One(own) => Ok(own.clone()),
        Voice::None => Err(InvalidEvent::not_yours(
            "/source",
            "this token has no source, and so may give no consents",
        )),
        Voice::Any => {
            let subject = Name::parse(charter, subject)?;
            charter
                .sources
                .iter()
                .find(|(_, source)| source.may_send(kind) && source.may_name(subject.identity))
                .map(|(_, source)| source.name.clone())
                .ok_or_else(|| {
                    let kind = &charter.events.at(kind).name;
                    let what =
                        format!("no source of the charter may send `{kind}` about this subject");
                    InvalidEvent::not_yours("/source", what)
                })
        }
    }
}

/// Checks that a consent speaks of what the charter knows.
pub(super) fn check(
    door: &Door<'_>,
    kind: &EventKind,
    data: &mut Data,
) -> Result<(), InvalidEvent> {
    match kind.built_in {
        Some(BuiltIn::ConsentGiven) => {
            check_purpose(door, kind, data, None)?;
            check_given(door, kind, data)
        }
        Some(BuiltIn::ConsentWithdrawn) => {
            check_purpose(door, kind, data, Some(ALL))?;
            widen(door, kind, data);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_purpose(
    door: &Door<'_>,
    kind: &EventKind,
    data: &Data,
    all: Option<&str>,
) -> Result<(), InvalidEvent> {
    let known = &door.charter.names.purposes;
    match data.named(kind, "purpose") {
        Some(Value::Text(purpose))
            if all != Some(purpose.as_str()) && !known.contains_key(purpose) =>
        {
            Err(unknown("/data/purpose", "purpose", purpose, known.keys()))
        }
        _ => Ok(()),
    }
}

/// A withdrawal is never turned away for what it adds: channels that are not all known are no restriction, and it needs no
/// word for what it says.
fn widen(door: &Door<'_>, kind: &EventKind, data: &mut Data) {
    let known = &door.charter.names.channels;
    let is_understood = match data.named(kind, "channels") {
        Some(Value::Texts(channels)) => channels.iter().all(|one| known.contains_key(one)),
        _ => true,
    };
    if !is_understood {
        data.take_out(kind, "channels");
    }
    let is_word = match data.named(kind, "state") {
        Some(Value::Text(state)) => WITHDRAWN.contains(&state.as_str()),
        _ => true,
    };
    if !is_word {
        data.take_out(kind, "state");
    }
}

fn check_given(door: &Door<'_>, kind: &EventKind, data: &Data) -> Result<(), InvalidEvent> {
    let charter = door.charter;
    check_lists(kind, data)?;
    if let Some(Value::Text(state)) = data.named(kind, "state")
        && !GIVEN.contains(&state.as_str())
    {
        let what = format!(
            "`data.state` of `{}` must be one of {}; {} are said with `consent.withdrawn`",
            kind.name,
            quoted(&[&GIVEN]),
            quoted(&[&WITHDRAWN])
        );
        return Err(InvalidEvent::unfit("/data/state", what));
    }
    if let Some(Value::Texts(channels)) = data.named(kind, "channels") {
        for channel in channels.iter() {
            if !charter.names.channels.contains_key(channel) {
                let known = charter.names.channels.keys();
                return Err(unknown("/data/channels", "channel", channel, known));
            }
        }
    }
    if let Some(Value::Texts(markets)) = data.named(kind, "markets") {
        for market in markets.iter() {
            check_market(door, market)?;
        }
    }
    if let Some(Value::Text(brand)) = data.named(kind, "brand") {
        let brands = || charter.markets.iter().map(|(_, market)| &market.brand);
        if !brands().any(|known| known == brand) {
            return Err(unknown("/data/brand", "brand", brand, brands()));
        }
    }
    Ok(())
}

/// Nothing is given over no channel or in no market, and an empty list is not leave for all of them.
fn check_lists(kind: &EventKind, data: &Data) -> Result<(), InvalidEvent> {
    for (name, all) in [
        ("channels", "all that the purpose has"),
        ("markets", "the market where it is said"),
    ] {
        if let Some(Value::Texts(named)) = data.named(kind, name)
            && named.is_empty()
        {
            let what = format!(
                "`data.{name}` of `{}` is empty: name at least one, or leave it out for {all}",
                kind.name
            );
            return Err(InvalidEvent::unfit(format!("/data/{name}"), what));
        }
    }
    Ok(())
}

/// A consent is for other markets only where the caller speaks for them.
fn check_market(door: &Door<'_>, market: &Text) -> Result<(), InvalidEvent> {
    let known = &door.charter.names.markets;
    if !known.contains_key(market) {
        return Err(unknown("/data/markets", "market", market, known.keys()));
    }
    if door.caller.speaks_for(market) {
        Ok(())
    } else {
        Err(InvalidEvent::not_yours(
            "/data/markets",
            format!(
                "the token `{}` does not speak for the market `{market}`",
                door.caller.name
            ),
        ))
    }
}

fn unknown<'a>(
    pointer: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a Text>,
) -> InvalidEvent {
    let meant = nearest(name, known)
        .map(|meant| format!(": did you mean `{meant}`?"))
        .unwrap_or_default();
    let name: String = name.chars().take(64).collect();
    InvalidEvent::unfit(
        pointer,
        format!("the charter knows no {what} `{name}`{meant}"),
    )
}

fn quoted(lists: &[&[&str]]) -> String {
    let quoted: Vec<String> = lists
        .iter()
        .flat_map(|list| list.iter())
        .map(|name| format!("`{name}`"))
        .collect();
    quoted.join(", ")
}
