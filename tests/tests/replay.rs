//! What was decided is decided again, bit for bit (A10, C14).

use kairos::decide::replay::{Apart, Tally, replay_all};
use kairos::evidence::query::Filter;
use kairos::ids::DecisionId;
use kairos_tests::desk::{Desk, consent, event, order};
use kairos_tests::policies::policy;
use serde_json::{Value, json};

const MARKETS: [&str; 5] = ["gb", "de", "fr", "nl", "us"];

fn replayed(desk: &Desk, filter: &Filter) -> Tally {
    replay_all(&desk.data(), filter, 2, &|_, _| {}).expect("a log that reads")
}

/// Some days of a shop: people who order, cancel, look, fill carts and leave them, consent and object; a stop, a new charter.
fn history() -> Desk {
    let desk = Desk::retail();
    for market in MARKETS {
        desk.policy(market, &policy(market));
    }
    for day in 1..=9 {
        for (number, market) in MARKETS.into_iter().enumerate() {
            let now = format!("2010-12-0{day}T{:02}:00:00Z", 8 + number);
            desk.at(&now);
            let send = |mut event: Value| {
                event["time"] = json!(now);
                desk.send(market, &event)
            };
            let subject = format!("crm:{}", 1 + number % 3);
            let id = |what: &str| format!("{what}-{market}-{day}");
            if day % 4 == 1 {
                let state = if day == 5 { "withdrawn" } else { "confirmed" };
                send(consent(&id("c"), &subject, state));
            }
            send(order(&id("o"), &subject, 40 * day));
            let skus = json!({ "skus": ["85123A", "71053"], "value": { "amount": "60.00", "currency": "GBP" } });
            send(event(&id("k"), "cart.updated", &subject, skus));
            let viewed = json!({ "sku": "85123A", "business": day > 5 });
            send(event(&id("v"), "product.viewed", &subject, viewed));
        }
        desk.at(&format!("2010-12-0{day}T20:00:00Z"));
        desk.tick();
    }
    desk
}

fn closed(desk: &Desk) {
    desk.node.store().log().flush().expect("a disk");
}

#[test]
fn every_recorded_decision_comes_out_the_same() {
    // A10, C14
    let desk = history();
    closed(&desk);
    let all = replayed(&desk, &Filter::default());
    assert!(all.is_same(), "{all:#?}");
    assert!(all.same > 60 && all.other_fuel == 0, "{all:?}");
    // Some of them alone.
    let one = |filter| replayed(&desk, &filter).same;
    let markets = MARKETS.map(|market| {
        one(Filter {
            market: Some(market.into()),
            ..Filter::default()
        })
    });
    assert_eq!(markets.iter().sum::<u64>(), all.same);
}

#[test]
fn what_was_recorded_otherwise_is_named() {
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let reply = desk.send("gb", &order("o-1", "crm:1", 139));
    closed(&desk);
    let id = reply["decisions"][0]["id"].as_str().expect("a decision");
    let filter = Filter {
        decision: DecisionId::parse(id),
        ..Filter::default()
    };
    assert_eq!(replayed(&desk, &filter).same, 1);
    // The policy that answered is gone from what is kept: it is said which, and where to put it.
    let kept = desk.data().join("kept");
    let digest = desk.decision(id).expect("evidence")["policy"]["digest"].clone();
    let file = kept.join(digest.as_str().expect("a digest").replace(':', "-"));
    let wasm = std::fs::read(&file).expect("a component");
    std::fs::remove_file(&file).expect("removed");
    let without = replayed(&desk, &filter);
    let (why, count) = without.missing.iter().next().expect("something missing");
    assert_eq!(*count, 1);
    assert!(
        why.contains(digest.as_str().expect("a digest"))
            && why.contains(&kept.display().to_string()),
        "{why}"
    );
    std::fs::write(&file, wasm).expect("put back");
    assert_eq!(replayed(&desk, &filter).same, 1);
}

#[test]
fn what_nobody_may_keep_is_counted_apart() {
    let desk = Desk::retail();
    desk.policy("fr", &policy("fr"));
    let viewed = json!({ "sku": "85123A" });
    let reply: Value = desk.send("fr", &event("v-1", "product.viewed", "crm:1", viewed));
    assert_eq!(
        reply["decisions"].as_array().map(Vec::len),
        Some(1),
        "{reply:#}"
    );
    closed(&desk);
    let all = replayed(&desk, &Filter::default());
    assert_eq!(
        (all.same, all.apart.get(&Apart::Forgotten)),
        (0, Some(&1)),
        "{all:?}"
    );
}
