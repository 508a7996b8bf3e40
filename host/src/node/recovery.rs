//! Brings the view up to the log's end, when the host starts.

use std::cell::RefCell;
use std::error::Error;

use crate::cache::{self, CacheError, Earlier, EventReplay, Recovery};
use crate::encoding::{self, Undecodable};
use crate::event::EventKey;
use crate::evidence::{self, Erased, Expired, KeyChange, Kind, WentLive};
use crate::keys::{Class, NoKeys, Ring};
use crate::node::{OpenError, Settings, charters, keys, switches};
use crate::stop::SwitchRecord;
use crate::store::{Changes, Log, Position, Record, Store, StoreError, View};

/// A record that recovery cannot take in.
#[derive(Debug, thiserror::Error)]
pub enum Unrecoverable {
    #[error("the record at {position} cannot be read")]
    Evidence {
        position: Position,
        source: evidence::Unreadable,
    },
    #[error("the record at {position} cannot be read")]
    Note {
        position: Position,
        source: Undecodable,
    },
    #[error("what the record at {position} adds to cannot be read")]
    View {
        position: Position,
        source: CacheError,
    },
}

/// Opens the store and the keys that go with it.
pub(super) fn open(settings: &Settings) -> Result<(Store, Ring), OpenError> {
    let recovery = RefCell::new(Recovery::default());
    let mut replay = |view: &View, position: Position, record: &Record, changes: &mut Changes| {
        let mut recovery = recovery.borrow_mut();
        replay(&mut recovery, view, (position, record), changes).map_err(|error| error.into())
    };
    let mut finish = |view: &View, log: &Log, changes: &mut Changes| {
        let ring = keys::open(settings, log)?;
        recovery.borrow().finish(view, &ring, changes)?;
        Ok(ring)
    };
    let opened = Store::open_with((&settings.data, &settings.store), &mut replay, &mut finish);
    opened.map_err(|error| match error {
        StoreError::Finish { source } => unfinished(settings, source),
        error => error.into(),
    })
}

/// Why the view could not be brought up to the log's end.
fn unfinished(settings: &Settings, source: Box<dyn Error + Send + Sync>) -> OpenError {
    let source = match source.downcast::<NoKeys>() {
        Ok(error) => return OpenError::Keys(*error),
        Err(source) => source,
    };
    match source.downcast::<CacheError>() {
        Ok(source) if matches!(*source, CacheError::Locked { .. }) => OpenError::WrongKeys {
            folder: keys::folder(settings),
            source: *source,
        },
        Ok(source) => StoreError::Finish { source }.into(),
        Err(source) => StoreError::Finish { source }.into(),
    }
}

fn replay(
    recovery: &mut Recovery,
    view: &View,
    (position, record): (Position, &Record),
    changes: &mut Changes,
) -> Result<(), Unrecoverable> {
    let note = |source| Unrecoverable::Note { position, source };
    match Kind::from_number(record.kind) {
        Some(Kind::Event | Kind::Consent) => event(recovery, view, (position, record), changes),
        Some(Kind::Stop) => {
            let switched: SwitchRecord = encoding::decode(&record.bytes).map_err(note)?;
            switches::change(changes, &switched);
            Ok(())
        }
        Some(Kind::Policy) => {
            let live: WentLive = encoding::decode(&record.bytes).map_err(note)?;
            switches::add_policy(changes, &live);
            Ok(())
        }
        Some(Kind::Charter) => {
            charters::add_charter(changes, &record.bytes);
            Ok(())
        }
        Some(Kind::Keys) => {
            let rewrapped: KeyChange = encoding::decode(&record.bytes).map_err(note)?;
            recovery.keys(&rewrapped.keys, changes);
            if rewrapped.begins_epoch() {
                recovery.begin_epoch(changes);
            }
            Ok(())
        }
        Some(Kind::Erase) => {
            let erased: Erased = encoding::decode(&record.bytes).map_err(note)?;
            let theirs = (&*erased.customers, &*erased.waiting, erased.at);
            let taken = recovery.erase(view, theirs, changes);
            taken.map_err(|source| Unrecoverable::View { position, source })
        }
        Some(Kind::Expire) => {
            let expired: Expired = encoding::decode(&record.bytes).map_err(note)?;
            let taken = recovery.expire(view, (&expired.periods, expired.at), changes);
            taken.map_err(|source| Unrecoverable::View { position, source })
        }
        Some(Kind::Names) => {
            let names = encoding::decode(&record.bytes).map_err(note)?;
            cache::put_names(changes, &names, &record.bytes);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn event(
    recovery: &mut Recovery,
    view: &View,
    (position, record): (Position, &Record),
    changes: &mut Changes,
) -> Result<(), Unrecoverable> {
    let (header, states) = evidence::open_outside(&record.bytes)
        .map_err(|source| Unrecoverable::Evidence { position, source })?;
    let decisions: Vec<_> = header.decisions.iter().map(|(id, _)| *id).collect();
    let earlier = Earlier {
        content: header.content,
        market: header.market,
        at: header.arrived_at,
        position,
    };
    let key: EventKey = header.event;
    let replayed = EventReplay {
        position,
        states: &states,
        period: header.period(Class::States),
        event: (key, earlier),
        decisions: &decisions,
    };
    recovery
        .replay(view, replayed, changes)
        .map_err(|source| Unrecoverable::View { position, source })
}
