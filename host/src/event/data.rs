//! The data of an event, visited once, from JSON straight into the slots that the charter gives its kind.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::charter::{BuiltIn, Charter, Datum, DatumIx, EventKind, MarketIx, did_you_mean};
use crate::event::amount::Money;
use crate::event::datum::{DatumValue, ValueSeed, pointer, right};
use crate::event::invalid::InvalidEvent;
use crate::ids::Text;
use crate::value::Value;

/// What a consent may be given for, narrower than for all; the word for what was said stands with them, since without it
/// `granted` is meant.
const RESTRICTIONS: [&str; 5] = ["purpose", "channels", "markets", "brand", "state"];

/// What was found in `data`.
#[derive(Default, Debug)]
pub(super) struct Data {
    /// By `DatumIx`.
    pub(super) slots: Vec<Option<Value>>,
    pub(super) dropped: u32,
    foreign: Vec<(DatumIx, Money)>,
    mapped: Vec<(DatumIx, Value)>,
}

impl Data {
    pub(super) fn of(kind: &EventKind) -> Self {
        Self {
            slots: vec![None; kind.data.len()],
            dropped: 0,
            foreign: Vec::new(),
            mapped: Vec::new(),
        }
    }

    /// The amount as it came, where it came in another currency than the charter's.
    pub(super) fn foreign(&self, datum: DatumIx) -> Option<&Money> {
        self.foreign
            .iter()
            .find(|(of, _)| *of == datum)
            .map(|(_, money)| money)
    }

    /// The value as it came, where the source has other words than the charter.
    pub(super) fn mapped(&self, datum: DatumIx) -> Option<&Value> {
        let mut mapped = self.mapped.iter();
        mapped.find(|(of, _)| *of == datum).map(|(_, value)| value)
    }

    fn slot(&mut self, datum: DatumIx) -> Option<&mut Option<Value>> {
        use crate::charter::table::Index;
        self.slots.get_mut(usize::from(datum.number()))
    }

    pub(super) fn named(&self, kind: &EventKind, name: &str) -> Option<&Value> {
        let mut slots = kind.data.iter().zip(&self.slots);
        slots
            .find(|((_, datum), _)| datum.name == name)
            .and_then(|(_, slot)| slot.as_ref())
    }

    pub(super) fn put(&mut self, kind: &EventKind, name: &str, value: Value) {
        self.replace(kind, name, Some(value));
    }

    pub(super) fn take_out(&mut self, kind: &EventKind, name: &str) {
        self.replace(kind, name, None);
    }

    fn replace(&mut self, kind: &EventKind, name: &str, value: Option<Value>) {
        let mut data = kind.data.iter();
        let datum = data.find(|(_, datum)| datum.name == name);
        if let Some(slot) = datum.and_then(|(datum, _)| self.slot(datum)) {
            *slot = value;
        }
    }

