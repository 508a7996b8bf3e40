//! The log against the database behind the view, on the same records; and what asking for an unknown event costs.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use kairos::store::{Changes, Durability, Settings, Space, Store};

const RECORDS: usize = 256;
const RECORD_BYTES: usize = 2048;
const KEYS: u64 = 1_000_000;

fn store(dir: &std::path::Path, durability: Durability) -> Store {
    let settings = Settings {
        durability,
        ..Settings::default()
    };
    Store::open(dir, &settings, &mut |_, _, _, _| Ok(())).unwrap()
}

/// The bytes of one record; not all the same, and not to be compressed.
fn payload() -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"a record");
    let mut bytes = vec![0; RECORD_BYTES];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn commit(criterion: &mut Criterion) {
    let bytes = payload();
    let mut group = criterion.benchmark_group("256 records of 2 KiB");
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, durability) in [
        ("log, synced", Durability::Sync),
        ("log, process", Durability::Process),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), durability);
        let log = store.log();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for _ in 0..RECORDS {
                    while log.queue(1, |into| into.extend_from_slice(&bytes)).is_err() {
                        log.flush().unwrap();
                    }
                }
                log.flush().unwrap();
            });
        });
    }
    for (name, mode) in [
        ("fjall, synced", PersistMode::SyncAll),
        ("fjall, process", PersistMode::Buffer),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::builder(dir.path()).open().unwrap();
        let options = KeyspaceCreateOptions::default;
        let keyspace = database.keyspace("records", options).unwrap();
        let mut next: u64 = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut batch = database.batch();
                for _ in 0..RECORDS {
                    next += 1;
                    batch.insert(&keyspace, next.to_be_bytes(), bytes.as_slice());
                }
                batch.commit().unwrap();
                database.persist(mode).unwrap();
            });
        });
    }
    group.finish();
}

fn look_up(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), Durability::Process);
    let key = |number: u64| *blake3::hash(&number.to_le_bytes()).as_bytes();
    for start in (0..KEYS).step_by(10_000) {
        let mut changes = Changes::default();
        for number in start..start + 10_000 {
            changes.put(Space::Events, &key(number), vec![7; 64]);
        }
        store.view().apply(changes, store.log().durable()).unwrap();
    }
    let mut number = 0;
    for (name, from) in [
        ("an unknown event of 1,000,000", KEYS),
        ("a known event of 1,000,000", 0),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    number = (number + 7919) % KEYS;
                    key(from + number)
                },
                |key| black_box(store.view().get(Space::Events, &key).unwrap()),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = commit, look_up
}
criterion_main!(benches);
