//! What the log and the view promise: what was acknowledged is there, and what is not right is said.

#[path = "log/chain.rs"]
mod chain;
#[path = "log/disk.rs"]
mod disk;
#[path = "log/failure.rs"]
mod failure;
#[path = "log/order.rs"]
mod order;
#[path = "log/recovery.rs"]
mod recovery;
#[path = "log/store.rs"]
mod store;

use std::sync::Arc;

use disk::Memory;
use kairos::store::log::Opened;
use kairos::store::{Durability, Log, LogError, Position, Record, Settings};

pub fn settings(durability: Durability) -> Settings {
    Settings {
        durability,
        segment_bytes: 8 * 1024,
        ..Settings::default()
    }
}

pub fn open(disk: &Arc<Memory>) -> Result<(Log, Opened), LogError> {
    Log::open(Arc::clone(disk) as _, &settings(Durability::Sync))
}

/// The `number`-th record: its content and length follow from the number.
pub fn record(number: usize) -> Record {
    let bytes = (0..(number * 131) % 700)
        .map(|index| (index * 7 + number) as u8)
        .collect();
    Record {
        kind: (number % 5) as u8,
        bytes,
    }
}

pub fn queue(log: &Log, record: &Record) -> Result<Position, kairos::store::Refused> {
    log.queue(record.kind, |bytes| bytes.extend_from_slice(&record.bytes))
}

/// Queues the records `numbers`, `together` to a batch.
pub fn fill(log: &Log, numbers: std::ops::Range<usize>, together: usize) -> Vec<Position> {
    let positions = numbers
        .map(|number| {
            let position = queue(log, &record(number)).unwrap();
            if number % together == together - 1 {
                log.flush().unwrap();
            }
            position
        })
        .collect();
    log.flush().unwrap();
    positions
}

pub fn all(log: &Log) -> Vec<Record> {
    log.records(log.first())
        .map(|record| record.unwrap().1)
        .collect()
}

pub fn numbers(count: usize) -> Vec<Record> {
    (0..count).map(record).collect()
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}
