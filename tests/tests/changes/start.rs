//! What is live stays over a restart, but for the files that changed in the charter's folder.

use std::path::{Path, PathBuf};

use kairos::evidence::Kind;
use kairos::keys::Ring;
use kairos::node::OpenError;
use kairos::server::Access;
use kairos::store::{self, Store};
use kairos_tests::{Host, Place};

use crate::frame::{DE, charter, post, put, signed, unguarded, version, with};

fn second() -> String {
    with(&unguarded(), "version   = \"1\"", "version   = \"2\"")
}

fn start(place: &Place) -> Host {
    place.start().unwrap_or_else(|error| panic!("{error}"))
}

/// Why it does not start again.
fn refuse(host: Host) -> OpenError {
    let place = host.place();
    drop(host);
    place.start().map(|_| ()).expect_err("a refusal")
}

fn host() -> Host {
    Host::of(
        &[("charter.toml", &unguarded()), ("markets/de.toml", DE)],
        |_| Access::Open,
    )
}

fn floor(host: &Host) -> String {
    let charter = host.node.charter();
    let (_, de) = charter
        .files
        .iter()
        .find(|(name, _)| name == "markets/de.toml")
        .expect("a choice");
    let line = de
        .lines()
        .find(|line| line.starts_with("floor"))
        .expect("a floor");
    line.split("value = ").nth(1).expect("a value")[..4].to_owned()
}

// C27: what a region and the platform loaded survives a restart on the old folder.
#[test]
fn what_was_loaded_stays_while_the_folder_does() {
    let host = host();
    let place = host.place();
    assert_eq!(post(&host, &[("charter.toml", &second())]).status, 200);
    let choice = DE.replace("3000", "4000");
    let tag = host
        .get("/v1/markets/de/charter")
        .header("etag")
        .expect("a tag")
        .to_owned();
    assert_eq!(put(&host, "de", &choice, &[("if-match", &tag)]).status, 200);
    let host = host.restart();
    assert_eq!(
        (version(&host).as_str(), floor(&host).as_str()),
        ("2", "4000")
    );
    // What changed in the folder replaces what is live, that file alone.
    place.put_in_charter("markets/de.toml", Some(&DE.replace("3000", "5000")));
    let host = host.restart();
    assert_eq!(
        (version(&host).as_str(), floor(&host).as_str()),
        ("2", "5000")
    );
    place.put_in_charter(
        "charter.toml",
        Some(&with(
            &unguarded(),
            "version   = \"1\"",
            "version   = \"3\"",
        )),
    );
    let host = host.restart();
    assert_eq!(
        (version(&host).as_str(), floor(&host).as_str()),
        ("3", "5000")
    );
    // A file that is gone from the folder is gone; one that never was in it stays.
    let gb = "market = \"gb\"\ncharter = \"3\"\nowner = \"platform\"\n";
    assert_eq!(put(&host, "gb", gb, &[]).status, 200);
    place.put_in_charter("markets/de.toml", None);
    let host = host.restart();
    let names: Vec<String> = host
        .node
        .charter()
        .files
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(names, ["charter.toml", "markets/gb.toml"]);
}

// A24: the folder is no way around the signatures.
#[test]
fn a_changed_folder_needs_the_signatures_too() {
    let host = Host::of(&[("charter.toml", &charter())], |_| Access::Open);
    let place = host.place();
    let next = with(&charter(), "needs    = \"granted\"", "needs    = \"soft\"");
    place.put_in_charter("charter.toml", Some(&next));
    let refused = refuse(host);
    assert!(matches!(refused, OpenError::Unapproved(_)));
    let said = refused.to_string();
    for words in [
        "section `purposes` is changed and `legal` (legal@gifts.example) has not signed it",
        "kairos charter sign DIR --as legal --key FILE --section purposes",
        "have it signed, or put the old files back",
    ] {
        assert!(said.contains(words), "{said}");
    }
    // Put back, it starts; signed, too.
    place.put_in_charter("charter.toml", Some(&charter()));
    let host = start(&place);
    place.put_in_charter("charter.toml", Some(&next));
    place.put_in_charter(
        "signatures.toml",
        Some(&signed(&next, &[("legal", "purposes")])),
    );
    let host = host.restart();
    assert!(host.node.charter().files[0].1.contains("\"soft\""));
    host.restart();
}

#[test]
fn a_folder_that_no_longer_fits_what_is_live_is_told_of() {
    let host = host();
    let place = host.place();
    let tag = host
        .get("/v1/markets/de/charter")
        .header("etag")
        .expect("a tag")
        .to_owned();
    let wide = DE.replace("[0, 5]", "[0, 9]");
    assert_eq!(put(&host, "de", &wide, &[("if-match", &tag)]).status, 200);
    place.put_in_charter(
        "charter.toml",
        Some(&with(&unguarded(), "between = [0, 10]", "between = [0, 6]")),
    );
    let refused = refuse(host);
    let said = refused.to_string();
    assert!(
        said.contains("markets/de.toml:9: actions.reminder.parameters.discount.between"),
        "{said}"
    );
    assert!(
        said.contains("the host keeps `markets/de.toml` (`"),
        "{said}"
    );
}

