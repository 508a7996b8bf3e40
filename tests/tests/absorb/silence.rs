//! Silences: nothing has come for a time. The timer is durable, fires once, and asks with what is true then.

use kairos_tests::desk::Desk;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{at, desk, later, moments, order, says, viewed, with};

fn cart(id: &str, subject: &str, minute: u32, skus: &[&str]) -> Value {
    at(
        &time(minute),
        id,
        "cart.updated",
        subject,
        json!({ "skus": skus }),
    )
}

fn bought(id: &str, subject: &str, minute: u32) -> Value {
    with(order(id, subject, 5), "time", json!(time(minute)))
}

fn time(minute: u32) -> String {
    format!("2010-12-01T{:02}:{:02}:00Z", 12 + minute / 60, minute % 60)
}

/// The moments of what fires at a minute.
fn fires(desk: &Desk, minute: u32) -> Vec<String> {
    desk.at(&time(minute));
    desk.tick().iter().flat_map(moments).collect()
}

#[test]
fn a_cart_that_was_left_is_asked_about_once_when_its_time_has_come() {
    // A04, A44, B08, B10, D16
    let desk = desk();
    let reply = desk.send("gb", &cart("c-1", "crm:1", 0, &["1"]));
    assert_eq!(reply["decisions"], json!([]), "not milliseconds later");
    let waits = desk.customer("crm:1").unwrap()["status"]["waits_for"].clone();
    assert_eq!(
        waits,
        json!([{ "moment": "cart_left", "market": "gb", "due": "2010-12-01T12:45:00Z" }])
    );
    assert_eq!(fires(&desk, 44), [] as [&str; 0]);
    desk.at(&time(45));
    let fired = desk.tick();
    assert_eq!(fired.len(), 1);
    assert_eq!(moments(&fired[0]), ["cart_left"]);
    assert_eq!(fired[0]["decisions"][0]["outcome"], "act", "{:#}", fired[0]);
    let id = fired[0]["decisions"][0]["id"].as_str().unwrap();
    let evidence = desk.decision(id).unwrap();
    assert_eq!(
        (
            &evidence["event"]["type"],
            &evidence["event"]["source"],
            &evidence["event"]["data"]
        ),
        (
            &json!("silence.elapsed"),
            &json!("kairos"),
            &json!({ "moment": "cart_left" })
        )
    );
    assert_eq!(fires(&desk, 60), [] as [&str; 0], "and never again");
    assert_eq!(
        desk.customer("crm:1").unwrap()["status"]["waits_for"],
        json!([])
    );
}

#[test]
fn every_change_begins_the_time_anew_and_an_order_ends_it() {
    // D16, golden 2 as far as it goes without delivery.
    let desk = desk();
    for (id, minute) in [("c-1", 0), ("c-2", 30)] {
        desk.at(&time(minute));
        desk.send("gb", &cart(id, "crm:1", minute, &["1"]));
    }
    assert_eq!(fires(&desk, 74), [] as [&str; 0]);
    assert_eq!(fires(&desk, 75), ["cart_left"]);
    desk.send("gb", &cart("c-3", "crm:2", 75, &["1"]));
    desk.at(&time(80));
    desk.send("de", &bought("o-1", "crm:2", 80));
    let us = desk.customer("crm:2").unwrap()["status"]["waits_for"].clone();
    assert_ne!(us, json!([]), "a market without the moment does not end it");
    desk.send("us", &bought("o-2", "crm:2", 80));
    assert_eq!(
        fires(&desk, 400),
        [] as [&str; 0],
        "one that has it ends it in all"
    );
}

#[test]
fn what_is_true_then_decides() {
    // D16: an emptied cart is no cart; consent given meanwhile counts, consent withdrawn too.
    let desk = desk();
    desk.send("gb", &cart("c-1", "crm:1", 0, &["1"]));
    desk.send("gb", &cart("c-2", "crm:2", 0, &["1"]));
    desk.send("gb", &says("y-1", "crm:2", "marketing", "granted"));
    desk.at(&time(10));
    desk.send("gb", &cart("c-3", "crm:1", 10, &[]));
    desk.at(&time(55));
    let fired = desk.tick();
    let asked: Vec<_> = fired
        .iter()
        .filter(|reply| !moments(reply).is_empty())
        .collect();
    assert_eq!(asked.len(), 1, "{fired:#?}");
    assert!(
        later(asked[0]).contains(&"offer/email".into()),
        "{:#}",
        asked[0]
    );
}

