//! What waits to be written: batches in memory, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::format::{
    BATCH_HEAD, Batch, LogKey, RECORD_HEAD, SECTOR, Sealed, read_record, sector_end,
};
use super::{Failed, Position, Record, Refused};
use crate::limits::RECORD_BYTES;
use crate::store::Chain;

pub(super) struct Queue {
    key: LogKey,
    /// Full: they end where their segment does.
    closed: VecDeque<Batch>,
    open: Batch,
    /// Being written.
    flying: Option<Arc<Sealed>>,
    /// A buffer to use again.
    spare: Vec<u8>,
    /// Bytes of all that is not yet durable.
    bytes: usize,
    pub(super) stopped: Option<Failed>,
    pub(super) thread: Thread,
    /// The thread must end.
    pub(super) quits: bool,
}

/// What the writer thread does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Thread {
    /// Nothing waits to be written.
    Sleeps,
    /// Something does, but it is left to those who will wait for it.
    Lingers,
    /// Writes until it finds nothing more.
    Works,
}

impl Queue {
    /// A queue whose first batch follows what ends at `end`.
    pub(super) fn new(key: LogKey, end: u64, chain: Chain) -> Self {
        Self {
            key,
            closed: VecDeque::new(),
            open: Batch::new(place(&key, end), end, Vec::new(), chain),
            flying: None,
            spare: Vec::new(),
            bytes: 0,
            stopped: None,
            thread: Thread::Sleeps,
            quits: false,
        }
    }

    pub(super) fn end(&self) -> u64 {
        match self.open.count {
            0 => self.open.previous,
            _ => self.open.end(),
        }
    }

    /// The chain after the last record that was pushed.
    pub(super) fn chain(&self) -> Chain {
        self.open.chain
    }

    pub(super) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.open.count == 0
    }

    /// Appends a record, unless `bound` bytes wait already.
    pub(super) fn push(
        &mut self,
        kind: u8,
        bound: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Position, Refused> {
        if let Some(failed) = &self.stopped {
            return Err(Refused::Failed(failed.clone()));
        }
        if self.bytes >= bound {
            return Err(Refused::Full { bytes: self.bytes });
        }
        let from = self.open.bytes.len();
        let mut unfinished = Unfinished {
            batch: &mut self.open,
            from,
        };
        let bytes = unfinished.start();
        write(bytes);
        debug_assert!(bytes.len() >= from + RECORD_HEAD, "only append");
        let length = bytes.len().saturating_sub(from + RECORD_HEAD);
        let most = (self.key.segment_bytes - SECTOR) as usize - BATCH_HEAD - RECORD_HEAD;
        if length > most.min(RECORD_BYTES) {
            return Err(Refused::TooLarge { bytes: length });
        }
        std::mem::forget(unfinished);
        let from = self.fit(from);
        self.open.complete(&self.key, kind, from);
        self.bytes += RECORD_HEAD + length;
        Ok(Position(self.open.start + from as u64))
    }

    /// Moves the record at `from` to the next segment when it does not fit into this one; returns where it is now.
    fn fit(&mut self, from: usize) -> usize {
        let segment_end = self.key.segment_end(self.open.start);
        if self.open.end() <= segment_end {
            return from;
        }
        if self.open.count == 0 {
            self.open.start = segment_end + SECTOR;
            return from;
        }
        let record = self.open.bytes.split_off(from);
        let end = sector_end(self.open.end());
        let spare = std::mem::take(&mut self.spare);
        let next = Batch::new(segment_end + SECTOR, end, spare, self.open.chain);
        self.closed
            .push_back(std::mem::replace(&mut self.open, next));
        self.open.bytes.extend_from_slice(&record);
        BATCH_HEAD
    }

    /// Takes the next batch to write; `None` when nothing waits.
    pub(super) fn take(&mut self, synced: u64) -> Option<Arc<Sealed>> {
        let batch = match self.closed.pop_front() {
            Some(batch) => batch,
            None if self.open.count > 0 => self.cut(),
            None => return None,
        };
        Some(self.fly(batch, synced))
    }

    /// Takes a batch even when it is empty: its head records what is synced.
    pub(super) fn checkpoint(&mut self, synced: u64) -> Arc<Sealed> {
        let batch = self.cut();
        self.fly(batch, synced)
    }

    fn cut(&mut self) -> Batch {
        let end = sector_end(self.open.end());
        let spare = std::mem::take(&mut self.spare);
        let next = Batch::new(place(&self.key, end), end, spare, self.open.chain);
        std::mem::replace(&mut self.open, next)
    }

    fn fly(&mut self, batch: Batch, synced: u64) -> Arc<Sealed> {
        let sealed = Arc::new(batch.seal(&self.key, synced));
        self.flying = Some(Arc::clone(&sealed));
        sealed
    }

    /// The batch that was flying is durable; what of it nobody reads is used again.
    pub(super) fn landed(&mut self, sealed: Arc<Sealed>) {
        const KEPT_BYTES: usize = 4 * 1024 * 1024;
        self.flying = None;
        self.bytes = self.bytes.saturating_sub(sealed.records);
        if let Some(sealed) = Arc::into_inner(sealed)
            && sealed.bytes.capacity() <= KEPT_BYTES
        {
            self.spare = sealed.bytes;
        }
    }

    /// Reads the record at `position` when it is still here.
    pub(super) fn read(&self, position: u64) -> Option<Record> {
        let waiting = self.closed.iter().chain([&self.open]);
        let flying = self
            .flying
            .iter()
            .map(|sealed| (sealed.start, &sealed.bytes));
        flying
            .chain(waiting.map(|batch| (batch.start, &batch.bytes)))
            .find_map(|(start, bytes)| {
                let offset = usize::try_from(position.checked_sub(start)?).ok()?;
                let record = bytes.get(offset.max(BATCH_HEAD)..)?;
                let (kind, bytes) = read_record(&self.key, position, record)?;
                Some(Record {
                    kind,
                    bytes: bytes.to_vec(),
                })
            })
    }
}

/// Where a batch may start at or after `end`: a segment's first sector is its header.
fn place(key: &LogKey, end: u64) -> u64 {
    match key.offset_of(end) {
        0 => end + SECTOR,
        _ => end,
    }
}

/// Takes a record back that its writer did not finish.
struct Unfinished<'a> {
    batch: &'a mut Batch,
    from: usize,
}

impl Unfinished<'_> {
    fn start(&mut self) -> &mut Vec<u8> {
        self.batch.bytes.resize(self.from + RECORD_HEAD, 0);
        &mut self.batch.bytes
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.batch.bytes.truncate(self.from);
    }
}