    /// The first required datum that is missing.
    pub(super) fn check_required(
        &self,
        kind: &EventKind,
        market: MarketIx,
    ) -> Result<(), InvalidEvent> {
        for ((_, datum), slot) in kind.data.iter().zip(&self.slots) {
            if slot.is_none() && datum.required && datum.market.is_none_or(|own| own == market) {
                return Err(InvalidEvent::unfit(
                    pointer(&datum.name, ""),
                    format!(
                        "`data.{}` is missing: `{}` requires {}",
                        datum.name,
                        kind.name,
                        right(datum)
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// Reads `data` as the charter defines it for one kind. A complaint goes into `complaint`, because an error of the
/// JSON reader can carry only text.
pub(super) struct DataSeed<'a> {
    pub(super) charter: &'a Charter,
    pub(super) market: MarketIx,
    pub(super) kind: &'a EventKind,
    pub(super) data: &'a mut Data,
    /// Members that are read elsewhere.
    pub(super) beside: &'a [&'a str],
    pub(super) complaint: &'a mut Option<InvalidEvent>,
}

impl DataSeed<'_> {
    /// Giving is narrow: what is not understood may be dropped from facts, never from a consent.
    fn check_dropped<E: de::Error>(&mut self, name: &str) -> Result<(), E> {
        let is_given = self.kind.built_in == Some(BuiltIn::ConsentGiven);
        if !is_given || self.beside.contains(&name) {
            return Ok(());
        }
        let known = self.kind.data.iter().map(|(_, datum)| datum.name.as_str());
        let meant = did_you_mean(name, known);
        let name: String = name.chars().take(64).collect();
        let what = format!(
            "`data.{name}` would be dropped, and more be given than was said, for no consent has it{meant}"
        );
        *self.complaint = Some(InvalidEvent::unfit(pointer(&name, ""), what));
        Err(E::custom("data"))
    }

    /// A restriction that says nothing is none of those that were meant.
    fn check_null<E: de::Error>(&mut self, datum: &Datum) -> Result<(), E> {
        let is_given = self.kind.built_in == Some(BuiltIn::ConsentGiven);
        if !is_given || !RESTRICTIONS.contains(&datum.name.as_str()) {
            return Ok(());
        }
        let what = format!(
            "`data.{}` is null, and must be {}: leave it out where the consent is not restricted by it",
            datum.name,
            right(datum)
        );
        *self.complaint = Some(InvalidEvent::unfit(pointer(&datum.name, ""), what));
        Err(E::custom("data"))
    }

    /// Withdrawing is wide: a restriction that is not understood restricts nothing.
    fn read_withdrawn<'de, A: MapAccess<'de>>(
        &mut self,
        members: &mut A,
        datum: &Datum,
    ) -> Result<Option<DatumValue>, A::Error> {
        let json: Box<RawValue> = members.next_value()?;
        let mut complaint = None;
        let seed = ValueSeed::of(self.charter, datum, &mut complaint);
        match seed.deserialize(&mut serde_json::Deserializer::from_str(json.get())) {
            Ok(value) => Ok(value),
            Err(_) if datum.required => {
                *self.complaint = complaint;
                Err(de::Error::custom("data"))
            }
            Err(_) => Ok(None),
        }
    }

    fn wrong<E: de::Error>(&mut self, found: &str) -> E {
        *self.complaint = Some(InvalidEvent::unfit(
            "/data",
            format!("`data` is {found}, and must be an object"),
        ));
        E::custom("data")
    }
}

impl<'de> DeserializeSeed<'de> for DataSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DataSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(mut self, _: bool) -> Result<(), E> {
        Err(self.wrong("true or false"))
    }

    fn visit_i64<E: de::Error>(mut self, _: i64) -> Result<(), E> {
        Err(self.wrong("a number"))
    }

    fn visit_u64<E: de::Error>(mut self, _: u64) -> Result<(), E> {
        Err(self.wrong("a number"))
    }

    fn visit_f64<E: de::Error>(mut self, _: f64) -> Result<(), E> {
        Err(self.wrong("a number"))
    }

    fn visit_str<E: de::Error>(mut self, _: &str) -> Result<(), E> {
        Err(self.wrong("a text"))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, _: A) -> Result<(), A::Error> {
        Err(self.wrong("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let is_withdrawn = self.kind.built_in == Some(BuiltIn::ConsentWithdrawn);
        let mut twice = Vec::new();
        while let Some(key) = members.next_key_seed(KeySeed {
            kind: self.kind,
            market: self.market,
        })? {
            let index = match key {
                Ok(index) => index,
                Err(unknown) => {
                    members.next_value::<IgnoredAny>()?;
                    self.check_dropped(&unknown)?;
                    self.data.dropped = self.data.dropped.saturating_add(1);
                    continue;
                }
            };
            let datum = self.kind.data.at(index);
            let read = if is_withdrawn {
                self.read_withdrawn(&mut members, datum)?
            } else {
                members.next_value_seed(ValueSeed::of(self.charter, datum, self.complaint))?
            };
            let Some(given) = read else {
                self.check_null(datum)?;
                continue;
            };
            if let DatumValue::Money(money) = given
                && money.code != self.charter.currency.code
            {
                self.data.foreign.push((index, money));
            }
            if let DatumValue::Mapped(_, raw) = &given {
                self.data.mapped.push((index, raw.clone()));
            }
            if let Some(slot) = self.data.slot(index)
                && slot.replace(given.into()).is_some()
            {
                if is_withdrawn && !datum.required {
                    twice.push(index);
                    continue;
                }
                let what = format!("`data.{}` stands twice", datum.name);
                *self.complaint = Some(InvalidEvent::unfit(pointer(&datum.name, ""), what));
                return Err(de::Error::custom("data"));
            }
        }
        for index in twice {
            if let Some(slot) = self.data.slot(index) {
                *slot = None;
            }
        }
        Ok(())
    }
}

/// Finds a declared datum by its name; the name is the error.
struct KeySeed<'a> {
    kind: &'a EventKind,
    market: MarketIx,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Result<DatumIx, Text>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Result<DatumIx, Text>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        let mut data = self.kind.data.iter();
        Ok(data
            .find(|(_, datum)| datum.name == name)
            .filter(|(_, datum)| datum.market.is_none_or(|own| own == self.market))
            .map(|(index, _)| index)
            .ok_or_else(|| Text::new(name)))
    }
}
