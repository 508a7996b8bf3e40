//! Brings the view up to the log's end, when the host starts.

use crate::cache::{CacheError, Earlier, Recovery, Replayed};
use crate::encoding::{self, Undecodable};
use crate::event::EventKey;
use crate::evidence::{self, Kind, WentLive};
use crate::node::{Settings, change, stops};
use crate::stop::Switched;
use crate::store::{Changes, LogError, Position, Record, Store, StoreError, View};

/// So many of the first records are looked at for one that tells whether the secret is right.
const SALT_RECORDS: usize = 10_000;

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

pub(super) fn open(settings: &Settings) -> Result<Store, StoreError> {
    let mut recovery = Recovery::default();
    let mut replay = |view: &View, position: Position, record: &Record, changes: &mut Changes| {
        replay(&mut recovery, view, (position, record), changes).map_err(|error| error.into())
    };
    Store::open(&settings.data, &settings.store, &mut replay)
}

/// Whether the data folder's secret is the one that its evidence was written with: under another, nobody would be found, and
/// every event would count as new.
pub(super) fn check_salt(store: &Store) -> Result<bool, LogError> {
    let log = store.log();
    for record in log.records(log.first()).take(SALT_RECORDS) {
        let (_, record) = record?;
        let is_event = matches!(
            Kind::from_number(record.kind),
            Some(Kind::Event | Kind::Consent)
        );
        // What cannot be opened, such as an erased customer's, tells nothing.
        if is_event && let Ok(opened) = evidence::open(&record.bytes) {
            let told = &opened.body.event;
            let key = EventKey::of(store.salt(), &told.source, &told.id);
            return Ok(key == opened.header.event);
        }
    }
    Ok(true)
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
            let switched: Switched = encoding::decode(&record.bytes).map_err(note)?;
            stops::change(changes, &switched);
            Ok(())
        }
        Some(Kind::Policy) => {
            let live: WentLive = encoding::decode(&record.bytes).map_err(note)?;
            stops::add_policy(changes, &live);
            Ok(())
        }
        Some(Kind::Charter) => {
            change::add_charter(changes, &record.bytes);
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
    let opened = evidence::open(&record.bytes)
        .map_err(|source| Unrecoverable::Evidence { position, source })?;
    let decisions: Vec<_> = opened.header.decisions.iter().map(|(id, _)| *id).collect();
    let earlier = Earlier {
        content: opened.header.content,
        market: opened.header.market,
        at: opened.header.arrived_at,
        position,
    };
    let key: EventKey = opened.header.event;
    let replayed = Replayed {
        position,
        states: &opened.states,
        event: (key, earlier),
        decisions: &decisions,
    };
    recovery
        .replay(view, replayed, changes)
        .map_err(|source| Unrecoverable::View { position, source })
}
