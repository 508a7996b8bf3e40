//! Opening: what is whole, what was torn, what is damaged.
//!
//! Every batch's head records what had been synced before it was written. Bad bytes below any such record were
//! acknowledged once: damage. Above all of them they are the tail that a crash tore: cut, zeroed, reported.

use std::sync::Arc;

use super::super::disk::Disk;
use super::super::format::{
    BATCH_HEAD, BatchHead, Flaw, LogKey, SECTOR, SegmentHeader, is_zero, read_segment_header,
    segment_name, segment_start,
};
use super::segments::{MANIFEST, Manifest, Segments, write_all};
use super::{Cut, Failed, LogError, Opened, Position};
use crate::ids::Chance;
use crate::store::{Chain, Settings};

/// A log that can be appended to.
pub(super) struct Found {
    pub(super) segments: Segments,
    pub(super) end: u64,
    pub(super) chain: Chain,
    /// Something durable is not yet recorded as such.
    pub(super) unrecorded: bool,
    pub(super) opened: Opened,
}

pub(super) fn recover(disk: Arc<dyn Disk>, settings: &Settings) -> Result<Found, LogError> {
    let names = list(&*disk)?;
    let created = !names.iter().any(|name| name == MANIFEST);
    let manifest = if created {
        create(&*disk, &names, settings)?
    } else {
        Manifest::read(&*disk)?
    };
    let segments = Segments::new(disk, manifest, settings.durability);
    if manifest.first == manifest.through {
        segments.ensure(manifest.first)?;
    }
    let names = list(&*segments.disk)?;
    clean(&segments, &names)?;
    check_headers(&segments, &names)?;
    let mut nothing = |_: &Seen<'_>| {};
    let mut scan = Scan::new(&segments, scan_from(&segments, settings)?, &mut nothing);
    scan.run()?;
    let cut = scan.cut()?;
    scan.write_again()?;
    let (end, unrecorded) = (scan.end, scan.unrecorded);
    let chain = scan.chain();
    let opened = Opened {
        created,
        cut,
        records: scan.records,
        end: Position(end),
    };
    Ok(Found {
        segments,
        end,
        chain,
        unrecorded,
        opened,
    })
}

pub(super) fn list(disk: &dyn Disk) -> Result<Vec<String>, LogError> {
    disk.list()
        .map_err(|source| LogError::io("list", "the folder", source))
}

/// The segment from which on everything is read: at least the last one that holds a batch.
fn scan_from(segments: &Segments, settings: &Settings) -> Result<u64, LogError> {
    let (first, key) = (segments.first(), segments.key);
    let mut from = segments
        .through()
        .saturating_sub(settings.verify_bytes.max(1));
    from = key.segment_of(from).max(first);
    while from > first && is_zero(&segments.read(from + SECTOR, BATCH_HEAD)?) {
        from -= key.segment_bytes;
    }
    Ok(from)
}

fn create(disk: &dyn Disk, names: &[String], settings: &Settings) -> Result<Manifest, LogError> {
    if names.iter().any(|name| segment_start(name).is_some()) {
        return Err(LogError::Missing {
            file: MANIFEST.to_owned(),
        });
    }
    let mut chance =
        Chance::from_system().map_err(|source| LogError::io("draw an id for", MANIFEST, source))?;
    let manifest = Manifest {
        id: chance.bytes(),
        segment_bytes: settings
            .segment_bytes
            .next_multiple_of(SECTOR)
            .max(SECTOR * 4),
        first: 0,
        through: 0,
    };
    manifest.write(disk)?;
    Ok(manifest)
}

