//! Walking a log from its first byte to its last without changing it: every checksum, every order, every link of the chain.

use std::sync::Arc;

use super::super::disk::Disk;
use super::super::format::Flaw;
use super::recovery::{Scan, Seen, check_headers, list};
use super::segments::{Manifest, Segments};
use super::{LogError, Position, Record, records};
use crate::store::{Chain, Durability};

/// A record on the way.
pub struct Met<'a> {
    pub position: Position,
    pub kind: u8,
    pub content: &'a [u8],
    /// The chain before it: how many records came before, and the hash of all of them.
    pub before: Chain,
    /// The size of the log's files, and how much of them has been read.
    pub bytes: u64,
    pub of_bytes: u64,
}

/// What a whole walk found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verification {
    /// Which log it is.
    pub log: [u8; 16],
    /// Records that are kept and sound.
    pub records: u64,
    /// The chain after the last record; before it, what was removed counts too.
    pub chain: Chain,
    pub first: Position,
    pub end: Position,
    /// Bytes after the end that are no whole batch and were never recorded as durable: a crash leaves such, and the next
    /// start cuts them off.
    pub torn: Option<(Position, Flaw)>,
}

/// A log that is only read; a host may write to it meanwhile.
pub struct Reader {
    segments: Segments,
}

impl Reader {
    /// Opens the log on `disk`, and changes nothing.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self, LogError> {
        let manifest = Manifest::read(&*disk)?;
        let segments = Segments::new(disk, manifest, Durability::Process);
        check_headers(&segments, &list(&*segments.disk)?)?;
        Ok(Self { segments })
    }

    /// The record at a position that some record or index names.
    pub fn read(&self, position: Position) -> Result<Record, LogError> {
        records::at(&self.segments, position)
    }

    /// Reads everything that is kept and checks it; `each` sees every record in order. Nothing is repaired.
    pub fn walk(&self, each: &mut dyn FnMut(&Met<'_>)) -> Result<Verification, LogError> {
        let segments = &self.segments;
        let (first, through) = (segments.first(), segments.through());
        let mut tell = |seen: &Seen<'_>| {
            each(&Met {
                position: seen.position,
                kind: seen.kind,
                content: seen.content,
                before: seen.before,
                bytes: seen.position.0.saturating_sub(first),
                of_bytes: through - first,
            });
        };
        let mut scan = Scan::new(segments, first, &mut tell);
        scan.run()?;
        Ok(Verification {
            log: segments.key.id,
            records: scan.records,
            chain: scan.chain(),
            first: Position(first),
            end: Position(scan.end),
            torn: scan.bad.map(|(position, flaw)| (Position(position), flaw)),
        })
    }
}
