//! Who can read what is personal. Each customer has a key of their own; it is kept only wrapped by the key of an epoch, which
//! stands outside of log and view. Where both are gone, so is what they closed, wherever copies of it are.

mod ring;
pub mod secret;

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{KeyInit as _, Tag, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::ids::{AccountId, Chance, CustomerId, Key};

pub use ring::{NoKeys, Ring};

/// Whose key it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Subject {
    Customer(CustomerId),
    Account(AccountId),
    /// For what is about nobody.
    Market(Key),
}

/// How long a subject is as bytes.
pub const SUBJECT_BYTES: usize = 17;

impl Subject {
    pub fn to_bytes(self) -> [u8; SUBJECT_BYTES] {
        let mut bytes = [0; SUBJECT_BYTES];
        let (sort, id): (u8, &[u8]) = match &self {
            Self::Customer(id) => (b'c', id.as_bytes()),
            Self::Account(id) => (b'a', id.as_bytes()),
            Self::Market(key) => (b'm', &key.to_bytes()),
        };
        for (place, byte) in bytes.iter_mut().zip(std::iter::once(&sort).chain(id)) {
            *place = *byte;
        }
        bytes
    }

    /// `None` for bytes that are no subject's.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sort, id) = bytes.split_first()?;
        let id: [u8; 16] = id.try_into().ok()?;
        Some(match sort {
            b'c' => Self::Customer(CustomerId::from_bytes(id)),
            b'a' => Self::Account(AccountId::from_bytes(id)),
            b'm' => Self::Market(Key::from_bytes(*id.first_chunk()?)),
            _ => return None,
        })
    }
}

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// How much longer content is when it is closed.
pub const SEAL_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// A key that closes and opens content, by XChaCha20-Poly1305 with a random nonce each time. Its memory is overwritten when
/// it is dropped.
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

    /// Appends what `write` writes, closed: a nonce, the content, a tag. It opens only with the same `about`.
    pub fn seal_into(
        &self,
        (chance, about): (&mut Chance, &[u8]),
        bytes: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let begin = bytes.len();
        bytes.extend_from_slice(&chance.bytes::<NONCE_BYTES>());
        write(bytes);
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
        let begin = bytes.len();
        bytes.extend_from_slice(&chance.bytes::<NONCE_BYTES>());
        write(bytes);
        let (before, sealed) = bytes.split_at_mut(begin);
        let tag = self.close(before.get(head..).unwrap_or_default(), sealed);
        append(tag, begin, bytes);
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.as_bytes().into())
    }

    /// Closes what stands behind the nonce; `None` only of more than 256 GiB.
    fn close(&self, about: &[u8], sealed: &mut [u8]) -> Option<Tag> {
        let (nonce, content) = sealed.split_first_chunk_mut::<NONCE_BYTES>()?;
        let nonce = XNonce::from(*nonce);
        self.cipher()
            .encrypt_inout_detached(&nonce, about, content.into())
            .ok()
    }

    /// What was closed under this key about `about`; `None` for anything else.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let (content, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        let mut content = content.to_vec();
        self.cipher()
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                about,
                content.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .ok()?;
        Some(content)
    }
}

/// Without a tag nothing stays: content never leaves in clear.
fn append(tag: Option<Tag>, begin: usize, bytes: &mut Vec<u8>) {
    match tag {
        Some(tag) => bytes.extend_from_slice(&tag),
        None => bytes.truncate(begin),
    }
}

/// A key as it is kept: closed by the key of an epoch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Wrapped {
    pub epoch: u32,
    sealed: Bytes,
}

/// What the view keeps of a subject's key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Slot {
    Wrapped(Wrapped),
    /// It was erased; that it was is known for good.
    Erased,
}

/// Why something cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Locked {
    #[error("its content was erased, as somebody had asked")]
    Erased,
    #[error("the key of epoch {epoch} is not there: the keys' folder is another host's, or older")]
    NoEpoch { epoch: u32 },
    #[error("no key is known for it")]
    NoKey,
    #[error("the key does not fit")]
    Other,
    #[error("its key cannot be looked up")]
    Unread(#[source] Box<dyn Error + Send + Sync>),
}

/// Whoever can look up keys.
pub trait Keyring {
    fn key(&self, subject: Subject) -> Result<DataKey, Locked>;
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
    fn what_is_closed_onto_a_head_rests_on_that_head() {
        let (key, _, mut chance) = keys();
        let mut bytes = b"xxhead".to_vec();
        key.seal_onto((&mut chance, 2), &mut bytes, |bytes| bytes.push(7));
        assert_eq!(key.open(b"head", &bytes[6..]).unwrap(), [7]);
    }

    #[test]
    fn subjects_are_read_as_they_are_written() {
        let mut chance = Chance::from_seed(b"subjects");
        for subject in [
            Subject::Customer(CustomerId::draw(&mut chance)),
            Subject::Account(AccountId::draw(&mut chance)),
            Subject::Market(Key::of("market", "de")),
        ] {
            assert_eq!(Subject::from_bytes(&subject.to_bytes()), Some(subject));
        }
        assert_eq!(Subject::from_bytes(b"x"), None);
    }
}
