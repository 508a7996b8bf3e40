//! Reading: one record at its place, or all in order.

use super::super::format::{
    BATCH_HEAD, BatchHead, Flaw, RECORD_HEAD, SECTOR, claimed_length, read_record, segment_name,
};
use super::segments::Segments;
use super::writer::Writer;
use super::{LogError, Position, Record};
use crate::store::Chain;

/// What most records fit in: one read.
const GUESS_BYTES: usize = 4096;
/// How much is read at a time when looking for batches.
const WINDOW_BYTES: usize = 64 * 1024;

pub(super) fn read(writer: &Writer, position: Position) -> Result<Record, LogError> {
    if position.0 >= writer.durable()
        && let Some(record) = writer.queued(position.0)
    {
        return Ok(record);
    }
    if position.0 >= writer.durable() {
        return Err(LogError::NoRecord { position });
    }
    at(&writer.segments, position)
}

/// The record at `position` of these segments.
pub(super) fn at(segments: &Segments, position: Position) -> Result<Record, LogError> {
    let missing = LogError::NoRecord { position };
    let first = segments.first();
    if position.0 < first {
        let first = Position(first);
        return Err(LogError::Removed { position, first });
    }
    let mut bytes = segments.read(position.0, GUESS_BYTES)?;
    match claimed_length(&bytes) {
        Some(length) if RECORD_HEAD + length > bytes.len() => {
            bytes = segments.read(position.0, RECORD_HEAD + length)?;
        }
        Some(_) => {}
        None => return Err(missing),
    }
    let (kind, bytes) = read_record(&segments.key, position.0, &bytes).ok_or(missing)?;
    Ok(Record {
        kind,
        bytes: bytes.to_vec(),
    })
}

/// The durable records of a log, in order, each with its position. Ends at what is durable when it gets there; after an
/// error it ends.
pub struct Records<'a> {
    writer: &'a Writer,
    from: u64,
    /// The next batch to look at.
    next: u64,
    /// Where the batch before it ended, once one was seen.
    previous: Option<u64>,
    /// The chain after that one, where it was read.
    chain: Option<Chain>,
    batch: std::vec::IntoIter<(Position, Record)>,
    window: (u64, Vec<u8>),
    ended: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(writer: &'a Writer, from: Position) -> Self {
        let first = writer.segments.first();
        let start = writer.segments.key.segment_of(from.0).max(first);
        Self {
            writer,
            from: from.0,
            next: start + SECTOR,
            previous: None,
            chain: None,
            batch: Vec::new().into_iter(),
            window: (0, Vec::new()),
            ended: false,
        }
    }

    /// Loads the next batch that may hold a wanted record; `false` at the end.
    fn advance(&mut self) -> Result<bool, LogError> {
        let first = self.writer.segments.first();
        if self.from < first {
            return Err(LogError::Removed {
                position: Position(self.from),
                first: Position(first),
            });
        }
        let key = self.writer.segments.key;
        loop {
            let durable = self.writer.durable();
            if self.next >= durable {
                return Ok(false);
            }
            let position = self.next;
            let after = key.segment_end(position.saturating_sub(1)) + SECTOR;
            if key.offset_of(position) == 0 {
                self.next = after;
                continue;
            }
            let head = match BatchHead::read(&key, position, self.bytes(position, BATCH_HEAD)?) {
                Ok(head) => head,
                // The next batch did not fit into this segment; it names the end of the one before.
                Err(Flaw::Blank) if key.segment_end(position) < durable => {
                    self.next = after;
                    continue;
                }
                Err(flaw) => return Err(self.writer.segments.damaged(position, flaw)),
            };
            if let Some(previous) = self.previous
                && previous != head.previous
            {
                return Err(self.writer.segments.damaged(previous, Flaw::Order));
            }
            if self.chain.is_some_and(|chain| chain != head.before) {
                return Err(self.writer.segments.damaged(position, Flaw::Chain));
            }
            self.next = head.end();
            self.previous = Some(head.end());
            if head.end() <= self.from || head.count == 0 {
                self.chain = (head.count == 0).then_some(head.before);
                continue;
            }
            self.load(&head)?;
            return Ok(true);
        }
    }

    fn load(&mut self, head: &BatchHead) -> Result<(), LogError> {
        let key = self.writer.segments.key;
        let from = self.from;
        let whole = (head.end() - head.start) as usize;
        let mut records = Vec::with_capacity(head.count as usize);
        let checked = head.check(
            &key,
            self.bytes(head.start, whole)?,
            |_, position, kind, bytes| {
                if position >= from {
                    let bytes = bytes.to_vec();
                    records.push((Position(position), Record { kind, bytes }));
                }
            },
        );
        let chain =
            checked.map_err(|(position, flaw)| self.writer.segments.damaged(position, flaw))?;
        self.chain = Some(chain);
        self.batch = records.into_iter();
        Ok(())
    }

    /// `count` bytes at `position`, read through the window.
    fn bytes(&mut self, position: u64, count: usize) -> Result<&[u8], LogError> {
        let (start, window) = &self.window;
        let held = position
            .checked_sub(*start)
            .is_some_and(|skip| skip as usize + count <= window.len());
        // What was read near the end may have been written since.
        if !held || position + count as u64 > self.writer.durable() {
            let bytes = self
                .writer
                .segments
                .read(position, count.max(WINDOW_BYTES))?;
            let known = self.writer.durable().saturating_sub(position);
            self.window = (position, bytes);
            self.window.1.truncate((known as usize).max(count));
        }
        let (start, window) = &self.window;
        let skip = (position - start) as usize;
        window.get(skip..skip + count).ok_or(LogError::Damaged {
            file: segment_name(self.writer.segments.key.segment_of(position)),
            offset: self.writer.segments.key.offset_of(position),
            flaw: Flaw::Length,
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<(Position, Record), LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.batch.next() {
                return Some(Ok(record));
            }
            if self.ended {
                return None;
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
