//! A new version takes effect at once and for everybody, or not at all.

use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kairos::evidence::{CharterRecord, Kind};
use kairos::reply::State;
use kairos_tests::{Host, Request};
use serde_json::json;

use crate::frame::{
    DE, charter, gold, post, post_bytes, put, signed, tar, unguarded, version, viewed, with,
};
use kairos::server::Access;

fn host() -> Host {
    Host::of(
        &[("charter.toml", &unguarded()), ("markets/de.toml", DE)],
        |_| Access::Open,
    )
}

/// The second version: no gold any more, and every table has another place.
fn second() -> String {
    let text = with(&unguarded(), "version   = \"1\"", "version   = \"2\"");
    let text = with(&text, ", \"gold\"]", "]");
    let (before, markets) = text.split_once("[markets.gb]").expect("a market");
    let (gb, de) = markets.split_once("[markets.de]").expect("a market");
    let text = format!("{before}[markets.de]{de}\n[markets.gb]{gb}");
    with(
        &text,
        "[fields.points]",
        "[fields.a_new_one]\ntype = \"flag\"\nmeaning = \"new\"\nowner = \"data\"\npurpose = \"service\"\nmax-age = \"1d\"\nretention = \"1d\"\n\n[fields.points]",
    )
}

// A24, C27: what is in flight ends on the version that it began with, and no request fails.
#[test]
fn a_new_charter_takes_effect_under_load_without_one_failed_or_mixed_decision() {
    let host = host();
    for market in ["gb", "de"] {
        host.node.load_policy(market, &gold()).expect("a policy");
    }
    let (first, second) = (unguarded(), second());
    let is_over = AtomicBool::new(false);
    // How many decisions were answered under the first charter, and under the second.
    let answered = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let seen: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (host, is_over, answered) = (&host, &is_over, &answered);
                scope.spawn(move || {
                    let market = ["gb", "de"][number % 2];
                    let mut line = host.connect();
                    let mut seen = Vec::new();
                    let mut count = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        count += 1;
                        let event = viewed(&format!("{number}-{}", count));
                        let answer = line.ask(&Request {
                            method: "POST",
                            path: &format!("/v1/markets/{market}/events"),
                            headers: &[("content-type", "application/cloudevents+json")],
                            body: event.as_bytes(),
                        });
                        assert_eq!(answer.status, 200, "{}", answer.body);
                        let reply = answer.json();
                        let outcome = &reply["decisions"][0]["outcome"];
                        let version = reply["charter"].as_str().expect("a version");
                        let expected = if version == "1" { "act" } else { "refused" };
                        assert_eq!(outcome, expected, "{reply:#}");
                        let second = usize::from(version == "2");
                        answered[second].fetch_add(1, Ordering::SeqCst);
                        seen.push(version.to_owned());
                    }
                    seen
                })
            })
            .collect();
        for _ in 0..10 {
            for (text, place) in [(&second, 1), (&first, 0)] {
                let answer = post(&host, &[("charter.toml", text)]);
                assert_eq!(answer.status, 200, "{}", answer.body);
                // Somebody hears of it before the next.
                let before = answered[place].load(Ordering::SeqCst);
                while answered[place].load(Ordering::SeqCst) == before {
                    std::thread::yield_now();
                }
            }
        }
        is_over.store(true, Ordering::SeqCst);
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("a client"))
            .collect()
    });
    assert!(seen.iter().any(|version| version == "1"));
    assert!(seen.iter().any(|version| version == "2"));
    let metrics = host.get("/metrics").body;
    let counted = |market: &str| -> u64 {
        metrics
            .lines()
            .filter(|line| {
                line.starts_with("kairos_decisions_total")
                    && line.contains(&format!("\"{market}\""))
            })
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    };
    assert_eq!(
        counted("gb") + counted("de"),
        seen.len() as u64,
        "{metrics}"
    );
}

