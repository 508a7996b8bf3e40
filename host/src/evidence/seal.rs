//! The bytes of a record: a header that anybody may read, a body that is closed with the key of whom it is about, and the
//! states, each closed with the key of whose it is.
//!
//! ```text
//! length of the header, length of the body (4 bytes each, little-endian), header, body, states
//! ```
//!
//! The body rests on the header: it opens only behind the one that it was written with.

use crate::cache::States;
use crate::encoding::{self, Undecodable};
use crate::evidence::{Body, Header};
use crate::ids::Chance;
use crate::keys::{Class, DataKey, Keyring, Locked, Subject};

/// A record, taken apart. The states are still closed.
#[derive(Clone, PartialEq, Debug)]
pub struct Opened {
    pub header: Header,
    pub body: Body,
    pub states: States,
}

/// A record that this host cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the record's {part} is cut short")]
    Short { part: &'static str },
    #[error("the record's {part} cannot be read")]
    Damaged {
        part: &'static str,
        source: Undecodable,
    },
    #[error("{0}")]
    Locked(#[from] Locked),
}

impl Unreadable {
    /// Whether whoever it is about was erased, or it is no longer kept.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Locked(locked) if locked.is_for_good())
    }
}

const LENGTHS: usize = 8;

/// Appends the record's bytes, the body closed with `key`.
pub fn seal(
    (header, body, states): (&Header, &Body, &States),
    (key, chance): (&DataKey, &mut Chance),
    bytes: &mut Vec<u8>,
) {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; LENGTHS]);
    let head = bytes.len();
    encoding::encode_into(header, bytes);
    let neck = bytes.len();
    key.seal_onto((chance, head), bytes, |bytes| {
        encoding::encode_into(body, bytes);
    });
    let end = bytes.len();
    encoding::encode_into(states, bytes);
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let lengths = [length(neck - head), length(end - neck)];
    if let Some(place) = bytes.get_mut(start..head) {
        place.copy_from_slice(lengths.as_flattened());
    }
}

/// The three parts of a record's bytes.
struct Parts<'a> {
    header: &'a [u8],
    body: &'a [u8],
    states: &'a [u8],
}

fn split(bytes: &[u8]) -> Result<Parts<'_>, Unreadable> {
    let short = |part| move || Unreadable::Short { part };
    let (header, rest) = bytes.split_first_chunk().ok_or_else(short("header"))?;
    let (body, rest) = rest.split_first_chunk().ok_or_else(short("header"))?;
    let length = |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
    let header = rest.split_at_checked(length(*header));
    let (header, rest) = header.ok_or_else(short("header"))?;
    let body = rest.split_at_checked(length(*body));
    let (body, states) = body.ok_or_else(short("body"))?;
    Ok(Parts {
        header,
        body,
        states,
    })
}

fn damaged(part: &'static str) -> impl FnOnce(Undecodable) -> Unreadable {
    move |source| Unreadable::Damaged { part, source }
}

/// Reads a record's header alone.
pub fn open_header(bytes: &[u8]) -> Result<Header, Unreadable> {
    encoding::decode(split(bytes)?.header).map_err(damaged("header"))
}

/// Reads what needs no key: the header and the states, which are still closed.
pub fn open_outside(bytes: &[u8]) -> Result<(Header, States), Unreadable> {
    let parts = split(bytes)?;
    Ok((
        encoding::decode(parts.header).map_err(damaged("header"))?,
        encoding::decode(parts.states).map_err(damaged("states"))?,
    ))
}

/// Reads a record.
pub fn open(bytes: &[u8], keys: &dyn Keyring) -> Result<Opened, Unreadable> {
    let parts = split(bytes)?;
    let header: Header = encoding::decode(parts.header).map_err(damaged("header"))?;
    let key = keys.key_in(header.seal.key, header.period(header.seal.class))?;
    let body = key.open(parts.header, parts.body).ok_or(Locked::Other)?;
    Ok(Opened {
        header,
        body: encoding::decode(&body).map_err(damaged("body"))?,
        states: encoding::decode(parts.states).map_err(damaged("states"))?,
    })
}

/// Opens a state after a record with that header.
pub fn open_state(
    keys: &dyn Keyring,
    header: &Header,
    subject: Subject,
    sealed: &[u8],
) -> Result<Vec<u8>, Unreadable> {
    let key = keys.key_in(subject, header.period(Class::States))?;
    let state = key.open(&subject.to_bytes(), sealed);
    Ok(state.ok_or(Locked::Other)?)
}
