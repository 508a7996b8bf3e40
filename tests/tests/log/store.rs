//! The data folder: the view follows the log, and is rebuilt when it does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::settings;
use kairos::store::{
    Changes, Durability, LogError, Position, Record, Settings, Space, Store, StoreError, Unusable,
    View, ViewError,
};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn small() -> Settings {
    Settings {
        durability: Durability::Process,
        ..settings(Durability::Process)
    }
}

/// A record says `key=value`, or `key=` to remove.
fn replay(
    _: &View,
    _: Position,
    record: &Record,
    changes: &mut Changes,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let text = std::str::from_utf8(&record.bytes)?;
    let (key, value) = text.split_once('=').ok_or("no `=`")?;
    match value {
        "" => changes.remove(Space::Customers, key.as_bytes()),
        value => changes.put(Space::Customers, key.as_bytes(), value.into()),
    }
    Ok(())
}

fn open(dir: &Path) -> Store {
    try_open(dir).unwrap()
}

fn try_open(dir: &Path) -> Result<Store, StoreError> {
    Store::open(dir, &small(), &mut replay)
}

/// Writes the numbers as records, to the log and, up to `applied`, to the view.
fn write(store: &Store, numbers: std::ops::Range<usize>, applied: usize) {
    for number in numbers {
        let text = match number % 10 {
            9 => format!("key{:04}=", number - 4),
            _ => format!("key{number:04}=value {number} {}", "x".repeat(number % 50)),
        };
        let position = store.log().queue(1, |bytes| bytes.extend(text.as_bytes()));
        store.log().flush().unwrap();
        if number < applied {
            let mut changes = Changes::default();
            let record = store.log().read(position.unwrap()).unwrap();
            replay(store.view(), Position::default(), &record, &mut changes).unwrap();
            store.view().apply(changes, store.log().durable()).unwrap();
        }
    }
}

fn expected(count: usize) -> BTreeMap<String, String> {
    let removed = |number: usize| number % 10 == 9 || (number % 10 == 5 && number + 4 < count);
    (0..count)
        .filter(|number| !removed(*number))
        .map(|number| {
            let value = format!("value {number} {}", "x".repeat(number % 50));
            (format!("key{number:04}"), value)
        })
        .collect()
}

fn content(store: &Store) -> BTreeMap<String, String> {
    let pairs = store.view().scan(Space::Customers, b"key");
    pairs
        .map(|pair| {
            let (key, value) = pair.unwrap();
            (
                String::from_utf8(key).unwrap(),
                String::from_utf8(value).unwrap(),
            )
        })
        .collect()
}

/// Opens, and expects everything that `count` records say; returns why the view was rebuilt, and from which snapshot.
fn check(dir: &Path, count: usize) -> Option<(Unusable, bool)> {
    let store = open(dir);
    assert!(
        content(&store) == expected(count),
        "the view says something else"
    );
    assert_eq!(store.view().covers(), store.log().durable());
    let rebuilt = store.opened().rebuilt.clone();
    rebuilt.map(|rebuilt| (rebuilt.why, rebuilt.snapshot.is_some()))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn a_store_comes_back_with_everything() {
    let dir = folder();
    let store = open(dir.path());
    let id = store.log().id();
    assert_eq!(
        (store.opened().replayed, store.opened().log.created),
        (0, true)
    );
    write(&store, 0..50, 50);
    store.close().unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.log().id(), id);
    assert_eq!(
        (store.opened().replayed, &store.opened().rebuilt),
        (0, &None)
    );
    assert!(content(&store) == expected(50));
    assert_eq!(
        store
            .view()
            .get(Space::Customers, b"key0004")
            .unwrap()
            .unwrap(),
        b"value 4 xxxx"
    );
    assert_eq!(store.view().get(Space::Events, b"key0004").unwrap(), None);
}

#[test]
fn an_older_view_catches_up() {
    let dir = folder();
    let store = open(dir.path());
    write(&store, 0..50, 20);
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.opened().replayed, 30);
    assert!(content(&store) == expected(50));
}

#[test]
fn a_missing_or_damaged_view_is_rebuilt_from_the_log_alone() {
    let dir = folder();
    let store = open(dir.path());
    write(&store, 0..50, 50);
    drop(store);
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    assert_eq!(check(dir.path(), 50), None);
    for file in files(&dir.path().join("view")) {
        fs::write(file, b"nonsense").unwrap();
    }
    assert_eq!(check(dir.path(), 50), Some((Unusable::Damaged, false)));
    assert_eq!(check(dir.path(), 50), None);
}

