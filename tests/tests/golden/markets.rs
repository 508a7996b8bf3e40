//! Golden 4, 5 and 7: the same event in several markets, a policy that wants more than it may, sources that disagree.

use kairos::policy::{Decision, Proposal, Timing};
use kairos::value::{Kind, Value};
use kairos_tests::guest::{Guest, input, may_propose, quiet_manifest};
use kairos_tests::{Host, retail_charter};
use serde_json::json;

use crate::{changed, consent, order, told};

/// Wednesday noon in London.
const NOON: &str = "2026-10-07T11:00:00Z";

#[test]
fn the_same_order_is_answered_as_the_law_of_each_market_asks() {
    // Golden 4, A34, C22: Germany without double opt-in: no message. United Kingdom, soft opt-in: mail. United States: mail
    // until somebody objects, a text message only with written consent.
    let host = Host::retail(NOON);
    let cases = [
        ("de", "crm:1", &[("granted", "email")][..], "hold"),
        (
            "de",
            "crm:2",
            &[("confirmed", "email")],
            "act, later review_request/email",
        ),
        (
            "gb",
            "crm:3",
            &[],
            "act, now thank_you_banner/web, refused review_request/email:consent",
        ),
        (
            "gb",
            "crm:4",
            &[("soft", "email")],
            "act, now thank_you_banner/web, later review_request/email",
        ),
        (
            "us",
            "crm:5",
            &[],
            "act, later review_request/email, refused review_request/sms:consent",
        ),
        (
            "us",
            "crm:6",
            &[("soft", "sms")],
            "act, later review_request/email, refused review_request/sms:consent",
        ),
        (
            "us",
            "crm:7",
            &[("granted", "sms")],
            "act, later review_request/email review_request/sms",
        ),
        (
            "us",
            "crm:8",
            &[("withdrawn", "email")],
            "refused, refused review_request/email:consent review_request/sms:consent",
        ),
    ];
    for (market, subject, said, expected) in cases {
        for (state, channel) in said {
            let id = format!("consent-{subject}-{channel}");
            host.explained(market, &consent(&id, (subject, NOON), state, &[channel]));
        }
        let reply = host.explained(
            market,
            &order(&format!("order-{subject}"), (subject, NOON), 40),
        );
        assert_eq!(told(&reply), expected, "{market} {said:?}: {reply:#}");
    }
}

#[test]
fn a_text_message_waits_for_the_hours_of_the_customers_state() {
    // Golden 4, A33, A34: the policy proposes seven in the evening. In Rhode Island that is an hour too late, in Florida not;
    // where the state is not known, the hours of all states apply.
    let host = Host::retail(NOON);
    let cases = [
        ("crm:1", "US-FL", "America/New_York", "2026-10-16T23:00:00Z"),
        ("crm:2", "US-RI", "America/New_York", "2026-10-17T14:00:00Z"),
        ("crm:3", "US-TX", "America/Chicago", "2026-10-17T00:00:00Z"),
        ("crm:4", "", "America/New_York", "2026-10-17T14:00:00Z"),
    ];
    for (subject, region, zone, due) in cases {
        let mut data = json!({ "country": "US", "time_zone": zone });
        if !region.is_empty() {
            data["region"] = json!(region);
        }
        host.explained(
            "us",
            &changed(&format!("m-{subject}"), (subject, NOON), data),
        );
        host.explained(
            "us",
            &consent(
                &format!("c-{subject}"),
                (subject, NOON),
                "granted",
                &["sms"],
            ),
        );
        let reply = host.explained("us", &order(&format!("o-{subject}"), (subject, NOON), 40));
        let scheduled = reply["decisions"][0]["scheduled"].as_array().unwrap();
        let message = scheduled
            .iter()
            .find(|one| one["channel"] == "sms")
            .unwrap();
        assert_eq!(message["due"], due, "{region}: {reply:#}");
    }
}

#[test]
fn the_law_of_the_residence_counts_where_it_is_stricter_than_the_markets() {
    // C22: a resident of Germany who buys in the United Kingdom.
    let host = Host::retail(NOON);
    host.explained(
        "gb",
        &changed("m-1", ("crm:1", NOON), json!({ "country": "DE" })),
    );
    host.explained(
        "gb",
        &consent("c-1", ("crm:1", NOON), "granted", &["email"]),
    );
    let reply = host.explained("gb", &order("o-1", ("crm:1", NOON), 40));
    assert_eq!(
        told(&reply),
        "act, now thank_you_banner/web, refused review_request/email:consent"
    );
    host.explained(
        "gb",
        &consent("c-2", ("crm:1", NOON), "confirmed", &["email"]),
    );
    let reply = host.explained("gb", &order("o-2", ("crm:1", NOON), 40));
    assert_eq!(
        told(&reply),
        "act, now thank_you_banner/web, later review_request/email"
    );
}

