//! The digest of what an event says: the same words in another order or spelling are the same content.

use crate::charter::EventKind;
use crate::clock::Instant;
use crate::event::data::Data;
use crate::event::{About, Content, Name};
use crate::ids::Text;
use crate::value::Value;

/// What the digest covers. Names, never indices: it must be the same under the next version of the charter.
pub(super) struct ContentParts<'a> {
    pub(super) market: &'a str,
    pub(super) kind: &'a EventKind,
    pub(super) id: &'a Text,
    pub(super) source: &'a Text,
    /// Subject, visitor, account: each with the name of its identity.
    pub(super) names: [Option<(&'a Text, &'a Name)>; 3],
    pub(super) about: About,
    pub(super) is_gpc: bool,
    pub(super) channel: Option<&'a Text>,
    /// Only where the event itself says so.
    pub(super) time: Option<Instant>,
    pub(super) data: &'a Data,
}

impl ContentParts<'_> {
    pub(super) fn digest(&self) -> Content {
        let mut bytes = Vec::with_capacity(512);
        text(&mut bytes, self.market);
        text(&mut bytes, &self.kind.name);
        text(&mut bytes, self.id);
        text(&mut bytes, self.source);
        for name in self.names {
            match name {
                None => bytes.push(0),
                Some((identity, name)) => {
                    bytes.push(1);
                    text(&mut bytes, identity);
                    text(&mut bytes, &name.value);
                }
            }
        }
        if let Some(customer) = self.about.customer {
            bytes.push(2);
            bytes.extend(customer.as_bytes());
        }
        if let Some(account) = self.about.account {
            bytes.push(3);
            bytes.extend(account.as_bytes());
        }
        if self.is_gpc {
            bytes.push(4);
        }
        match self.channel {
            None => bytes.push(0),
            Some(channel) => {
                bytes.push(1);
                text(&mut bytes, channel);
            }
        }
        match self.time {
            None => bytes.push(0),
            Some(time) => {
                bytes.push(1);
                bytes.extend(time.millis().to_le_bytes());
            }
        }
        for ((datum, defined), given) in self.kind.data.iter().zip(&self.data.slots) {
            let Some(given) = given else { continue };
            text(&mut bytes, &defined.name);
            match self.data.foreign(datum) {
                // As it came: a new rate between two deliveries must not make a repeat a conflict.
                Some(money) => {
                    bytes.push(b'$');
                    bytes.extend(money.code);
                    bytes.extend(money.given.to_le_bytes());
                }
                // As it came, for the same reason: the charter's word for it may change.
                None => value(&mut bytes, self.data.mapped(datum).unwrap_or(given)),
            }
        }
        let mut content = [0; 16];
        blake3::Hasher::new()
            .update(&bytes)
            .finalize_xof()
            .fill(&mut content);
        Content(content)
    }
}

fn number(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend((length as u64).to_le_bytes());
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len());
    bytes.extend(text.as_bytes());
}

fn value(bytes: &mut Vec<u8>, value: &Value) {
    bytes.push(value.kind() as u8);
    match value {
        Value::Flag(flag) => bytes.push(u8::from(*flag)),
        Value::Integer(integer) => bytes.extend(integer.to_le_bytes()),
        Value::Number(number) => bytes.extend(number.to_bits().to_le_bytes()),
        Value::Text(own) => text(bytes, own),
        Value::Instant(instant) => bytes.extend(instant.millis().to_le_bytes()),
        Value::Texts(texts) => {
            number(bytes, texts.len());
            texts.iter().for_each(|own| text(bytes, own));
        }
        Value::Integers(integers) => {
            number(bytes, integers.len());
            integers
                .iter()
                .for_each(|integer| bytes.extend(integer.to_le_bytes()));
        }
    }
}
