//! Global Privacy Control: `Sec-GPC: 1` counts where a law says so, before anything is decided, and from then on.

use kairos_tests::{Host, Request};
use serde_json::{Value, json};

use crate::{desk, event, later, lives, viewed, why, with};

fn gpc(event: Value) -> Value {
    with(event, "gpc", json!("1"))
}

#[test]
fn the_signal_ends_advertising_in_that_very_call_and_is_remembered() {
    // Golden 16, A23
    let desk = desk();
    desk.at("2010-12-01T12:00:10Z");
    desk.send(
        "us",
        &lives(
            "m-1",
            "crm:1",
            json!({ "country": "US", "region": "US-CA" }),
        ),
    );
    assert!(later(&desk.send("us", &viewed("v-1", "crm:1"))).contains(&"audience/net".into()));
    let reply = desk.send("us", &gpc(viewed("v-2", "crm:1")));
    assert_eq!(
        why(&reply, "audience", "net"),
        "consent: `ads` over `net` is withdrawn"
    );
    assert_eq!(
        reply["cancelled"][0]["because"], "consent: withdrawn",
        "{reply:#}"
    );
    let desk = desk.restart();
    let said = desk.customer("crm:1").unwrap()["consents"][0].clone();
    assert_eq!(
        (
            &said["purpose"],
            &said["state"],
            &said["proof"],
            &said["source"],
            &said["market"]
        ),
        (
            &json!("ads"),
            &json!("withdrawn"),
            &json!("Sec-GPC"),
            &json!("shop"),
            &Value::Null
        )
    );
}

#[test]
fn where_no_law_says_so_and_in_any_other_form_it_is_ignored() {
    // Golden 16: the value is exactly `1`.
    for (market, lives_in, value, counts) in [
        (
            "us",
            json!({ "country": "US", "region": "US-CA" }),
            "1",
            true,
        ),
        ("us", json!({}), "1", true),
        ("us", json!({ "country": "US" }), "1", true),
        (
            "gb",
            json!({ "country": "US", "region": "US-CA" }),
            "1",
            true,
        ),
        (
            "us",
            json!({ "country": "US", "region": "US-FL" }),
            "1",
            false,
        ),
        ("gb", json!({}), "1", false),
        ("us", json!({ "country": "GB" }), "1", false),
        ("us", json!({ "region": "US-CA" }), "0", false),
        ("us", json!({ "region": "US-CA" }), "true", false),
        ("us", json!({ "region": "US-CA" }), " 1", false),
        ("us", json!({ "region": "US-CA" }), "", false),
    ] {
        let desk = desk();
        desk.send(market, &lives("m-1", "crm:1", lives_in.clone()));
        let reply = desk.send(market, &with(viewed("v-1", "crm:1"), "gpc", json!(value)));
        let is_refused = !later(&reply).contains(&"audience/net".into());
        assert_eq!(is_refused, counts, "{market} {lives_in} {value}: {reply:#}");
    }
}

#[test]
fn it_is_a_part_of_what_the_event_says() {
    let desk = desk();
    desk.send("us", &viewed("v-1", "crm:1"));
    assert!(
        desk.try_send("us", &gpc(viewed("v-1", "crm:1"))).is_err(),
        "a conflict, not a repeat"
    );
}

#[test]
fn of_somebody_who_is_known_it_is_remembered_although_nothing_else_of_the_event_is() {
    // Golden 16: `toy.viewed` rests on profiling, which nobody allowed; the refusal of the browser stays.
    let desk = desk();
    desk.send("us", &lives("m-1", "crm:1", json!({ "region": "US-CA" })));
    desk.send("us", &viewed("v-1", "crm:1"));
    let reply = desk.send(
        "us",
        &gpc(event(
            "t-1",
            "toy.viewed",
            "crm:1",
            json!({ "what": "toys" }),
        )),
    );
    assert_eq!(
        why(&reply, "audience", "net"),
        "consent: `ads` over `net` is withdrawn"
    );
    assert_eq!(reply["cancelled"][0]["action"], "audience");
    let customer = desk.customer("crm:1").unwrap();
    assert_eq!(customer["consents"][0]["proof"], "Sec-GPC");
    assert_eq!(customer["status"]["fields"]["interest"], Value::Null);
    let pending = customer["status"]["pending"].as_array().unwrap();
    assert!(
        pending.iter().all(|one| one["action"] != "audience"),
        "{pending:?}"
    );
    let again = desk.send("us", &viewed("v-2", "crm:1"));
    assert_eq!(
        why(&again, "audience", "net"),
        "consent: `ads` over `net` is withdrawn"
    );
}

#[test]
fn the_header_counts_for_one_event_and_for_a_whole_batch() {
    // Golden 16, end to end over HTTP.
    let host = Host::with(&[("charter.toml", crate::CHARTER)]);
    let post = |kind: &str, headers: &[(&str, &str)], body: String| {
        let mut all = vec![("content-type", kind)];
        all.extend_from_slice(headers);
        let answer = host.ask(&Request {
            method: "POST",
            path: "/v1/markets/us/events",
            headers: &all,
            body: body.as_bytes(),
        });
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    let now = |mut event: Value| {
        event.as_object_mut().unwrap().remove("time");
        event.to_string()
    };
    let structured = "application/cloudevents+json";
    post(structured, &[("sec-gpc", "0")], now(viewed("v-1", "crm:1")));
    post(structured, &[("sec-gpc", "1")], now(viewed("v-2", "crm:2")));
    let batch = format!(
        "[{},{}]",
        now(viewed("v-3", "crm:3")),
        now(viewed("v-4", "crm:4"))
    );
    post(
        "application/cloudevents-batch+json",
        &[("sec-gpc", "1")],
        batch,
    );
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-id", "v-5"),
        ("ce-source", "shop"),
        ("ce-type", "product.viewed"),
        ("ce-subject", "crm:5"),
        ("sec-gpc", "1"),
    ];
    post("application/json", &binary, "{}".to_owned());
    for (number, expected) in [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1)] {
        let customer = host.get(&format!("/v1/customers/crm:{number}")).json();
        assert_eq!(
            customer["consents"].as_array().unwrap().len(),
            expected,
            "crm:{number}"
        );
    }
}
