//! The log's bytes: segment headers, batches, records. Pure: nothing here touches a disk.
//!
//! A position counts every byte, so that it says where it stands: segment `position / segment_bytes`, and within the
//! segment's file at `position % segment_bytes`. Numbers are little-endian.
//!
//! ```text
//! segment  sector 0: magic, version, log id, start, length, checksum, zeros; then batches, then zeros
//! batch    head of 96 bytes, records, zeros up to the next sector
//! record   head of 48 bytes (checksum, length, kind, zeros, the hash of all records before), bytes
//! ```
//!
//! Every checksum is keyed by the log's id and bound to a position, so that neither another log's bytes nor bytes of
//! another place ever parse.

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::chain::{Chain, LINK_BYTES, Link};
use crate::limits::RECORD_BYTES;

/// What a disk writes as a whole: no batch shares one with an earlier batch.
pub(super) const SECTOR: u64 = 512;
pub(super) const VERSION: u32 = 4;
pub(super) const BATCH_HEAD: usize = 96;
pub(super) const RECORD_HEAD: usize = 16 + LINK_BYTES;

const SEGMENT_MAGIC: &[u8; 8] = b"kairoseg";
const BATCH_MAGIC: &[u8; 8] = b"kairobat";
const SEGMENT_HEAD: usize = 56;

/// Why bytes are not what should stand there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Flaw {
    #[error("zeros stand where a batch should")]
    Blank,
    #[error("no batch starts here")]
    NoBatch,
    #[error("the batch's head does not match its checksum")]
    Head,
    #[error("the batch does not follow the one before it")]
    Order,
    #[error("the batch reaches beyond its segment")]
    Length,
    #[error("the batch's records do not match its checksum")]
    Records,
    #[error("the record does not match its checksum")]
    Record,
    #[error("the record does not follow from the one before it")]
    Chain,
    #[error("the bytes after the last record are not zero")]
    Padding,
    #[error("the segment's header does not match its checksum")]
    SegmentHead,
    #[error("the file is {found} bytes long, not {wanted}")]
    FileLength { found: u64, wanted: u64 },
    #[error("the file does not match its checksum")]
    File,
    #[error("what was durable up to {recorded} is not there")]
    Lost { recorded: u64 },
}

/// What binds bytes to one log.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogKey {
    pub(super) id: [u8; 16],
    seed: u64,
    pub(super) segment_bytes: u64,
}

impl LogKey {
    pub(super) fn new(id: [u8; 16], segment_bytes: u64) -> Self {
        let seed = xxh3_64_with_seed(&id, 0x6b61_6972_6f73);
        Self {
            id,
            seed,
            segment_bytes,
        }
    }

    /// The start of the segment that holds `position`.
    pub(super) fn segment_of(&self, position: u64) -> u64 {
        position - position % self.segment_bytes
    }

    /// Where `position` stands in its segment's file.
    pub(super) fn offset_of(&self, position: u64) -> u64 {
        position % self.segment_bytes
    }

    /// The end of the segment that holds `position`.
    pub(super) fn segment_end(&self, position: u64) -> u64 {
        self.segment_of(position) + self.segment_bytes
    }

    fn sum(&self, position: u64, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.seed ^ position)
    }
}

/// The next place on a sector's edge, at or after `position`.
pub(super) fn sector_end(position: u64) -> u64 {
    position.next_multiple_of(SECTOR)
}

pub(super) fn segment_name(start: u64) -> String {
    format!("{start:020}.segment")
}

/// The start in a segment's name; `None` for the name of anything else.
pub(super) fn segment_start(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".segment")?;
    let all_digits = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

pub(super) fn segment_header(key: &LogKey, start: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SECTOR as usize);
    bytes.extend_from_slice(SEGMENT_MAGIC);
    bytes.extend_from_slice(&u64::from(VERSION).to_le_bytes());
    bytes.extend_from_slice(&key.id);
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&key.segment_bytes.to_le_bytes());
    let sum = xxh3_64_with_seed(&bytes, 0);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.resize(SECTOR as usize, 0);
    bytes
}

/// What a segment's first sector says.
#[derive(Debug)]
pub(super) enum SegmentHeader {
    Ours,
    Newer(u32),
    Foreign,
    Flawed,
}

