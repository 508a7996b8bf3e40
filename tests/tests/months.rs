//! Real transactions, end to end: through the converter and `kairos send` into a host with too little memory for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use kairos::cli::{Ending, Kairos};
use kairos::decide::replay::replay_all;
use kairos::event::OWN_SOURCE;
use kairos::evidence::query::Filter;
use kairos::evidence::{self, Kind};
use kairos::node::Node;
use kairos::server::Server;
use kairos::settings::{ClockChoice, Size};
use kairos::store::Position;
use kairos::telemetry::Telemetry;
use kairos_tests::desk::root;
use kairos_tests::{policies, serve};
use online_retail::Books;

/// Six months where they are at hand, else the bundled two weeks.
fn transactions() -> Vec<PathBuf> {
    let months = root().join("../shared/data/online-retail");
    let bundled = root().join("examples/online-retail/data");
    let folder = if months.is_dir() { months } else { bundled };
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.to_string_lossy().ends_with(".csv.gz"))
        .collect();
    files.sort();
    files
}

/// Writes the events to `file`; how many, about how many customers.
fn convert(file: &Path) -> (usize, usize) {
    let mut books = Books::default();
    for path in transactions() {
        let input = online_retail::open(&path).unwrap();
        books.enter(&path.display().to_string(), input).unwrap();
    }
    let (events, report) = books.close();
    assert!(report.adds_up());
    let lines: Vec<_> = events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    std::fs::write(file, lines.join("\n")).unwrap();
    let subjects: std::collections::BTreeSet<_> = lines
        .iter()
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["subject"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    (lines.len(), subjects.len())
}

fn send(url: &str, file: &Path) {
    let args = [
        "kairos",
        "send",
        "--url",
        url,
        "--simulate-consent",
        "60%",
        "--connections",
        "2",
        "--batch",
        "20",
    ];
    let args = args
        .map(Into::into)
        .into_iter()
        .chain([file.as_os_str().to_owned()]);
    let ending = Kairos::parse_from(args).run();
    assert!(
        matches!(ending, Ok(Ending::Done)),
        "every event is answered: {ending:?}"
    );
}

/// How many records of each kind the evidence holds of what was sent.
fn recorded(node: &Node) -> BTreeMap<u8, usize> {
    let mut kinds = BTreeMap::new();
    for record in node.store().log().records(Position::default()) {
        let (_, record) = record.unwrap();
        if [Kind::Event, Kind::Consent]
            .map(Kind::number)
            .contains(&record.kind)
        {
            let opened = evidence::open(&record.bytes, node.cache()).unwrap();
            if opened.body.event.source != OWN_SOURCE {
                *kinds.entry(record.kind).or_default() += 1;
            }
        }
    }
    kinds
}

#[test]
fn months_of_real_orders_go_through_without_loss_and_twice_changes_nothing() {
    // A10, B13, C14: a file of events is imported, twice, through the same checks as every event.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    let (events, customers) = convert(&file);
    let mut told = serve(folder.path());
    told.clock = ClockChoice::Events;
    // Room for a tenth of the customers, at a KiB and a half each: the rest is evicted and loaded again all the time.
    told.cache_bytes = Size(customers as u64 * 1_536 / 10);
    let telemetry = Arc::new(Telemetry::new());
    let node = Node::open(told.node(), &telemetry).unwrap();
    for market in ["gb", "de", "fr", "nl"] {
        node.load_policy(market, &policies::policy(market)).unwrap();
    }
    let server = Server::start(Arc::clone(&node), telemetry, &told.server()).unwrap();
    let url = format!("http://{}", server.address());
    send(&url, &file);
    let kinds = recorded(&node);
    send(&url, &file);
    assert_eq!(
        recorded(&node),
        kinds,
        "the second time nothing is recorded"
    );
    server.stop();
    drop(node);
    assert_eq!(kinds.get(&Kind::Event.number()), Some(&events), "{kinds:?}");
    assert!(kinds.contains_key(&Kind::Consent.number()), "{kinds:?}");
    // After the restart of everything, every decision comes out the same.
    let replayed = replay_all(&told.data, &Filter::default(), 2, &|_, _| {}).unwrap();
    assert!(replayed.is_same(), "{replayed:#?}");
    assert!(replayed.same as usize > events / 2, "{replayed:?}");
    assert_eq!(replayed.other_fuel, 0);
}
