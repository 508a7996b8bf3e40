//! Golden 15: three in a week, over all channels and both ways in.

use kairos::policy::{Decision, Proposal, Timing};
use kairos::value::Kind;
use kairos_tests::guest::{Guest, input, may_propose, quiet_manifest};
use kairos_tests::{Host, Request};
use serde_json::{Value, json};

use crate::{consent, event, told};

const NOON: &str = "2026-10-07T11:00:00Z";

const CHARTER: &str = r#"
version  = "1"
owner    = "platform"
currency = "EUR"
caps     = [{ at-most = 3, per = "7d", counts = ["marketing"] }]

[people]
platform = "platform@shop.example"

[sources.shop]
meaning  = "the shop"
may-send = ["order.placed", "consent.given", "consent.withdrawn"]
subjects = ["crm"]

[identities.crm]
meaning  = "number in the CRM"
strength = "strong"

[purposes.service]
meaning = "fulfil an order"
basis   = "contract"
owner   = "platform"

[purposes.marketing]
meaning  = "offers"
basis    = "opt-in"
channels = ["email", "push", "sms"]
owner    = "platform"

[events."order.placed"]
meaning = "an order is paid"
owner   = "platform"
purpose = "service"
data    = { order = { type = "text", required = true } }

[moments.order_placed]
on         = "order.placed"
mode       = "inspire"
class      = "outbound"
real-time  = "the receipt"
worst-case = "one offer too many"
owner      = "platform"

[channels]
email = { mode = "inspire", class = "outbound", connector = "mail" }
push  = { mode = "inspire", class = "outbound", connector = "push" }
sms   = { mode = "inspire", class = "outbound", connector = "sms" }

[actions.offer]
meaning  = "something else to buy"
class    = "marketing"
channels = ["email", "push", "sms"]
purpose  = "marketing"
lapses   = "1d"
owner    = "platform"

[actions.receipt]
meaning  = "what was ordered"
class    = "transactional"
channels = ["email"]
purpose  = "service"
lapses   = "1d"
owner    = "platform"

[markets.eu]
brand     = "shop"
languages = ["en"]
time-zone = "Europe/Berlin"
owner     = "platform"
on-call   = "+49 30 0000000"
moments   = ["order_placed"]
actions   = ["offer", "receipt"]
limits    = { fuel = 2_000_000, time = "20ms", memory = "2MiB", real-time-moments = 5, local-fields = 0 }
"#;

/// Proposes an offer over each of `channels`, and a receipt.
fn policy(channels: &[&str]) -> Vec<u8> {
    let propose = |action: &str, channel: &str| Proposal {
        action: action.into(),
        channel: channel.into(),
        timing: Timing::Now,
        lapses_after: None,
        key: None,
        parameters: Vec::new(),
        cancel_on: Vec::new(),
        score: 1.0,
        reason: "tier".into(),
    };
    let mut proposals: Vec<Proposal> = channels
        .iter()
        .map(|channel| propose("offer", channel))
        .collect();
    proposals.push(propose("receipt", "email"));
    let mut guest = Guest::that_decides(Decision::Act(proposals));
    guest.manifest = quiet_manifest();
    let moment = &mut guest.manifest.moments[0];
    moment.name = "order_placed".into();
    moment.data = vec![input("order", Kind::Text)];
    moment.reads.clear();
    moment.proposes = vec![
        may_propose("offer", &["email", "push", "sms"]),
        may_propose("receipt", &["email"]),
    ];
    guest.component()
}

fn placed(id: &str) -> Value {
    event(id, "order.placed", ("crm:1", NOON), json!({ "order": id }))
}

#[test]
fn three_a_week_are_counted_over_all_channels_and_in_batches_too() {
    // Golden 15, A21, D18, D14: what is owed to the customer does not count, and is not held back.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("charter.toml"), CHARTER).unwrap();
    let host = Host::still(folder.path(), NOON);
    host.explained(
        "eu",
        &consent("c-1", ("crm:1", NOON), "granted", &["email", "push", "sms"]),
    );
    host.policy("eu", &policy(&["email", "push"]));
    let reply = host.explained("eu", &placed("o-1"));
    assert_eq!(
        told(&reply),
        "act, later offer/email offer/push receipt/email"
    );
    host.policy("eu", &policy(&["sms"]));
    let batch = json!([placed("o-2"), placed("o-3")]).to_string();
    let answer = host.ask(&Request {
        method: "POST",
        path: "/v1/markets/eu/events",
        headers: &[
            ("content-type", "application/cloudevents-batch+json"),
            ("prefer", "kairos=explain"),
        ],
        body: batch.as_bytes(),
    });
    let replies = answer.json();
    assert_eq!(
        told(&replies[0]["reply"]),
        "act, later offer/sms receipt/email",
        "{replies:#}"
    );
    assert_eq!(
        told(&replies[1]["reply"]),
        "act, later receipt/email, refused offer/sms:caps",
        "{replies:#}"
    );
    let refused = &replies[1]["reply"]["decisions"][0]["refused"][0];
    assert!(
        refused["reason"].as_str().unwrap().contains("3"),
        "{refused}"
    );
}