pub(super) fn read_segment_header(key: &LogKey, start: u64, sector: &[u8]) -> SegmentHeader {
    if sector == segment_header(key, start) {
        return SegmentHeader::Ours;
    }
    let sound = sector
        .get(..SEGMENT_HEAD - 8)
        .is_some_and(|head| u64_at(sector, SEGMENT_HEAD - 8) == xxh3_64_with_seed(head, 0));
    let (rest_is_zero, magic) = (
        sector.get(SEGMENT_HEAD..).is_some_and(is_zero),
        sector.starts_with(SEGMENT_MAGIC),
    );
    if !(sound && rest_is_zero && magic) {
        return SegmentHeader::Flawed;
    }
    match u64_at(sector, 8) {
        version if version > u64::from(VERSION) => {
            SegmentHeader::Newer(u32::try_from(version).unwrap_or(u32::MAX))
        }
        _ => SegmentHeader::Foreign,
    }
}

/// A batch that is being filled.
pub(super) struct Batch {
    pub(super) start: u64,
    /// Where the batch before it ended: a lost batch leaves a gap that shows.
    pub(super) previous: u64,
    /// Room for the head, then records.
    pub(super) bytes: Vec<u8>,
    pub(super) count: u32,
    heads: Xxh3,
    /// Before the first record.
    before: Chain,
    /// After the last one.
    pub(super) chain: Chain,
}