#[test]
fn a_version_that_would_strand_a_live_policy_is_refused_with_the_list() {
    let host = host();
    for market in ["gb", "de"] {
        host.node.load_policy(market, &gold()).expect("a policy");
    }
    let less = with(&unguarded(), "version   = \"1\"", "version   = \"2\"");
    let less = less.replace(
        "moments   = [\"page_viewed\", \"order_placed\"]",
        "moments   = [\"order_placed\"]",
    );
    let answer = post(&host, &[("charter.toml", &less)]);
    let problem = answer.json();
    assert_eq!(answer.status, 409, "{problem:#}");
    assert_eq!(problem["type"], "/problems/strands-policies");
    assert_eq!(problem["policies"].as_array().expect("a list").len(), 1);
    let stranded = &problem["policies"][0];
    assert_eq!(stranded["market"], "gb");
    let why = stranded["why"].as_str().expect("a reason");
    assert!(why.contains("`page_viewed`"), "{why}");
    assert_eq!(version(&host), "1", "the old one stays");
    let gone = unguarded();
    let gone = gone.split("[markets.de]").next().expect("a part");
    let problem = post(&host, &[("charter.toml", gone)]).json();
    assert_eq!(problem["policies"][0]["market"], "de", "{problem:#}");
    let reply = host.post("gb", &viewed("a")).json();
    assert_eq!(reply["decisions"][0]["outcome"], "act", "{reply:#}");
}

#[test]
fn a_wrong_charter_is_refused_with_every_place() {
    let host = host();
    let wrong = with(
        &unguarded(),
        "purpose        = \"service\"",
        "purpose        = \"servic\"",
    );
    let problem = post(
        &host,
        &[
            ("charter.toml", &wrong),
            ("markets/de.toml", "market = \"de\"\n"),
        ],
    )
    .json();
    assert_eq!(problem["status"], 422, "{problem:#}");
    assert_eq!(problem["type"], "/problems/invalid-charter");
    let complaints = problem["complaints"].as_array().expect("a list");
    let files: Vec<_> = complaints.iter().map(|one| &one["file"]).collect();
    assert!(files.contains(&&json!("charter.toml")) && files.contains(&&json!("markets/de.toml")));
    assert!(complaints.iter().all(|one| one["line"].as_u64() > Some(0)));
    assert_eq!(version(&host), "1");
    // Whatever a caller sends, the host lives: nesting that no parser should follow.
    let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(post(&host, &[("charter.toml", &deep)]).status, 422);
    let nested = format!(
        "when = \"{}points > 1{}\"\nworst-case",
        "(".repeat(450),
        ")".repeat(450)
    );
    let nested = with(&unguarded(), "worst-case", &nested);
    assert_eq!(post(&host, &[("charter.toml", &nested)]).status, 422);
    assert_eq!(host.post("gb", &viewed("a")).status, 200);
}

