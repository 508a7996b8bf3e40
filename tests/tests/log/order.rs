//! Many at once: order, distinct places, waiting and not waiting any more.

use std::sync::Arc;

use proptest::prelude::*;

use crate::disk::{Crash, Memory};
use crate::{all, block_on, fill, numbers, open, queue, record, settings};
use kairos::store::{Durability, Log, Position, Refused, Settings};

const THREADS: usize = 4;
const EACH: usize = 200;

fn many_threads(durability: Durability) {
    let disk = Memory::new();
    let (log, _) = Log::open(disk.clone() as _, &settings(durability)).unwrap();
    let log = Arc::new(log);
    let of_threads: Vec<Vec<Position>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let log = &log;
                scope.spawn(move || {
                    let one = async |number: usize| {
                        let position = queue(log, &record(thread * EACH + number)).unwrap();
                        log.until_durable(position).await.unwrap();
                        assert!(log.durable() > position);
                        position
                    };
                    let runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = { runtime }.build().unwrap();
                    runtime.block_on(async {
                        let mut positions = Vec::new();
                        for start in (0..EACH).step_by(8) {
                            let (a, b, c, d, e, f, g, h) = tokio::join!(
                                one(start),
                                one(start + 1),
                                one(start + 2),
                                one(start + 3),
                                one(start + 4),
                                one(start + 5),
                                one(start + 6),
                                one(start + 7),
                            );
                            positions.extend([a, b, c, d, e, f, g, h]);
                        }
                        positions
                    })
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    });
    for (thread, positions) in of_threads.iter().enumerate() {
        assert!(positions.is_sorted(), "each thread's order is kept");
        for (number, position) in positions.iter().enumerate() {
            assert_eq!(log.read(*position).unwrap(), record(thread * EACH + number));
        }
    }
    let mut places = of_threads.concat();
    places.sort();
    let read: Vec<_> = log
        .records(log.first())
        .map(|next| next.unwrap().0)
        .collect();
    assert_eq!(read, places);
    log.close().unwrap();
    assert_eq!(
        all(&open(&disk.crash(Crash::LosesUnsynced)).unwrap().0).len(),
        places.len()
    );
}

#[test]
fn threads_get_distinct_places_in_their_own_order() {
    many_threads(Durability::Sync);
}

#[test]
fn under_process_durability_threads_get_distinct_places_in_their_own_order() {
    many_threads(Durability::Process);
}

#[test]
fn many_tasks_of_several_runtimes_hear_of_their_records() {
    for durability in [Durability::Sync, Durability::Process] {
        let (log, _) = Log::open(Memory::new() as _, &settings(durability)).unwrap();
        let log = Arc::new(log);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let log = Arc::clone(&log);
                scope.spawn(move || {
                    block_on(async {
                        let tasks: Vec<_> = (0..256)
                            .map(|number| {
                                let log = Arc::clone(&log);
                                tokio::spawn(async move {
                                    let position = queue(&log, &record(number)).unwrap();
                                    let wait = log.until_durable(position);
                                    // Every third hangs up while it waits, after being polled once.
                                    if number % 3 == 0 {
                                        tokio::select! { biased; _ = wait => (), () = tokio::task::yield_now() => () }
                                    } else {
                                        wait.await.unwrap();
                                    }
                                })
                            })
                            .collect();
                        for task in tasks {
                            task.await.unwrap();
                        }
                    });
                });
            }
        });
        block_on(log.until_all(log.end())).unwrap();
        assert_eq!(all(&log).len(), 3 * 256);
    }
}