#[test]
fn a_timer_survives_a_restart_and_a_crash_and_fires_exactly_once() {
    // A04: durable, also before the view has heard of it.
    let desk = desk();
    desk.send("gb", &cart("c-1", "crm:1", 0, &["1"]));
    let crashed = desk.after_a_crash();
    crashed.policy("gb", &crate::guest("gb", &crate::MOMENTS).component());
    assert_eq!(fires(&crashed, 45), ["cart_left"]);
    let crashed = crashed.restart();
    assert_eq!(
        fires(&crashed, 90),
        [] as [&str; 0],
        "fired before the restart"
    );
    let desk = desk.restart();
    desk.policy("gb", &crate::guest("gb", &crate::MOMENTS).component());
    assert_eq!(fires(&desk, 46), ["cart_left"]);
    let again = desk.after_a_crash();
    assert_eq!(fires(&again, 90), [] as [&str; 0]);
}

#[test]
fn a_host_that_was_down_too_long_asks_nobody() {
    // A44: a day late is too late by the charter.
    let desk = desk();
    desk.send("gb", &cart("c-1", "crm:1", 0, &["1"]));
    desk.at("2010-12-02T12:46:00Z");
    let fired = desk.tick();
    assert_eq!(fired.iter().flat_map(moments).count(), 0, "{fired:#?}");
    assert_eq!(
        desk.customer("crm:1").unwrap()["status"]["waits_for"],
        json!([])
    );
}

#[test]
fn each_market_waits_for_itself() {
    let desk = desk();
    desk.send("gb", &cart("c-1", "crm:1", 0, &["1"]));
    desk.at(&time(10));
    desk.send("us", &cart("c-2", "crm:1", 10, &["1"]));
    desk.send("de", &cart("c-3", "crm:2", 10, &["1"]));
    assert_eq!(fires(&desk, 45), ["cart_left"]);
    assert_eq!(fires(&desk, 55), ["cart_left"]);
    assert_eq!(
        fires(&desk, 500),
        [] as [&str; 0],
        "`de` was not granted the moment"
    );
}

#[test]
fn two_who_become_one_wait_once_and_an_order_of_one_ends_the_silence_of_the_other() {
    // C10
    let desk = desk();
    for visitor in ["a", "b"] {
        desk.send(
            "gb",
            &says(
                &format!("y-{visitor}"),
                &format!("visitor:{visitor}"),
                "profiling",
                "granted",
            ),
        );
        desk.send(
            "gb",
            &cart(
                &format!("c-{visitor}"),
                &format!("visitor:{visitor}"),
                0,
                &["1"],
            ),
        );
    }
    desk.at(&time(5));
    desk.send("gb", &cart("c-1", "crm:1", 5, &["1"]));
    desk.send("gb", &bought("o-2", "crm:2", 5));
    for (number, visitor) in [(1, "a"), (2, "b")] {
        let login = with(
            viewed(&format!("v-{visitor}"), &format!("crm:{number}")),
            "visitor",
            json!(format!("visitor:{visitor}")),
        );
        desk.send("gb", &login);
    }
    assert_eq!(
        fires(&desk, 45),
        [] as [&str; 0],
        "the younger of the two counts"
    );
    assert_eq!(fires(&desk, 50), ["cart_left"]);
    assert_eq!(fires(&desk, 500), [] as [&str; 0]);
}

/// One thing that happens to a cart, at some minute.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Cart(u32),
    Order(u32),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_silence_follows_from_when_things_happened_not_from_when_they_arrived(
        happened in prop::collection::vec((0..40u32, any::<bool>()), 1..6),
        seed in any::<u64>(),
    ) {
        // A16, D16: all arrive by the fortieth minute, in any order; the last of them decides.
        let happened: Vec<Happens> = happened
            .into_iter()
            .map(|(minute, is_cart)| if is_cart { Happens::Cart(minute) } else { Happens::Order(minute) })
            .collect();
        let last_cart = happened.iter().filter_map(|one| match one { Happens::Cart(minute) => Some(*minute), Happens::Order(_) => None }).max();
        let last_order = happened.iter().filter_map(|one| match one { Happens::Order(minute) => Some(*minute), Happens::Cart(_) => None }).max();
        let mut order = happened.clone();
        let length = order.len();
        for place in 0..length {
            order.swap(place, (seed as usize).wrapping_mul(place + 3) % length);
        }
        let desk = desk();
        desk.at(&time(40));
        for (number, one) in order.iter().enumerate() {
            match one {
                Happens::Cart(minute) => desk.send("gb", &cart(&format!("e-{number}"), "crm:1", *minute, &["1"])),
                Happens::Order(minute) => desk.send("gb", &bought(&format!("e-{number}"), "crm:1", *minute)),
            };
        }
        // Of one minute, what ends it counts.
        let left = last_cart.filter(|cart| last_order.is_none_or(|order| order < *cart));
        let mut fired = Vec::new();
        for minute in 40..130 {
            fired.extend(fires(&desk, minute).into_iter().map(|_| minute));
        }
        prop_assert_eq!(fired, left.map(|minute| (minute + 45).max(40)).into_iter().collect::<Vec<_>>());
    }
}
