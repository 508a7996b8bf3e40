//! What was live when, of a running host: read once, and then only what was recorded since.

use std::path::Path;
use std::sync::Arc;

use crate::decide::replay::walk::{Job, engines, replay_one};
use crate::decide::replay::{Archive, Instead, Past, Tally};
use crate::encoding;
use crate::evidence::{self, CharterRecord, Kind};
use crate::keys::Keyring;
use crate::policy::Unstartable;
use crate::stop::{Stops, SwitchRecord};
use crate::store::{Log, LogError, Position};

/// Charters and kill switches in the order in which they were recorded, and policies as they are asked for.
pub struct History {
    archive: Archive,
    /// How far the log was read.
    read: Position,
    /// The kill switches from a position on.
    stops: Vec<(Position, Arc<Stops>)>,
}

impl History {
    /// Of a data folder; nothing is read yet.
    pub fn new(data: &Path) -> Result<Self, Unstartable> {
        Ok(Self {
            archive: Archive::new(data, &engines(1)?),
            read: Position::default(),
            stops: Vec::new(),
        })
    }

    /// Reads what was recorded since; whether it came to the end before it was over.
    pub fn read_on(&mut self, log: &Log, is_over: &dyn Fn() -> bool) -> Result<bool, LogError> {
        for record in log.records(self.read.max(log.first())) {
            let (position, record) = record?;
            match Kind::from_number(record.kind) {
                Some(Kind::Charter) => {
                    if let Ok(chartered) = encoding::decode::<CharterRecord>(&record.bytes) {
                        self.archive.charters.note(chartered);
                    }
                }
                Some(Kind::Stop) => {
                    if let Ok(switched) = encoding::decode::<SwitchRecord>(&record.bytes) {
                        let now = self.stops_at(position);
                        self.stops.push((position, Arc::new(now.with(&switched))));
                    }
                }
                _ => {}
            }
            self.read = Position::from_u64(position.as_u64() + 1);
            if is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Computes the decisions of the record at `position` again.
    pub fn replay(
        &self,
        (log, keys): (&Log, &(dyn Keyring + Sync)),
        position: Position,
    ) -> Result<Tally, LogError> {
        let mut tally = Tally::default();
        let record = log.read(position)?;
        let Ok(header) = evidence::open_header(&record.bytes) else {
            return Ok(tally);
        };
        let past = Past {
            archive: &self.archive,
            instead: &Instead::default(),
            read: &|position| log.read(position),
            keys,
            sandbox: 0,
        };
        let job = Job {
            position,
            decisions: header.decisions.iter().map(|(id, _)| *id).collect(),
            stops: self.stops_at(position),
        };
        replay_one(&past, &job, &mut tally);
        Ok(tally)
    }

    fn stops_at(&self, position: Position) -> Arc<Stops> {
        let before = self.stops.partition_point(|(from, _)| *from < position);
        let last = before.checked_sub(1).and_then(|last| self.stops.get(last));
        last.map_or_else(Arc::default, |(_, stops)| Arc::clone(stops))
    }
}
