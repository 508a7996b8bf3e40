//! A change is tried on recorded traffic before it acts (A35, golden 11).

use kairos::charter::Charter;
use kairos::decide::replay::{Instead, RecordedDecisions, Rehearsal, engines, reader, rehearse};
use kairos::evidence::query::Filter;
use kairos_tests::desk::{Desk, consent, order};
use kairos_tests::policies::policy;
use kairos_tests::retail_charter;
use std::sync::Arc;

fn rehearsed(desk: &Desk, instead: &Instead) -> Rehearsal {
    let data = desk.data();
    let (reader, engines) = (reader(&data).expect("a log"), engines(2).expect("engines"));
    let recorded = RecordedDecisions::survey((&data, &reader), &engines, &Filter::default());
    rehearse(&recorded.expect("a log"), (instead, 2), &|_, _| {})
}

/// Orders of twenty customers in two markets; every fourth has allowed nothing.
fn history() -> Desk {
    let desk = Desk::retail();
    for market in ["gb", "de"] {
        desk.policy(market, &policy(market));
    }
    for number in 0..20 {
        let (market, subject) = (["gb", "de"][number % 2], format!("crm:{}", 1 + number));
        if number % 4 != 0 {
            desk.send(
                market,
                &consent(&format!("c-{number}"), &subject, "confirmed"),
            );
        }
        desk.send(market, &order(&format!("o-{number}"), &subject, 139));
    }
    desk.node.store().log().flush().expect("a disk");
    desk
}

/// The example's charter with one thing changed.
fn charter(file: &str, from: &str, to: &str) -> Instead {
    let files = Charter::read(&retail_charter()).expect("files");
    let files: Vec<(String, String)> = files
        .into_iter()
        .map(|(name, text)| match name == file {
            true => {
                assert!(text.contains(from), "`{from}` is not in {name}");
                (name, text.replacen(from, to, 1))
            }
            false => (name, text),
        })
        .collect();
    let charter = Charter::compile(&files).unwrap_or_else(|error| panic!("{error}"));
    Instead {
        charter: Some(Arc::new(charter)),
        policy: None,
    }
}

#[test]
fn a_change_of_nothing_changes_nothing() {
    let desk = history();
    let rehearsal = rehearsed(&desk, &Instead::default());
    assert_eq!(
        (rehearsal.decisions, rehearsal.changed),
        (20, 0),
        "{rehearsal:#?}"
    );
    assert!(rehearsal.apart.is_empty() && rehearsal.examples.is_empty());
    let reason = charter(
        "charter.toml",
        "meaning    = \"",
        "meaning    = \"In other words: ",
    );
    assert_eq!(rehearsed(&desk, &reason).changed, 0);
}

// Golden 11: one rule of one market, and exactly the decisions that it affects.
#[test]
fn one_rule_of_one_market_changes_exactly_what_it_affects() {
    // A35, golden 11
    let desk = history();
    let later = charter(
        "markets/de.toml",
        "[actions.discount]\n",
        "[actions.review_request]\ndelay.min = \"20d\"\n\n[actions.discount]\n",
    );
    let rehearsal = rehearsed(&desk, &later);
    let recorded = rehearsal.actions["review_request"].recorded;
    let gb = 5;
    assert_eq!(
        rehearsal.by_market.keys().collect::<Vec<_>>(),
        ["de"],
        "{rehearsal:#?}"
    );
    assert_eq!(rehearsal.changed, recorded - gb, "{rehearsal:#?}");
    assert!(rehearsal.examples.iter().all(|one| one.market == "de"));
    assert_eq!(rehearsal.figure("changed.gb"), Some(0));
}

#[test]
fn a_rule_that_refuses_more_is_counted_by_its_name() {
    let desk = history();
    let auto = "automation = \"auto\"\nreach      = 20000";
    let never = charter("charter.toml", auto, &auto.replace("auto\"", "never\""));
    let rehearsal = rehearsed(&desk, &never);
    let acts = rehearsal.actions["review_request"];
    assert!(acts.recorded > 10 && acts.now == 0, "{rehearsal:#?}");
    let refused = rehearsal.figure("refused.automation").expect("a figure");
    assert!(refused >= acts.recorded as i64, "{rehearsal:#?}");
    assert_eq!(
        rehearsal.figure("acts.review_request"),
        Some(-(acts.recorded as i64))
    );
    assert_eq!(rehearsal.figure("refused.nothing"), None);
}

#[test]
fn another_policy_is_tried_in_its_market_alone() {
    let desk = history();
    let other = Instead {
        charter: None,
        policy: Some(("de".into(), Arc::from(policy("fr")))),
    };
    let rehearsal = rehearsed(&desk, &other);
    // What France's policy asks for is not granted to Germany: it does not load there, and that is said.
    let (why, count) = rehearsal.apart.iter().next().expect("a reason");
    assert_eq!(*count, 10, "{rehearsal:#?}");
    assert!(why.contains("does not load"), "{why}");
    assert_eq!(rehearsal.by_market.get("gb"), None);
}
