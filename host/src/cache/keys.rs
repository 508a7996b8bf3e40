//! The keys of customers, accounts and markets: looked up, wrapped anew, and gone with whom they were for.

use std::sync::{PoisonError, RwLock};

use crate::cache::{
    Cache, CacheError, CommitError, EncodedState, EraNumber, Erasure, Kept, stored,
};
use crate::clock::Instant;
use crate::customer::{Account, Customer};
use crate::encoding::{self, Dictionary, Names, Undecodable};
use crate::ids::{Chance, CustomerId, Map};
use crate::keys::{
    DataKey, Keyring, Locked, Period, Ring, SEAL_BYTES, Salt, Slot, Subject, Wrapped,
};
use crate::store::{Changes, Position, Refused, Space, View};

/// The keys of markets and periods, in memory for as long as the host runs.
#[derive(Default)]
pub(super) struct OwnKeys(RwLock<Map<Subject, DataKey>>);

impl OwnKeys {
    fn find(&self, subject: Subject) -> Option<DataKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&subject).cloned()
    }

    fn add(&self, keys: impl IntoIterator<Item = (Subject, DataKey)>) {
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        own.extend(keys);
    }

    fn remove(&self, periods: &[Period]) {
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for period in periods {
            own.remove(&Subject::Period(*period));
        }
    }

    fn periods(&self) -> Vec<Period> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let periods = keys.keys().filter_map(|subject| match subject {
            Subject::Period(period) => Some(*period),
            Subject::Customer(_) | Subject::Account(_) | Subject::Market(_) => None,
        });
        periods.collect()
    }
}

/// Where the view keeps when the first of those was erased whose wrapping key is still there.
const ERASED_SINCE: &[u8] = b"erased";
/// Under which keys the view has the tables of names: this, and the number.
const NAMES: &[u8] = b"names";
/// How often a key is looked up again because it was wrapped anew meanwhile.
const LOOKS: usize = 3;

impl Keyring for Cache {
    fn key(&self, subject: Subject) -> Result<DataKey, Locked> {
        let known = match subject {
            Subject::Market(_) | Subject::Period(_) => self.own_keys.find(subject),
            Subject::Customer(id) if self.is_erased(id) => return Err(Locked::Erased),
            Subject::Customer(id) => Customer::shelf(self).clean.get(&id).map(|clean| clean.key),
            Subject::Account(id) => Account::shelf(self).clean.get(&id).map(|clean| clean.key),
        };
        if let Some(key) = known {
            return Ok(key);
        }
        let mut looks = 0;
        loop {
            looks += 1;
            let ahead = self.ahead().key(subject);
            let found = match ahead {
                Some(wrapped) => self.ring.unwrap(&wrapped, subject),
                None => from_view(&self.view, &self.ring, subject),
            };
            match found {
                Err(Locked::NoEpoch { .. }) if looks < LOOKS => {}
                found => return found,
            }
        }
    }

    fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }
}

impl Cache {
    /// Whether somebody was erased since the host started.
    pub fn is_erased(&self, id: CustomerId) -> bool {
        self.ahead().is_erased(id)
    }

    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// When the first of those was erased whose wrapping key is still there.
    pub fn erased_since(&self) -> Option<Instant> {
        self.ahead().erased_since
    }

    /// Takes up the tables of names, and the keys of markets and periods, that the view has: once, before anything is decided.
    pub fn take_up_keys(&self) -> Result<(), CacheError> {
        self.ahead().erased_since = erased_since(&self.view)?;
        for pair in self.view.scan(Space::Meta, NAMES) {
            let (_, names) = pair?;
            let names = encoding::decode(&names);
            self.dictionary
                .add(names.map_err(unreadable("table of names"))?);
        }
        for sort in [b"m", b"p"] {
            for pair in self.view.scan(Space::Keys, sort) {
                let (key, _) = pair?;
                let Some(subject) = Subject::from_bytes(&key) else {
                    continue;
                };
                match from_view(&self.view, &self.ring, subject) {
                    Ok(key) => self.own_keys.add([(subject, key)]),
                    Err(gone) if gone.is_for_good() => {}
                    Err(other) => return Err(locked("key")(other)),
                }
            }
        }
        Ok(())
    }

    /// Draws a key for each market and period that has none, and records them.
    ///
    /// INVARIANT: a key is wrapped and recorded in one step, so none that an epoch's key wraps comes after its end.
    pub fn draw_keys(
        &self,
        kind: u8,
        subjects: impl Iterator<Item = Subject>,
        record: impl FnOnce(u32, &[(Subject, Wrapped)]) -> Vec<u8>,
    ) -> Result<(), Refused> {
        let mut ahead = self.ahead();
        let mut chance = self.ring.chance();
        let mut drawn = Vec::new();
        let mut wrapped = Vec::new();
        for subject in subjects.filter(|subject| self.own_keys.find(*subject).is_none()) {
            let key = DataKey::draw(&mut chance);
            wrapped.push((subject, self.ring.wrap(&key, subject, &mut chance)));
            drawn.push((subject, key));
        }
        if drawn.is_empty() {
            return Ok(());
        }
        let record = record(self.ring.epoch(), &wrapped);
        self.log
            .queue(kind, |bytes| bytes.extend_from_slice(&record))?;
        ahead.install_keys(wrapped);
        self.own_keys.add(drawn);
        Ok(())
    }