#[test]
fn a_damaged_view_is_rebuilt_from_snapshot_and_tail_whichever_file_is_bad() {
    let original = folder();
    let store = open(original.path());
    write(&store, 0..60, 60);
    let covers = store.snapshot().unwrap();
    store.log().remove_before(covers).unwrap();
    assert!(store.log().first() > Position::default());
    write(&store, 60..80, 80);
    store.close().unwrap();
    drop(store);
    let count = files(&original.path().join("view")).len();
    for index in 0..count {
        let dir = folder();
        copy(original.path(), dir.path());
        let bad = &files(&dir.path().join("view"))[index];
        fs::remove_file(bad).unwrap();
        // Not every file of the database matters to it; whatever it does with this, nothing may be lost.
        check(dir.path(), 80);
    }
    let dir = folder();
    copy(original.path(), dir.path());
    fs::write(dir.path().join("view.condemned"), b"").unwrap();
    assert_eq!(check(dir.path(), 80), Some((Unusable::Damaged, true)));
}

#[test]
fn a_view_that_is_newer_than_the_log_is_rebuilt() {
    let dir = folder();
    let earlier = folder();
    let store = open(dir.path());
    write(&store, 0..30, 30);
    store.close().unwrap();
    drop(store);
    copy(dir.path(), earlier.path());
    let store = open(dir.path());
    write(&store, 30..50, 50);
    store.close().unwrap();
    drop(store);
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    copy(&earlier.path().join("log"), &dir.path().join("log"));
    assert_eq!(check(dir.path(), 30), Some((Unusable::Newer, false)));
}

#[test]
fn a_view_that_is_newer_by_a_single_record_is_rebuilt() {
    let dir = folder();
    let earlier = folder();
    let store = open(dir.path());
    write(&store, 0..10, 10);
    copy(&dir.path().join("log"), earlier.path());
    write(&store, 10..11, 11);
    drop(store);
    // As after a loss of power under `process`: the log lost its last record, the view did not.
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    copy(earlier.path(), &dir.path().join("log"));
    assert_eq!(check(dir.path(), 10), Some((Unusable::Newer, false)));
}

#[test]
fn a_view_of_another_log_is_rebuilt() {
    let (dir, other) = (folder(), folder());
    for (dir, count) in [(&dir, 30), (&other, 10)] {
        let store = open(dir.path());
        write(&store, 0..count, count);
    }
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    copy(&other.path().join("view"), &dir.path().join("view"));
    assert_eq!(check(dir.path(), 30), Some((Unusable::OtherLog, false)));
}

#[test]
fn a_view_that_is_older_than_what_was_removed_is_rebuilt_from_the_snapshot() {
    let dir = folder();
    let earlier = folder();
    let store = open(dir.path());
    write(&store, 0..30, 30);
    drop(store);
    copy(&dir.path().join("view"), earlier.path());
    let store = open(dir.path());
    write(&store, 30..400, 400);
    let covers = store.snapshot().unwrap();
    store.log().remove_before(covers).unwrap();
    write(&store, 400..420, 420);
    drop(store);
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    copy(earlier.path(), &dir.path().join("view"));
    assert_eq!(check(dir.path(), 420), Some((Unusable::Older, true)));
}

#[test]
fn a_rebuild_that_was_interrupted_starts_again() {
    let dir = folder();
    let store = open(dir.path());
    write(&store, 0..30, 30);
    drop(store);
    // What an interrupted rebuild leaves: a database that does not say what it covers.
    let database = fjall::Database::builder(dir.path().join("view"))
        .open()
        .unwrap();
    let about = database.keyspace("about", Default::default).unwrap();
    about.remove("cover").unwrap();
    drop((about, database));
    assert_eq!(check(dir.path(), 30), Some((Unusable::Unfinished, false)));
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let dir = folder();
    let store = open(dir.path());
    write(&store, 0..10, 10);
    store.snapshot().unwrap();
    write(&store, 10..12, 12);
    drop(store);
    let [snapshot] = files(&dir.path().join("snapshots")).try_into().unwrap();
    let whole: Vec<u8> = fs::read(&snapshot).unwrap();
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    for place in (0..whole.len()).step_by(61) {
        let next = folder();
        copy(dir.path(), next.path());
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        let name = snapshot.file_name().unwrap();
        fs::write(next.path().join("snapshots").join(name), bytes).unwrap();
        match try_open(next.path()) {
            Ok(store) => assert!(content(&store) == expected(12), "byte {place}"),
            // The byte that is the version.
            Err(error) => assert!(place == 8 || error.to_string().contains("newer"), "{error}"),
        }
    }
}

