//! The structured form: one JSON object with the attributes and the data.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::event::envelope::{Attribute, Member};
use crate::event::invalid::InvalidEvent;
use crate::event::parse::Parser;
use crate::event::scalar::{AsText, Scalar};

/// Visits the structured form; hands back the data if they stood before the type and so could not be read yet.
pub(super) struct EventVisitor<'r, 'a> {
    parser: &'r mut Parser<'a>,
}

impl<'r, 'a> EventVisitor<'r, 'a> {
    pub(super) fn of(parser: &'r mut Parser<'a>) -> Self {
        Self { parser }
    }
}

impl<'de> Visitor<'de> for EventVisitor<'_, '_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let parser = self.parser;
        let mut early = None;
        let mut data_seen = false;
        while let Some(member) = members.next_key_seed(MemberSeed)? {
            let refused = match member {
                Member::Attribute(attribute) => match members.next_value_seed(AsText)? {
                    Scalar::Text(text) => parser.envelope.put(attribute, Some(text)).err(),
                    Scalar::Null => parser.envelope.put(attribute, None).err(),
                    Scalar::Other(found) => parser.envelope.put_odd(attribute, found).err(),
                },
                Member::Data if data_seen => {
                    Some(InvalidEvent::not_an_event("/data", "`data` stands twice"))
                }
                Member::Data => {
                    data_seen = true;
                    if parser.envelope.text(Attribute::Type).is_none() {
                        early = Some(members.next_value::<&'de RawValue>()?);
                        None
                    } else {
                        match parser.find_kind() {
                            Ok(_) => {
                                members.next_value_seed(DataOf { parser })?;
                                None
                            }
                            Err(refused) => Some(refused),
                        }
                    }
                }
                Member::DataBase64 => Some(InvalidEvent::not_an_event(
                    "/data_base64",
                    "`data_base64` is not read: the data must be JSON, in `data`",
                )),
                Member::Unknown => {
                    members.next_value::<IgnoredAny>()?;
                    None
                }
            };
            if refused.is_some() {
                parser.complaint = refused;
                return Err(de::Error::custom("event"));
            }
        }
        Ok(early)
    }
}

/// Lets a [`Parser`] read its data where they stand.
struct DataOf<'r, 'a> {
    parser: &'r mut Parser<'a>,
}

impl<'de> DeserializeSeed<'de> for DataOf<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.parser.visit_data(json)
    }
}

struct MemberSeed;

impl<'de> DeserializeSeed<'de> for MemberSeed {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Member, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberSeed {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Member, E> {
        Ok(Member::named(name))
    }
}