/// Puts another choice of `de` into the host.
fn choose(host: &Host, choice: &str) {
    let tag = host
        .get("/v1/markets/de/charter")
        .header("etag")
        .expect("a tag")
        .to_owned();
    let answer = put(host, "de", choice, &[("if-match", &tag)]);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn note(folder: &Path) -> PathBuf {
    folder.join("data/live.json")
}

// A24, C27: the evidence says what is live, whatever became of the note.
#[test]
fn a_lost_or_spoilt_note_of_what_is_live_is_no_way_in() {
    let files = [("charter.toml", &*charter()), ("markets/de.toml", DE)];
    let host = Host::of(&files, |_| Access::Open);
    let place = host.place();
    let data = host.folder().join("data");
    let note = note(host.folder());
    let narrower = DE.replace("3000", "4000");
    choose(&host, &narrower);
    let gb = "market = \"gb\"\ncharter = \"1\"\nowner = \"platform\"\n";
    assert_eq!(put(&host, "gb", gb, &[]).status, 200);
    // Lost: nothing that was approved, and nothing that a region chose, is lost with it.
    std::fs::remove_file(&note).expect("a note");
    let next = with(&charter(), "needs    = \"granted\"", "needs    = \"soft\"");
    place.put_in_charter("charter.toml", Some(&next));
    let refused = refuse(host);
    assert!(matches!(refused, OpenError::Unapproved(_)), "{refused}");
    assert!(!note.exists(), "nothing became live");
    place.put_in_charter("charter.toml", Some(&charter()));
    let host = start(&place);
    assert_eq!(floor(&host), "4000");
    assert_eq!(host.get("/v1/markets/gb/charter").body, gb);
    let host = host.restart();
    assert_eq!(floor(&host), "4000");
    let text = std::fs::read_to_string(&note).expect("a note");
    std::fs::write(&note, text.replace("sha256:", "sha256:x")).expect("a file");
    let refused = refuse(host).to_string();
    assert!(refused.contains("live.json` does not read"), "{refused}");
    std::fs::write(&note, &text).expect("a file");
    // Nor may what is kept be other than it was.
    for entry in std::fs::read_dir(data.join("kept")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mut content = std::fs::read(&path).expect("a file");
        content.push(b'\n');
        std::fs::write(&path, content).expect("a file");
    }
    let refused = place.start().map(|_| ()).expect_err("a refusal");
    let refused = refused.to_string();
    assert!(
        refused.contains("`charter.toml` of the live charter cannot be read"),
        "{refused}"
    );
}

#[test]
fn a_note_that_is_older_than_the_evidence_is_not_believed() {
    let host = host();
    let place = host.place();
    let note = note(host.folder());
    let old = std::fs::read(&note).expect("a note");
    assert_eq!(post(&host, &[("charter.toml", &second())]).status, 200);
    choose(&host, &DE.replace("3000", "4000"));
    drop(host);
    std::fs::write(&note, old).expect("a file");
    // The log alone tells.
    std::fs::remove_dir_all(note.with_file_name("view")).expect("a folder");
    let host = start(&place);
    assert_eq!(
        (version(&host).as_str(), floor(&host).as_str()),
        ("2", "4000")
    );
}

// The first start of all may end anywhere: the next one begins where it ended.
#[test]
fn a_first_start_that_was_cut_short_locks_nobody_out() {
    let host = Host::of(&[("charter.toml", &charter())], |_| Access::Open);
    let place = host.place();
    let (data, note) = (host.folder().join("data"), note(host.folder()));
    drop(host);
    // After the record and before the note.
    std::fs::remove_file(&note).expect("a note");
    drop(start(&place));
    // Before the record.
    std::fs::remove_dir_all(&data).expect("a folder");
    Ring::make(&data.join("keys")).expect("keys");
    let empty = Store::open(&data, &store::Settings::default(), &mut |_, _, _, _| Ok(()));
    empty.expect("a store").close().expect("a log");
    drop(start(&place));
    assert!(note.exists());
}

#[test]
fn evidence_without_any_charter_is_not_taken_for_a_first_start() {
    let host = Host::of(&[("charter.toml", &charter())], |_| Access::Open);
    let place = host.place();
    let data = host.folder().join("data");
    drop(host);
    std::fs::remove_dir_all(&data).expect("a folder");
    Ring::make(&data.join("keys")).expect("keys");
    let store = Store::open(&data, &store::Settings::default(), &mut |_, _, _, _| Ok(()));
    let store = store.expect("a store");
    let taken = store
        .log()
        .queue(Kind::Merge.number(), |bytes| bytes.push(0));
    taken.expect("room");
    store.close().expect("a log");
    drop(store);
    let refused = place.start().map(|_| ()).expect_err("a refusal");
    let said = refused.to_string();
    assert!(
        said.contains("live.json` is missing") && said.contains("put it back from a copy"),
        "{said}"
    );
}

#[test]
fn a_note_of_a_newer_host_asks_for_that_host() {
    let host = host();
    let note = note(host.folder());
    let text = std::fs::read_to_string(&note).expect("a note");
    let newer = with(
        &text,
        "\"format\": 1,",
        "\"format\": 2,\n  \"regions\": {},",
    );
    std::fs::write(&note, newer).expect("a file");
    let said = refuse(host).to_string();
    assert!(
        said.contains("live.json` is of format 2, newer than this host's 1: start a newer host"),
        "{said}"
    );
}
