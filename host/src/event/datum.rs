//! One value of an event's data, read as the charter defines its datum.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::charter::{Charter, Datum, Type};
use crate::clock::Instant;
use crate::event::amount::{self, Money};
use crate::event::invalid::InvalidEvent;
use crate::event::scalar::{AsText, Scalar};
use crate::ids::Text;
use crate::limits::{LIST_ITEMS, TEXT_BYTES};
use crate::value::Value;

/// One value as it came.
pub(super) enum DatumValue {
    Plain(Value),
    Money(Money),
    /// In the charter's words, and as it came.
    Mapped(Value, Value),
}

impl From<DatumValue> for Value {
    fn from(given: DatumValue) -> Self {
        match given {
            DatumValue::Plain(value) | DatumValue::Mapped(value, _) => value,
            DatumValue::Money(money) => Self::Integer(money.own),
        }
    }
}

/// Which part of a datum is being read.
#[derive(Clone, Copy)]
enum At {
    Whole,
    Item(usize),
}

/// Reads one declared value; null is none.
pub(super) struct ValueSeed<'a> {
    charter: &'a Charter,
    datum: &'a Datum,
    at: At,
    complaint: &'a mut Option<InvalidEvent>,
}

impl<'a> ValueSeed<'a> {
    pub(super) fn of(
        charter: &'a Charter,
        datum: &'a Datum,
        complaint: &'a mut Option<InvalidEvent>,
    ) -> Self {
        Self {
            charter,
            datum,
            at: At::Whole,
            complaint,
        }
    }
}

impl ValueSeed<'_> {
    /// Complains that `datum` (or its item) `what`: "is too long".
    fn complain<E: de::Error>(self, member: &str, what: impl fmt::Display) -> E {
        let name = &self.datum.name;
        let (tail, place) = match self.at {
            At::Whole if member.is_empty() => (String::new(), format!("`data.{name}`")),
            At::Whole => (format!("/{member}"), format!("`data.{name}.{member}`")),
            At::Item(number) => (format!("/{number}"), format!("`data.{name}[{number}]`")),
        };
        *self.complaint = Some(InvalidEvent::unfit(
            pointer(name, &tail),
            format!("{place} {what}"),
        ));
        E::custom("data")
    }

    fn ill_typed<E: de::Error>(self, found: &str) -> E {
        let right = match (self.at, self.datum.ty) {
            (At::Item(_), Type::Texts) => "a text".to_owned(),
            (At::Item(_), _) => "a whole number".to_owned(),
            (At::Whole, _) => right(self.datum),
        };
        self.complain("", format!("is {found}, and must be {right}"))
    }

    /// The type asked for here: of a list's item, the item's.
    fn ty(&self) -> Type {
        match (self.at, self.datum.ty) {
            (At::Item(_), Type::Texts) => Type::Text,
            (At::Item(_), Type::Integers) => Type::Integer,
            (_, ty) => ty,
        }
    }

    /// A text, in the charter's words where the source has its own (A14).
    fn text<E: de::Error>(self, given: &str) -> Result<DatumValue, E> {
        if given.len() > TEXT_BYTES {
            let what = format!("has {} bytes, and may have {TEXT_BYTES}", given.len());
            return Err(self.complain("", what));
        }
        let mapped = self.datum.maps.iter().find(|(from, _)| from == given);
        if let Some((_, to)) = mapped {
            let (to, given) = (to.clone(), Text::new(given));
            return Ok(DatumValue::Mapped(Value::Text(to), Value::Text(given)));
        }
        if let Some(own) = self.datum.own {
            return match own.normal(given) {
                Some(normal) if normal == given => Ok(DatumValue::Plain(Value::Text(normal))),
                Some(normal) => {
                    let given = Value::Text(Text::new(given));
                    Ok(DatumValue::Mapped(Value::Text(normal), given))
                }
                None => {
                    let given: String = given.chars().take(32).collect();
                    let what = format!("is `{given}`, and must be {}", own.right());
                    Err(self.complain("", what))
                }
            };
        }
        let text = given;
        if !self.datum.one_of.is_empty() && !self.datum.one_of.iter().any(|one| one == text) {
            let what = format!("is none of {}", quoted(&self.datum.one_of));
            return Err(self.complain("", what));
        }
        Ok(DatumValue::Plain(Value::Text(Text::new(text))))
    }

    /// An amount within the bounds that the charter sets.
    fn bounded<E: de::Error>(self, given: DatumValue) -> Result<DatumValue, E> {
        let Some((low, high)) = self.datum.between else {
            return Ok(given);
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "the loader takes no bound that is not exact"
        )]
        let amount = match &given {
            DatumValue::Money(money) => money.own as f64,
            DatumValue::Plain(Value::Integer(integer)) => *integer as f64,
            DatumValue::Plain(Value::Number(number)) => *number,
            DatumValue::Plain(_) | DatumValue::Mapped(..) => return Ok(given),
        };
        if (low..=high).contains(&amount) {
            return Ok(given);
        }
        let unit = match &given {
            DatumValue::Money(_) => format!(
                ", in minor units of {}",
                amount::text(self.charter.currency)
            ),
            _ => String::new(),
        };
        let what = format!("is {amount}, and must be from {low} to {high}{unit}");
        Err(self.complain("", what))
    }

    fn item(&mut self, number: usize) -> ValueSeed<'_> {
        ValueSeed {
            charter: self.charter,
            datum: self.datum,
            at: At::Item(number),
            complaint: self.complaint,
        }
    }

    /// Reads a list of what `take` finds in a value.
    fn list<'de, A: SeqAccess<'de>, T: Clone>(
        mut self,
        mut items: A,
        take: fn(Value) -> Option<T>,
    ) -> Result<List<T>, A::Error> {
        let most = self.datum.at_most.min(LIST_ITEMS);
        let mut values = Vec::with_capacity(most.min(16));
        let mut given: Option<Vec<T>> = None;
        while let Some(item) = items.next_element_seed(self.item(values.len()))? {
            if values.len() == most {
                let what = format!("is a list of more than {most} entries");
                return Err(self.complain("", what));
            }
            let (value, raw) = match item {
                Some(DatumValue::Plain(value)) => (take(value), None),
                Some(DatumValue::Mapped(value, raw)) => (take(value), take(raw)),
                Some(DatumValue::Money(_)) | None => (None, None),
            };
            let Some(value) = value else {
                self.at = At::Item(values.len());
                return Err(self.ill_typed("null"));
            };
            if raw.is_some() && given.is_none() {
                given = Some(values.clone());
            }
            if let Some(given) = &mut given {
                given.push(raw.unwrap_or_else(|| value.clone()));
            }
            values.push(value);
        }
        Ok(List { values, given })
    }
}

