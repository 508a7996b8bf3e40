//! A folder that is taken, too new or full.

use std::path::Path;

use crate::events::{is_repeated, order, position};
use crate::process::{Process, folder, refused};

fn said(data: &Path, rest: &str) -> String {
    format!("error: the data folder `{}` {rest}\n", data.display())
}

#[test]
fn a_second_host_on_the_same_folder_is_refused_and_the_first_lives_on() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let mut line = host.line();
    let first = order("gb", "o-1", "crm:1", 10).must(&mut line);
    let rest = "is in use by another host: stop it first, or give this one a folder of its own";
    let data = folder.path().join("data");
    assert_eq!(refused(folder.path()), said(&data, rest));
    let again = order("gb", "o-1", "crm:1", 10).must(&mut line);
    assert!(is_repeated(&again) && again.body == first.body);
    order("gb", "o-2", "crm:1", 10).must(&mut line);
    assert_eq!(host.points("crm:1"), 20);
}

#[test]
fn a_data_folder_of_a_newer_format_is_refused_and_left_as_it_is() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    order("gb", "o-1", "crm:1", 10).must(&mut host.line());
    assert!(host.stop().success());
    let format = folder.path().join("data/FORMAT");
    let ours = std::fs::read_to_string(&format).expect("a format");
    let newer = ours.replace("format 5", "format 99");
    assert_ne!(ours, newer);
    std::fs::write(&format, newer).expect("a file");
    let rest = "has format 99, newer than this host's 5: start a newer host";
    let data = folder.path().join("data");
    assert_eq!(refused(folder.path()), said(&data, rest));
    std::fs::write(&format, ours).expect("a file");
    let host = Process::start(folder.path(), "process");
    assert_eq!(host.points("crm:1"), 10, "nothing was touched");
}

#[test]
fn a_view_that_ends_the_process_while_it_is_opened_is_rebuilt_by_the_next_start() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    order("gb", "o-1", "crm:1", 10).must(&mut host.line());
    assert!(host.stop().success());
    // The database holds this for impossible: it panics, and again while it cleans up, which ends the process.
    let spaces = folder.path().join("data/view/keyspaces");
    let mut turned = 0;
    for space in std::fs::read_dir(spaces).expect("spaces") {
        for file in std::fs::read_dir(space.expect("a space").path()).expect("files") {
            let file = file.expect("a file").path();
            let name = file.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with('v')) {
                let bytes = std::fs::read(&file).expect("a file").into_iter();
                let bytes = bytes.map(|byte| if byte == 128 { 0 } else { byte });
                std::fs::write(&file, bytes.collect::<Vec<u8>>()).expect("a file");
                turned += 1;
            }
        }
    }
    assert!(turned > 10, "{turned} files");
    let host = match Process::try_start(folder.path(), "process") {
        Ok(host) => host,
        Err(_ended) => Process::start(folder.path(), "process"),
    };
    assert_eq!(host.points("crm:1"), 10);
}

/// What this host may still write to its log, in bytes.
const ROOM: u64 = 96 * 1024;

#[test]
fn a_full_disk_ends_acknowledging_and_loses_nothing_that_was_acknowledged() {
    for durability in ["process", "sync"] {
        fill_the_disk(durability);
    }
}

fn fill_the_disk(durability: &str) {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let first = order("gb", "o-0", "crm:1", 1).must(&mut host.line());
    let written = position(&first);
    assert!(host.stop().success());
    let host = Process::on_a_full_disk(folder.path(), durability, written + ROOM);
    let mut line = host.line();
    let mut acknowledged = vec![(order("gb", "o-0", "crm:1", 1), first)];
    let refused = loop {
        let number = acknowledged.len() as u64;
        assert!(number * 256 < ROOM, "the disk never became full");
        let event = order("gb", &format!("o-{number}"), "crm:1", 1);
        let answer = event.send(&mut line).expect("a host that lives");
        match answer.status {
            200 => acknowledged.push((event, answer)),
            _ => break (event, answer),
        }
    };
    let stopped = "503 log-failed: the log has failed: the host no longer acknowledges anything";
    assert_eq!(refused.1.told(), stopped);
    assert!(
        acknowledged.len() > 2,
        "it acknowledged while there was room"
    );
    for number in 0..10 {
        let event = order("gb", &format!("late-{number}"), "crm:2", 1);
        let answer = event.send(&mut line).expect("a host that lives");
        assert_eq!(answer.told(), stopped);
    }
    let again = refused.0.send(&mut line).expect("a host that lives");
    assert_eq!(again.told(), stopped, "not even when it is sent again");
    for (event, first) in &acknowledged {
        let again = event.send(&mut line).expect("a host that lives");
        let is_first = again.status == 200 && again.body == first.body;
        assert!(is_first || again.told() == stopped, "{}", again.body);
    }
    assert_eq!(
        host.get("/readyz").told(),
        "503 not-ready: the log has failed: nothing can be acknowledged any more"
    );
    assert!([200, 503].contains(&host.get("/v1/customers/crm:1").status));
    assert_eq!(host.get("/healthz").status, 200);
    host.kill();
    let host = Process::start(folder.path(), "process");
    let mut line = host.line();
    let sum = acknowledged.len() as u64;
    let points = host.points("crm:1");
    for (event, first) in &acknowledged {
        let again = event.must(&mut line);
        assert!(is_repeated(&again) && again.body == first.body);
    }
    let was_there = is_repeated(&refused.0.must(&mut line));
    assert_eq!(points, sum + u64::from(was_there));
    assert_eq!(host.points("crm:1"), sum + 1);
    assert_eq!(host.customer("crm:2"), None);
}
