//! A data folder that this version wrote is read by every later one.
//!
//! The folder stands packed in `tests/fixtures`. Where it is missing, it is made: to make it anew, remove it and run
//! `cargo nextest run --workspace --locked -E 'binary(kept)'`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use kairos::ids::DecisionId;
use kairos::views::Question;
use kairos_tests::desk::{Desk, consent, event, order, root};
use kairos_tests::policies::policy;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_host-under-test");
/// What of a data folder is no copy of something else in it.
const PARTS: [&str; 5] = ["FORMAT", "kept", "keys", "live.json", "log"];
/// The first replies, in the order of the events.
const REPLIES: &str = "replies.json";

fn packed() -> PathBuf {
    root().join("tests/fixtures/folder-5.tar.gz")
}

fn events() -> Vec<Value> {
    let viewed = json!({ "sku": "85123A", "business": true });
    let cancelled = json!({ "order": "o-1", "total": { "amount": "139.00", "currency": "GBP" },
                            "skus": ["85123A"], "quantities": [6] });
    vec![
        order("o-1", "crm:1", 139),
        consent("c-1", "crm:1", "granted"),
        order("o-2", "crm:1", 400),
        event("x-1", "order.cancelled", "crm:1", cancelled),
        event("v-1", "product.viewed", "crm:2", viewed),
        order("o-3", "crm:2", 20),
        consent("c-2", "crm:2", "withdrawn"),
    ]
}

/// The example's charter, as (name, text).
fn charter() -> Vec<(String, String)> {
    let folder = root().join("examples/retail/charter");
    let read = |name: &str| {
        (
            name.to_owned(),
            fs::read_to_string(folder.join(name)).expect(name),
        )
    };
    let markets = fs::read_dir(folder.join("markets")).expect("markets");
    let mut names: Vec<String> = markets
        .map(|entry| format!("markets/{}", entry.expect("a file").file_name().display()))
        .collect();
    names.sort();
    names.push("charter.toml".to_owned());
    names.iter().map(|name| read(name)).collect()
}

/// Decides under two charters, and packs what the host leaves.
fn write() {
    let files = charter();
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let mut desk = Desk::small_with(&files);
    let mut replies = Vec::new();
    let version = |files: &[(&str, &str)]| {
        let (_, central) = files.last().expect("a charter");
        central.replace("2026.11.1", "2026.11.2")
    };
    for (number, event) in events().iter().enumerate() {
        if number == 4 {
            desk = desk.restart_with(&[("charter.toml", &version(&files))]);
        }
        desk.policy("gb", &policy("gb"));
        replies.push(desk.send("gb", event));
    }
    let folder = desk.data();
    let charter = folder.with_file_name("charter");
    desk.node.close();
    fs::write(folder.join(REPLIES), json!(replies).to_string()).expect("replies");
    let file = GzEncoder::new(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(file);
    for part in PARTS.iter().chain(&[REPLIES]) {
        let (from, to) = (folder.join(part), Path::new("data").join(part));
        let added = match from.is_dir() {
            true => tar.append_dir_all(to, from),
            false => tar.append_path_with_name(from, to),
        };
        added.expect(part);
    }
    tar.append_dir_all("charter", charter).expect("a charter");
    let packed_bytes = tar.into_inner().and_then(GzEncoder::finish);
    fs::write(packed(), packed_bytes.expect("packed")).expect("a file");
}

/// The folder as it was written, and what it replied.
fn unpacked() -> (tempfile::TempDir, Vec<Value>) {
    if !packed().exists() {
        write();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = File::open(packed()).expect("the packed folder");
    let mut tar = tar::Archive::new(GzDecoder::new(file));
    tar.unpack(folder.path()).expect("unpacked");
    let replies = fs::read(folder.path().join("data").join(REPLIES)).expect("replies");
    let replies = serde_json::from_slice(&replies).expect("replies");
    fs::remove_file(folder.path().join("data").join(REPLIES)).expect("removed");
    (folder, replies)
}

#[test]
fn a_kept_folder_is_verified_explained_replayed_and_reported() {
    let (folder, replies) = unpacked();
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let decided = |reply: &Value| reply["decisions"].as_array().map_or(0, Vec::len);
    let decisions: usize = replies.iter().map(decided).sum();
    assert!(decisions >= 4, "{replies:#?}");
    for (words, say) in [
        (vec!["verify", data], "every one follows".to_owned()),
        (vec!["replay", data], format!("{decisions}")),
        (vec!["report", data], format!("{decisions}")),
        (vec!["decisions", data], "2026.11.2".to_owned()),
    ] {
        let (status, told) = kairos_tests::run(BINARY, &words);
        assert!(status == 0 && told.contains(&say), "{words:?}: {told}");
    }
    // A host goes on where the other one ended: repeats get the first replies word for word, whatever charter they were under.
    let desk = Desk::on(folder);
    for (event, first) in events().iter().zip(&replies) {
        let (reply, repeated) = desk.try_send("gb", event).expect("a reply");
        assert_eq!((&reply, repeated), (first, true));
        for decided in reply["decisions"].as_array().into_iter().flatten() {
            let id = decided["id"]
                .as_str()
                .and_then(DecisionId::parse)
                .expect("an id");
            let explained = desk.wait(desk.node.explain(
                &Question::Decision(id),
                &["en"],
                &kairos::event::Markets::All,
            ));
            let explained = explained.expect("evidence").expect("an explanation");
            assert!(!explained.is_empty());
        }
    }
    let next = desk.send("gb", &order("o-9", "crm:1", 50));
    assert_eq!(decided(&next), 1, "{next:#}");
}