#[test]
fn a_record_that_nobody_waits_for_gets_written_too() {
    for durability in [Durability::Sync, Durability::Process] {
        let (log, _) = Log::open(Memory::new() as _, &settings(durability)).unwrap();
        let position = queue(&log, &record(1)).unwrap();
        while log.durable() <= position {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_record_can_be_read_before_it_is_written() {
    let disk = Memory::new();
    let (log, _) = Log::open(disk as _, &settings(Durability::Process)).unwrap();
    let positions: Vec<_> = (0..20)
        .map(|number| queue(&log, &record(number)).unwrap())
        .collect();
    for (number, position) in positions.iter().enumerate() {
        assert_eq!(log.read(*position).unwrap(), record(number));
    }
}

#[test]
fn too_much_at_once_is_refused_and_later_taken() {
    let disk = Memory::new();
    let settings = Settings {
        pending_bytes: 2_000,
        durability: Durability::Process,
        ..settings(Durability::Process)
    };
    let (log, _) = Log::open(disk as _, &settings).unwrap();
    let refused = loop {
        match log.queue(1, |bytes| bytes.resize(bytes.len() + 100, 7)) {
            Ok(_) => {}
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, Refused::Full { bytes } if bytes >= 2_000));
    log.flush().unwrap();
    queue(&log, &record(0)).unwrap();
}

#[test]
fn a_record_larger_than_a_segment_is_refused_and_leaves_no_trace() {
    let (log, _) = open(&Memory::new()).unwrap();
    fill(&log, 0..1, 1);
    let refused = log.queue(1, |bytes| bytes.resize(bytes.len() + 9_000, 7));
    assert!(matches!(refused, Err(Refused::TooLarge { bytes: 9_000 })));
    fill(&log, 1..3, 1);
    assert_eq!(all(&log), numbers(3));
}

#[test]
fn a_writer_that_panics_leaves_no_trace() {
    let (log, _) = open(&Memory::new()).unwrap();
    fill(&log, 0..1, 1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        log.queue(1, |bytes| {
            bytes.push(1);
            panic!("in the middle of a record");
        })
    }));
    assert!(panicked.is_err());
    fill(&log, 1..3, 1);
    assert_eq!(all(&log), numbers(3));
}

#[derive(Clone, Debug)]
enum Step {
    Queue(usize),
    Flush,
    Settle,
    Close,
    Crash(u64),
    Lose,
    RemoveHalf,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..2_000usize).prop_map(Step::Queue),
        4 => Just(Step::Flush),
        1 => Just(Step::Settle),
        1 => Just(Step::Close),
        1 => any::<u64>().prop_map(Step::Crash),
        1 => Just(Step::Lose),
        1 => Just(Step::RemoveHalf),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever happens, the log is the queued records in order, up to a place at or after the last acknowledged one.
    #[test]
    fn any_history_reads_as_a_list_would(process: bool, steps in prop::collection::vec(step(), 1..60)) {
        let durability = if process { Durability::Process } else { Durability::Sync };
        let mut disk = Memory::new();
        let open = |disk: &Arc<Memory>| Log::open(Arc::clone(disk) as _, &settings(durability)).unwrap().0;
        let mut log = open(&disk);
        let mut model: Vec<(Position, usize)> = Vec::new();
        let mut safe = 0;
        for step in steps {
            match step {
                Step::Queue(number) => {
                    model.push((queue(&log, &record(number)).unwrap(), number));
                    continue;
                }
                Step::Flush => {
                    log.flush().unwrap();
                    if !process { safe = model.len(); }
                }
                Step::Settle => { log.settle().unwrap(); safe = model.len(); }
                Step::Close => {
                    log.close().unwrap();
                    safe = model.len();
                    drop(log);
                    log = open(&disk);
                }
                Step::Crash(_) | Step::Lose => {
                    disk = disk.crash(match step { Step::Crash(seed) => Crash::Tears(seed), _ => Crash::LosesUnsynced });
                    drop(log);
                    log = open(&disk);
                }
                Step::RemoveHalf => {
                    if let Some((half, _)) = model.get(safe / 2) {
                        log.remove_before(*half).unwrap();
                    }
                }
            }
            let found: Vec<_> = log.records(log.first()).map(|next| next.unwrap()).collect();
            let first = log.first();
            let gone = model.iter().filter(|(position, _)| *position < first).count();
            model.drain(..gone);
            safe = safe.saturating_sub(gone);
            prop_assert!(found.len() >= safe, "{} of {safe}", found.len());
            if matches!(step, Step::Crash(_) | Step::Lose | Step::Close) {
                model.truncate(found.len());
                safe = model.len();
            }
            for ((position, found), (expected, number)) in found.iter().zip(&model) {
                prop_assert_eq!(position, expected);
                prop_assert_eq!(found, &record(*number));
            }
        }
    }
}
