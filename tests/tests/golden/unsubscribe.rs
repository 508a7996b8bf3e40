//! Golden 1: whoever says stop is not written to, from the next decision on, anywhere.

use std::sync::Barrier;

use kairos_tests::{Host, Request};
use serde_json::{Value, json};

use crate::{consent, order};

const NOON: &str = "2026-10-07T11:00:00Z";
const AT_ONCE: usize = 64;

/// Where in the log a reply's record is.
fn position(reply: &Value) -> u64 {
    let state = reply["state"].as_str().unwrap();
    state.split_once('.').unwrap().1.parse().unwrap()
}

fn writes(reply: &Value) -> bool {
    reply["decisions"][0]["scheduled"]
        .as_array()
        .is_some_and(|scheduled| !scheduled.is_empty())
}

#[test]
fn an_unsubscribe_holds_from_the_next_decision_in_all_markets_and_for_what_waits() {
    // Golden 1, D13, A23: one click on the link of one mail, while 64 decisions about the same person are on their way.
    let host = Host::retail(NOON);
    for market in ["gb", "de", "fr", "us"] {
        host.explained(
            market,
            &consent(
                &format!("c-{market}"),
                ("crm:1", NOON),
                "confirmed",
                &["email"],
            ),
        );
    }
    let first = host.explained("gb", &order("first", ("crm:1", NOON), 500));
    let link = first["decisions"][0]["scheduled"][0]["unsubscribe"]
        .as_str()
        .expect("a way out")
        .to_owned();
    let barrier = Barrier::new(AT_ONCE + 1);
    let (replies, unsubscribed) = std::thread::scope(|scope| {
        let decisions: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (host, barrier) = (&host, &barrier);
                scope.spawn(move || {
                    let market = ["gb", "de", "fr", "us"][number % 4];
                    let order = order(&format!("o-{number}"), ("crm:1", NOON), 40);
                    barrier.wait();
                    host.explained(market, &order)
                })
            })
            .collect();
        barrier.wait();
        let answer = host.ask(&Request {
            method: "POST",
            path: &link,
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            body: b"List-Unsubscribe=One-Click",
        });
        assert_eq!(answer.status, 200, "{}", answer.body);
        let replies: Vec<Value> = decisions
            .into_iter()
            .map(|decision| decision.join().unwrap())
            .collect();
        (replies, answer.json())
    });
    let stop = position(&unsubscribed);
    for reply in &replies {
        assert!(!writes(reply) || position(reply) < stop, "{reply:#}");
    }
    assert_eq!(
        host.customer("crm:1")["status"]["pending"],
        json!([]),
        "what waited is off"
    );
    for market in ["gb", "de", "fr", "us"] {
        let reply = host.explained(
            market,
            &order(&format!("after-{market}"), ("crm:1", NOON), 40),
        );
        assert!(!writes(&reply), "{market}: {reply:#}");
    }
}
