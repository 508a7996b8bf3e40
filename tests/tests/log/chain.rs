//! The chain (A41): whatever is done to the evidence shows, up to the last checkpoint that somebody kept. Whoever does it
//! here knows the format and makes every checksum right again; this is written from its description alone.

use std::sync::Arc;

use kairos::charter::sign::PrivateKey;
use kairos::clock::Instant;
use kairos::evidence::checkpoint::Checkpoint;
use kairos::evidence::verify::{Broken, Fate, Report, verify};
use kairos::ids::Chance;
use kairos::store::{Durability, Log, Reader, Settings};
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::disk::Memory;

const SECTOR: usize = 512;
const BATCH_HEAD: usize = 96;
const RECORD_HEAD: usize = 48;
const SEGMENT: &str = "00000000000000000000.segment";
const SEGMENT_BYTES: usize = 128 * 1024;

/// A record as it stands in the log.
#[derive(Clone, PartialEq)]
struct Entry {
    kind: u8,
    before: [u8; 32],
    content: Vec<u8>,
}

/// An untouched log: its files, what it holds, and a checkpoint of all of it.
struct Evidence {
    manifest: Vec<u8>,
    header: Vec<u8>,
    seed: u64,
    genesis: [u8; 32],
    batches: Vec<Vec<Entry>>,
    key: PrivateKey,
    kept: Checkpoint,
}

fn short(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
}

fn read(segment: &[u8]) -> Vec<Vec<Entry>> {
    let mut batches = Vec::new();
    let mut at = SECTOR;
    while segment[at..].starts_with(b"kairobat") {
        let (length, count) = (short(segment, at + 32), short(segment, at + 36));
        let mut record = at + BATCH_HEAD;
        let batch = (0..count).map(|_| {
            let length = short(segment, record + 8);
            let from = record + RECORD_HEAD;
            let entry = Entry {
                kind: segment[record + 12],
                before: segment[record + 16..from].try_into().expect("a hash"),
                content: segment[from..from + length].to_vec(),
            };
            record = from + length;
            entry
        });
        batches.push(batch.collect());
        at += (BATCH_HEAD + length).next_multiple_of(SECTOR);
    }
    batches
}

fn then(before: [u8; 32], position: u64, entry: &Entry) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(position.to_le_bytes());
    hasher.update((entry.content.len() as u64).to_le_bytes());
    hasher.update([entry.kind]);
    hasher.update(&entry.content);
    hasher.finalize().into()
}

impl Evidence {
    fn new(records: usize) -> Self {
        let disk = Arc::new(Memory::default());
        let settings = Settings {
            durability: Durability::Sync,
            segment_bytes: SEGMENT_BYTES as u64,
            ..Settings::default()
        };
        let (log, _) = Log::open(Arc::clone(&disk) as _, &settings).expect("a log");
        crate::fill(&log, 0..records, 3);
        let key = PrivateKey::draw(&mut Chance::from_seed(b"host"));
        let (chain, end) = log.tip();
        let kept = Checkpoint {
            log: log.id(),
            chain,
            end,
            at: Instant::from_millis(0),
        };
        log.close().expect("closed");
        let (manifest, segment) = (disk.bytes("LOG"), disk.bytes(SEGMENT));
        Self {
            seed: xxh3_64_with_seed(&log.id(), 0x6b61_6972_6f73),
            genesis: Sha256::new()
                .chain_update(b"kairos evidence chain, version 2\0")
                .chain_update(log.id())
                .finalize()
                .into(),
            manifest,
            header: segment[..SECTOR].to_vec(),
            batches: read(&segment),
            key,
            kept,
        }
    }

    fn sum(&self, position: usize, bytes: &[u8]) -> [u8; 8] {
        xxh3_64_with_seed(bytes, self.seed ^ position as u64).to_le_bytes()
    }

