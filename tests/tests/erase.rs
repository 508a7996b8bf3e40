//! Golden 12, C17: whoever is erased is gone, at once from every answer, and within a bounded time from every byte.

#[path = "erase/clear.rs"]
mod clear;
#[path = "erase/line.rs"]
mod line;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kairos::customer::Customer;
use kairos::decide::replay::{Apart, keychain, reader, replay_all};
use kairos::encoding;
use kairos::event::Markets;
use kairos::evidence::query::Filter;
use kairos::evidence::verify::verify;
use kairos::evidence::{self, Kind};
use kairos::ids::CustomerId;
use kairos::keys::Subject;
use kairos::node::checkpoints::public_key;
use kairos::operate::EraseError;
use kairos::views::Lookup;
use kairos_tests::desk::{Desk, consent, event, order};
use kairos_tests::policies::policy;
use kairos_tests::{Host, Request};
use serde_json::{Value, json};

/// What is the person's alone: who they are, what they bought, which events told it.
const CANARIES: [&str; 5] = [
    "canary-person",
    "canary-cookie",
    "canary-order",
    "canary-event",
    "canary-consent",
];

/// A host on which the person and somebody else bought something, and were decided about.
fn shop() -> Desk {
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let mut seen = event(
        "seen-0",
        "product.viewed",
        "visitor:canary-cookie",
        json!({ "sku": "85123A" }),
    );
    seen["visitor"] = json!("visitor:canary-cookie");
    desk.send("gb", &seen);
    for (person, name) in [("crm:canary-person", "canary"), ("crm:2", "other")] {
        desk.send(
            "gb",
            &consent(&format!("{name}-consent"), person, "confirmed"),
        );
        let mut bought = order(&format!("{name}-event"), person, 120);
        bought["data"]["order"] = json!(format!("{name}-order"));
        if name == "canary" {
            bought["visitor"] = json!("visitor:canary-cookie");
        }
        let reply = desk.send("gb", &bought);
        assert_eq!(reply["decisions"][0]["outcome"], "act", "{reply:#}");
    }
    desk
}

