//! The real data becomes events without loss: six months where they are at hand, else the two weeks of the repository.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is how to complain"
)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use kairos::limits;
use online_retail::{Books, Event, Report, open};
use serde_json::Value;

const BUNDLED: &str = "../examples/online-retail/data";
const SIX_MONTHS: &str = "../../shared/data/online-retail";

/// The CSV files of the first folder that has any, by name.
fn inputs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    [SIX_MONTHS, BUNDLED]
        .iter()
        .map(|folder| csv_files(&root.join(folder)))
        .find(|files| !files.is_empty())
        .expect("the repository bundles two weeks of data")
}

fn csv_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".csv.gz"))
        .collect();
    files.sort();
    files
}

fn convert(files: &[PathBuf]) -> (Vec<Event>, Report) {
    let mut books = Books::default();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        books.enter(&name, open(file).unwrap()).unwrap();
    }
    books.close()
}

/// The amount of an event in pence.
fn pence(event: &Value) -> i64 {
    let amount = event["data"]["total"]["amount"].as_str().unwrap();
    let (pounds, pence) = amount.split_once('.').unwrap();
    assert_eq!(pence.len(), 2);
    pounds.parse::<i64>().unwrap() * 100 + pence.parse::<i64>().unwrap()
}

fn check(event: &Value) {
    let data = &event["data"];
    let skus = data["skus"].as_array().unwrap();
    let quantities = data["quantities"].as_array().unwrap();
    assert_eq!(skus.len(), quantities.len());
    assert!((1..=limits::LIST_ITEMS).contains(&skus.len()));
    assert!(
        quantities
            .iter()
            .all(|quantity| quantity.as_u64() > Some(0))
    );
    assert!(pence(event) > 0);
    assert!(event.to_string().len() < limits::EVENT_BODY_BYTES);
    let market = event["market"].as_str().unwrap();
    assert_eq!(event["source"], format!("shop/{market}"));
    assert_eq!(
        event["id"],
        format!("inv-{}", data["order"].as_str().unwrap())
    );
    if let Some(subject) = event.get("subject") {
        let number = subject.as_str().unwrap().strip_prefix("crm:").unwrap();
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()));
    }
}

#[test]
fn every_line_of_the_real_data_is_in_an_event_or_counted_with_its_reason() {
    let (events, report) = convert(&inputs());
    assert!(report.adds_up(), "{report}");
    assert_eq!(report.malformed(), 0, "{report}");
    let lines: usize = events.iter().map(Event::lines).sum();
    assert_eq!(
        lines as u64,
        report.lines_of_orders + report.lines_of_cancellations
    );
    assert_eq!(events.len() as u64, report.orders + report.cancellations);
}

#[test]
fn every_event_of_the_real_data_can_be_sent() {
    let (events, _) = convert(&inputs());
    let mut ids = HashSet::new();
    for event in &events {
        let json = serde_json::to_value(event).unwrap();
        check(&json);
        assert!(
            ids.insert(event.id().to_owned()),
            "{} comes twice",
            event.id()
        );
    }
    assert!(events.is_sorted_by_key(Event::time));
}

#[test]
fn the_bundled_two_weeks_are_complete() {
    let bundled = csv_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(BUNDLED));
    let (events, report) = convert(&bundled);
    assert_eq!(report.lines, 31_102);
    assert_eq!((report.orders, report.cancellations), (1_113, 202));
    let total: i64 = events
        .iter()
        .filter(|event| !event.is_cancellation())
        .map(|event| pence(&serde_json::to_value(event).unwrap()))
        .sum();
    assert_eq!(total, TOTAL_OF_ORDERS_PENCE);
}

/// Quantity times price of the lines in orders, summed by another program.
const TOTAL_OF_ORDERS_PENCE: i64 = 58_506_975;
