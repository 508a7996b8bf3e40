//! What nobody gave a basis to keep: decided, forgotten, counted.

use serde_json::{Value, json};

use crate::{counted, desk, event, later, lives, order, says, viewed, with};

fn toys(id: &str, subject: &str) -> Value {
    event(id, "toy.viewed", subject, json!({ "what": "toys" }))
}

#[test]
fn a_visitor_who_allowed_nothing_is_decided_about_as_nobody_and_forgotten() {
    // B17, C17: the cookie itself needs profiling.
    let desk = desk();
    let reply = desk.send("gb", &viewed("v-1", "visitor:v"));
    assert_eq!(reply["decisions"][0]["outcome"], "act", "{reply:#}");
    let evidence = desk
        .decision(reply["decisions"][0]["id"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        (
            &evidence["event"]["subject"],
            &evidence["event"]["data"],
            &evidence["customer"],
            &evidence["known"]
        ),
        (&Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    assert!(desk.customer("visitor:v").is_none());
    assert_eq!(counted(&desk, "kairos_dropped_total{market=\"gb\"}"), 1);
    let (again, repeated) = desk.try_send("gb", &viewed("v-1", "visitor:v")).unwrap();
    assert!(
        repeated && again == reply,
        "the event is known, and nothing of it"
    );
    desk.send("gb", &order("o-1", "visitor:v", 5));
    assert!(desk.customer("visitor:v").is_none(), "whatever it is");
}

#[test]
fn the_consent_that_a_visitor_gives_is_kept_and_counts_from_then_on() {
    let desk = desk();
    desk.send("gb", &says("c-1", "visitor:v", "profiling", "granted"));
    desk.send("gb", &order("o-1", "visitor:v", 5));
    assert_eq!(
        desk.customer("visitor:v").unwrap()["status"]["fields"]["points"]["value"],
        5
    );
    desk.at("2010-12-01T12:00:10Z");
    let stop = with(
        says("c-2", "visitor:v", "profiling", "withdrawn"),
        "time",
        json!("2010-12-01T12:00:05Z"),
    );
    desk.send("gb", &stop);
    desk.send("gb", &order("o-2", "visitor:v", 5));
    assert_eq!(
        desk.customer("visitor:v").unwrap()["status"]["fields"]["points"]["value"],
        5
    );
    assert_eq!(counted(&desk, "kairos_dropped_total{market=\"gb\"}"), 1);
}

#[test]
fn a_cookie_joins_a_customer_only_where_somebody_allowed_that() {
    // C10: seen with the customer's number, and not remembered.
    let desk = desk();
    desk.send(
        "gb",
        &with(order("o-1", "crm:1", 5), "visitor", json!("visitor:v")),
    );
    let customer = desk.customer("crm:1").unwrap();
    assert_eq!(
        customer["status"]["fields"]["points"]["value"], 5,
        "the customer is known by the number"
    );
    assert_eq!(
        customer["identities"].as_array().unwrap().len(),
        1,
        "{customer:#}"
    );
    assert!(desk.customer("visitor:v").is_none());
    desk.send("gb", &says("c-1", "crm:1", "profiling", "granted"));
    desk.send(
        "gb",
        &with(order("o-2", "crm:1", 5), "visitor", json!("visitor:v")),
    );
    assert_eq!(desk.customer("visitor:v").unwrap()["id"], customer["id"]);
}

#[test]
fn what_an_event_says_is_dropped_where_its_purpose_is_not_allowed_and_what_was_done_is_not() {
    // B17, A21: nothing of the page is kept; that something waits is, or no cap would ever count it.
    let desk = desk();
    desk.send(
        "us",
        &lives(
            "m-1",
            "crm:1",
            json!({ "country": "US", "region": "US-CA" }),
        ),
    );
    let before = desk.customer("crm:1").unwrap();
    let reply = desk.send("us", &toys("t-1", "crm:1"));
    assert!(later(&reply).contains(&"audience/net".into()), "{reply:#}");
    let after = desk.customer("crm:1").unwrap();
    assert_eq!(after["status"]["fields"], before["status"]["fields"]);
    assert_eq!(after["status"]["segments"], before["status"]["segments"]);
    let pending = after["status"]["pending"].as_array().unwrap();
    assert!(pending.iter().any(|one| one["action"] == "audience"));
    assert_eq!(counted(&desk, "kairos_dropped_total{market=\"us\"}"), 1);
    let evidence = desk
        .decision(reply["decisions"][0]["id"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        (&evidence["event"]["data"], &evidence["known"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn an_event_that_may_not_be_kept_joins_nobody() {
    // C10, B17
    let desk = desk();
    desk.send("gb", &says("c-1", "visitor:v", "profiling", "granted"));
    desk.send("gb", &order("o-1", "visitor:v", 5));
    desk.send("gb", &order("o-2", "crm:1", 7));
    desk.at("2010-12-01T12:00:10Z");
    let stop = with(
        says("c-2", "crm:1", "profiling", "withdrawn"),
        "time",
        json!("2010-12-01T12:00:05Z"),
    );
    desk.send("gb", &stop);
    desk.send(
        "gb",
        &with(toys("t-1", "crm:1"), "visitor", json!("visitor:v")),
    );
    let points = |subject: &str| {
        desk.customer(subject).unwrap()["status"]["fields"]["points"]["value"].clone()
    };
    assert_eq!((points("crm:1"), points("visitor:v")), (json!(7), json!(5)));
    let desk = desk.restart();
    assert_ne!(
        desk.customer("crm:1").unwrap()["id"],
        desk.customer("visitor:v").unwrap()["id"]
    );
}
