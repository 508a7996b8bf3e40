//! How values become bytes on disk: a format version, then bincode. Nothing else in the host names bincode.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version that this host writes, the first byte of everything encoded.
pub const FORMAT: u8 = 5;

/// Bytes that do not decode.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    #[error("format {found} is newer than this host's {FORMAT}: start a newer host")]
    Newer { found: u8 },
    #[error(
        "format {found} is older than this host's {FORMAT}, which does not read it: start on a new data folder"
    )]
    Unknown { found: u8 },
    #[error("the bytes are empty")]
    Empty,
    #[error("the bytes do not decode")]
    Damaged(#[source] bincode::error::DecodeError),
    #[error("{extra} bytes are left over after decoding")]
    Trailing { extra: usize },
}

const CONFIG: bincode::config::Configuration = bincode::config::standard();

/// Appends `value` to `bytes`, with its format version.
///
/// Encoding into memory fails only for types that cannot be encoded at all, which a round trip in the type's tests shows.
pub fn encode_into<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    bytes.push(FORMAT);
    let encoded = bincode::serde::encode_into_std_write(value, bytes, CONFIG);
    debug_assert!(encoded.is_ok(), "a type that cannot be encoded");
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
    let (&found, rest) = bytes.split_first().ok_or(Undecodable::Empty)?;
    match found {
        FORMAT => {}
        newer if newer > FORMAT => return Err(Undecodable::Newer { found }),
        _ => return Err(Undecodable::Unknown { found }),
    }
    let (value, used) =
        bincode::serde::decode_from_slice(rest, CONFIG).map_err(Undecodable::Damaged)?;
    match rest.len() - used {
        0 => Ok(value),
        extra => Err(Undecodable::Trailing { extra }),
    }
}
