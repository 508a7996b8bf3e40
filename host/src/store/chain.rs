//! The chain: every record carries the hash of all records before it, so that none of them can be changed, taken out, put in
//! or moved without everything after it showing.

use ring::digest::{Context, SHA256};

/// The version of the canonical bytes that are hashed.
const GENESIS: &[u8] = b"kairos evidence chain, version 2\0";

/// How many records there are so far, and the hash of all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    pub records: u64,
    pub link: Link,
}

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Link([u8; LINK_BYTES]);

pub(super) const LINK_BYTES: usize = 32;
/// What is hashed of a record before its content: the link, position, length and kind.
const HEAD_BYTES: usize = LINK_BYTES + 8 + 8 + 1;

impl Link {
    fn of(hash: Context) -> Self {
        let mut link = [0; LINK_BYTES];
        link.copy_from_slice(hash.finish().as_ref());
        Self(link)
    }

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
        let mut hash = Context::new(&SHA256);
        hash.update(GENESIS);
        hash.update(log);
        Self {
            records: 0,
            link: Link::of(hash),
        }
    }

    /// The chain after one more record. What is hashed: the link before, then position, length and kind as they stand in the
    /// record's head, then the content.
    pub(super) fn then(self, position: u64, kind: u8, content: &[u8]) -> Self {
        let mut head = [0; HEAD_BYTES];
        let (link, rest) = head.split_at_mut(LINK_BYTES);
        let (place, rest) = rest.split_at_mut(8);
        let (length, last) = rest.split_at_mut(8);
        link.copy_from_slice(&self.link.0);
        place.copy_from_slice(&position.to_le_bytes());
        length.copy_from_slice(&(content.len() as u64).to_le_bytes());
        last.fill(kind);
        let mut hash = Context::new(&SHA256);
        hash.update(&head);
        hash.update(content);
        Self {
            records: self.records + 1,
            link: Link::of(hash),
        }
    }
}
