//! How values become bytes on disk: a format version, then each value in as few bytes as it needs. Whole numbers are as long as
//! they are large. What the same bytes told shortly before is told by how far away it is: times by the milliseconds between
//! them, ids, keys and texts by how long ago they came. Names stand in tables ([`Names`]) that are written once.

mod memory;
mod names;
mod read;
mod write;

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use memory::{Memory, SALT_BYTES};
pub use names::{Dictionary, Entries, Names, Tables, Vocabulary};
use read::Reader;
use write::Writer;

/// The version that this host writes, the first byte of everything encoded.
pub const FORMAT: u8 = 6;

/// Bytes that do not decode.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    #[error("format {found} is newer than this host's {FORMAT}: start a newer host")]
    Newer { found: u8 },
    #[error(
        "format {found} is older than this host's {FORMAT}, which does not read it: start on a new data folder; the kairos that wrote the old one still verifies, explains and reports it"
    )]
    Unknown { found: u8 },
    #[error("the bytes end too early")]
    Short,
    #[error("the bytes do not decode: {0}")]
    Damaged(String),
    #[error("the table of names {number} is not there")]
    NoNames { number: u32 },
    #[error("{extra} bytes are left over after decoding")]
    Trailing { extra: usize },
}

impl serde::de::Error for Undecodable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Damaged(message.to_string())
    }
}

/// Appends `value` to `bytes`, with its format version.
pub fn encode_into<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    bytes.push(FORMAT);
    write(value, (&mut Memory::default(), Tables::default()), bytes);
}

/// Encodes `value` with its format version.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    thread_local! {
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        // As long as it is, and no longer: states stay in memory like this.
        Ok(mut bytes) => {
            bytes.clear();
            encode_into(value, &mut bytes);
            bytes.to_vec()
        }
        Err(_in_use) => {
            let mut bytes = Vec::new();
            encode_into(value, &mut bytes);
            bytes
        }
    })
}

/// Decodes exactly `bytes`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Undecodable> {
    let mut rest = format_of(bytes)?;
    let value = read(&mut rest, (&mut Memory::default(), Tables::default()))?;
    all_read(rest)?;
    Ok(value)
}

/// Appends a value that follows others: `memory` knows what they told.
///
/// It fails only for types that cannot be encoded at all, which a round trip in the type's tests shows.
pub fn write<T: Serialize>(
    value: &T,
    (memory, tables): (&mut Memory, Tables<'_>),
    bytes: &mut Vec<u8>,
) {
    let encoded = value.serialize(&mut Writer::new(bytes, memory, tables));
    debug_assert!(encoded.is_ok(), "a type that cannot be encoded");
}

/// Reads what [`write`] wrote, off the beginning of `bytes`, with the same tables and after the same values.
pub fn read<T: DeserializeOwned>(
    bytes: &mut &[u8],
    (memory, tables): (&mut Memory, Tables<'_>),
) -> Result<T, Undecodable> {
    let mut reader = Reader::new(bytes, memory, tables);
    let value = T::deserialize(&mut reader)?;
    let read = bytes.len() - reader.rest().len();
    *bytes = bytes.split_at(read).1;
    Ok(value)
}

/// What stands behind the format version.
pub fn format_of(bytes: &[u8]) -> Result<&[u8], Undecodable> {
    let (&found, rest) = bytes.split_first().ok_or(Undecodable::Short)?;
    match found {
        FORMAT => Ok(rest),
        newer if newer > FORMAT => Err(Undecodable::Newer { found }),
        _ => Err(Undecodable::Unknown { found }),
    }
}

/// Nothing may follow.
pub fn all_read(rest: &[u8]) -> Result<(), Undecodable> {
    match rest.len() {
        0 => Ok(()),
        extra => Err(Undecodable::Trailing { extra }),
    }
}

#[cfg(test)]
mod tests;
