//! What may be asked of the evidence, over HTTP and from the command line (A41, A42).

use std::path::Path;

use kairos::charter::PublicKey;
use kairos::evidence::checkpoint::Checkpoint;
use kairos_tests::desk::{Desk, consent, order};
use kairos_tests::policies::policy;
use kairos_tests::{Host, Request};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_host-under-test");

fn run(words: &[&str]) -> (i32, String) {
    kairos_tests::run(BINARY, words)
}

fn send(host: &Host, event: &Value) {
    let answer = host.ask(&Request {
        method: "POST",
        path: "/v1/markets/gb/events",
        headers: &[("content-type", "application/cloudevents+json")],
        body: event.to_string().as_bytes(),
    });
    assert_eq!(answer.status, 200, "{}", answer.told());
}

#[test]
fn a_host_signs_what_it_has_recorded_for_whoever_keeps_it() {
    let host = Host::open();
    send(&host, &order("o-1", "crm:1", 10));
    let shown = host.get("/v1/evidence").json();
    let key = PublicKey::parse(shown["key"].as_str().expect("a key")).expect("a key");
    let text = host.get("/v1/evidence/checkpoint").body;
    let first = Checkpoint::read(&text, &key).expect("a checkpoint");
    assert!(first.chain.records >= 2, "{text}");
    // Where nothing came since, it is the same; then it is about more.
    assert_eq!(host.get("/v1/evidence/checkpoint").body, text);
    send(&host, &order("o-2", "crm:1", 10));
    let next = host.get("/v1/evidence/checkpoint").body;
    let next = Checkpoint::read(&next, &key).expect("a checkpoint");
    assert!(next.chain.records > first.chain.records && next.end > first.end);
}

#[test]
fn an_event_that_led_to_nothing_is_explained_over_http() {
    let host = Host::open();
    send(&host, &order("o-1", "crm:1", 10));
    let path = "/v1/explanation?source=shop%2Fgb&event=o-1";
    let told = host.get(&format!("{path}&language=de")).json();
    let explained = &told["explanations"][0];
    assert_eq!(explained["language"], "de");
    assert_eq!(explained["parts"][0]["title"], "Was geschah");
    let text = host.ask(&Request {
        method: "GET",
        path,
        headers: &[
            ("accept", "text/plain"),
            ("accept-language", "de-AT, en;q=0.5"),
        ],
        body: b"",
    });
    assert!(text.body.starts_with("Was geschah\n"), "{}", text.body);
    for (path, told) in [
        (
            "/v1/explanation?source=shop%2Fgb",
            "400 bad-request: name the event by both: `?source=shop/gb&event=inv-1`",
        ),
        (
            "/v1/explanation?source=shop%2Fgb&event=o-9",
            "404 unknown: there is no event `o-9`",
        ),
        (
            "/v1/explanation?source=shop%2Fgb&event=o-1&language=xx",
            "400 bad-request: `language` must be one of en, de",
        ),
        (
            "/v1/decisions/7/explanation",
            "404 unknown: there is no decision `7`",
        ),
    ] {
        assert_eq!(host.get(path).told(), told);
    }
}