    /// A market's or a period's key, if it is known already.
    pub fn own_key(&self, subject: Subject) -> Option<DataKey> {
        self.own_keys.find(subject)
    }

    /// Every period whose key is still there.
    pub fn periods(&self) -> Vec<Period> {
        self.own_keys.periods()
    }

    /// Records that periods are over, and lets go of their keys: from now on nothing that was written in them can be read.
    pub fn expire(
        &self,
        kind: u8,
        expired: (&[Period], Instant),
        record: &[u8],
    ) -> Result<(), Refused> {
        let (periods, at) = expired;
        let mut ahead = self.ahead();
        self.log
            .queue(kind, |bytes| bytes.extend_from_slice(record))?;
        ahead.install_expired(periods, at);
        self.own_keys.remove(periods);
        Ok(())
    }

    /// Records that an epoch of the keys begins: whoever decides from now on wraps with its key, and what was begun before
    /// is decided again.
    pub fn begin_keys(
        &self,
        kind: u8,
        (record, epoch): (&[u8], u32),
        publish: impl FnOnce(EraNumber),
    ) -> Result<(), Refused> {
        let mut ahead = self.ahead();
        self.log
            .queue(kind, |bytes| bytes.extend_from_slice(record))?;
        ahead.begin_epoch();
        // In this order: whoever decides in the new era wraps with its key.
        self.ring.begin(epoch);
        self.begin_era(publish);
        Ok(())
    }

    /// Forgets somebody: one step, after which nothing of them is found. Only under their line.
    pub fn erase(&self, erasing: &Erasure<'_>) -> Result<Position, CommitError> {
        let mut ahead = self.ahead();
        if erasing.era != self.era() {
            return Err(CommitError::Outdated);
        }
        let position = self.log.queue(erasing.kind, |bytes| {
            bytes.extend_from_slice(erasing.record);
        })?;
        for id in erasing.customers {
            self.customers.clean.invalidate(id);
        }
        let hints = self.schedule.forget(erasing.customers);
        ahead.install_erased(erasing, &hints);
        Ok(position)
    }

    /// Records that keys are wrapped anew, but for those of whom was erased meanwhile.
    pub fn rewrap(
        &self,
        kind: u8,
        mut keys: Vec<(Subject, Wrapped)>,
        record: impl FnOnce(&[(Subject, Wrapped)]) -> Vec<u8>,
    ) -> Result<Position, Refused> {
        let mut ahead = self.ahead();
        keys.retain(|(subject, _)| match subject {
            Subject::Customer(id) => !ahead.is_erased(*id),
            Subject::Period(_) => self.own_keys.find(*subject).is_some(),
            Subject::Account(_) | Subject::Market(_) => true,
        });
        let record = record(&keys);
        let position = self
            .log
            .queue(kind, |bytes| bytes.extend_from_slice(&record))?;
        ahead.install_keys(keys);
        Ok(position)
    }

    /// The keys of the view that are not wrapped by the epoch's own, after one of them, and at most so many, wrapped by it.
    pub fn wrapped_before(
        &self,
        after: Option<Subject>,
        at_most: usize,
    ) -> Result<Vec<(Subject, Wrapped)>, CacheError> {
        let (epoch, mut chance) = (self.ring.epoch(), self.ring.chance());
        let after = after.map(Subject::to_bytes);
        let after = after.as_ref().map(<[u8; 17]>::as_slice);
        let mut found = Vec::new();
        for pair in self.view.scan_after(Space::Keys, after) {
            let (key, value) = pair?;
            let slot = read(&value)?;
            let (Some(subject), Slot::Wrapped(wrapped)) = (Subject::from_bytes(&key), slot) else {
                continue;
            };
            if wrapped.epoch == epoch {
                continue;
            }
            let key = self.ring.unwrap(&wrapped, subject);
            let key = key.map_err(locked("key"))?;
            found.push((subject, self.ring.wrap(&key, subject, &mut chance)));
            if found.len() >= at_most {
                break;
            }
        }
        Ok(found)
    }

    /// Whether somebody of that id was known here once, and erased.
    pub fn was_erased(&self, id: CustomerId) -> Result<bool, CacheError> {
        if self.is_erased(id) {
            return Ok(true);
        }
        let slot = self
            .view
            .get(Space::Keys, &Subject::Customer(id).to_bytes())?;
        Ok(slot.map(|slot| read(&slot)).transpose()? == Some(Slot::Erased))
    }
}

