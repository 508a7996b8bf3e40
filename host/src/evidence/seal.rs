//! The bytes of a record: header, body and states, each with its length, so that a header can be read alone and each part
//! can be encrypted under a key of its own.

use crate::cache::States;
use crate::encoding::{self, Undecodable};
use crate::evidence::{Body, Header};

/// A record, taken apart.
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
}

/// Appends the record's bytes.
pub fn seal(header: &Header, body: &Body, states: &States, bytes: &mut Vec<u8>) {
    part(bytes, |bytes| encoding::encode_into(header, bytes));
    part(bytes, |bytes| encoding::encode_into(body, bytes));
    part(bytes, |bytes| encoding::encode_into(states, bytes));
}

fn part(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    write(bytes);
    let length = u32::try_from(bytes.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = bytes.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// Reads a record's header alone.
pub fn open_header(bytes: &[u8]) -> Result<Header, Unreadable> {
    let (header, _) = split(bytes, "header")?;
    encoding::decode(header).map_err(|source| Unreadable::Damaged {
        part: "header",
        source,
    })
}

/// Reads a record.
pub fn open(bytes: &[u8]) -> Result<Opened, Unreadable> {
    let (header, rest) = split(bytes, "header")?;
    let (body, rest) = split(rest, "body")?;
    let (states, _) = split(rest, "states")?;
    let damaged = |part| move |source| Unreadable::Damaged { part, source };
    Ok(Opened {
        header: encoding::decode(header).map_err(damaged("header"))?,
        body: encoding::decode(body).map_err(damaged("body"))?,
        states: encoding::decode(states).map_err(damaged("states"))?,
    })
}

fn split<'a>(bytes: &'a [u8], part: &'static str) -> Result<(&'a [u8], &'a [u8]), Unreadable> {
    let short = Unreadable::Short { part };
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return Err(short);
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    rest.split_at_checked(length).ok_or(short)
}
