//! The attributes of a CloudEvent, as they stand in a body or in `ce-` headers.

use crate::event::invalid::InvalidEvent;
use crate::ids::Text;
use crate::limits::EVENT_NAME_BYTES;

/// The attributes that Kairos reads; extensions that it does not know are let be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attribute {
    SpecVersion,
    Id,
    Source,
    Type,
    Subject,
    Time,
    DataContentType,
    Channel,
    Visitor,
    Account,
    Market,
    /// The browser's `Sec-GPC`.
    Gpc,
}

/// What a member of an event in JSON is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Member {
    Attribute(Attribute),
    Data,
    DataBase64,
    Unknown,
}

impl Member {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "data" => Self::Data,
            "data_base64" => Self::DataBase64,
            _ => Attribute::named(name).map_or(Self::Unknown, Self::Attribute),
        }
    }
}

impl Attribute {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "specversion" => Self::SpecVersion,
            "id" => Self::Id,
            "source" => Self::Source,
            "type" => Self::Type,
            "subject" => Self::Subject,
            "time" => Self::Time,
            "datacontenttype" => Self::DataContentType,
            "channel" => Self::Channel,
            "visitor" => Self::Visitor,
            "account" => Self::Account,
            "market" => Self::Market,
            "gpc" => Self::Gpc,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SpecVersion => "specversion",
            Self::Id => "id",
            Self::Source => "source",
            Self::Type => "type",
            Self::Subject => "subject",
            Self::Time => "time",
            Self::DataContentType => "datacontenttype",
            Self::Channel => "channel",
            Self::Visitor => "visitor",
            Self::Account => "account",
            Self::Market => "market",
            Self::Gpc => "gpc",
        }
    }

    pub(super) fn pointer(self) -> String {
        format!("/{}", self.name())
    }
}

/// With which byte those control characters begin that are not ASCII.
const CONTROLS_BEYOND_ASCII: u8 = 0xc2;

/// The attributes of one event, each still as it came.
#[derive(Default, Debug)]
pub(super) struct Envelope {
    texts: [Option<Text>; 12],
    seen: u16,
    odd: Option<InvalidEvent>,
}

impl Envelope {
    /// Keeps one attribute; a second of the same name is refused, even where the first was null.
    pub(super) fn put(
        &mut self,
        attribute: Attribute,
        text: Option<Text>,
    ) -> Result<(), InvalidEvent> {
        let bit = 1 << attribute as u16;
        if self.seen & bit != 0 {
            return Err(InvalidEvent::not_an_event(
                &attribute.pointer(),
                format!("`{}` stands twice", attribute.name()),
            ));
        }
        self.seen |= bit;
        if let Some(slot) = self.texts.get_mut(attribute as usize) {
            *slot = text;
        }
        Ok(())
    }

    /// Notes one attribute that is no text: only for a withdrawal it is none.
    pub(super) fn put_odd(
        &mut self,
        attribute: Attribute,
        found: &str,
    ) -> Result<(), InvalidEvent> {
        self.put(attribute, None)?;
        let odd = InvalidEvent::not_an_event(
            &attribute.pointer(),
            format!("`{}` is {found}, and must be a text", attribute.name()),
        );
        // Without these there is no event to look at.
        match attribute {
            Attribute::SpecVersion | Attribute::Id | Attribute::Source | Attribute::Type => {
                Err(odd)
            }
            _ => {
                self.odd.get_or_insert(odd);
                Ok(())
            }
        }
    }

    /// The first attribute that is no text.
    pub(super) fn check_odd(&mut self) -> Result<(), InvalidEvent> {
        self.odd.take().map_or(Ok(()), Err)
    }

    pub(super) fn text(&self, attribute: Attribute) -> Option<&Text> {
        self.texts.get(attribute as usize)?.as_ref()
    }

    /// An attribute that must be there, as CloudEvents asks.
    pub(super) fn required(&self, attribute: Attribute) -> Result<&Text, InvalidEvent> {
        self.short(attribute)?.ok_or_else(|| {
            InvalidEvent::not_an_event(
                &attribute.pointer(),
                format!("`{}` is missing: every event has one", attribute.name()),
            )
        })
    }

    /// An attribute that, if it is there, is neither empty nor long nor holds control characters.
    pub(super) fn short(&self, attribute: Attribute) -> Result<Option<&Text>, InvalidEvent> {
        let Some(text) = self.text(attribute) else {
            return Ok(None);
        };
        let wrong = |what: &str| {
            let what = format!("`{}` {what}", attribute.name());
            Err(InvalidEvent::not_an_event(&attribute.pointer(), what))
        };
        if text.is_empty() {
            return wrong("is empty");
        }
        if text.len() > EVENT_NAME_BYTES {
            let what = format!("has {} bytes, and may have {EVENT_NAME_BYTES}", text.len());
            return wrong(&what);
        }
        if has_control(text) {
            return wrong("holds control characters");
        }
        Ok(Some(text))
    }

    /// Whether the browser says that its user is not to be sold: Global Privacy Control has no other value than `1`.
    pub(super) fn says_gpc(&self) -> bool {
        self.text(Attribute::Gpc).is_some_and(|gpc| gpc == "1")
    }

    pub(super) fn check_version(&self) -> Result<(), InvalidEvent> {
        match self.text(Attribute::SpecVersion).map(Text::as_str) {
            Some("1.0") => Ok(()),
            Some(other) => Err(InvalidEvent::not_an_event(
                "/specversion",
                format!(
                    "`specversion` is `{}`, and must be `1.0`",
                    other.chars().take(16).collect::<String>()
                ),
            )),
            None => Err(InvalidEvent::not_an_event(
                "/specversion",
                "`specversion` is missing: it must be `1.0`",
            )),
        }
    }

    pub(super) fn check_content_type(&self) -> Result<(), InvalidEvent> {
        match self.text(Attribute::DataContentType) {
            Some(ty) if !is_json(ty) => Err(InvalidEvent::not_an_event(
                "/datacontenttype",
                "`datacontenttype` must be `application/json`: nothing else is read",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether there are control characters in `text`.
pub(super) fn has_control(text: &str) -> bool {
    let is_suspect = |byte: u8| byte.is_ascii_control() || byte == CONTROLS_BEYOND_ASCII;
    text.bytes().any(is_suspect) && text.chars().any(char::is_control)
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json")
}
