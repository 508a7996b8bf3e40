//! What went wrong in the field: inputs of kinds that others took for what they were not. Each with what is right.

#[path = "field/consents.rs"]
mod consents;
#[path = "field/names.rs"]
mod names;
#[path = "field/objections.rs"]
mod objections;
#[path = "field/places.rs"]
mod places;
#[path = "field/repeats.rs"]
mod repeats;
#[path = "field/restart.rs"]
mod restart;
#[path = "field/shown.rs"]
mod shown;

use kairos_tests::{Answer, Host, Request};
use serde_json::{Value, json};

/// An event of now, as the shop sends it.
fn event(id: &str, kind: &str, subject: &str, data: &Value) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "shop/gb", "type": kind, "subject": subject, "channel": "web", "data": data })
}

fn order(id: &str, subject: &str, pounds: &str) -> Value {
    let data = json!({ "order": id, "total": { "amount": pounds, "currency": "GBP" }, "skus": ["A"], "quantities": [1] });
    event(id, "order.placed", subject, &data)
}

fn put_consent(host: &Host, subject: &str, body: &Value) -> Answer {
    let path = format!("/v1/customers/{subject}/consents/marketing");
    host.call("PUT", &path, body, "")
}

fn find(host: &Host, subject: &str) -> Answer {
    let body = json!({ "subject": subject });
    host.call("POST", "/v1/customers/find", &body, "")
}

/// The consents of somebody who is known: purpose, channel, state.
fn consents(host: &Host, subject: &str) -> Vec<(String, Option<String>, String)> {
    let found = find(host, subject);
    if found.status != 200 {
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let found = found.json();
    let said = found["consents"].as_array().expect("consents");
    said.iter()
        .map(|said| {
            let word = |name: &str| text(&said[name]).unwrap_or_default();
            (word("purpose"), text(&said["channel"]), word("state"))
        })
        .collect()
}

fn post_with(host: &Host, market: &str, event: &Value, header: (&str, &str)) -> Answer {
    host.ask(&Request {
        method: "POST",
        path: &format!("/v1/markets/{market}/events"),
        headers: &[("content-type", "application/cloudevents+json"), header],
        body: event.to_string().as_bytes(),
    })
}
