//! What closes content: AES-256-GCM, each content under a key of its own.
//!
//! INVARIANT: no key closes two contents, so that its one nonce never comes twice. BLAKE3 derives it from the owner's key, the
//! period's where there is one, and a salt of 128 random bits; the keys that it starts from are random too. A record draws its
//! salt anew whenever it is closed, and uses it once for each of its contents: its body and its states differ in owner or in
//! period. Whatever is closed by itself, a state for the view or a key, has a salt of its own. Of 2^40 salts under one key, two
//! are the same with a chance of 2^-49.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

use crate::encoding::SALT_BYTES;
use crate::ids::Chance;

const TAG_BYTES: usize = 16;
/// How much longer content is when it is closed.
pub const SEAL_BYTES: usize = SALT_BYTES + TAG_BYTES;

/// What derived keys are for: none of them is ever another's.
const ALONE: &[u8; 16] = b"kairos content\0\0";
const WITHIN: &[u8; 16] = b"kairos section\0\0";

/// What makes the key of a content its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Salt([u8; SALT_BYTES]);

impl Salt {
    pub fn draw(chance: &mut Chance) -> Self {
        Self(chance.bytes())
    }

    pub fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; SALT_BYTES] {
        &self.0
    }
}

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

    /// What closes content of this key's owner for as long as a period's key is there: when either is gone, so is what it
    /// closed.
    #[must_use]
    pub fn within(&self, period: &Self) -> SectionKey {
        SectionKey {
            own: self.clone(),
            period: period.clone(),
        }
    }

    /// Appends a salt, the content, a tag. It opens only with the same `about`.
    pub fn seal_into(&self, (salt, about): (Salt, &[u8]), content: &[u8], bytes: &mut Vec<u8>) {
        let key = self.of_content(ALONE, &[0; 32], salt);
        append(key, (salt, about), content, bytes);
    }

    /// What was closed under this key about `about`; `None` for anything else.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk()?;
        open(self.of_content(ALONE, &[0; 32], Salt(*salt)), about, rest)
    }

    /// The key of the one content that has this salt. The input is one block of the hash.
    fn of_content(
        &self,
        what_for: &[u8; 16],
        period: &[u8; 32],
        salt: Salt,
    ) -> Option<LessSafeKey> {
        let mut input = Zeroizing::new([0; 64]);
        let parts = what_for.iter().chain(period).chain(&salt.0);
        for (place, byte) in input.iter_mut().zip(parts) {
            *place = *byte;
        }
        let key = Zeroizing::new(*blake3::keyed_hash(&self.0, &*input).as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, &*key);
        key.ok().map(LessSafeKey::new)
    }
}

/// What closes and opens what is of one owner and was written in one period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionKey {
    own: DataKey,
    period: DataKey,
}

impl SectionKey {
    fn of_content(&self, salt: Salt) -> Option<LessSafeKey> {
        self.own.of_content(WITHIN, self.period.as_bytes(), salt)
    }

    /// Appends a salt, the content, a tag. It opens only with the same `about`.
    pub fn seal_into(&self, (salt, about): (Salt, &[u8]), content: &[u8], bytes: &mut Vec<u8>) {
        append(self.of_content(salt), (salt, about), content, bytes);
    }

    /// What was closed under this key about `about`; `None` for anything else.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk()?;
        self.open_behind((Salt(*salt), about), rest)
    }

    /// Closes what stands in `bytes` from `begin` on, about all that stands there from `head` on, the salt among it.
    pub fn seal_behind(&self, salt: Salt, (head, begin): (usize, usize), bytes: &mut Vec<u8>) {
        let (before, content) = bytes.split_at_mut(begin);
        let about = before.get(head..).unwrap_or_default();
        let tag = close(self.of_content(salt), about, content);
        finish(tag, begin, bytes);
    }

    /// Opens what [`Self::seal_behind`] closed.
    pub fn open_behind(&self, (salt, about): (Salt, &[u8]), sealed: &[u8]) -> Option<Vec<u8>> {
        open(self.of_content(salt), about, sealed)
    }
}

fn append(
    key: Option<LessSafeKey>,
    (salt, about): (Salt, &[u8]),
    content: &[u8],
    bytes: &mut Vec<u8>,
) {
    bytes.extend_from_slice(&salt.0);
    let begin = bytes.len();
    bytes.extend_from_slice(content);
    let (_, closed) = bytes.split_at_mut(begin);
    let tag = close(key, about, closed);
    finish(tag, begin, bytes);
}

/// `None` only of more than 64 GiB.
fn close(key: Option<LessSafeKey>, about: &[u8], content: &mut [u8]) -> Option<Tag> {
    key?.seal_in_place_separate_tag(once(), Aad::from(about), content)
        .ok()
}

/// Without a tag nothing stays: content never leaves in clear.
fn finish(tag: Option<Tag>, begin: usize, bytes: &mut Vec<u8>) {
    match tag {
        Some(tag) => bytes.extend_from_slice(tag.as_ref()),
        None => bytes.truncate(begin),
    }
}

fn open(key: Option<LessSafeKey>, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut content = sealed.to_vec();
    let opened = key?.open_in_place(once(), Aad::from(about), &mut content);
    let length = opened.ok()?.len();
    content.truncate(length);
    Some(content)
}

/// The nonce of a key that closes one content alone.
fn once() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
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
        let salt = Salt::draw(&mut chance);
        key.seal_into((salt, b"about"), b"canary", &mut bytes);
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
        let salt = Salt::draw(&mut chance);
        let section = key.within(&period);
        section.seal_into((salt, b""), &[7], &mut sealed);
        assert_eq!(section.open(b"", &sealed).unwrap(), [7]);
        for other in [
            period.within(&key),
            key.within(&key),
            period.within(&period),
        ] {
            assert_eq!(other.open(b"", &sealed), None);
        }
        for other in [key, period] {
            assert_eq!(other.open(b"", &sealed), None);
        }
    }

    #[test]
    fn what_is_closed_behind_a_head_rests_on_that_head() {
        let (key, period, mut chance) = keys();
        let (salt, section) = (Salt::draw(&mut chance), key.within(&period));
        let mut bytes = b"xxhead\x07".to_vec();
        section.seal_behind(salt, (2, 6), &mut bytes);
        let sealed = &bytes[6..];
        assert_eq!(section.open_behind((salt, b"head"), sealed).unwrap(), [7]);
        assert_eq!(section.open_behind((salt, b"heap"), sealed), None);
    }
}
