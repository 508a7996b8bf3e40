//! What closes content: AES-256-GCM, each content under a key of its own, which BLAKE3 derives from the data key and 192 random
//! bits. So no nonce ever comes twice, however much one data key closes.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

use crate::ids::Chance;

const SALT_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// How much longer content is when it is closed.
pub const SEAL_BYTES: usize = SALT_BYTES + TAG_BYTES;

/// What derived keys are for: none of them is ever another's.
const CONTENT: &[u8] = b"kairos content\0";
const PERIOD: &[u8] = b"kairos period\0";

/// A key that closes and opens content. Its memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey(Zeroizing<[u8; 32]>);

/// Never shown.
impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl DataKey {
    pub fn draw(chance: &mut Chance) -> Self {
        Self(Zeroizing::new(chance.bytes()))
    }

    pub(in crate::keys) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(in crate::keys) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Appends what `write` writes, closed: a salt, the content, a tag. It opens only with the same `about`.
    pub fn seal_into(
        &self,
        (chance, about): (&mut Chance, &[u8]),
        bytes: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let begin = salted(chance, bytes, write);
        let (_, sealed) = bytes.split_at_mut(begin);
        let tag = self.close(about, sealed);
        append(tag, begin, bytes);
    }

    /// The same, about all that stands in `bytes` from `head` on.
    pub fn seal_onto(
        &self,
        (chance, head): (&mut Chance, usize),
        bytes: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let begin = salted(chance, bytes, write);
        let (before, sealed) = bytes.split_at_mut(begin);
        let tag = self.close(before.get(head..).unwrap_or_default(), sealed);
        append(tag, begin, bytes);
    }

    /// Closes what stands behind the salt; `None` only of more than 64 GiB.
    fn close(&self, about: &[u8], sealed: &mut [u8]) -> Option<Tag> {
        let (salt, content) = sealed.split_first_chunk_mut::<SALT_BYTES>()?;
        self.of_content(salt)?
            .seal_in_place_separate_tag(once(), Aad::from(about), content)
            .ok()
    }

    /// What was closed under this key about `about`; `None` for anything else.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk::<SALT_BYTES>()?;
        let mut content = rest.to_vec();
        let opened = self
            .of_content(salt)?
            .open_in_place(once(), Aad::from(about), &mut content);
        let length = opened.ok()?.len();
        content.truncate(length);
        Some(content)
    }

    /// The key of the one content that has this salt.
    fn of_content(&self, salt: &[u8; SALT_BYTES]) -> Option<LessSafeKey> {
        let key = self.derive::<{ CONTENT.len() + SALT_BYTES }>(CONTENT, salt);
        let key = UnboundKey::new(&AES_256_GCM, &key);
        key.ok().map(LessSafeKey::new)
    }

    /// The key that needs both this one and a period's: when either is gone, so is what it closed.
    #[must_use]
    pub fn within(&self, period: &Self) -> Self {
        let key = self.derive::<{ PERIOD.len() + 32 }>(PERIOD, period.as_bytes());
        Self(Zeroizing::new(key))
    }

    /// `BYTES` is the length of both parts.
    fn derive<const BYTES: usize>(&self, what_for: &[u8], from: &[u8]) -> [u8; 32] {
        let mut input = Zeroizing::new([0; BYTES]);
        for (place, byte) in input.iter_mut().zip(what_for.iter().chain(from)) {
            *place = *byte;
        }
        *blake3::keyed_hash(self.as_bytes(), &*input).as_bytes()
    }
}

/// The nonce of a key that closes one content alone.
fn once() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// Appends a salt and what is to be closed with it; returns where they begin.
fn salted(chance: &mut Chance, bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> usize {
    let begin = bytes.len();
    bytes.extend_from_slice(&chance.bytes::<SALT_BYTES>());
    write(bytes);
    begin
}

/// Without a tag nothing stays: content never leaves in clear.
fn append(tag: Option<Tag>, begin: usize, bytes: &mut Vec<u8>) {
    match tag {
        Some(tag) => bytes.extend_from_slice(tag.as_ref()),
        None => bytes.truncate(begin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (DataKey, DataKey, Chance) {
        let mut chance = Chance::from_seed(b"keys");
        let keys = (DataKey::draw(&mut chance), DataKey::draw(&mut chance));
        (keys.0, keys.1, chance)
    }

    #[test]
    fn what_is_closed_opens_only_with_its_key_and_what_it_is_about() {
        let (key, other, mut chance) = keys();
        let mut bytes = b"head".to_vec();
        key.seal_into((&mut chance, b"about"), &mut bytes, |bytes| {
            bytes.extend_from_slice(b"canary");
        });
        let sealed = bytes[4..].to_vec();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(key.open(b"about", &sealed).unwrap(), b"canary");
        assert_eq!(key.open(b"other", &sealed), None);
        assert_eq!(other.open(b"about", &sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(key.open(b"about", &changed), None, "byte {place}");
            assert_eq!(key.open(b"about", &sealed[..place]), None, "{place} bytes");
        }
    }

    #[test]
    fn what_is_closed_within_a_period_opens_only_with_both_keys() {
        let (key, period, mut chance) = keys();
        let mut sealed = Vec::new();
        key.within(&period)
            .seal_into((&mut chance, b""), &mut sealed, |bytes| bytes.push(7));
        assert_eq!(key.within(&period).open(b"", &sealed).unwrap(), [7]);
        for other in [
            key.clone(),
            period.clone(),
            period.within(&key),
            key.within(&key),
        ] {
            assert_eq!(other.open(b"", &sealed), None);
        }
    }

    #[test]
    fn what_is_closed_onto_a_head_rests_on_that_head() {
        let (key, _, mut chance) = keys();
        let mut bytes = b"xxhead".to_vec();
        key.seal_onto((&mut chance, 2), &mut bytes, |bytes| bytes.push(7));
        assert_eq!(key.open(b"head", &bytes[6..]).unwrap(), [7]);
    }
}