/// Removes what an interrupted host left: half-made files, segments on their way out or not yet in.
fn clean(segments: &Segments, names: &[String]) -> Result<(), LogError> {
    let kept = segments.first()..segments.through();
    for name in names {
        let left_over = match segment_start(name) {
            Some(start) if kept.contains(&start) => false,
            Some(start) if start < kept.start => true,
            Some(start) => {
                let blank = start == kept.end && is_blank(segments, start)?;
                if !blank {
                    return Err(LogError::Foreign { file: name.clone() });
                }
                true
            }
            None => name.ends_with(".new"),
        };
        // A file that is gone is what was wanted.
        if left_over
            && let Err(source) = segments.disk.remove(name)
            && source.kind() != std::io::ErrorKind::NotFound
        {
            return Err(LogError::io("remove", name, source));
        }
    }
    Ok(())
}

fn is_blank(segments: &Segments, start: u64) -> Result<bool, LogError> {
    let bytes = segments.read(start, segments.key.segment_bytes as usize)?;
    let (header, rest) = bytes
        .split_at_checked(SECTOR as usize)
        .unwrap_or((&bytes, &[]));
    let ours = matches!(
        read_segment_header(&segments.key, start, header),
        SegmentHeader::Ours
    );
    Ok(ours && is_zero(rest))
}

pub(super) fn check_headers(segments: &Segments, names: &[String]) -> Result<(), LogError> {
    let wanted = segments.key.segment_bytes;
    let mut start = segments.first();
    while start < segments.through() {
        let file = segment_name(start);
        if !names.contains(&file) {
            return Err(LogError::Missing { file });
        }
        let found = segments
            .file(start)?
            .length()
            .map_err(|source| LogError::io("read", &file, source))?;
        let header = segments.read(start, SECTOR as usize)?;
        match read_segment_header(&segments.key, start, &header) {
            SegmentHeader::Ours => {}
            SegmentHeader::Newer(found) => return Err(LogError::newer(&file, found)),
            SegmentHeader::Foreign => return Err(LogError::Foreign { file }),
            SegmentHeader::Flawed => return Err(segments.damaged(start, Flaw::SegmentHead)),
        }
        if found != wanted {
            return Err(segments.damaged(start, Flaw::FileLength { found, wanted }));
        }
        start += wanted;
    }
    Ok(())
}

/// A record as a pass over the segments meets it.
pub(super) struct Seen<'a> {
    pub(super) position: Position,
    pub(super) kind: u8,
    pub(super) content: &'a [u8],
    /// The chain before it.
    pub(super) before: Chain,
}