/// A data folder with some decisions in it; the folder, and the id of the first.
fn history() -> (Desk, String) {
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let first = desk.send("gb", &order("o-1", "crm:1", 139));
    desk.send("gb", &consent("c-1", "crm:2", "granted"));
    desk.send("gb", &order("o-2", "crm:2", 139));
    desk.node.store().log().flush().expect("a disk");
    let id = first["decisions"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    (desk, id)
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn decisions_are_listed_and_an_export_goes_on_where_it_ended() {
    let (desk, id) = history();
    let data = desk.data();
    let list = |more: &[&str]| -> Vec<Value> {
        let (status, said) = run(&[&["decisions", shown(&data)], more].concat());
        assert_eq!(status, 0, "{said}");
        said.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let all = list(&[]);
    assert_eq!(all.len(), 2);
    assert_eq!(
        (&all[0]["id"], &all[0]["outcome"]),
        (&json!(id), &json!("act"))
    );
    let refused = list(&["--rule", "consent"]);
    assert_eq!(refused, all[..1]);
    assert_eq!(list(&["--action", "review_request"]), all[1..]);
    let customer = all[1]["customer"].as_str().expect("a customer");
    assert_eq!(list(&["--customer", customer]), all[1..]);
    let position = all[0]["position"].to_string();
    assert_eq!(list(&["--after", &position]), all[1..]);
    assert_eq!(list(&["--limit", "1"]), all[..1]);
    assert_eq!(list(&["--market", "de"]), Vec::<Value>::new());
    let (status, said) = run(&["decisions", shown(&data), "--since", "soon"]);
    assert_eq!(
        (status, said.as_str()),
        (
            1,
            "error: `soon` is no time such as `2026-11-01T00:00:00Z`, and no duration such as `7d`\n"
        )
    );
}

#[test]
fn a_folder_is_verified_while_its_host_runs_and_damage_is_named() {
    let (desk, _) = history();
    let data = desk.data();
    let (status, said) = run(&["verify", shown(&data)]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains("every one follows from the one before"),
        "{said}"
    );
    let (status, said) = run(&["replay", shown(&data), "--json"]);
    let told: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((status, &told["same"]), (0, &json!(2)), "{said}");
    // Somebody turns one bit of the first records.
    let segment = data.join("log/00000000000000000000.segment");
    let mut bytes = std::fs::read(&segment).expect("a segment");
    bytes[700] ^= 1;
    std::fs::write(&segment, bytes).expect("a segment");
    let (status, said) = run(&["verify", shown(&data)]);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.starts_with("error: `00000000000000000000.segment` of the log is damaged at byte"),
        "{said}"
    );
}

#[test]
fn what_is_not_there_is_said_plainly() {
    let (desk, _) = history();
    let (data, nowhere) = (desk.data(), desk.data().join("nowhere"));
    let no_folder = format!(
        "error: `{}` is no data folder of a host: there is no log in it\n",
        nowhere.display()
    );
    for command in ["verify", "replay", "decisions"] {
        assert_eq!(run(&[command, shown(&nowhere)]), (1, no_folder.clone()));
    }
    let (status, said) = run(&["replay", shown(&data), "--market", "jp"]);
    assert!(
        status == 1 && said.starts_with("error: nothing to replay: no decision"),
        "{said}"
    );
    let (status, said) = run(&["decisions", shown(&data), "--outcome", "acts"]);
    assert!(
        status == 2 && said.contains("[possible values: act, hold, refused,"),
        "{said}"
    );
    // A component that is none ends a pipeline, although no condition holds.
    let charter = kairos_tests::retail_charter().join("charter.toml");
    let (status, said) = run(&[
        "rehearse",
        shown(&data),
        "--policy",
        shown(&charter),
        "--market",
        "gb",
        "--fail-if",
        "changed > 0",
    ]);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.starts_with("error: nothing could be rehearsed:\n  2 decisions: policy sha256:"),
        "{said}"
    );
}

#[test]
fn a_rehearsal_ends_a_pipeline_where_its_condition_holds() {
    let (desk, _) = history();
    let data = desk.data();
    let charter = kairos_tests::retail_charter();
    let rehearse = |more: &[&str]| {
        run(&[
            &["rehearse", shown(&data), "--charter", shown(&charter)],
            more,
        ]
        .concat())
    };
    let (status, said) = rehearse(&["--fail-if", "changed > 0"]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.starts_with("something else would come of 0 of 2 decisions"),
        "{said}"
    );
    let (status, said) = rehearse(&["--fail-if", "decisions >= 2"]);
    assert_eq!(status, 1);
    assert!(said.contains("fails: decisions >= 2: it is 2"), "{said}");
    for (condition, told) in [
        (
            "refused.consents > 0",
            "error: `refused.consents` is no figure: there are",
        ),
        (
            "changed",
            "error: `changed` is no condition such as `refused.consent > 0`",
        ),
        ("changed > many", "error: `changed > many` is no condition"),
    ] {
        let (status, said) = rehearse(&["--fail-if", condition]);
        assert!(status == 1 && said.starts_with(told), "{said}");
    }
    let (status, said) = rehearse(&["--market", "jp"]);
    assert!(
        status == 1 && said.starts_with("error: nothing to rehearse on"),
        "{said}"
    );
}
