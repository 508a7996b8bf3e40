//! Opening again: torn tails are cut, damage is named, segments that are not right are named.

use std::sync::Arc;

use crate::disk::{Crash, Memory};
use crate::{all, fill, numbers, open, queue, record, settings};
use kairos::store::{Durability, Flaw, Log, LogError, Position};

const SEGMENT: usize = 8 * 1024;

fn name(segment: usize) -> String {
    format!("{:020}.segment", segment * SEGMENT)
}

/// A log of `count` records that was closed.
fn closed(count: usize) -> Arc<Memory> {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    fill(&log, 0..count, 4);
    log.close().unwrap();
    disk
}

fn xxhash(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, 0)
}

/// Reads everything; how many records there are.
fn verify(log: &Log) -> Result<usize, LogError> {
    let records: Result<Vec<_>, _> = log.records(log.first()).collect();
    Ok(records?.len())
}

fn refused(disk: &Arc<Memory>) -> LogError {
    open(disk).map(drop).unwrap_err()
}

#[test]
fn a_new_log_is_empty_and_keeps_its_id() {
    let disk = Memory::new();
    let (log, opened) = open(&disk).unwrap();
    assert!(opened.created);
    let id = log.id();
    drop(log);
    let (log, opened) = open(&disk).unwrap();
    assert!(!opened.created);
    assert_eq!((log.id(), all(&log)), (id, vec![]));
}

#[test]
fn what_was_written_is_read_in_order_and_one_by_one() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    let positions = fill(&log, 0..100, 7);
    log.close().unwrap();
    drop(log);
    let (log, opened) = open(&disk).unwrap();
    assert_eq!((opened.records, opened.cut), (100, None));
    assert_eq!(all(&log), numbers(100));
    assert_eq!(verify(&log).unwrap(), 100);
    for (number, position) in positions.iter().enumerate() {
        assert_eq!(log.read(*position).unwrap(), record(number));
        let rest: Vec<_> = log.records(*position).map(|next| next.unwrap().0).collect();
        assert_eq!(rest, positions[number..]);
    }
}

#[test]
fn a_wrong_position_is_an_error_and_never_garbage() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    let positions = fill(&log, 0..40, 4);
    for position in 0..log.end().as_u64() + 600 {
        let position = Position::from_u64(position);
        let found = log.read(position);
        match positions.binary_search(&position) {
            Ok(number) => assert_eq!(found.unwrap(), record(number)),
            Err(_) => assert!(
                matches!(found, Err(LogError::NoRecord { .. })),
                "{position}"
            ),
        }
    }
}

#[test]
fn a_tail_torn_at_any_byte_of_the_last_batch_is_cut_and_reported() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    fill(&log, 0..8, 4);
    let before = log.durable();
    fill(&log, 8..12, 4);
    let (start, end) = (before.as_u64() as usize, log.durable().as_u64() as usize);
    drop(log);
    let whole = disk.bytes(&name(0));
    let used = start
        + whole[start..end]
            .iter()
            .rposition(|byte| *byte != 0)
            .unwrap();
    for torn in start..=used {
        for (lost, leaves_some) in [(torn..end, torn > start), (start..torn + 1, torn < used)] {
            let next = disk.crash(Crash::KeepsUnsynced);
            let mut bytes = whole.clone();
            bytes[lost].fill(0);
            next.put(&name(0), bytes);
            check_cut(&next, before, leaves_some);
        }
    }
}

fn check_cut(disk: &Arc<Memory>, before: Position, leaves_some: bool) {
    let (log, opened) = open(disk).unwrap();
    assert_eq!(all(&log), numbers(8));
    assert_eq!(opened.cut.is_some(), leaves_some, "{:?}", opened.cut);
    if let Some(cut) = opened.cut {
        assert_eq!((cut.position, cut.file), (before, name(0)));
    }
    // What was cut is gone for good, and the log goes on.
    fill(&log, 8..10, 1);
    log.close().unwrap();
    drop(log);
    let (log, opened) = open(&disk.crash(Crash::LosesUnsynced)).unwrap();
    assert_eq!(opened.cut, None);
    assert_eq!(all(&log), numbers(10));
}

