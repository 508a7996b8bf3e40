//! The chain: every record carries the hash of all records before it, so that none of them can be changed, taken out, put in
//! or moved without everything after it showing.

/// The version of the canonical bytes that are hashed.
const GENESIS: &str = "kairos 2026-11 evidence chain, version 1";

/// How many records there are so far, and the hash of all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    pub records: u64,
    pub link: Link,
}

/// A BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Link([u8; LINK_BYTES]);

pub(super) const LINK_BYTES: usize = 32;

impl Link {
    pub fn as_bytes(&self) -> &[u8; LINK_BYTES] {
        &self.0
    }

    pub fn from_bytes(bytes: [u8; LINK_BYTES]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "Link({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

impl Chain {
    /// The chain of a log without a record.
    pub fn new(log: &[u8; 16]) -> Self {
        Self {
            records: 0,
            link: Link(blake3::derive_key(GENESIS, log)),
        }
    }

    /// The chain after one more record. What is hashed: the link before, then position, length and kind as they stand in the
    /// record's head, then the content.
    pub(super) fn then(self, position: u64, kind: u8, content: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.link.0);
        hasher.update(&position.to_le_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(&[kind]);
        hasher.update(content);
        Self {
            records: self.records + 1,
            link: Link(*hasher.finalize().as_bytes()),
        }
    }
}