fn id(desk: &Desk, subject: &str) -> CustomerId {
    let view = desk.customer(subject).expect("a customer");
    CustomerId::parse(view["id"].as_str().expect("an id")).expect("an id")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Every byte of the data folder, by file; and everything in its log that its keys open.
fn everything(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |file: PathBuf| {
        let mut bytes = std::fs::read(&file).expect("a file");
        // Without the zeros that are made ahead of need.
        let used = bytes.iter().rposition(|byte| *byte != 0);
        bytes.truncate(used.map_or(0, |last| last + 1));
        (file.display().to_string(), bytes)
    };
    let mut all: BTreeMap<_, _> = files(data).into_iter().map(read).collect();
    let reader = reader(data).expect("a log");
    let keys = keychain(data.into(), &reader).expect("keys");
    reader
        .walk(&mut |met| {
            let is_event = matches!(
                Kind::from_number(met.kind),
                Some(Kind::Event | Kind::Consent)
            );
            if !is_event {
                return;
            }
            let mut told = match evidence::open(met.content, &keys) {
                Ok(opened) => format!("{:?}", opened.body),
                Err(unreadable) => unreadable.to_string(),
            };
            let (header, states) = evidence::open_outside(met.content).expect("the outside");
            for after in &states.customers {
                let subject = Subject::Customer(after.id);
                told += &match evidence::open_state(&keys, &header, subject, &after.state) {
                    Ok(state) => format!("{:?}", encoding::decode::<Customer>(&state)),
                    Err(locked) => locked.to_string(),
                };
            }
            all.insert(format!("record {}", met.position), told.into_bytes());
        })
        .expect("a log that reads");
    all
}

fn places(all: &BTreeMap<String, Vec<u8>>, wanted: &[u8]) -> Vec<String> {
    let holds = |bytes: &[u8]| bytes.windows(wanted.len()).any(|part| part == wanted);
    let found = all.iter().filter(|(_, bytes)| holds(bytes));
    found.map(|(place, _)| place.clone()).collect()
}

fn is_whole(data: &Path) -> bool {
    let (reader, key) = (
        reader(data).expect("a log"),
        public_key(data).expect("a key"),
    );
    let report = verify(&reader, &key, &[], &mut |_, _| {});
    let report = report.expect("a log that reads");
    assert_eq!(report.erased, 1, "verifying tells of the erased");
    report.is_sound()
}

fn erase(desk: &Desk, id: CustomerId) {
    let gone = desk.wait(desk.node.erase(Lookup::Id(id), "privacy"));
    let gone = gone.expect("an erasure");
    assert!(gone.proof.customers.contains(&id));
}

fn rotate(desk: &Desk) {
    desk.wait(desk.node.rotate_keys()).expect("a rotation");
}

fn export(desk: &Desk, id: CustomerId) -> Option<Value> {
    desk.wait(desk.node.export(Lookup::Id(id), &Markets::All))
        .expect("an export")
        .map(|view| view.json)
}

#[test]
fn after_an_erasure_and_a_rotation_no_byte_tells_of_the_person_golden_12() {
    let desk = shop();
    let (person, other) = (id(&desk, "crm:canary-person"), id(&desk, "crm:2"));
    let told = export(&desk, person).expect("an export").to_string();
    for canary in CANARIES {
        assert!(told.contains(canary), "the export tells of {canary}");
    }
    let others = export(&desk, other);
    let old_key = std::fs::read(desk.data().join("keys/epoch-1.key")).expect("a key");
    let before = everything(&desk.data());
    for canary in CANARIES {
        let found = places(&before, canary.as_bytes());
        assert!(!found.is_empty(), "the search finds {canary}");
        let in_clear = found.iter().find(|place| !place.starts_with("record"));
        assert_eq!(in_clear, None, "{canary} stands nowhere in clear");
    }
    assert!(!places(&before, &old_key).is_empty());

    erase(&desk, person);
    assert_eq!(desk.customer("crm:canary-person"), None);
    assert_eq!(desk.customer("visitor:canary-cookie"), None);
    assert_eq!(export(&desk, person), None);
    rotate(&desk);

    let check = |desk: &Desk| {
        let after = everything(&desk.data());
        for canary in CANARIES {
            assert_eq!(
                places(&after, canary.as_bytes()),
                Vec::<String>::new(),
                "{canary}"
            );
        }
        assert_eq!(
            places(&after, &old_key),
            Vec::<String>::new(),
            "the old key"
        );
        assert!(is_whole(&desk.data()), "the chain");
        assert_eq!(export(desk, other), others, "somebody else");
        assert_eq!(desk.customer("crm:canary-person"), None);
        assert!(matches!(
            desk.wait(desk.node.erase(Lookup::Id(person), "privacy")),
            Err(EraseError::Before)
        ));
    };
    check(&desk);
    let desk = desk.restart();
    check(&desk);
    // What only the log knows brings nobody back.
    let crashed = desk.after_a_crash();
    check(&crashed);
    drop(crashed);
    let data = desk.data();
    let desk = desk.restart_without_view();
    assert!(data.join("view").is_dir());
    check(&desk);
}

#[test]
fn the_next_event_of_an_erased_person_is_of_somebody_new_golden_12() {
    let desk = shop();
    let person = id(&desk, "crm:canary-person");
    let pending = desk.customer("crm:canary-person").expect("a customer");
    assert!(
        !pending["status"]["pending"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
    erase(&desk, person);
    let reply = desk.send("gb", &order("o-9", "crm:canary-person", 120));
    let refused = reply["decisions"][0]["refused"][0]["rule"].clone();
    assert_eq!(refused, "consent", "no consent is known: {reply:#}");
    let new = id(&desk, "crm:canary-person");
    assert_ne!(new, person);
    let desk = desk.restart();
    assert_eq!(id(&desk, "crm:canary-person"), new);
    let told = export(&desk, new).expect("an export").to_string();
    assert!(!told.contains("canary-order"), "{told}");
}

#[test]
fn what_was_decided_about_an_erased_person_is_counted_apart_a42() {
    let desk = shop();
    let person = id(&desk, "crm:canary-person");
    let all = replay_all(&desk.data(), &Filter::default(), 2, &|_, _| {}).expect("a log");
    assert!(
        all.is_same() && !all.apart.contains_key(&Apart::Erased),
        "{all:?}"
    );
    erase(&desk, person);
    let left = replay_all(&desk.data(), &Filter::default(), 2, &|_, _| {}).expect("a log");
    assert!(left.is_same(), "{left:?}");
    assert!(
        left.apart
            .get(&Apart::Erased)
            .is_some_and(|count| *count > 0)
    );
    assert_eq!(left.decisions(), all.decisions());
}

#[test]
fn a_rotation_that_was_cut_off_is_finished_after_the_start_c17() {
    let desk = shop();
    let (person, other) = (id(&desk, "crm:canary-person"), id(&desk, "crm:2"));
    erase(&desk, person);
    desk.node.cache().ring().draw_next().expect("another key");
    let crashed = desk.after_a_crash();
    let day = kairos::clock::Span::from_days(1);
    assert!(crashed.node.is_rotation_due(day));
    assert!(export(&crashed, other).is_some());
    rotate(&crashed);
    assert!(!crashed.node.is_rotation_due(day));
    assert!(!crashed.data().join("keys/epoch-1.key").exists());
    assert!(export(&crashed, other).is_some());
    let everything = everything(&crashed.data());
    assert_eq!(places(&everything, b"canary-order"), Vec::<String>::new());
}

#[test]
fn keys_are_rotated_in_time_and_only_after_an_erasure_c17() {
    let desk = shop();
    let day = kairos::clock::Span::from_days(1);
    let is_due = |desk: &Desk| desk.node.is_rotation_due(day);
    assert!(!is_due(&desk));
    erase(&desk, id(&desk, "crm:canary-person"));
    let desk = desk.restart();
    assert!(!is_due(&desk), "not yet");
    let now = desk.node.clock().wall();
    desk.at(&now.plus(day).to_string());
    assert!(is_due(&desk));
    rotate(&desk);
    assert!(!is_due(&desk));
    let desk = desk.restart();
    assert!(!is_due(&desk));
    assert!(desk.customer("crm:2").is_some());
}

#[test]
fn later_erasures_do_not_put_the_rotation_off_c17() {
    let desk = shop();
    let day = kairos::clock::Span::from_days(1);
    let begun = desk.node.clock().wall();
    erase(&desk, id(&desk, "crm:canary-person"));
    desk.at(&begun
        .plus(kairos::clock::Span::from_millis(23 * 3_600_000))
        .to_string());
    erase(&desk, id(&desk, "crm:2"));
    assert!(!desk.node.is_rotation_due(day));
    desk.at(&begun.plus(day).to_string());
    assert!(desk.node.is_rotation_due(day));
    assert!(desk.after_a_crash().node.is_rotation_due(day));
    let desk = desk.restart_without_view();
    assert!(desk.node.is_rotation_due(day));
}

#[test]
fn who_is_erased_during_a_rotation_is_for_the_next_one_c17() {
    let desk = shop();
    let (person, other) = (id(&desk, "crm:canary-person"), id(&desk, "crm:2"));
    erase(&desk, person);
    desk.wait(async {
        let rotated = desk.node.rotate_keys();
        let erased = desk.node.erase(Lookup::Id(other), "privacy");
        let (rotated, erased) = tokio::join!(biased; rotated, erased);
        rotated.expect("a rotation");
        erased.expect("an erasure");
    });
    let day = kairos::clock::Span::from_days(1);
    let now = desk.node.clock().wall();
    desk.at(&now.plus(day).to_string());
    for desk in [&desk, &desk.after_a_crash()] {
        assert!(desk.node.is_rotation_due(day));
    }
    let desk = desk.restart_without_view();
    assert!(desk.node.is_rotation_due(day));
}

#[test]
fn with_other_keys_no_host_starts_on_the_folder() {
    let (desk, foreign) = (shop(), shop());
    let (data, other) = (desk.data(), foreign.data());
    let crashed = desk.after_a_crash();
    drop(crashed);
    for file in ["lookup.salt", "epoch-1.key"] {
        let (theirs, ours) = (other.join("keys").join(file), data.join("keys").join(file));
        let kept = std::fs::read(&ours).expect("a key");
        std::fs::copy(theirs, &ours).expect("a copy");
        let error = desk.try_after_a_crash().expect_err("other keys");
        let told = error.to_string();
        assert!(
            told.contains("are not those that the evidence was written with"),
            "{file}: {told}"
        );
        std::fs::write(&ours, kept).expect("a key");
    }
    std::fs::remove_file(data.join("keys/lookup.salt")).expect("a file");
    let told = desk.try_after_a_crash().expect_err("no keys").to_string();
    assert!(told.contains("--keys"), "{told}");
}

fn ask(host: &Host, method: &str, path: &str) -> (u16, Value) {
    let answer = host.ask(&Request {
        method,
        path,
        ..Request::default()
    });
    (answer.status, answer.json())
}

#[test]
fn erasing_and_exporting_over_http_golden_12() {
    let host = Host::open();
    let reply = host.explained("gb", &order("o-1", "crm:1", 10));
    let decision = reply["decisions"][0]["id"].as_str().map(str::to_owned);
    let (status, exported) = ask(&host, "GET", "/v1/customers/crm:1/export");
    assert_eq!(
        (status, &exported["format"]),
        (200, &json!("kairos-customer-export"))
    );
    assert_eq!(exported["records"][0]["event"]["id"], "o-1", "{exported:#}");
    let id = exported["customer"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();

    let (status, gone) = ask(&host, "DELETE", "/v1/customers/crm:1");
    assert_eq!((status, &gone["erased"]), (200, &json!([id])), "{gone:#}");
    assert_eq!(gone["by"], "open");

    for (method, path, expected) in [
        (
            "DELETE",
            format!("/v1/customers/{id}"),
            (410, "/problems/erased"),
        ),
        (
            "DELETE",
            "/v1/customers/crm:1".to_owned(),
            (404, "/problems/unknown"),
        ),
        (
            "GET",
            format!("/v1/customers/{id}"),
            (404, "/problems/unknown"),
        ),
        (
            "GET",
            "/v1/customers/crm:1/export".to_owned(),
            (404, "/problems/unknown"),
        ),
        (
            "DELETE",
            "/v1/customers/email:a@b.example".to_owned(),
            (400, "/problems/identity-in-path"),
        ),
    ] {
        let (status, said) = ask(&host, method, &path);
        let kind = said["type"].as_str().unwrap_or_default();
        assert_eq!((status, kind), expected, "{method} {path}: {said:#}");
    }
    // The first event again: its reply went with the person.
    let answer = host.post("gb", &order("o-1", "crm:1", 10).to_string());
    assert_eq!(answer.status, 410, "{}", answer.body);
    if let Some(decision) = decision {
        let (status, said) = ask(
            &host,
            "GET",
            &format!("/v1/decisions/{decision}/explanation"),
        );
        assert_eq!(status, 410, "{said:#}");
    }
}
