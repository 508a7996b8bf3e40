//! `POST /v1/decisions/{id}/replay`: computed again beside the cores, and compared (A42, C14).

use kairos_tests::Host;
use kairos_tests::desk::{consent, order};
use serde_json::{Value, json};

use crate::{data, run, send};

fn decided(host: &Host, id: &str, now: &str) -> String {
    let reply = send(host, ("gb", now), order(id, "crm:1", 139));
    reply["decisions"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

fn replay(host: &Host, id: &str) -> Value {
    let answer = host.call(
        "POST",
        &format!("/v1/decisions/{id}/replay"),
        &Value::Null,
        "",
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[test]
fn what_is_not_there_is_not_computed_again() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    for (id, expected) in [
        ("7", "404 unknown: there is no decision `7`"),
        (
            "0192f6d1-5c3e-7000-8000-000000000001",
            "404 unknown: there is no decision `0192f6d1-5c3e-7000-8000-000000000001`",
        ),
    ] {
        let path = format!("/v1/decisions/{id}/replay");
        assert_eq!(host.call("POST", &path, &Value::Null, "").told(), expected);
    }
    let answer = host.get("/v1/decisions/7/replay");
    assert_eq!(
        answer.told(),
        "405 wrong-method: `GET` is not taken here, only POST"
    );
}

#[test]
fn a_decision_comes_out_the_same_over_http_as_by_the_command() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    send(
        &host,
        ("gb", "2010-12-01T08:00:00Z"),
        consent("c-1", "crm:1", "granted"),
    );
    let before = decided(&host, "o-1", "2010-12-01T09:00:00Z");
    // A kill switch in between, and what was decided under it.
    let reason = json!({ "reason": "a wrong price" });
    assert_eq!(
        host.call("PUT", "/v1/stops/channel:email", &reason, "")
            .status,
        200
    );
    let under = decided(&host, "o-2", "2010-12-01T10:00:00Z");
    assert_eq!(
        host.call("DELETE", "/v1/stops/channel:email", &Value::Null, "")
            .status,
        200
    );
    let after = decided(&host, "o-3", "2010-12-01T11:00:00Z");
    for id in [&before, &under, &after, &under] {
        let replayed = replay(&host, id);
        assert_eq!(
            (&replayed["same"], &replayed["different"]),
            (&json!(1), &json!(0)),
            "{replayed:#}"
        );
        let (status, said) = run(&["replay", &data(&host), "--decision", id, "--json"]);
        let told: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
        assert_eq!((status, told), (0, replayed));
    }
}

#[test]
fn what_is_missing_is_named() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    let id = decided(&host, "o-1", "2010-12-01T09:00:00Z");
    let shown = host.get(&format!("/v1/decisions/{id}")).json();
    let digest = shown["policy"]["digest"].as_str().expect("a digest");
    let file = digest.replace(':', "-");
    std::fs::remove_file(host.folder().join("data/kept").join(file)).expect("removed");
    let replayed = replay(&host, &id);
    let why = replayed["missing"][0]["why"].as_str().expect("a reason");
    assert!(
        why.contains(digest) && why.contains("put its component into"),
        "{why}"
    );
}