#[test]
fn a_cut_tail_never_comes_back() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    fill(&log, 0..4, 4);
    let cut = log.durable().as_u64() as usize;
    fill(&log, 4..8, 4);
    drop(log);
    let mut bytes = disk.bytes(&name(0));
    let stale = bytes[cut..].to_vec();
    bytes[cut + 70] ^= 1;
    disk.put(&name(0), bytes);
    let (log, opened) = open(&disk).unwrap();
    assert!(opened.cut.is_some());
    drop(log);
    let bytes = disk.bytes(&name(0));
    // Only the checkpoint of the second life follows.
    assert!(bytes[cut + 512..].iter().all(|byte| *byte == 0));
    // Even bytes of an earlier life that reappear behind newer ones do not parse as a batch that follows.
    let (log, _) = open(&disk).unwrap();
    fill(&log, 8..9, 1);
    let end = log.durable().as_u64() as usize;
    drop(log);
    let mut bytes = disk.bytes(&name(0));
    bytes[end..end + stale.len().min(512)].copy_from_slice(&stale[..stale.len().min(512)]);
    disk.put(&name(0), bytes);
    let (log, opened) = open(&disk).unwrap();
    assert!(opened.cut.is_some());
    assert_eq!(all(&log).len(), 5);
}

#[test]
fn a_flipped_byte_anywhere_below_what_is_recorded_as_durable_is_damage() {
    let disk = closed(24);
    let segments = disk.files().len() - 1;
    assert!(segments > 1, "more than one segment");
    let (log, _) = open(&disk).unwrap();
    let recorded = log.durable().as_u64() as usize - 512;
    drop(log);
    for place in 0..recorded {
        let (segment, offset) = (place / SEGMENT, place % SEGMENT);
        let next = disk.crash(Crash::KeepsUnsynced);
        let mut bytes = next.bytes(&name(segment));
        bytes[offset] ^= 1 << (place % 8);
        next.put(&name(segment), bytes);
        match refused(&next) {
            LogError::Damaged {
                file,
                offset: named,
                ..
            } => {
                assert_eq!(file, named_file(segment, offset, named as usize), "{place}");
            }
            other => panic!("byte {place}: {other}"),
        }
    }
    for place in 0..disk.bytes("LOG").len() {
        let next = disk.crash(Crash::KeepsUnsynced);
        let mut bytes = next.bytes("LOG");
        bytes[place] ^= 1;
        next.put("LOG", bytes);
        let error = refused(&next);
        assert!(
            matches!(&error, LogError::Damaged { file, .. } if file == "LOG"),
            "{error}"
        );
    }
}

/// The file that must be named, and the offset must be of the batch or record that holds the byte, or before it.
fn named_file(segment: usize, offset: usize, named: usize) -> String {
    assert!(
        named <= offset && offset < named + 4 * 1024,
        "{named} for {offset}"
    );
    name(segment)
}

#[test]
fn a_flipped_byte_is_found_by_every_reader() {
    let disk = closed(24);
    let (log, _) = open(&disk).unwrap();
    let positions: Vec<_> = log
        .records(log.first())
        .map(|next| next.unwrap().0)
        .collect();
    let at = positions[20].as_u64() as usize + 20;
    let mut bytes = disk.bytes(&name(at / SEGMENT));
    bytes[at % SEGMENT] ^= 1;
    // Beneath the open log: the same file, as a disk that rots.
    let file = kairos::store::disk::Disk::open(&*disk, &name(at / SEGMENT)).unwrap();
    file.write_at(&bytes, 0).unwrap();
    assert!(matches!(
        log.read(positions[20]),
        Err(LogError::NoRecord { .. })
    ));
    assert!(matches!(verify(&log), Err(LogError::Damaged { .. })));
}

#[test]
fn damage_names_the_file_and_the_byte() {
    let disk = closed(24);
    let mut bytes = disk.bytes(&name(0));
    bytes[512 + 96 + 3] ^= 1;
    disk.put(&name(0), bytes);
    assert_eq!(
        refused(&disk).to_string(),
        "`00000000000000000000.segment` of the log is damaged at byte 608: \
         the record does not match its checksum; restore the data folder from a copy"
    );
}

#[test]
fn a_missing_segment_is_named() {
    let count = closed(60).files().len() - 1;
    assert!(count > 2);
    for segment in 0..count {
        let disk = closed(60);
        disk.take(&name(segment));
        match refused(&disk) {
            LogError::Missing { file } => assert_eq!(file, name(segment)),
            other => panic!("{other}"),
        }
    }
    let disk = closed(60);
    disk.take("LOG");
    assert!(matches!(refused(&disk), LogError::Missing { file } if file == "LOG"));
}