// C19: a change of the boundaries is evidence like a decision: what, by whom, on whose approval.
#[test]
fn every_change_is_recorded_with_its_files_and_who_approved_it() {
    let first = charter();
    let host = Host::of(&[("charter.toml", &first)], |_| Access::Open);
    let before = host.node.charter().digest;
    let second = with(&first, "reach      = 1_000_000", "reach      = 1000");
    let signatures = signed(&second, &[("commerce", "actions"), ("legal", "actions")]);
    let answer = post(
        &host,
        &[("charter.toml", &second), ("signatures.toml", &signatures)],
    );
    let told = answer.json();
    assert_eq!(answer.status, 200, "{told:#}");
    assert_eq!(told["changed"], json!(["charter.toml", "signatures.toml"]));
    assert_eq!(told["approved"].as_array().expect("a list").len(), 2);
    let state = told["state"].as_str().expect("a state");
    let state = State::parse(state).expect("a state");
    let record = host.node.store().log().read(state.position);
    let record = record.expect("a record");
    assert_eq!(record.kind, Kind::Charter.number());
    let chartered: CharterRecord = kairos::encoding::decode(&record.bytes).expect("readable");
    assert_eq!(chartered.before, Some(before));
    assert_eq!(chartered.digest, host.node.charter().digest);
    assert_eq!(chartered.by, "open");
    let names: Vec<&str> = chartered
        .files
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["charter.toml", "signatures.toml"]);
    for (_, digest) in &chartered.files {
        let kept = host
            .folder()
            .join("data/kept")
            .join(digest.to_string().replace(':', "-"));
        assert!(kept.exists(), "{}", kept.display());
    }
    let approved: Vec<_> = chartered
        .approved
        .iter()
        .map(|one| (one.section.as_str(), one.by.as_str()))
        .collect();
    assert_eq!(approved, [("actions", "commerce"), ("actions", "legal")]);
    // The same again changes nothing and records nothing.
    let end = host.node.store().log().end();
    let again = post(
        &host,
        &[("charter.toml", &second), ("signatures.toml", &signatures)],
    )
    .json();
    assert_eq!(again["state"], json!(null));
    assert_eq!(host.node.store().log().end(), end);
}

// What a region chose meanwhile is not undone by whoever did not see it.
#[test]
fn a_version_made_from_what_is_no_longer_live_is_refused() {
    let host = host();
    let tag = |host: &Host| host.get("/v1/charter").header("etag").map(str::to_owned);
    let seen = tag(&host).expect("a tag");
    assert_eq!(seen, format!("\"{}\"", host.node.charter().digest));
    let choice = host.get("/v1/markets/de/charter");
    let choice = choice.header("etag").expect("a tag");
    let narrower = DE.replace("[0, 5]", "[0, 2]");
    assert_eq!(
        put(&host, "de", &narrower, &[("if-match", choice)]).status,
        200
    );
    let next = second();
    let body = tar(&[("charter.toml", &next), ("markets/de.toml", DE)]);
    let push = |tag: &str| post_bytes(&host, &body, &[("if-match", tag)]);
    assert_eq!(
        push(&seen).told(),
        "412 overtaken: another charter is live by now: read it again with `GET /v1/charter`, and change that"
    );
    assert_eq!(host.get("/v1/markets/de/charter").body, narrower);
    let answer = push(&tag(&host).expect("a tag"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("etag"), tag(&host).as_deref());
    assert_eq!(push("*").status, 200);
    assert_eq!(push("\"sha256:00\"").status, 412);
}

#[test]
fn a_slow_disk_under_the_charter_holds_up_no_decision() {
    let host = host();
    let text = unguarded();
    let digest = kairos::ids::Digest::of(text.as_bytes()).to_string();
    let kept = host
        .folder()
        .join("data/kept")
        .join(digest.replace(':', "-"));
    // Something that reads as a file, once somebody has written into it.
    std::fs::remove_file(&kept).expect("a file");
    let made = Command::new("mkfifo").arg(&kept).status();
    assert!(made.expect("a process").success());
    let mut readers: Vec<_> = (0..2 * host.node.engines().cores())
        .map(|_| host.connect())
        .collect();
    for reader in &mut readers {
        reader.say("GET /v1/charter HTTP/1.1\r\nhost: kairos\r\naccept: application/x-tar\r\n\r\n");
    }
    // Opens once the first of them reads; the others find the file again.
    let mut disk = std::fs::File::options()
        .write(true)
        .open(&kept)
        .expect("a reader");
    std::fs::remove_file(&kept).expect("a file");
    std::fs::write(&kept, &text).expect("a file");
    for number in 1..9 {
        let answer = host.post("gb", &viewed(&number.to_string()));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    disk.write_all(text.as_bytes()).expect("a reader");
    drop(disk);
    for mut reader in readers {
        assert_eq!(reader.hear().expect("an answer").status, 200);
    }
}
