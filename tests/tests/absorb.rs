//! What an event does to what is known, before any policy runs, and what follows from it.

#[path = "absorb/consent.rs"]
mod consent;
#[path = "absorb/fields.rs"]
mod fields;
#[path = "absorb/forgotten.rs"]
mod forgotten;
#[path = "absorb/late.rs"]
mod late;
#[path = "absorb/memberships.rs"]
mod memberships;
#[path = "absorb/merge.rs"]
mod merge;
#[path = "absorb/pending.rs"]
mod pending;
#[path = "absorb/privacy.rs"]
mod privacy;
#[path = "absorb/silence.rs"]
mod silence;
#[path = "absorb/unsubscribe.rs"]
mod unsubscribe;
#[path = "absorb/withheld.rs"]
mod withheld;

use kairos::clock::Span;
use kairos::policy::manifest::{Input, Moment};
use kairos::policy::{Decision, Proposal, Timing};
use kairos::value::Kind;
use kairos_tests::desk::{Desk, NOON};
use kairos_tests::guest::{Guest, input, may_propose, quiet_manifest};
use serde_json::{Value, json};

const CHARTER: &str = include_str!("absorb/charter.toml");

/// A host on the charter above, with a policy in every market that proposes everything whenever it is asked.
fn desk() -> Desk {
    desk_with(CHARTER)
}

fn desk_with(charter: &str) -> Desk {
    let desk = Desk::with(&[("charter.toml", charter)]);
    for (market, moments) in [
        ("gb", &MOMENTS[..]),
        ("de", &["page_viewed", "became_buyer"]),
        (
            "us",
            &["page_viewed", "toy_viewed", "became_buyer", "cart_left"],
        ),
        ("ch", &["page_viewed"]),
    ] {
        desk.policy(market, &guest(market, moments).component());
    }
    desk
}

const MOMENTS: [&str; 9] = [
    "page_viewed",
    "toy_viewed",
    "order_placed",
    "became_buyer",
    "became_curious",
    "company_reads",
    "tier_changed",
    "toys_in_mind",
    "cart_left",
];

/// Everything that it may read, in the order of its manifest.
fn reads() -> Vec<Input> {
    vec![
        input("points", Kind::Integer),
        input("lifecycle", Kind::Text),
        input("interest", Kind::Text),
        input("orders_90d", Kind::Integer),
        input("segment.buyer", Kind::Flag),
        input("segment.vip", Kind::Flag),
        input("segment.curious", Kind::Flag),
        input("segment.heavy", Kind::Flag),
        input("stage.loyalty", Kind::Text),
        input("consent.marketing.email", Kind::Text),
        input("consent.marketing.sms", Kind::Text),
    ]
}

fn guest(market: &str, moments: &[&str]) -> Guest {
    let proposals = [
        ("banner", "web"),
        ("offer", "email"),
        ("offer", "sms"),
        ("audience", "net"),
    ];
    let proposals = proposals
        .iter()
        .filter(|(action, _)| market != "ch" || *action != "audience");
    let may = |action: &str| {
        let channels: Vec<&str> = proposals
            .clone()
            .filter(|(of, _)| *of == action)
            .map(|(_, channel)| *channel)
            .collect();
        may_propose(action, &channels)
    };
    let actions = match market {
        "ch" => &["banner", "offer"][..],
        _ => &["banner", "offer", "audience"],
    };
    let mut guest = Guest::that_decides(Decision::Act(
        proposals
            .clone()
            .map(|(action, channel)| proposal(action, channel))
            .collect(),
    ));
    guest.manifest = quiet_manifest();
    guest.manifest.moments = moments
        .iter()
        .map(|name| Moment {
            name: (*name).into(),
            data: Vec::new(),
            reads: reads(),
            proposes: actions.iter().map(|action| may(action)).collect(),
        })
        .collect();
    guest
}

fn proposal(action: &str, channel: &str) -> Proposal {
    Proposal {
        action: action.into(),
        channel: channel.into(),
        timing: match channel {
            "web" => Timing::Now,
            _ => Timing::After(Span::from_days(3)),
        },
        lapses_after: None,
        key: None,
        parameters: Vec::new(),
        cancel_on: Vec::new(),
        score: 1.0,
        reason: "tier".into(),
    }
}

/// An event of the shop about a customer, at a time.
fn at(time: &str, id: &str, kind: &str, subject: &str, data: Value) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "shop", "type": kind, "subject": subject, "time": time,
            "channel": "web", "data": data })
}

fn event(id: &str, kind: &str, subject: &str, data: Value) -> Value {
    at(NOON, id, kind, subject, data)
}

fn viewed(id: &str, subject: &str) -> Value {
    event(id, "product.viewed", subject, json!({ "sku": "1" }))
}

fn order(id: &str, subject: &str, euros: i64) -> Value {
    event(id, "order.placed", subject, json!({ "euros": euros }))
}

/// What a customer says of a purpose.
fn says(id: &str, subject: &str, purpose: &str, state: &str) -> Value {
    let kind = match state {
        "denied" | "withdrawn" => "consent.withdrawn",
        _ => "consent.given",
    };
    event(
        id,
        kind,
        subject,
        json!({ "purpose": purpose, "state": state }),
    )
}

fn from(source: &str, mut event: Value) -> Value {
    event["source"] = json!(source);
    event
}

fn with(mut event: Value, name: &str, value: Value) -> Value {
    event[name] = value;
    event
}

/// Master data, from the CRM.
fn lives(id: &str, subject: &str, data: Value) -> Value {
    from("crm", event(id, "customer.changed", subject, data))
}

/// What acts later in the first decision: `offer/email`.
fn later(reply: &Value) -> Vec<String> {
    named(&reply["decisions"][0]["scheduled"])
}

fn named(list: &Value) -> Vec<String> {
    let list = list.as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            format!("{}/{}", text("action"), text("channel"))
        })
        .collect()
}

/// Why the first decision refuses an action over a channel.
fn why(reply: &Value, action: &str, channel: &str) -> String {
    let refused = reply["decisions"][0]["refused"].as_array().cloned();
    let refused = refused.unwrap_or_default();
    let found = refused
        .iter()
        .find(|one| one["action"] == action && one["channel"] == channel);
    found.map_or_else(String::new, |one| {
        format!(
            "{}: {}",
            one["rule"].as_str().unwrap(),
            one["reason"].as_str().unwrap()
        )
    })
}

/// The moments of all decisions, each with what it is on.
fn moments(reply: &Value) -> Vec<String> {
    let decisions = reply["decisions"].as_array().unwrap();
    decisions
        .iter()
        .map(|decision| {
            let moment = decision["moment"].as_str().unwrap();
            match decision["on"]["type"].as_str() {
                None => moment.to_owned(),
                Some(on) => format!("{moment} on {on}"),
            }
        })
        .collect()
}

/// The value of a counter in the host's figures; zero where it was never counted.
fn counted(desk: &Desk, figure: &str) -> u64 {
    let figures = desk.figures();
    let line = figures.lines().find(|line| line.starts_with(figure));
    let count = line.and_then(|line| line.rsplit_once(' '));
    count.map_or(0, |(_, count)| count.parse().unwrap())
}
