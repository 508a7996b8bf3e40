//! The same bytes are always a repeat.

use kairos_tests::desk::{Desk, Rejected};
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

#[test]
fn declaring_one_more_datum_makes_no_repeat_a_conflict() {
    let desk = kairos_tests::office::desk();
    let first = order(&[("gift", json!(true))]);
    desk.send("gb", &first);
    let more = widened();
    let desk = desk.restart_with(&[("charter.toml", &more)]);
    let (_, repeated) = desk.try_send("gb", &first).expect("a repeat");
    assert!(repeated);
    // What was not declared did not count then, and does not now: the same order with it or without is one.
    let (_, repeated) = desk.try_send("gb", &order(&[])).expect("a repeat");
    assert!(repeated);
    // What counted then still does.
    let mut other = first.clone();
    other["data"]["order"] = json!("another");
    assert!(matches!(
        desk.try_send("gb", &other),
        Err(Rejected::Undecided(_))
    ));
}

#[test]
fn what_was_declared_and_differs_is_a_conflict_as_before() {
    let more = widened();
    let desk = Desk::with(&[("charter.toml", &more)]);
    desk.send("gb", &order(&[("gift", json!(true))]));
    assert!(matches!(
        desk.try_send("gb", &order(&[("gift", json!(false))])),
        Err(Rejected::Undecided(_))
    ));
    assert!(matches!(
        desk.try_send("gb", &order(&[])),
        Err(Rejected::Undecided(_))
    ));
}
