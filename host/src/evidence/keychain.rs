//! The keys and the tables of names of a data folder, read off its log: for whoever reads evidence beside a host.

use std::collections::HashMap;

use crate::encoding::{self, Dictionary};
use crate::evidence::{Erased, Expired, KeyChange, Kind, open_outside};
use crate::keys::{DataKey, Keyring, Locked, Ring, Slot, Subject, Wrapped};
use crate::store::{LogError, Met, Reader};

/// The latest word on each key, and every table.
pub struct Keychain {
    ring: Ring,
    slots: HashMap<Subject, Slot>,
    dictionary: Dictionary,
}

impl Keychain {
    /// Walks the whole log once.
    pub fn read(reader: &Reader, ring: Ring) -> Result<Self, LogError> {
        let mut this = Self {
            ring,
            slots: HashMap::new(),
            dictionary: Dictionary::default(),
        };
        reader.walk(&mut |met| this.meet(met))?;
        Ok(this)
    }

    fn meet(&mut self, met: &Met<'_>) {
        match Kind::from_number(met.kind) {
            Some(Kind::Event | Kind::Consent) => {
                if let Ok((_, states)) = open_outside(met.content) {
                    self.note(states.keys);
                }
            }
            Some(Kind::Keys) => {
                if let Ok(rewrapped) = encoding::decode::<KeyChange>(met.content) {
                    self.note(rewrapped.keys);
                }
            }
            Some(Kind::Erase) => {
                if let Ok(erased) = encoding::decode::<Erased>(met.content) {
                    let gone = erased.customers.into_iter().map(Subject::Customer);
                    self.slots
                        .extend(gone.map(|subject| (subject, Slot::Erased)));
                }
            }
            Some(Kind::Expire) => {
                if let Ok(expired) = encoding::decode::<Expired>(met.content) {
                    let gone = expired.periods.into_iter().map(Subject::Period);
                    self.slots
                        .extend(gone.map(|subject| (subject, Slot::Erased)));
                }
            }
            Some(Kind::Names) => {
                if let Ok(names) = encoding::decode(met.content) {
                    self.dictionary.add(names);
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, keys: Vec<(Subject, Wrapped)>) {
        let keys = keys.into_iter();
        self.slots
            .extend(keys.map(|(subject, wrapped)| (subject, Slot::Wrapped(wrapped))));
    }
}

impl Keyring for Keychain {
    fn key(&self, subject: Subject) -> Result<DataKey, Locked> {
        match self.slots.get(&subject) {
            Some(Slot::Wrapped(wrapped)) => self.ring.unwrap(wrapped, subject),
            Some(Slot::Erased) => Err(Locked::destroyed(subject)),
            None => Err(Locked::NoKey),
        }
    }

    fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }
}
