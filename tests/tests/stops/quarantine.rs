//! A policy that proposes what it may not, again and again: the host takes it out of service, and says whom to call.

use kairos::clock::Span;
use kairos::policy::{Proposal, Timing};
use kairos_tests::desk::{Desk, consent};
use kairos_tests::office::{self, banner, order, policy, proposal, voucher};
use serde_json::Value;

use crate::{lift, listed};

const FALLBACK: &str = r#"
market  = "gb"
charter = "1"
owner   = "marketing-gb@gifts.example"

[fallback]
order_placed = { action = "banner", channel = "web", parameters = { points = 1 } }
"#;

/// Three proposals, each outside of a bound of its own: what its manifest declares, a parameter, a channel's time.
fn hostile() -> Vec<u8> {
    let later = Proposal {
        timing: Timing::After(Span::from_days(1)),
        ..banner(5)
    };
    let undeclared = proposal("insight", "web", &[]);
    policy(&[undeclared, voucher(1_000_000), later])
}

fn office() -> Desk {
    Desk::with(&office::files(FALLBACK))
}

/// What an order leads to.
fn outcome(desk: &Desk, id: &str) -> (String, Value) {
    let reply = desk.send("gb", &order(id, "crm:1"));
    let decision = reply["decisions"][0].clone();
    (decision["outcome"].as_str().unwrap().to_owned(), decision)
}

/// The rules that refused, in the order of the proposals.
fn rules(decision: &Value) -> Vec<&str> {
    let refused = decision["refused"].as_array().expect("refusals");
    let rule = |refused: &Value| refused["rule"].as_str().map(str::to_owned);
    assert!(refused.iter().all(|refused| rule(refused).is_some()));
    refused
        .iter()
        .map(|refused| refused["rule"].as_str().unwrap())
        .collect()
}

#[test]
fn a_policy_outside_of_its_bounds_is_quarantined_and_the_fallback_answers() {
    // A06, A29, A32, golden 5: the charter allows three in an hour.
    let desk = office();
    desk.policy("gb", &hostile());
    let (first, decision) = outcome(&desk, "o-1");
    assert_eq!(first, "refused", "{decision:#}");
    let refused = rules(&decision);
    assert_eq!(refused.len(), 3);
    assert!(
        refused
            .iter()
            .all(|rule| ["declared", "granted", "parameters", "timing"].contains(rule)),
        "{refused:?}"
    );
    assert_eq!(listed(&desk), [""; 0], "three are within the number");
    assert_eq!(
        outcome(&desk, "o-2").0,
        "refused",
        "in one moment, in the next"
    );
    let digest = kairos::ids::Digest::of(&hostile());
    let expected = format!(
        "policy:{digest} since 2010-12-01T12:00:00Z by kairos: 6 proposals outside of its manifest or frame in one hour; \
         tell marketing-gb@gifts.example"
    );
    assert_eq!(listed(&desk), std::slice::from_ref(&expected));
    let (third, decision) = outcome(&desk, "o-3");
    assert_eq!(third, "fallback", "{decision:#}");
    assert_eq!(decision["actions"][0]["parameters"]["points"], 1);
    let because = decision["because"].as_str().unwrap();
    assert!(
        because.contains("tell marketing-gb@gifts.example"),
        "{because}"
    );
    let figures = desk.figures();
    assert!(
        figures.contains("kairos_policy_violations_total{market=\"gb\"} 6"),
        "{figures}"
    );
    let desk = desk.restart();
    assert_eq!(listed(&desk), [expected], "it survives a restart");
    desk.policy("gb", &hostile());
    assert_eq!(outcome(&desk, "o-4").0, "fallback");
}

#[test]
fn a_lifted_quarantine_begins_anew() {
    // A06
    let desk = office();
    desk.policy("gb", &hostile());
    outcome(&desk, "o-1");
    outcome(&desk, "o-2");
    let digest = kairos::ids::Digest::of(&hostile()).to_string();
    lift(&desk, &format!("policy:{}", &digest[..19]));
    assert_eq!(outcome(&desk, "o-3").0, "refused", "it is asked again");
    assert_eq!(listed(&desk), [""; 0], "and has its number again");
    outcome(&desk, "o-4");
    assert_eq!(listed(&desk).len(), 1);
}

#[test]
fn a_better_version_takes_over_from_one_in_quarantine() {
    // A06, C27: the stop is the version's, not the market's.
    let desk = office();
    desk.policy("gb", &hostile());
    outcome(&desk, "o-1");
    outcome(&desk, "o-2");
    assert_eq!(outcome(&desk, "o-3").0, "fallback");
    desk.policy("gb", &policy(&[banner(5)]));
    assert_eq!(outcome(&desk, "o-4").0, "act");
}

#[test]
fn violations_of_an_hour_ago_do_not_count() {
    // A06
    let desk = office();
    desk.policy("gb", &hostile());
    for (hour, id) in [(12, "o-1"), (13, "o-2"), (14, "o-3")] {
        desk.at(&format!("2010-12-01T{hour}:59:59Z"));
        assert_eq!(outcome(&desk, id).0, "refused");
    }
    assert_eq!(listed(&desk), [""; 0]);
}

#[test]
fn what_is_refused_for_the_customers_sake_is_no_violation() {
    // A06: no policy can know every consent and every cap.
    let desk = office();
    desk.policy("gb", &policy(&[voucher(500)]));
    for number in 0..8 {
        let (outcome, decision) = outcome(&desk, &format!("o-{number}"));
        assert_eq!(outcome, "refused");
        assert_eq!(rules(&decision), ["consent"]);
    }
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    assert_eq!(outcome(&desk, "o-9").0, "act");
    assert_eq!(listed(&desk), [""; 0]);
}