#[test]
fn a_foreign_or_misplaced_segment_is_named() {
    let (disk, other) = (closed(60), closed(60));
    disk.put(&name(1), other.bytes(&name(1)));
    assert!(matches!(refused(&disk), LogError::Foreign { file } if file == name(1)));

    let disk = closed(60);
    disk.put(&name(1), disk.bytes(&name(0)));
    assert!(matches!(refused(&disk), LogError::Foreign { file } if file == name(1)));

    let disk = closed(60);
    disk.put(&name(77), other.bytes(&name(0)));
    assert!(matches!(refused(&disk), LogError::Foreign { file } if file == name(77)));
}

#[test]
fn a_segment_of_the_wrong_length_is_damage() {
    let disk = closed(24);
    let mut bytes = disk.bytes(&name(0));
    bytes.truncate(SEGMENT - 100);
    disk.put(&name(0), bytes);
    let error = refused(&disk);
    assert!(
        matches!(
            &error,
            LogError::Damaged {
                flaw: Flaw::FileLength { .. },
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn removed_segments_stay_removed_and_the_rest_is_read() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    let positions = fill(&log, 0..100, 5);
    log.remove_before(positions[60]).unwrap();
    let first = log.first();
    assert!(first > Position::default() && first <= positions[60]);
    assert!(matches!(
        log.read(positions[0]),
        Err(LogError::Removed { .. })
    ));
    let early = log.records(Position::default()).next().unwrap();
    assert!(matches!(early, Err(LogError::Removed { .. })));
    let kept = all(&log);
    assert_eq!(kept, numbers(100)[100 - kept.len()..]);
    log.close().unwrap();
    drop(log);
    let disk = disk.crash(Crash::LosesUnsynced);
    let (log, opened) = open(&disk).unwrap();
    assert_eq!((all(&log), log.first(), opened.cut), (kept, first, None));
    log.remove_before(log.durable()).unwrap();
    let rest = all(&log);
    drop(log);
    let (log, _) = open(&disk.crash(Crash::KeepsUnsynced)).unwrap();
    assert_eq!(all(&log), rest);
}

#[test]
fn a_removal_that_was_interrupted_is_finished() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    let positions = fill(&log, 0..100, 5);
    let before = disk.bytes(&name(0));
    log.remove_before(positions[60]).unwrap();
    log.close().unwrap();
    drop(log);
    disk.put(&name(0), before);
    let (_log, _) = open(&disk).unwrap();
    assert!(!disk.files().contains(&name(0)));
}

#[test]
fn only_the_end_is_read_at_start_when_asked_to() {
    let disk = closed(100);
    let mut bytes = disk.bytes(&name(0));
    bytes[600] ^= 1;
    disk.put(&name(0), bytes);
    let quick = kairos::store::Settings {
        verify_bytes: 8 * 1024,
        ..settings(Durability::Sync)
    };
    let (log, opened) = Log::open(disk.clone() as _, &quick).unwrap();
    assert!(opened.records < 100);
    assert!(matches!(verify(&log), Err(LogError::Damaged { .. })));
    fill(&log, 100..103, 1);
    log.close().unwrap();
    drop(log);
    assert!(matches!(refused(&disk), LogError::Damaged { .. }));
}

#[test]
fn another_format_is_refused() {
    let disk = closed(4);
    let mut bytes = disk.bytes("LOG");
    for (version, said) in [
        (
            5,
            "`LOG` of the log has format 5, newer than this host's 4: start a newer host",
        ),
        (
            1,
            "the log has format 1, older than this host's 4, which does not read it: start on a new data folder; the kairos that wrote it still verifies, explains and reports it",
        ),
    ] {
        bytes[8] = version;
        let sum = xxhash(&bytes[..56]);
        bytes[56..64].copy_from_slice(&sum.to_le_bytes());
        disk.put("LOG", bytes.clone());
        assert_eq!(refused(&disk).to_string(), said);
    }
}

#[test]
fn a_position_reads_back_as_written() {
    let position = Position::from_u64(1_234);
    assert_eq!(Position::parse(&position.to_string()), Some(position));
    for wrong in ["", "+1", "-1", "1.0", "99999999999999999999999"] {
        assert_eq!(Position::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_closed_log_takes_no_more() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    fill(&log, 0..3, 1);
    log.close().unwrap();
    let refused = queue(&log, &record(3)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the log stopped for good: cannot write to `LOG`: the log was closed"
    );
}
