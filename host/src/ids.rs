//! Names of things: ids that are drawn, keys that follow from a name, digests that follow from content.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::clock::Instant;

/// Short immutable text; cloning never allocates.
pub type Text = SmolStr;

/// A table that is looked up on the path. Its keys are drawn, derived with a secret or declared by the charter: nobody can
/// choose them so that they collide.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

macro_rules! drawn_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub struct $name(Uuid);

        impl $name {
            /// Reads the hyphenated form; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }

            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    };
}

drawn_id! {
    /// A customer, by a random number that means nothing outside.
    CustomerId
}
drawn_id! {
    /// An account (a company), by a random number.
    AccountId
}
drawn_id! {
    /// A decision; sorts by time.
    DecisionId
}
drawn_id! {
    /// An action; sorts by time.
    ActionId
}

impl CustomerId {
    pub fn draw(chance: &mut Chance) -> Self {
        Self(Uuid::from_bytes(random_form(chance)))
    }
}

impl AccountId {
    pub fn draw(chance: &mut Chance) -> Self {
        Self(Uuid::from_bytes(random_form(chance)))
    }
}

impl DecisionId {
    pub fn draw(now: Instant, chance: &mut Chance) -> Self {
        Self(sorted_form(now, chance))
    }
}

impl DecisionId {
    /// Sorts before every decision of that time or later.
    pub fn first_at(at: Instant) -> Self {
        let millis = u64::try_from(at.millis()).unwrap_or_default();
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().zip(millis.to_be_bytes().iter().skip(2)) {
            *place = *byte;
        }
        Self::from_bytes(bytes)
    }

    /// When the decision with these bytes was taken.
    pub fn time_of(id: &[u8; 16]) -> Instant {
        let millis = id.iter().take(6);
        let millis = millis.fold(0, |sum, byte| sum << 8 | i64::from(*byte));
        Instant::from_millis(millis)
    }
}

impl ActionId {
    pub fn draw(now: Instant, chance: &mut Chance) -> Self {
        Self(sorted_form(now, chance))
    }
}

fn random_form(chance: &mut Chance) -> [u8; 16] {
    *uuid::Builder::from_random_bytes(chance.bytes())
        .into_uuid()
        .as_bytes()
}

fn sorted_form(now: Instant, chance: &mut Chance) -> Uuid {
    let random: [u8; 10] = chance.bytes();
    uuid::Builder::from_unix_timestamp_millis(now.millis().unsigned_abs(), &random).into_uuid()
}

/// The stable key of a name that the charter defines: the same in every version of the charter, so that stored state
/// need not be rewritten when the charter changes. Two names of one charter never share a key: the loader refuses that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Key(u32);

impl Key {
    /// Derives the key of `name` among things of one `sort`, such as `field` or `purpose`.
    pub fn of(sort: &str, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(sort.as_bytes())
            .update(b"\0")
            .update(name.as_bytes());
        let mut first = [0; 4];
        hasher.finalize_xof().fill(&mut first);
        Self(u32::from_le_bytes(first))
    }

    pub fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }
}

/// A SHA-256 digest, written `sha256:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
        Self(digest)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads `sha256:` and 64 hexadecimal digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let hash = blake3::Hash::from_hex(text.strip_prefix("sha256:")?).ok()?;
        Some(Self(*hash.as_bytes()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where randomness comes from: seeded by the operating system in the host, by a number in a test.
pub struct Chance {
    stream: blake3::OutputReader,
    /// What was drawn ahead: many small draws at once cost hardly more than one.
    ahead: [u8; AHEAD_BYTES],
    used: usize,
}

const AHEAD_BYTES: usize = 512;

impl Chance {
    pub fn from_seed(seed: &[u8]) -> Self {
        Self {
            stream: blake3::Hasher::new_derive_key("kairos chance 1")
                .update(seed)
                .finalize_xof(),
            ahead: [0; AHEAD_BYTES],
            used: AHEAD_BYTES,
        }
    }

    /// Seeds from the operating system; the error is the operating system's.
    pub fn from_system() -> std::io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
        Ok(Self::from_seed(&seed))
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= AHEAD_BYTES) };
        let mut bytes = [0; N];
        let left = self.ahead.get(self.used..).unwrap_or_default();
        let (start, rest) = bytes.split_at_mut(N.min(left.len()));
        start.copy_from_slice(left.get(..start.len()).unwrap_or_default());
        self.used += start.len();
        if !rest.is_empty() {
            self.stream.fill(&mut self.ahead);
            self.used = rest.len();
            rest.copy_from_slice(self.ahead.get(..rest.len()).unwrap_or_default());
        }
        // What was handed out, such as a key, stays nowhere.
        let begin = self.used.saturating_sub(N);
        if let Some(spent) = self.ahead.get_mut(begin..self.used) {
            spent.fill(0);
        }
        bytes
    }

    pub fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}

/// Lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    let pairs = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    pairs.map(digit).collect()
}

/// `None` where it is not exactly `N` bytes in hexadecimal digits.
pub fn from_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_of_any_size_follow_each_other_in_one_stream() {
        let mut chance = Chance::from_seed(b"stream");
        let mut drawn = Vec::new();
        for _ in 0..100 {
            drawn.extend(chance.bytes::<24>());
            drawn.extend(chance.bytes::<10>());
            drawn.extend(chance.number().to_le_bytes());
            drawn.extend(chance.bytes::<512>());
        }
        let mut stream = vec![0; drawn.len()];
        blake3::Hasher::new_derive_key("kairos chance 1")
            .update(b"stream")
            .finalize_xof()
            .fill(&mut stream);
        assert_eq!(drawn, stream);
    }
}