#[test]
fn without_a_snapshot_what_was_removed_cannot_be_rebuilt_and_that_is_said() {
    let dir = folder();
    let store = open(dir.path());
    write(&store, 0..400, 400);
    let covers = store.snapshot().unwrap();
    store.log().remove_before(covers).unwrap();
    let first = store.log().first();
    drop(store);
    for gone in ["view", "snapshots"] {
        fs::remove_dir_all(dir.path().join(gone)).unwrap();
    }
    let error = try_open(dir.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the view must be rebuilt because there is none, but the log begins at {first} and no \
             snapshot covers what came before: restore `snapshots` from a copy"
        )
    );
}

#[test]
fn the_view_never_passes_the_log_nor_goes_back() {
    let dir = folder();
    let store = open(dir.path());
    write(&store, 0..10, 10);
    let durable = store.log().durable();
    store
        .log()
        .queue(1, |bytes| bytes.extend(b"key=value"))
        .unwrap();
    let beyond = Position::from_u64(durable.as_u64() + 1_000_000);
    let ahead = store.view().apply(Changes::default(), beyond);
    assert!(matches!(ahead, Err(ViewError::Ahead { .. })));
    let behind = store
        .view()
        .apply(Changes::default(), Position::from_u64(1));
    assert!(matches!(behind, Err(ViewError::Behind { .. })));
}

#[test]
fn a_second_host_on_the_same_folder_is_refused() {
    let dir = folder();
    let store = open(dir.path());
    let error = try_open(dir.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the data folder `{}` is in use by another host: stop it first, or give this one a folder of its own",
            dir.path().display()
        )
    );
    drop(store);
    open(dir.path());
}

#[test]
fn a_folder_of_a_newer_format_is_refused() {
    let dir = folder();
    drop(open(dir.path()));
    fs::write(dir.path().join("FORMAT"), "kairos data folder, format 6\n").unwrap();
    let error = try_open(dir.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the data folder `{}` has format 6, newer than this host's 5: start a newer host",
            dir.path().display()
        )
    );
}

#[test]
fn a_folder_with_other_things_in_it_is_refused() {
    let dir = folder();
    fs::write(dir.path().join("thesis.tex"), "").unwrap();
    let error = try_open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotOurs { name, .. } if name == "thesis.tex"));
}

#[test]
fn a_folder_that_lost_its_log_is_refused() {
    let dir = folder();
    drop(open(dir.path()));
    fs::remove_file(dir.path().join("log/LOG")).unwrap();
    let error = try_open(dir.path()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Damaged { path } if path.ends_with("log/LOG")),
        "{error}"
    );
    let dir = folder();
    drop(open(dir.path()));
    let segment = "00000000000000000000.segment";
    fs::remove_file(dir.path().join("log").join(segment)).unwrap();
    let error = try_open(dir.path()).unwrap_err();
    assert!(matches!(&error, StoreError::Log(LogError::Missing { file }) if file == segment));
}

#[test]
fn a_record_that_cannot_be_replayed_stops_the_start() {
    let dir = folder();
    let store = open(dir.path());
    store
        .log()
        .queue(1, |bytes| bytes.extend(b"nonsense"))
        .unwrap();
    store.log().flush().unwrap();
    drop(store);
    assert!(matches!(
        try_open(dir.path()),
        Err(StoreError::Replay { .. })
    ));
}

#[test]
fn of_several_changes_to_a_key_the_last_counts() {
    let mut changes = Changes::default();
    changes.put(Space::Meta, b"a", vec![0; 100]);
    changes.remove(Space::Meta, b"a");
    changes.put(Space::Meta, b"a", vec![1; 10]);
    assert_eq!(changes.bytes(), 11);
    let dir = folder();
    let store = open(dir.path());
    store.view().apply(changes, store.log().durable()).unwrap();
    assert_eq!(
        store.view().get(Space::Meta, b"a").unwrap(),
        Some(vec![1; 10])
    );
}
