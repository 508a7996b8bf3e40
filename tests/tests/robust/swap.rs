//! A new policy takes effect under load; a bad one does not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use crate::events::order;
use crate::process::{Process, folder};

const MARKETS: [&str; 2] = ["gb", "de"];

/// Which policy answered, for one market.
type Seen = (&'static str, String);

/// Puts a file in place whole, as a deployment does.
fn deploy(folder: &Path, market: &str, wasm: &[u8]) {
    let (new, place) = (
        folder.join("new"),
        folder.join(format!("policies/{market}.wasm")),
    );
    std::fs::write(&new, wasm).expect("a file");
    std::fs::rename(new, place).expect("a file in its place");
}

/// The same policy in other bytes: with a custom section at its end.
fn rebuilt(wasm: &[u8]) -> Vec<u8> {
    let section = [0, 6, 5, b'b', b'u', b'i', b'l', b'd'];
    [wasm, &section].concat()
}

/// The first answer of `market` that meets the condition.
fn wait_for(seen: &mpsc::Receiver<Seen>, market: &str, is_met: impl Fn(&str) -> bool) -> String {
    let mut all = seen.iter().filter(|(from, _)| *from == market);
    let (_, version) = all.find(|(_, version)| is_met(version)).expect("an answer");
    version
}

#[test]
fn a_new_policy_takes_effect_under_load_without_one_failed_request() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let gb = std::fs::read(folder.path().join("policies/gb.wasm")).expect("a policy");
    let (seen, told) = mpsc::sync_channel(16);
    let (first, second, versions) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|number| {
                let (host, seen) = (&host, seen.clone());
                scope.spawn(move || send(host, number, &seen))
            })
            .collect();
        drop(seen);
        let first = wait_for(&told, "gb", |_| true);
        deploy(folder.path(), "gb", &rebuilt(&gb));
        let second = wait_for(&told, "gb", |version| version != first);
        deploy(folder.path(), "gb", &gb[..gb.len() / 2]);
        drain_while(&told, || host.until_log_says("a policy was refused"));
        wait_for(&told, "gb", |version| version == second);
        drop(told);
        let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (market, own) in clients.into_iter().map(|client| client.join().unwrap()) {
            versions.entry(market).or_default().extend(own);
        }
        (first, second, versions)
    });
    let mut gb = versions["gb"].clone();
    gb.sort();
    gb.dedup();
    let mut both = vec![first, second.clone()];
    both.sort();
    assert_eq!(gb, both, "the old one, then the new one, and no third");
    let de = &versions["de"];
    assert!(de.iter().all(|version| *version == de[0]), "{de:?}");
    let after = order("gb", "after", "crm:1", 5).must(&mut host.line());
    assert_eq!(after.json()["decisions"][0]["policy"], second.as_str());
}

/// Runs `wait` while what the clients tell is thrown away, so that they go on.
fn drain_while<T: Send>(told: &mpsc::Receiver<Seen>, wait: impl FnOnce() -> T + Send) -> T {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let waited = wait();
            is_over.store(true, Ordering::SeqCst);
            waited
        });
        while !is_over.load(Ordering::SeqCst) && !waiting.is_finished() {
            let _ = told.recv();
        }
        waiting.join().unwrap()
    })
}

/// Sends until nobody listens; every request must be answered. Returns the versions in order, each once.
fn send(
    host: &Process,
    number: usize,
    seen: &mpsc::SyncSender<Seen>,
) -> (&'static str, Vec<String>) {
    let market = MARKETS[number % 2];
    let mut line = host.line();
    let mut versions: Vec<String> = Vec::new();
    for count in 0.. {
        let subject = format!("crm:7{}", count % 10);
        let answer = order(market, &format!("{number}-{count}"), &subject, 5).must(&mut line);
        let version = answer.json()["decisions"][0]["policy"].clone();
        let version = version.as_str().expect("a policy that answered").to_owned();
        if versions.last() != Some(&version) {
            versions.push(version.clone());
        }
        if seen.send((market, version)).is_err() {
            break;
        }
    }
    assert!(versions.len() <= 2, "back and forth: {versions:?}");
    (market, versions)
}
