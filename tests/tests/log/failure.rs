//! Disks that fail: what was acknowledged stays, and nothing is acknowledged on top of a failure.

use crate::disk::{Crash, Fault, Memory};
use crate::{all, block_on, numbers, open, queue, record, settings};
use kairos::store::{Durability, Log, LogError, Refused};

const RECORDS: usize = 60;

/// Writes until something fails; returns how many records were acknowledged.
fn write(log: &Log) -> usize {
    let mut acknowledged = 0;
    for number in 0..RECORDS {
        let Ok(position) = queue(log, &record(number)) else {
            break;
        };
        if number % 3 == 2 {
            match block_on(log.until_durable(position)) {
                Ok(()) => acknowledged = number + 1,
                Err(_) => break,
            }
        }
    }
    if log.failure().is_some() {
        let durable = log.durable();
        let refused = queue(log, &record(0));
        assert!(matches!(refused, Err(Refused::Failed(_))), "{refused:?}");
        assert!(log.flush().is_err());
        assert!(log.settle().is_err());
        assert!(block_on(log.until_all(log.end())).is_err() || log.end() <= durable);
        assert!(log.close().is_err());
        assert_eq!(log.durable(), durable);
    }
    acknowledged
}

fn survives(fault: Fault, durability: Durability) {
    for at in 1.. {
        let disk = Memory::failing(fault, at);
        let opened = Log::open(disk.clone(), &settings(durability));
        let acknowledged = opened.map_or(0, |(log, _)| {
            let acknowledged = write(&log);
            drop(log.close());
            acknowledged
        });
        let crashes: &[Crash] = match durability {
            Durability::Sync => &[Crash::LosesUnsynced, Crash::KeepsUnsynced, Crash::Tears(at)],
            Durability::Process => &[Crash::KeepsUnsynced],
        };
        for crash in crashes {
            check(
                &disk.crash(*crash),
                acknowledged,
                &format!("{fault:?} at {at}, {crash:?}"),
            );
        }
        if !disk.struck() {
            assert_eq!(acknowledged, RECORDS);
            return;
        }
    }
}

fn check(disk: &std::sync::Arc<Memory>, acknowledged: usize, case: &str) {
    let (log, _) = open(disk).unwrap_or_else(|error| panic!("{case}: {error}"));
    let found = all(&log);
    assert!(
        found.len() >= acknowledged,
        "{case}: {} of {acknowledged}",
        found.len()
    );
    assert!(found == numbers(found.len()), "{case}: other records");
    // What the second host says is durable outlives its own crash, even when the first one's sync had failed.
    drop(log);
    let (again, _) = open(&disk.crash(Crash::LosesUnsynced)).unwrap();
    assert_eq!(all(&again), found, "{case}: lost by the second host");
}

#[test]
fn a_failed_write_loses_nothing_acknowledged() {
    survives(Fault::Write, Durability::Sync);
}

#[test]
fn a_short_write_loses_nothing_acknowledged() {
    survives(Fault::ShortWrite, Durability::Sync);
}

#[test]
fn a_failed_sync_loses_nothing_acknowledged() {
    survives(Fault::Sync, Durability::Sync);
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    survives(Fault::Full, Durability::Sync);
}

#[test]
fn any_failed_operation_loses_nothing_acknowledged() {
    survives(Fault::Any, Durability::Sync);
}

#[test]
fn under_process_durability_failures_lose_nothing_acknowledged() {
    for fault in [
        Fault::Write,
        Fault::ShortWrite,
        Fault::Sync,
        Fault::Full,
        Fault::Any,
    ] {
        survives(fault, Durability::Process);
    }
}

#[test]
fn a_failed_log_says_what_failed() {
    let disk = Memory::new();
    let (log, _) = open(&disk).unwrap();
    disk.fail(Fault::Full, 1);
    let position = queue(&log, &record(1)).unwrap();
    let failed = block_on(log.until_durable(position)).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the log stopped for good: cannot write `00000000000000000000.segment`: \
         No space left on device (os error 28)"
    );
    assert_eq!(failed.cause().raw_os_error(), Some(28));
    assert!(matches!(queue(&log, &record(2)), Err(Refused::Failed(_))));
}

#[test]
fn an_open_that_fails_half_way_can_be_repeated() {
    for at in 1.. {
        let disk = Memory::new();
        let (log, _) = open(&disk).unwrap();
        crate::fill(&log, 0..30, 4);
        drop(log);
        let disk = disk.crash(Crash::KeepsUnsynced);
        disk.fail(Fault::Any, at);
        let first = open(&disk).map(drop);
        assert!(
            !matches!(first, Err(LogError::Damaged { .. })),
            "{at}: {first:?}"
        );
        let (log, _) = open(&disk.crash(Crash::LosesUnsynced)).unwrap();
        assert_eq!(all(&log), numbers(30));
        if !disk.struck() {
            return;
        }
    }
}
