//! The names that a customer or an account goes by.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Identity};
use crate::clock::Instant;
use crate::ids::{AccountId, CustomerId, Key, Text};

/// Where an identity is looked up: a keyed hash, so that the disk does not tell which addresses are known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdentityKey([u8; 16]);

impl IdentityKey {
    /// Hashes `value` under the data folder's secret `salt`.
    pub fn of(salt: &[u8; 32], identity: Key, value: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(salt);
        hasher
            .update(b"identity\0")
            .update(&identity.to_bytes())
            .update(value.as_bytes());
        let mut first = [0; 16];
        hasher.finalize_xof().fill(&mut first);
        Self(first)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What an identity names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Named {
    Customer(CustomerId),
    Account(AccountId),
}

/// One name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alias {
    /// The kind of identity, as in the charter.
    pub identity: Key,
    pub is_strong: bool,
    pub key: IdentityKey,
    /// In clear, unless the charter keeps only hashes of this kind.
    pub value: Option<Text>,
    pub since: Instant,
}

impl Alias {
    /// Until when it is kept; `None` for as long as the customer is.
    pub fn kept_until(&self, charter: &Charter) -> Option<Instant> {
        Some(self.since.plus(self.kind(charter)?.retention?))
    }

    /// What it is in the charter.
    pub fn kind<'a>(&self, charter: &'a Charter) -> Option<&'a Identity> {
        let mut identities = charter.identities.iter();
        let found = identities.find(|(_, identity)| identity.key == self.identity);
        found.map(|(_, identity)| identity)
    }
}

/// Adds a name that is not there yet; whether it was new.
pub fn add(aliases: &mut Vec<Alias>, alias: Alias) -> bool {
    let is_new = aliases.iter().all(|known| known.key != alias.key);
    if is_new {
        aliases.push(alias);
    }
    is_new
}
