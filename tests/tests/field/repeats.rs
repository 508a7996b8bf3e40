//! The same bytes are always a repeat.

use kairos_tests::Host;
use serde_json::{Value, json};

const CENTRAL: &str = include_str!("../../src/office.toml");

fn order(data: &[(&str, Value)]) -> Value {
    let mut order = kairos_tests::office::order("o-1", "crm:1");
    for (name, value) in data {
        order["data"][*name] = value.clone();
    }
    order
}

/// With one more datum of orders, which may be left out.
fn widened() -> String {
    let datum = "data    = { order = { type = \"text\", required = true } }";
    let more =
        "data    = { order = { type = \"text\", required = true }, gift = { type = \"flag\" } }";
    assert!(CENTRAL.contains(datum));
    CENTRAL.replacen(datum, more, 1)
}

fn post(host: &Host, order: &Value) -> (u16, bool) {
    let answer = host.post("gb", &order.to_string());
    (answer.status, answer.header("kairos-repeated").is_some())
}

#[test]
fn declaring_one_more_datum_makes_no_repeat_a_conflict() {
    let host = Host::with(&[("charter.toml", CENTRAL)]);
    let first = order(&[("gift", json!(true))]);
    assert_eq!(post(&host, &first), (200, false));
    let place = host.place();
    drop(host);
    place.put_in_charter("charter.toml", Some(&widened()));
    let host = place.start().expect("a host");
    assert_eq!(post(&host, &first), (200, true));
    // What was not declared did not count then, and does not now: the same order with it or without is one.
    assert_eq!(post(&host, &order(&[])), (200, true));
    // What counted then still does.
    assert_eq!(post(&host, &order(&[("order", json!("another"))])).0, 409);
    // What comes first under the new charter is compared under it.
    let mut later = order(&[("gift", json!(true))]);
    later["id"] = json!("o-2");
    assert_eq!(post(&host, &later), (200, false));
    later["data"]["gift"] = json!(false);
    assert_eq!(post(&host, &later).0, 409);
}

#[test]
fn what_a_charter_before_took_is_a_repeat_where_the_charter_now_would_refuse_it() {
    let host = Host::with(&[("charter.toml", CENTRAL)]);
    let first = order(&[("gift", json!(5))]);
    assert_eq!(post(&host, &first), (200, false));
    let place = host.place();
    drop(host);
    let required = widened().replace(
        "gift = { type = \"flag\" }",
        "gift = { type = \"flag\", required = true }",
    );
    place.put_in_charter("charter.toml", Some(&required));
    let host = place.start().expect("a host");
    assert_eq!(post(&host, &first), (200, true), "a number is no flag");
    assert_eq!(post(&host, &order(&[])), (200, true), "it is required now");
    let mut new = order(&[]);
    new["id"] = json!("o-2");
    assert_eq!(
        post(&host, &new).0,
        422,
        "what is new is judged by the charter now"
    );
}
