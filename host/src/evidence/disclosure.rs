//! That somebody was shown what is known of a customer (C33). When, and of whom, stands in clear; to whom and by which route is
//! closed with the customer's key, within the period of the decisions of a market: with either it is gone.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::encoding;
use crate::evidence::{Header, Unreadable};
use crate::ids::{Chance, CustomerId, Key, Text};
use crate::keys::{Class, Keyring, Locked, Period, SEAL_BYTES, Salt, Subject};

/// Whose data an answer shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shown {
    pub customer: CustomerId,
    /// The market of the record that it was read from; of the customer as a whole, of the latest.
    pub market: Key,
}

/// Who looked, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reader {
    /// The name of the caller's token.
    pub by: Text,
    /// `GET /v1/customers/{subject}`
    pub route: Text,
}

/// One record of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Disclosure {
    pub at: Instant,
    pub shown: Shown,
    /// The [`Reader`], closed.
    reader: Bytes,
}

impl Shown {
    /// What a record shows whose header this is; `None` where it is about no customer.
    pub fn of(header: &Header) -> Option<Self> {
        match header.seal.key {
            Subject::Customer(customer) => Some(Self {
                customer,
                market: header.market,
            }),
            Subject::Account(_) | Subject::Market(_) | Subject::Period(_) => None,
        }
    }

    /// What a disclosure of then is kept as long as.
    pub fn period(self, at: Instant) -> Period {
        Period {
            market: self.market,
            class: Class::Decisions,
            month: at.month(),
        }
    }

    fn subject(self) -> Subject {
        Subject::Customer(self.customer)
    }
}

impl Disclosure {
    /// The period's key must have been drawn.
    pub fn seal(
        (at, shown): (Instant, Shown),
        reader: &Reader,
        keys: &dyn Keyring,
        chance: &mut Chance,
    ) -> Result<Self, Locked> {
        let key = keys.key_in(shown.subject(), shown.period(at))?;
        let content = encoding::encode(reader);
        let mut closed = Vec::with_capacity(content.len() + SEAL_BYTES);
        let about = encoding::encode(&(at, shown));
        key.seal_into((Salt::draw(chance), &about), &content, &mut closed);
        Ok(Self {
            at,
            shown,
            reader: closed.into(),
        })
    }

    /// Who looked, for as long as that can be read.
    pub fn reader(&self, keys: &dyn Keyring) -> Result<Reader, Unreadable> {
        let key = keys.key_in(self.shown.subject(), self.shown.period(self.at))?;
        let about = encoding::encode(&(self.at, self.shown));
        let content = key.open(&about, &self.reader).ok_or(Locked::Other)?;
        encoding::decode(&content).map_err(|source| Unreadable::Damaged {
            part: "reader",
            source,
        })
    }
}