/// The entries of a list.
struct List<T> {
    /// In the charter's words.
    values: Vec<T>,
    /// As they came, where that differs.
    given: Option<Vec<T>>,
}

fn as_text(value: Value) -> Option<Text> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(*integer),
        _ => None,
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Option<DatumValue>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Option<DatumValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&right(self.datum))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        match self.ty() {
            Type::Flag => Ok(Some(DatumValue::Plain(Value::Flag(flag)))),
            _ => Err(self.ill_typed("true or false")),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        match self.ty() {
            Type::Integer => self
                .bounded(DatumValue::Plain(Value::Integer(number)))
                .map(Some),
            #[expect(clippy::cast_precision_loss, reason = "JSON has one kind of number")]
            Type::Number => self
                .bounded(DatumValue::Plain(Value::Number(number as f64)))
                .map(Some),
            _ => Err(self.ill_typed("a number")),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            #[expect(clippy::cast_precision_loss, reason = "JSON has one kind of number")]
            Err(_) if self.ty() == Type::Number => self
                .bounded(DatumValue::Plain(Value::Number(number as f64)))
                .map(Some),
            Err(_) => Err(self.ill_typed("a number of more than 64 bits")),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        match self.ty() {
            Type::Number => self
                .bounded(DatumValue::Plain(Value::Number(number)))
                .map(Some),
            _ => Err(self.ill_typed("a number with decimals")),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match self.ty() {
            Type::Text => self.text(text).map(Some),
            Type::Instant => match Instant::parse(text) {
                Ok(instant) => Ok(Some(DatumValue::Plain(Value::Instant(instant)))),
                Err(_) => Err(self.ill_typed("another text")),
            },
            _ => Err(self.ill_typed("a text")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        match self.ty() {
            Type::Texts => {
                let List { values, given } = self.list(items, as_text)?;
                let list = Value::Texts(values.into());
                Ok(Some(match given {
                    None => DatumValue::Plain(list),
                    Some(given) => DatumValue::Mapped(list, Value::Texts(given.into())),
                }))
            }
            Type::Integers => {
                let list = self.list(items, |value| as_integer(&value))?.values;
                Ok(Some(DatumValue::Plain(Value::Integers(list.into()))))
            }
            _ => Err(self.ill_typed("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        if self.ty() != Type::Money {
            return Err(self.ill_typed("an object"));
        }
        let mut amount: Option<Text> = None;
        let mut currency: Option<Text> = None;
        while let Some(member) = members.next_key::<Text>()? {
            let place = match member.as_str() {
                "amount" => &mut amount,
                "currency" => &mut currency,
                _ => {
                    return Err(self.complain("", "has a member besides `amount` and `currency`"));
                }
            };
            let Scalar::Text(text) = members.next_value_seed(AsText)? else {
                let what = "must be a text, because a JSON number is not exact: \
                            {\"amount\": \"139.12\", \"currency\": \"GBP\"}";
                return Err(self.complain(&member, what));
            };
            if place.replace(text).is_some() {
                return Err(self.complain(&member, "stands twice"));
            }
        }
        match (amount, currency) {
            (Some(amount), Some(currency)) => {
                match amount::money(self.charter, &amount, &currency) {
                    Ok(money) => self.bounded(DatumValue::Money(money)).map(Some),
                    Err(
                        invalid @ (amount::InvalidAmount::NoRate { .. }
                        | amount::InvalidAmount::NoCode { .. }),
                    ) => Err(self.complain("currency", invalid)),
                    Err(invalid) => Err(self.complain("amount", invalid)),
                }
            }
            (None, _) => Err(self.complain("amount", "is missing: a decimal such as \"139.12\"")),
            (_, None) => Err(self.complain("currency", "is missing: an ISO 4217 code")),
        }
    }
}

/// What would be right for `datum`.
pub(super) fn right(datum: &Datum) -> String {
    match datum.ty {
        Type::Flag => "true or false".into(),
        Type::Integer => "a whole number".into(),
        Type::Number => "a number".into(),
        Type::Text if datum.one_of.is_empty() => "a text".into(),
        Type::Text => format!("one of {}", quoted(&datum.one_of)),
        Type::Instant => "an RFC 3339 time such as \"2026-11-02T09:30:00Z\"".into(),
        Type::Texts => "a list of texts".into(),
        Type::Integers => "a list of whole numbers".into(),
        Type::Money => "money such as {\"amount\": \"139.12\", \"currency\": \"GBP\"}".into(),
    }
}

fn quoted(texts: &[Text]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(", ")
}

pub(super) fn pointer(name: &str, tail: &str) -> String {
    format!("/data/{}{tail}", name.replace('~', "~0").replace('/', "~1"))
}
