//! A file of events as lines: what routing needs of each, and what is wrong with those that have none of it.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ids::Text;
use crate::limits;

/// An event on its way: its JSON as it stood in the file, and what routing needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct EventLine {
    pub(super) origin: Origin,
    /// Events of one key keep their order: the subject's, else the visitor's, else the event's own.
    pub(super) key: u64,
    pub(super) id: Text,
    pub(super) kind: Text,
    pub(super) market: Text,
    pub(super) subject: Option<Text>,
    pub(super) time: Option<Text>,
    pub(super) json: String,
}

/// Where an event comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    File {
        line: u64,
        bytes: u64,
    },
    /// A simulated consent, ahead of the event of this line.
    Simulated {
        line: u64,
    },
}

impl Origin {
    pub(super) fn line(self) -> u64 {
        match self {
            Self::File { line, .. } | Self::Simulated { line } => line,
        }
    }

    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::File { bytes, .. } => bytes,
            Self::Simulated { .. } => 0,
        }
    }
}

/// A line that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadLine {
    #[error("longer than {} bytes", limits::EVENT_BODY_BYTES)]
    TooLong,
    #[error("not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("no JSON object with every key once")]
    NoObject,
    #[error("no `market`")]
    NoMarket,
    #[error("`market` is no market code")]
    NotAMarket,
}

/// The lines of an input, each of bounded length and with its number from 1.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    line: Vec<u8>,
}

/// One line; blank lines are passed over.
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) event: Result<EventLine, BadLine>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn of(input: R) -> Self {
        Self {
            input,
            number: 0,
            line: Vec::new(),
        }
    }

    /// The number of the line that was read last.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        loop {
            self.line.clear();
            let bound = limits::EVENT_BODY_BYTES as u64 + 1;
            let mut within = self.input.by_ref().take(bound);
            let bytes = within.read_until(b'\n', &mut self.line)?;
            if bytes == 0 {
                return Ok(None);
            }
            self.number += 1;
            let line = self.number;
            if self.line.len() > limits::EVENT_BODY_BYTES && self.line.last() != Some(&b'\n') {
                self.input.skip_until(b'\n')?;
                let event = Err(BadLine::TooLong);
                return Ok(Some(Entry { line, event }));
            }
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let origin = Origin::File {
                line,
                bytes: bytes as u64,
            };
            let event = EventLine::read(self.line.trim_ascii(), origin);
            return Ok(Some(Entry { line, event }));
        }
    }
}

/// What routing needs; whether the rest is right is the host's to say, whose complaints are exact.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    market: Option<&'a RawValue>,
    #[serde(borrow, default)]
    subject: Option<&'a RawValue>,
    #[serde(borrow, default)]
    visitor: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
}

impl EventLine {
    pub(super) fn read(line: &[u8], origin: Origin) -> Result<Self, BadLine> {
        let json: &RawValue = serde_json::from_slice(line).map_err(BadLine::NotJson)?;
        if !json.get().starts_with('{') {
            return Err(BadLine::NoObject);
        }
        let head: Head<'_> = serde_json::from_str(json.get()).map_err(|_| BadLine::NoObject)?;
        let id = text(head.id).unwrap_or_default();
        let market = text(head.market).ok_or(BadLine::NoMarket)?;
        if !is_market(&market) {
            return Err(BadLine::NotAMarket);
        }
        let subject = text(head.subject);
        let named = subject.clone().or_else(|| text(head.visitor));
        Ok(Self {
            origin,
            key: hash(named.as_ref().unwrap_or(&id).as_bytes()),
            id,
            kind: text(head.kind).unwrap_or_default(),
            market,
            subject,
            time: text(head.time),
            json: json.get().to_owned(),
        })
    }
}

fn text(value: Option<&RawValue>) -> Option<Text> {
    let text: Cow<'_, str> = serde_json::from_str(value?.get()).ok()?;
    Some(Text::from(text))
}

/// Whether `text` can stand in a path as it is.
fn is_market(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}

/// The same on every run and machine.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let mut hasher = blake3::Hasher::new();
    hasher.update(bytes).finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(input: &[u8]) -> Vec<Entry> {
        let mut lines = Lines::of(input);
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[track_caller]
    fn refused(line: &[u8], expected: &str) {
        let read = entries(line);
        let error = read[0].event.as_ref().unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_line_that_cannot_be_routed_is_refused_with_what_is_wrong() {
        refused(b"{\"market\":\"gb\"", "not JSON");
        refused(
            b"[{\"market\":\"gb\"}]",
            "no JSON object with every key once",
        );
        refused(b"7", "no JSON object with every key once");
        refused(b"\xff\xfe", "not JSON");
        refused(b"{\"market\":\"gb\"} {}", "not JSON");
        refused(
            b"{\"market\":\"gb\",\"market\":\"de\"}",
            "no JSON object with every key once",
        );
        refused(b"{}", "no `market`");
        refused(b"{\"market\":null}", "no `market`");
        refused(b"{\"market\":7}", "no `market`");
        refused(b"{\"market\":\"../gb\"}", "`market` is no market code");
        refused(b"{\"market\":\"\"}", "`market` is no market code");
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_rest_goes_on() {
        let mut input = vec![b'x'; 3 * limits::EVENT_BODY_BYTES];
        input.extend(b"\n\n  \r\n{\"market\":\"gb\"}");
        let entries = entries(&input);
        assert!(matches!(entries[0].event, Err(BadLine::TooLong)));
        assert!(entries[1].event.is_ok());
        assert_eq!((entries[1].line, entries.len()), (4, 2));
    }

    #[test]
    fn what_the_host_has_to_judge_is_sent_as_it_stands() {
        let line = b"{\"market\":\"gb\",\"subject\":7, \"id\":[], \"x\":1e999}";
        let read = EventLine::read(line, Origin::Simulated { line: 1 }).unwrap();
        assert_eq!(read.json.as_bytes(), line);
        assert_eq!(read.subject, None);
    }

    #[test]
    fn events_of_one_subject_share_a_key() {
        let read = |json: &str| EventLine::read(json.as_bytes(), Origin::Simulated { line: 1 });
        let key = |json| read(json).unwrap().key;
        assert_eq!(
            key(r#"{"id":"1","market":"gb","subject":"crm:1"}"#),
            key(r#"{"id":"2","market":"de","subject":"crm:\u0031","visitor":"v:1"}"#)
        );
        assert_ne!(
            key(r#"{"id":"1","market":"gb"}"#),
            key(r#"{"id":"2","market":"gb"}"#)
        );
    }
}