    /// The segment with these records, every checksum right; with `relinked` every link too.
    fn segment(&self, batches: &[Vec<Entry>], relinked: bool) -> Vec<u8> {
        let mut segment = self.header.clone();
        let (mut previous, mut chain, mut records) = (0, self.genesis, 0_u64);
        for batch in batches {
            let start = segment.len();
            let mut bytes = vec![0; BATCH_HEAD];
            let mut heads = Xxh3::new();
            let first = chain;
            for entry in batch {
                let at = bytes.len();
                let before = if relinked { chain } else { entry.before };
                bytes.extend_from_slice(&[0; 8]);
                bytes.extend_from_slice(&(entry.content.len() as u32).to_le_bytes());
                bytes.extend_from_slice(&[entry.kind, 0, 0, 0]);
                bytes.extend_from_slice(&before);
                bytes.extend_from_slice(&entry.content);
                let sum = self.sum(start + at, &bytes[at + 8..]);
                bytes[at..at + 8].copy_from_slice(&sum);
                heads.update(&bytes[at..at + RECORD_HEAD]);
                chain = then(chain, (start + at) as u64, entry);
            }
            let before = match batch.first() {
                Some(entry) if !relinked => entry.before,
                _ => first,
            };
            bytes[..8].copy_from_slice(b"kairobat");
            bytes[8..16].copy_from_slice(&(start as u64).to_le_bytes());
            bytes[16..24].copy_from_slice(&(previous as u64).to_le_bytes());
            bytes[24..32].copy_from_slice(&(previous as u64).to_le_bytes());
            let length = (bytes.len() - BATCH_HEAD) as u32;
            bytes[32..36].copy_from_slice(&length.to_le_bytes());
            bytes[36..40].copy_from_slice(&(batch.len() as u32).to_le_bytes());
            bytes[40..48].copy_from_slice(&heads.digest().to_le_bytes());
            bytes[48..56].copy_from_slice(&records.to_le_bytes());
            bytes[56..88].copy_from_slice(&before);
            let sum = self.sum(start, &bytes[..BATCH_HEAD - 8]);
            bytes[BATCH_HEAD - 8..BATCH_HEAD].copy_from_slice(&sum);
            records += batch.len() as u64;
            bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
            segment.extend_from_slice(&bytes);
            previous = segment.len();
        }
        segment.resize(SEGMENT_BYTES, 0);
        segment
    }

    fn verify(&self, segment: &[u8], kept: &[Checkpoint]) -> Result<Report, Broken> {
        let disk = Memory::default();
        disk.put("LOG", self.manifest.clone());
        disk.put(SEGMENT, segment.to_vec());
        let reader = Reader::open(Arc::new(disk))?;
        verify(&reader, &self.key.public(), kept, &mut |_, _| {})
    }

    /// The same records in other places: three to a batch, as they were.
    fn grouped(&self, entries: Vec<Entry>) -> Vec<Vec<Entry>> {
        entries.chunks(3).map(<[Entry]>::to_vec).collect()
    }
}

fn is_noticed(found: &Result<Report, Broken>) -> bool {
    found.as_ref().map_or(true, |report| !report.is_sound())
}

/// What is done to the records.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    Flip,
    Delete,
    Swap,
    Insert,
    CutTail,
    RewriteAll,
    RawFlip,
}

const MUTATIONS: [Mutation; 7] = [
    Mutation::Flip,
    Mutation::Delete,
    Mutation::Swap,
    Mutation::Insert,
    Mutation::CutTail,
    Mutation::RewriteAll,
    Mutation::RawFlip,
];

/// The same kind of thing, at another place each time.
fn mutate(evidence: &Evidence, mutation: Mutation, chance: &mut Chance) -> (Vec<u8>, bool) {
    let mut entries: Vec<Entry> = evidence.batches.concat();
    let mut below = |most: usize| (chance.number() % most as u64) as usize;
    let place = below(entries.len());
    let mut is_last = place + 1 == entries.len();
    match mutation {
        Mutation::Flip => {
            let entry = &mut entries[place];
            match entry.content.is_empty() {
                true => entry.kind ^= 1,
                false => {
                    let at = below(entry.content.len());
                    entry.content[at] ^= 1 << below(8);
                }
            }
        }
        Mutation::Delete => {
            entries.remove(place);
        }
        Mutation::Swap => {
            let other = (place + 1 + below(entries.len() - 1)) % entries.len();
            entries.swap(place, other);
            is_last = false;
        }
        Mutation::Insert => {
            let copy = entries[below(entries.len())].clone();
            entries.insert(place, copy);
            is_last = false;
        }
        Mutation::CutTail => {
            entries.truncate(place);
            is_last = true;
        }
        Mutation::RewriteAll => {
            entries[place].kind ^= 1;
            is_last = true;
        }
        Mutation::RawFlip => {
            let mut segment = evidence.segment(&evidence.batches, true);
            let used = segment.iter().rposition(|byte| *byte != 0).expect("bytes") + 1;
            segment[below(used)] ^= 1 << below(8);
            return (segment, false);
        }
    }
    let relinked = matches!(mutation, Mutation::RewriteAll);
    let batches = evidence.grouped(entries);
    (evidence.segment(&batches, relinked), is_last)
}