/// The state as the view has it, opened; `None` of somebody who has none.
pub(super) fn load<E: Kept>(
    view: &View,
    ring: &Ring,
    id: &E::Id,
) -> Result<Option<EncodedState>, CacheError> {
    load_within::<E>((view, ring), id, None)
}

/// The same; closed within a period where a record's state was put there as it is.
pub(super) fn load_within<E: Kept>(
    (view, ring): (&View, &Ring),
    id: &E::Id,
    period: Option<Period>,
) -> Result<Option<EncodedState>, CacheError> {
    let subject = E::subject(*id);
    let mut looks = 0;
    loop {
        looks += 1;
        let Some(bytes) = view.get(E::SPACE, E::key(id))? else {
            return Ok(None);
        };
        let (position, sealed) = stored(&bytes).ok_or_else(|| CacheError::Locked {
            what: E::WHAT,
            source: Locked::Other,
        })?;
        let key = match from_view(view, ring, subject) {
            Err(Locked::Erased) => return Ok(None),
            Err(Locked::NoEpoch { .. }) if looks < LOOKS => continue,
            key => key.map_err(locked(E::WHAT))?,
        };
        let state = match period {
            Some(period) => {
                let period = from_view(view, ring, Subject::Period(period));
                let period = period.map_err(locked(E::WHAT))?;
                key.within(&period).open(&subject.to_bytes(), sealed)
            }
            None => key.open(&subject.to_bytes(), sealed),
        };
        let state = state.ok_or(Locked::Other);
        return Ok(Some(EncodedState {
            position,
            bytes: state.map_err(locked(E::WHAT))?.into(),
            key,
        }));
    }
}

/// Closes an encoded state.
pub fn seal_state(key: &DataKey, subject: Subject, chance: &mut Chance, state: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(state.len() + SEAL_BYTES);
    let salt = Salt::draw(chance);
    key.seal_into((salt, &subject.to_bytes()), state, &mut sealed);
    sealed
}

fn from_view(view: &View, ring: &Ring, subject: Subject) -> Result<DataKey, Locked> {
    let unread = |error: CacheError| Locked::Unread(Box::new(error));
    let slot = view.get(Space::Keys, &subject.to_bytes());
    let slot = slot.map_err(|error| unread(error.into()))?;
    match slot.map(|slot| read(&slot)).transpose().map_err(unread)? {
        Some(Slot::Wrapped(wrapped)) => ring.unwrap(&wrapped, subject),
        Some(Slot::Erased) => Err(Locked::destroyed(subject)),
        None => Err(Locked::NoKey),
    }
}

fn locked(what: &'static str) -> impl FnOnce(Locked) -> CacheError {
    move |source| CacheError::Locked { what, source }
}

pub(super) fn put_key(changes: &mut Changes, subject: Subject, wrapped: &Wrapped) {
    changes.put(Space::Keys, &subject.to_bytes(), slot(wrapped));
}

/// A key as the view keeps it.
pub(super) fn slot(wrapped: &Wrapped) -> Vec<u8> {
    encoding::encode(&Slot::Wrapped(wrapped.clone()))
}

/// The retention of a period is over: its key is gone from the view, but for that it was there.
pub(super) fn put_expired(changes: &mut Changes, period: Period) {
    let key = Subject::Period(period).to_bytes();
    changes.put(Space::Keys, &key, encoding::encode(&Slot::Erased));
}

/// Somebody is gone from the view, but for that they are.
pub(super) fn put_erased(changes: &mut Changes, id: CustomerId) {
    let key = Subject::Customer(id).to_bytes();
    changes.put(Space::Keys, &key, encoding::encode(&Slot::Erased));
    changes.remove(Space::Customers, id.as_bytes());
}

/// What the record of a table of names changes in the view.
pub fn put_names(changes: &mut Changes, names: &Names, record: &[u8]) {
    let key = [NAMES, &names.number.to_be_bytes()].concat();
    changes.put(Space::Meta, &key, record.to_vec());
}

pub(super) fn erased_since(view: &View) -> Result<Option<Instant>, CacheError> {
    let since = view.get(Space::Meta, ERASED_SINCE)?;
    let since = since.map(|bytes| encoding::decode(&bytes)).transpose();
    since.map_err(unreadable("time of an erasure"))
}

pub(super) fn put_erased_since(changes: &mut Changes, since: Instant) {
    changes.put(Space::Meta, ERASED_SINCE, encoding::encode(&since));
}

pub(super) fn remove_erased_since(changes: &mut Changes) {
    changes.remove(Space::Meta, ERASED_SINCE);
}

fn read(bytes: &[u8]) -> Result<Slot, CacheError> {
    encoding::decode(bytes).map_err(unreadable("key"))
}

fn unreadable(what: &'static str) -> impl FnOnce(Undecodable) -> CacheError {
    move |source| CacheError::Unreadable { what, source }
}