impl Batch {
    /// Starts an empty batch in `buffer`, whose old content is dropped.
    pub(super) fn new(start: u64, previous: u64, mut buffer: Vec<u8>, before: Chain) -> Self {
        buffer.clear();
        buffer.resize(BATCH_HEAD, 0);
        Self {
            start,
            previous,
            bytes: buffer,
            count: 0,
            heads: Xxh3::new(),
            before,
            chain: before,
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Completes the record whose head's room starts at `from` and that reaches to the end of the bytes.
    pub(super) fn complete(&mut self, key: &LogKey, kind: u8, from: usize) {
        let position = self.start + from as u64;
        let Some(record) = self.bytes.get_mut(from..) else {
            return;
        };
        let length = (record.len() - RECORD_HEAD) as u32;
        put(record, 8, &length.to_le_bytes());
        put(record, 12, &[kind, 0, 0, 0]);
        put(record, 16, self.chain.link.as_bytes());
        let sum = key.sum(position, record.get(8..).unwrap_or_default());
        put(record, 0, &sum.to_le_bytes());
        self.heads
            .update(record.get(..RECORD_HEAD).unwrap_or_default());
        let content = record.get(RECORD_HEAD..).unwrap_or_default();
        self.chain = self.chain.then(position, kind, content);
        self.count += 1;
    }

    /// Writes the head and pads: these bytes go to the disk as they are.
    pub(super) fn seal(mut self, key: &LogKey, synced: u64) -> Sealed {
        let length = (self.bytes.len() - BATCH_HEAD) as u32;
        let head = &mut self.bytes;
        put(head, 0, BATCH_MAGIC);
        put(head, 8, &self.start.to_le_bytes());
        put(head, 16, &self.previous.to_le_bytes());
        put(head, 24, &synced.to_le_bytes());
        put(head, 32, &length.to_le_bytes());
        put(head, 36, &self.count.to_le_bytes());
        put(head, 40, &self.heads.digest().to_le_bytes());
        put(head, 48, &self.before.records.to_le_bytes());
        put(head, 56, self.before.link.as_bytes());
        let sum = key.sum(self.start, head.get(..BATCH_HEAD - 8).unwrap_or_default());
        put(head, BATCH_HEAD - 8, &sum.to_le_bytes());
        let padded = sector_end(self.bytes.len() as u64) as usize;
        self.bytes.resize(padded, 0);
        Sealed {
            start: self.start,
            bytes: self.bytes,
            records: length as usize,
        }
    }
}

/// A batch as it stands on the disk.
pub(super) struct Sealed {
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    /// How many of the bytes are records.
    pub(super) records: usize,
}

impl Sealed {
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// What a batch's head says.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchHead {
    pub(super) start: u64,
    pub(super) previous: u64,
    /// Everything before this was synced when the batch was written.
    pub(super) synced: u64,
    pub(super) length: usize,
    pub(super) count: u32,
    sum: u64,
    /// Before the first record.
    pub(super) before: Chain,
}

impl BatchHead {
    /// Reads the head of the batch that starts at `start`, the first of `bytes`.
    pub(super) fn read(key: &LogKey, start: u64, bytes: &[u8]) -> Result<Self, Flaw> {
        let head = bytes.get(..BATCH_HEAD).ok_or(Flaw::Length)?;
        if !head.starts_with(BATCH_MAGIC) {
            return Err(if is_zero(head) {
                Flaw::Blank
            } else {
                Flaw::NoBatch
            });
        }
        let covered = head.get(..BATCH_HEAD - 8).unwrap_or_default();
        if u64_at(head, BATCH_HEAD - 8) != key.sum(start, covered) || u64_at(head, 8) != start {
            return Err(Flaw::Head);
        }
        let this = Self {
            start,
            previous: u64_at(head, 16),
            synced: u64_at(head, 24),
            length: u32_at(head, 32) as usize,
            count: u32_at(head, 36),
            sum: u64_at(head, 40),
            before: Chain {
                records: u64_at(head, 48),
                link: link_at(head, 56),
            },
        };
        if this.end() > key.segment_end(start) {
            return Err(Flaw::Length);
        }
        Ok(this)
    }

    /// Where the next batch may start.
    pub(super) fn end(&self) -> u64 {
        sector_end(self.start + (BATCH_HEAD + self.length) as u64)
    }

    /// Checks every record and the padding; `bytes` start with the head. Calls `each` with the chain before every
    /// record, its position, kind and bytes. Returns the chain after the last record.
    pub(super) fn check<'a>(
        &self,
        key: &LogKey,
        bytes: &'a [u8],
        mut each: impl FnMut(Chain, u64, u8, &'a [u8]),
    ) -> Result<Chain, (u64, Flaw)> {
        let whole = (self.end() - self.start) as usize;
        let used = BATCH_HEAD + self.length;
        let flawed = |offset: usize, flaw| (self.start + offset as u64, flaw);
        let records = bytes.get(..used).ok_or(flawed(0, Flaw::Length))?;
        let mut heads = Xxh3::new();
        let mut chain = self.before;
        let mut offset = BATCH_HEAD;
        for _ in 0..self.count {
            let position = self.start + offset as u64;
            let record = records.get(offset..).unwrap_or_default();
            let (kind, content) =
                read_record(key, position, record).ok_or((position, Flaw::Record))?;
            if link_at(record, 16) != chain.link {
                return Err((position, Flaw::Chain));
            }
            each(chain, position, kind, content);
            chain = chain.then(position, kind, content);
            heads.update(record.get(..RECORD_HEAD).unwrap_or_default());
            offset += RECORD_HEAD + content.len();
        }
        if offset != used || heads.digest() != self.sum {
            return Err(flawed(0, Flaw::Records));
        }
        match bytes.get(used..whole) {
            Some(padding) if is_zero(padding) => Ok(chain),
            _ => Err(flawed(used, Flaw::Padding)),
        }
    }
}

/// The length that a record's head claims; `None` for what no record can have.
pub(super) fn claimed_length(head: &[u8]) -> Option<usize> {
    let length = (head.len() >= RECORD_HEAD).then(|| u32_at(head, 8) as usize)?;
    (length <= RECORD_BYTES).then_some(length)
}

/// Reads and checks the record at `position`, the first of `bytes`.
pub(super) fn read_record<'a>(
    key: &LogKey,
    position: u64,
    bytes: &'a [u8],
) -> Option<(u8, &'a [u8])> {
    let whole = bytes.get(..RECORD_HEAD + claimed_length(bytes)?)?;
    let covered = whole.get(8..)?;
    let kind = *whole.get(12)?;
    let sound = u64_at(whole, 0) == key.sum(position, covered);
    sound.then_some((kind, whole.get(RECORD_HEAD..)?))
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<64>();
    chunks.iter().all(|chunk| *chunk == [0; 64]) && rest.iter().all(|byte| *byte == 0)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    if let Some(found) = bytes.get(at..at + 8) {
        number.copy_from_slice(found);
    }
    u64::from_le_bytes(number)
}

fn link_at(bytes: &[u8], at: usize) -> Link {
    let mut link = [0; LINK_BYTES];
    if let Some(found) = bytes.get(at..at + LINK_BYTES) {
        link.copy_from_slice(found);
    }
    Link::from_bytes(link)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    if let Some(found) = bytes.get(at..at + 4) {
        number.copy_from_slice(found);
    }
    u32::from_le_bytes(number)
}