// A41
#[test]
fn ten_thousand_mutations_of_a_chain_are_all_noticed() {
    let evidence = Evidence::new(60);
    let untouched = evidence.segment(&evidence.batches, true);
    let found = evidence
        .verify(&untouched, &[evidence.kept])
        .expect("whole");
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.kept, [(evidence.kept, Fate::Holds)]);
    let mut chance = Chance::from_seed(b"mutations");
    for round in 0..10_000 {
        let mutation = MUTATIONS[round % MUTATIONS.len()];
        let (segment, needs_checkpoint) = mutate(&evidence, mutation, &mut chance);
        if segment == untouched {
            continue;
        }
        let found = evidence.verify(&segment, &[evidence.kept]);
        assert!(is_noticed(&found), "{round}: {mutation:?}: {found:?}");
        if !needs_checkpoint {
            let alone = evidence.verify(&segment, &[]);
            assert!(
                is_noticed(&alone),
                "{round}: {mutation:?} without a checkpoint: {alone:?}"
            );
        }
    }
}

#[test]
fn a_cut_tail_and_a_rewrite_are_called_what_they_are() {
    let evidence = Evidence::new(30);
    let mut entries = evidence.batches.concat();
    entries.truncate(20);
    let cut = evidence.segment(&evidence.grouped(entries.clone()), true);
    let found = evidence
        .verify(&cut, &[evidence.kept])
        .expect("links that hold");
    assert_eq!(found.kept, [(evidence.kept, Fate::Cut { records: 20 })]);
    assert!(
        !found.is_sound()
            && evidence
                .verify(&cut, &[])
                .is_ok_and(|found| found.is_sound())
    );
    let mut entries = evidence.batches.concat();
    entries[7].content.push(7);
    let rewritten = evidence.segment(&evidence.grouped(entries), true);
    let found = evidence
        .verify(&rewritten, &[evidence.kept])
        .expect("links that hold");
    assert_eq!(found.kept, [(evidence.kept, Fate::Rewritten)]);
}

#[test]
fn the_first_record_that_does_not_follow_is_named() {
    let evidence = Evidence::new(30);
    let mut entries = evidence.batches.concat();
    entries[10].content[0] ^= 1;
    let segment = evidence.segment(&evidence.grouped(entries), false);
    let broken = evidence.verify(&segment, &[]).expect_err("a flaw");
    // The eleventh record was changed: the twelfth no longer follows from it.
    let position = {
        let mut at = SECTOR;
        for batch in &evidence.batches[..3] {
            let bytes: usize = batch
                .iter()
                .map(|entry| RECORD_HEAD + entry.content.len())
                .sum();
            at += (BATCH_HEAD + bytes).next_multiple_of(SECTOR);
        }
        let [first, second, _] = &evidence.batches[3][..] else {
            panic!("three records");
        };
        at + BATCH_HEAD + 2 * RECORD_HEAD + first.content.len() + second.content.len()
    };
    assert_eq!(
        broken.to_string(),
        format!(
            "`{SEGMENT}` of the log is damaged at byte {position}: the record does not follow from the one before it; \
             restore the data folder from a copy"
        )
    );
}

#[test]
fn a_checkpoint_is_only_good_with_its_signature() {
    let evidence = Evidence::new(5);
    let text = evidence.kept.signed(&evidence.key);
    let key = evidence.key.public();
    assert_eq!(Checkpoint::read(&text, &key), Ok(evidence.kept));
    let other = PrivateKey::draw(&mut Chance::from_seed(b"other")).public();
    assert!(Checkpoint::read(&text, &other).is_err());
    for (place, _) in text.char_indices() {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        assert!(Checkpoint::read(&changed, &key).is_err(), "{changed}");
    }
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert!(lines[0].starts_with("kairos.evidence/") && lines[1] == "5" && lines[5].is_empty());
    assert!(lines[6].starts_with("\u{2014} kairos.evidence/"));
}