/// A policy of France that proposes a text message at ten in the evening, which its manifest does not declare.
fn widening() -> Vec<u8> {
    let mut manifest = quiet_manifest();
    manifest.owner = "marketing-fr@gifts.example".into();
    let moment = &mut manifest.moments[0];
    moment.name = "order_placed".into();
    moment.data = vec![input("order", Kind::Text)];
    moment.reads.clear();
    moment.proposes = vec![may_propose("loyalty_banner", &["web"])];
    let proposal = Proposal {
        action: "review_request".into(),
        channel: "sms".into(),
        timing: Timing::Local {
            days: 0,
            minute: 22 * 60,
        },
        lapses_after: None,
        key: None,
        parameters: vec![("order".into(), Value::Text("1".into()))],
        cancel_on: Vec::new(),
        score: 1.0,
        reason: "tier".into(),
    };
    let mut guest = Guest::that_decides(Decision::Act(vec![proposal]));
    guest.manifest = manifest;
    guest.component()
}

#[test]
fn a_policy_that_tries_to_widen_is_refused_and_then_quarantined() {
    // Golden 5, A06, C22.
    let folder = tempfile::tempdir().unwrap();
    let central = std::fs::read_to_string(retail_charter().join("charter.toml")).unwrap();
    let (before, france) = central.split_once("[markets.fr]").unwrap();
    let france = france.replacen("local-fields = 10", "local-fields = 10, violations = 3", 1);
    std::fs::write(
        folder.path().join("charter.toml"),
        format!("{before}[markets.fr]{france}"),
    )
    .unwrap();
    let host = Host::still(folder.path(), NOON);
    host.policy("fr", &widening());
    for number in 0..4 {
        let reply = host.explained("fr", &order(&format!("o-{number}"), ("crm:1", NOON), 40));
        assert_eq!(told(&reply), "refused, refused review_request/sms:declared");
    }
    let reply = host.explained("fr", &order("o-9", ("crm:1", NOON), 40));
    let decision = &reply["decisions"][0];
    assert_eq!(decision["outcome"], "fallback", "{reply:#}");
    let because = decision["because"].as_str().unwrap();
    assert!(because.contains("marketing-fr@gifts.example"), "{because}");
    let stops = host.get("/v1/stops").json();
    let scope = stops["stops"][0]["scope"].as_str().unwrap();
    assert!(scope.starts_with("policy:sha256:"), "{stops:#}");
    let evidence = host.get(&format!(
        "/v1/decisions/{}",
        decision["id"].as_str().unwrap()
    ));
    assert_eq!(evidence.json()["outcome"], "fallback");
}

#[test]
fn the_leading_source_wins_and_the_conflict_is_counted() {
    // Golden 7, A13, A17, C08, C11, C13: the CRM says Germany, the shop says France later.
    let folder = tempfile::tempdir().unwrap();
    let central = std::fs::read_to_string(retail_charter().join("charter.toml")).unwrap();
    let central = central.replacen(
        "\"document.downloaded\", \"consent",
        "\"document.downloaded\", \"customer.changed\", \"consent",
        1,
    );
    std::fs::write(folder.path().join("charter.toml"), central).unwrap();
    let host = Host::still(folder.path(), NOON);
    host.explained(
        "gb",
        &changed(
            "m-1",
            ("crm:1", "2026-10-07T09:00:00Z"),
            json!({ "country": "DE" }),
        ),
    );
    let mut later = changed(
        "m-2",
        ("crm:1", "2026-10-07T10:00:00Z"),
        json!({ "country": "FR" }),
    );
    later["source"] = json!("shop");
    host.explained("gb", &later);
    let country = host.customer("crm:1")["status"]["fields"]["country"].clone();
    assert_eq!(country["value"], "DE");
    assert_eq!(
        (&country["source"], &country["event"]),
        (&json!("crm"), &json!("m-1"))
    );
    assert_eq!(country["occurred_at"], "2026-10-07T09:00:00Z");
    let figures = host.get("/metrics").body;
    assert!(
        figures.contains("kairos_field_conflicts_total{field=\"country\"} 1"),
        "{figures}"
    );
}
