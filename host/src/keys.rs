//! Who can read what is personal. Each customer has a key of their own; it is kept only wrapped by the key of an epoch, which
//! stands outside of log and view. Where both are gone, so is what they closed, wherever copies of it are.

mod data_key;
mod ring;
pub mod secret;

use std::error::Error;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::Month;
use crate::encoding::Dictionary;
use crate::ids::{AccountId, CustomerId, Key};

pub use self::ring::{NoKeys, Ring};
pub use data_key::{DataKey, SEAL_BYTES, Salt, SectionKey};

/// Whose key it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Subject {
    Customer(CustomerId),
    Account(AccountId),
    /// For what is about nobody.
    Market(Key),
    /// For what is kept only for so long: it opens nothing alone, but nothing of that time opens without it.
    Period(Period),
}

/// What was written about a market in one month, of one class: how long it can be read is decided as one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Period {
    pub market: Key,
    pub class: Class,
    pub month: Month,
}

/// What the charter says a retention for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Class {
    /// Events and what was decided about them.
    Decisions,
    /// What somebody said about consent, which is its proof.
    Consents,
    /// What was known after each event, to compute decisions again. What is known now is kept elsewhere.
    States,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Decisions, Self::Consents, Self::States];

    /// As the charter calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Consents => "consents",
            Self::States => "states",
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as u8 == number)
    }
}

/// How long a subject is as bytes.
pub const SUBJECT_BYTES: usize = 17;

impl Subject {
    pub fn to_bytes(self) -> [u8; SUBJECT_BYTES] {
        let mut bytes = [0; SUBJECT_BYTES];
        let period;
        let (sort, id): (u8, &[u8]) = match &self {
            Self::Customer(id) => (b'c', id.as_bytes()),
            Self::Account(id) => (b'a', id.as_bytes()),
            Self::Market(key) => (b'm', &key.to_bytes()),
            Self::Period(of) => {
                period = of.to_bytes();
                (b'p', &period)
            }
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
            b'p' => Self::Period(Period::from_bytes(*id.first_chunk()?)?),
            _ => return None,
        })
    }
}

impl Period {
    fn to_bytes(self) -> [u8; 7] {
        let [a, b, c, d] = self.market.to_bytes();
        let [e, f] = self.month.number().to_le_bytes();
        [a, b, c, d, self.class as u8, e, f]
    }

    fn from_bytes([a, b, c, d, class, e, f]: [u8; 7]) -> Option<Self> {
        Some(Self {
            market: Key::from_bytes([a, b, c, d]),
            class: Class::from_number(class)?,
            month: Month::from_number(u16::from_le_bytes([e, f])),
        })
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
    /// It was destroyed; that it was is known for good.
    Erased,
}

/// Why something cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Locked {
    #[error("its content was erased, as somebody had asked")]
    Erased,
    #[error("its content of {month} is no longer kept: the retention of its market's {} is over", .class.word())]
    Expired { class: Class, month: Month },
    #[error("the key of epoch {epoch} is not there: the keys' folder is another host's, or older")]
    NoEpoch { epoch: u32 },
    #[error("no key is known for it")]
    NoKey,
    #[error("the key does not fit")]
    Other,
    #[error("its key cannot be looked up")]
    Unread(#[source] Box<dyn Error + Send + Sync>),
}

impl Locked {
    /// Why the content of a subject whose key was destroyed cannot be opened.
    pub fn destroyed(subject: Subject) -> Self {
        match subject {
            Subject::Period(Period { class, month, .. }) => Self::Expired { class, month },
            Subject::Customer(_) | Subject::Account(_) | Subject::Market(_) => Self::Erased,
        }
    }

    /// Whether it can never be opened again, and is not meant to be.
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::Erased | Self::Expired { .. })
    }
}

/// Whoever can look up what records are read with: keys, and tables of names.
pub trait Keyring {
    fn key(&self, subject: Subject) -> Result<DataKey, Locked>;

    fn dictionary(&self) -> &Dictionary;

    /// What opens content of a subject that was written in a period.
    fn key_in(&self, subject: Subject, period: Period) -> Result<SectionKey, Locked> {
        let key = self.key(subject)?;
        Ok(key.within(&self.key(Subject::Period(period))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Chance;

    #[test]
    fn subjects_are_read_as_they_are_written() {
        let mut chance = Chance::from_seed(b"subjects");
        for subject in [
            Subject::Customer(CustomerId::draw(&mut chance)),
            Subject::Account(AccountId::draw(&mut chance)),
            Subject::Market(Key::of("market", "de")),
            Subject::Period(Period {
                market: Key::of("market", "de"),
                class: Class::States,
                month: Month::from_number(682),
            }),
        ] {
            assert_eq!(Subject::from_bytes(&subject.to_bytes()), Some(subject));
        }
        assert_eq!(Subject::from_bytes(b"x"), None);
    }
}