/// One pass over the segments.
pub(super) struct Scan<'a> {
    each: &'a mut dyn FnMut(&Seen<'_>),
    segments: &'a Segments,
    key: LogKey,
    from: u64,
    /// The end of the last sound batch.
    pub(super) end: u64,
    /// The most that any head records as synced.
    synced: u64,
    pub(super) records: u64,
    /// After the last sound batch, once one was seen.
    chain: Option<Chain>,
    /// Whether the last batch holds records, or what it records is less than what stands before it.
    unrecorded: bool,
    pub(super) bad: Option<(u64, Flaw)>,
    /// Up to where bytes other than zero follow the first bad place.
    dirty: u64,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        segments: &'a Segments,
        from: u64,
        each: &'a mut dyn FnMut(&Seen<'_>),
    ) -> Self {
        Self {
            each,
            segments,
            key: segments.key,
            from,
            end: from,
            synced: 0,
            records: 0,
            chain: None,
            unrecorded: false,
            bad: None,
            dirty: 0,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), LogError> {
        let mut start = self.from;
        while start < self.segments.through() {
            let bytes = self.segments.read(start, self.key.segment_bytes as usize)?;
            self.segment(start, &bytes);
            start += self.key.segment_bytes;
        }
        if let Some((position, flaw)) = self.bad
            && self.synced > self.end
        {
            return Err(self.segments.damaged(position, flaw));
        }
        if self.synced > self.end {
            let recorded = self.synced;
            return Err(self.segments.damaged(self.end, Flaw::Lost { recorded }));
        }
        Ok(())
    }

    /// The chain after the last sound batch.
    pub(super) fn chain(&self) -> Chain {
        self.chain.unwrap_or_else(|| Chain::new(&self.key.id))
    }

    fn segment(&mut self, start: u64, bytes: &[u8]) {
        let mut offset = SECTOR as usize;
        while self.bad.is_none() {
            let rest = bytes.get(offset..).unwrap_or_default();
            if is_zero(rest) {
                return;
            }
            match self.batch(start + offset as u64, rest) {
                Ok(end) => offset = (end - start) as usize,
                Err(bad) => self.bad = Some(bad),
            }
        }
        self.search(start, offset, bytes);
    }

    /// Checks the batch at `position`; returns where it ends.
    fn batch(&mut self, position: u64, bytes: &[u8]) -> Result<u64, (u64, Flaw)> {
        let head = BatchHead::read(&self.key, position, bytes).map_err(|flaw| (position, flaw))?;
        self.synced = self.synced.max(head.synced);
        // Where the scan begins, what comes before is not known.
        let follows = head.previous == self.end || (self.end == self.from && self.from > 0);
        if !follows || head.synced > head.previous {
            return Err((self.end, Flaw::Order));
        }
        if self.chain.is_some_and(|chain| chain != head.before) {
            return Err((position, Flaw::Chain));
        }
        let each = &mut *self.each;
        let chain = head.check(&self.key, bytes, |before, position, kind, content| {
            let position = Position(position);
            each(&Seen {
                position,
                kind,
                content,
                before,
            });
        })?;
        self.chain = Some(chain);
        self.records += u64::from(head.count);
        self.unrecorded = head.count > 0 || head.synced < head.previous;
        self.end = head.end();
        Ok(self.end)
    }

    /// Looks behind a bad place for heads that record it as synced, and for how far bytes reach.
    fn search(&mut self, start: u64, offset: usize, bytes: &[u8]) {
        let sectors = bytes.chunks(SECTOR as usize).enumerate();
        for (index, sector) in sectors.skip(offset / SECTOR as usize) {
            let position = start + index as u64 * SECTOR;
            if is_zero(sector) {
                continue;
            }
            self.dirty = position + SECTOR;
            if let Ok(head) = BatchHead::read(&self.key, position, sector) {
                self.synced = self.synced.max(head.synced);
            }
        }
    }

    /// Zeroes the torn tail, so that no byte of it can ever come back.
    fn cut(&self) -> Result<Option<Cut>, LogError> {
        let Some((_, flaw)) = self.bad else {
            return Ok(None);
        };
        let mut start = self.key.segment_of(self.end);
        while start < self.dirty {
            let from = self.end.max(start + SECTOR);
            let to = self.dirty.min(start + self.key.segment_bytes);
            if from < to {
                let zeros = vec![0; (to - from) as usize];
                self.overwrite(from, &zeros)?;
            }
            start += self.key.segment_bytes;
        }
        Ok(Some(Cut {
            position: Position(self.end),
            file: segment_name(self.key.segment_of(self.end)),
            offset: self.key.offset_of(self.end),
            bytes: self.dirty.saturating_sub(self.end),
            flaw,
        }))
    }

    /// Writes once more, and syncs, what no head records as synced: after a failed sync it may be in memory only, and
    /// the system would not try again by itself.
    fn write_again(&self) -> Result<(), LogError> {
        let mut position = self.synced.max(self.from);
        while position < self.end {
            let to = self.end.min(self.key.segment_end(position));
            let from = position.max(self.key.segment_of(position) + SECTOR);
            let bytes = self.segments.read(from, to.saturating_sub(from) as usize)?;
            self.overwrite(from, &bytes)?;
            position = to;
        }
        Ok(())
    }

    fn overwrite(&self, position: u64, bytes: &[u8]) -> Result<(), LogError> {
        let start = self.key.segment_of(position);
        let file = self.segments.file(start)?;
        write_all(&*file, bytes, self.key.offset_of(position))
            .map_err(|source| Failed::new("write", &segment_name(start), source))?;
        file.sync()
            .map_err(|source| Failed::new("sync", &segment_name(start), source))?;
        Ok(())
    }
}
