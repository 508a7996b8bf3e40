//! Actions that wait, and what makes them pointless or forbidden in the meantime.

use kairos::policy::{Decision, Proposal};
use kairos_tests::desk::Desk;
use serde_json::{Value, json};

use crate::{at, desk, event, later, order, says, viewed, why, with};

fn cancelled(reply: &Value) -> Vec<String> {
    let cancelled = reply["cancelled"].as_array().cloned().unwrap_or_default();
    cancelled
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["action"].as_str().unwrap(),
                one["because"].as_str().unwrap()
            )
        })
        .collect()
}

fn pending(desk: &Desk) -> usize {
    let status = desk.customer("crm:1").unwrap()["status"].clone();
    status["pending"].as_array().unwrap().len()
}

#[test]
fn a_late_refund_cancels_what_was_planned() {
    // A16, D16, golden 8: the refund happened before the page that planned the offer, and arrives after it. A small one
    // does not matter: the charter says so.
    let desk = desk();
    desk.at("2010-12-01T12:10:00Z");
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    let planned = desk.send("gb", &viewed("v-1", "crm:1"));
    assert!(
        later(&planned).contains(&"offer/email".into()),
        "{planned:#}"
    );
    let refund = |id: &str, euros: i64| {
        at(
            "2010-12-01T11:00:00Z",
            id,
            "order.cancelled",
            "crm:1",
            json!({ "euros": euros }),
        )
    };
    let reply = desk.send("gb", &refund("r-1", 10));
    assert_eq!(reply.get("cancelled"), None);
    let reply = desk.send("gb", &refund("r-2", 50));
    assert_eq!(
        cancelled(&reply),
        [
            "offer superseded: order.cancelled",
            "offer superseded: order.cancelled"
        ],
        "{reply:#}"
    );
    assert_eq!(
        reply["cancelled"][0]["id"],
        planned["decisions"][0]["scheduled"][0]["id"]
    );
    assert_eq!(pending(&desk), 1, "the audience stays");
    assert_eq!(
        desk.send("gb", &refund("r-2", 50)),
        reply,
        "a repeat says the same"
    );
}

#[test]
fn a_withdrawal_anywhere_cancels_at_once_what_rests_on_it_and_nothing_else() {
    // A23, D13, golden 1
    for (state, purpose, gone) in [
        (
            "withdrawn",
            "marketing",
            vec!["offer consent: withdrawn", "offer consent: withdrawn"],
        ),
        (
            "denied",
            "marketing",
            vec!["offer consent: denied", "offer consent: denied"],
        ),
        ("withdrawn", "ads", vec!["audience consent: withdrawn"]),
        (
            "withdrawn",
            "all",
            vec![
                "audience consent: withdrawn",
                "offer consent: withdrawn",
                "offer consent: withdrawn",
            ],
        ),
        ("withdrawn", "profiling", vec![]),
    ] {
        let desk = desk();
        desk.at("2010-12-01T12:10:00Z");
        desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
        desk.send("gb", &viewed("v-1", "crm:1"));
        assert_eq!(pending(&desk), 3);
        let stop = with(
            says("c-2", "crm:1", purpose, state),
            "time",
            json!("2010-12-01T12:05:00Z"),
        );
        let reply = desk.send("us", &stop);
        let mut told = cancelled(&reply);
        told.sort();
        assert_eq!(told, gone, "{purpose}");
        assert_eq!(pending(&desk), 3 - gone.len());
    }
}

#[test]
fn what_is_cancelled_after_its_time_counts_as_a_contact() {
    // A21, A23: the offers were due at noon of the fourth, and nobody said that they were not sent.
    for (off, expected) in [
        (
            says("c-2", "crm:1", "marketing", "withdrawn"),
            "offer consent: withdrawn",
        ),
        (
            event("r-1", "order.cancelled", "crm:1", json!({ "euros": 50 })),
            "offer superseded: order.cancelled",
        ),
    ] {
        for (time, contacts) in [("2010-12-04T12:00:00Z", 1), ("2010-12-04T12:00:01Z", 3)] {
            let desk = desk();
            desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
            desk.send("gb", &viewed("v-1", "crm:1"));
            desk.at(time);
            let reply = desk.send("gb", &with(off.clone(), "time", json!(time)));
            assert_eq!(cancelled(&reply), [expected, expected]);
            let status = desk.customer_state("crm:1").status;
            assert_eq!(status.contacts.len(), contacts, "beside the banner: {time}");
        }
    }
}

#[test]
fn a_withdrawal_of_one_channel_leaves_the_other() {
    let desk = desk();
    desk.at("2010-12-01T12:10:00Z");
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    desk.send("gb", &viewed("v-1", "crm:1"));
    let mut stop = with(
        says("c-2", "crm:1", "marketing", "withdrawn"),
        "time",
        json!("2010-12-01T12:05:00Z"),
    );
    stop["data"]["channels"] = json!(["sms"]);
    assert_eq!(
        cancelled(&desk.send("de", &stop)),
        ["offer consent: withdrawn"]
    );
    assert_eq!(pending(&desk), 2);
}

#[test]
fn a_plain_reply_does_not_tell_why_something_was_cancelled() {
    // "No consent" is personal data, and shops pass replies on to browsers.
    let desk = desk();
    desk.at("2010-12-01T12:10:00Z");
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    desk.send("gb", &viewed("v-1", "crm:1"));
    let stop = with(
        says("c-2", "crm:1", "marketing", "withdrawn"),
        "time",
        json!("2010-12-01T12:05:00Z"),
    );
    let plain = desk.answer("gb", stop.to_string().as_bytes());
    let plain: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(plain["cancelled"][0]["action"], "offer");
    assert_eq!(plain["cancelled"][0].get("because"), None);
}

#[test]
fn an_open_complaint_holds_back_what_waits_and_its_end_starts_a_quiet_time() {
    // B19, B11, D01
    let desk = desk();
    desk.send("gb", &viewed("v-1", "crm:1"));
    assert_eq!(pending(&desk), 1);
    let reply = desk.send("gb", &event("x-1", "complaint.opened", "crm:1", json!({})));
    assert_eq!(
        cancelled(&reply),
        ["audience suppressions: a complaint is open"]
    );
    desk.send("gb", &event("x-2", "complaint.closed", "crm:1", json!({})));
    let reply = desk.send("gb", &viewed("v-2", "crm:1"));
    assert_eq!(
        why(&reply, "audience", "net"),
        "cool-down: a complaint was closed lately: quiet until 2010-12-08T12:00:00Z"
    );
    desk.at("2010-12-08T12:00:00Z");
    let page = with(
        viewed("v-3", "crm:1"),
        "time",
        json!("2010-12-08T12:00:00Z"),
    );
    assert!(later(&desk.send("gb", &page)).contains(&"audience/net".into()));
}

#[test]
fn a_late_signal_does_not_shorten_the_quiet_time() {
    // B11, A16
    let desk = desk();
    desk.at("2010-12-03T12:00:00Z");
    for (id, time) in [
        ("x-1", "2010-12-03T12:00:00Z"),
        ("x-2", "2010-12-01T12:00:00Z"),
    ] {
        desk.send("gb", &at(time, id, "complaint.closed", "crm:1", json!({})));
    }
    desk.at("2010-12-09T12:00:00Z");
    let page = with(
        viewed("v-1", "crm:1"),
        "time",
        json!("2010-12-09T12:00:00Z"),
    );
    assert_eq!(
        why(&desk.send("gb", &page), "audience", "net"),
        "cool-down: a complaint was closed lately: quiet until 2010-12-10T12:00:00Z"
    );
}

/// Whose policy in `gb` tells the company's people of every page.
fn desk_of_insights() -> Desk {
    let desk = Desk::with(&[("charter.toml", crate::CHARTER)]);
    let mut guest = crate::guest("gb", &["page_viewed"]);
    guest.manifest.moments[0].proposes =
        vec![kairos_tests::guest::may_propose("insight", &["net"])];
    guest.decision = kairos::policy::Decision::Act(vec![crate::proposal("insight", "net")]);
    desk.policy("gb", &guest.component());
    desk
}

#[test]
fn an_objection_ends_what_waits_for_the_company_because_of_a_visitor_who_was_that_person() {
    // A38, A39, C10
    let desk = desk_of_insights();
    desk.send("gb", &order("o-0", "crm:1", 1));
    for visitor in ["visitor:v", "visitor:w"] {
        let said = says(&format!("c-{visitor}"), visitor, "profiling", "granted");
        desk.send("gb", &said);
        let page = viewed(&format!("v-{visitor}"), visitor);
        let page = with(page, "account", json!("company:7"));
        assert_eq!(later(&desk.send("gb", &page)), ["insight/net"]);
    }
    // One visitor turns out to be the other, who turns out to be the customer.
    for (id, subject, visitor) in [
        ("o-1", "visitor:w", "visitor:v"),
        ("o-2", "crm:1", "visitor:w"),
    ] {
        let login = with(order(id, subject, 1), "visitor", json!(visitor));
        desk.send("gb", &login);
    }
    let desk = desk.restart();
    desk.at("2010-12-01T12:00:10Z");
    let stop = with(
        says("c-1", "crm:1", "sales", "withdrawn"),
        "time",
        json!("2010-12-01T12:00:05Z"),
    );
    assert_eq!(
        cancelled(&desk.send("gb", &stop)),
        ["insight consent: withdrawn", "insight consent: withdrawn"]
    );
}

#[test]
fn at_login_only_one_waits_where_two_may_not() {
    // A21, C10: of one kind that replaces what waits, and of one key.
    let replacing = crate::CHARTER.replace(
        "lapses    = \"30d\"\ncancel-on",
        "lapses    = \"30d\"\npending   = \"replace\"\ncancel-on",
    );
    for (charter, key, because) in [
        (
            replacing.as_str(),
            None,
            "merged: only one of its kind may wait",
        ),
        (
            crate::CHARTER,
            Some("one"),
            "merged: only one of its key may wait",
        ),
    ] {
        let desk = Desk::with(&[("charter.toml", charter)]);
        let mut guest = crate::guest("gb", &["page_viewed"]);
        let proposal = Proposal {
            key: key.map(Into::into),
            ..crate::proposal("offer", "email")
        };
        guest.decision = Decision::Act(vec![proposal]);
        desk.policy("gb", &guest.component());
        desk.send("gb", &says("c-0", "visitor:v", "profiling", "granted"));
        let planned = [("visitor:v", 1), ("crm:1", 2)].map(|(subject, second)| {
            let said = says(&format!("c-{second}"), subject, "marketing", "granted");
            desk.send("gb", &said);
            desk.at(&format!("2010-12-01T12:00:0{second}Z"));
            let reply = desk.send("gb", &viewed(&format!("v-{second}"), subject));
            reply["decisions"][0]["scheduled"][0]["id"].clone()
        });
        let login = with(order("o-1", "crm:1", 1), "visitor", json!("visitor:v"));
        let reply = desk.send("gb", &login);
        assert_eq!(cancelled(&reply), [format!("offer {because}")]);
        assert_eq!(
            reply["cancelled"][0]["id"], planned[0],
            "the older gives way"
        );
        let status = desk.customer("crm:1").unwrap()["status"].clone();
        assert_eq!(status["pending"].as_array().unwrap().len(), 1);
        assert_eq!(status["pending"][0]["id"], planned[1]);
    }
}

#[test]
fn at_login_what_may_wait_together_does() {
    let desk = desk();
    desk.send("gb", &says("c-0", "visitor:v", "profiling", "granted"));
    for subject in ["visitor:v", "crm:1"] {
        desk.send("gb", &viewed(&format!("v-{subject}"), subject));
    }
    let login = with(order("o-1", "crm:1", 1), "visitor", json!("visitor:v"));
    assert_eq!(desk.send("gb", &login).get("cancelled"), None);
    assert_eq!(pending(&desk), 2, "two audiences");
}

#[test]
fn an_objection_ends_what_waits_for_the_company_because_of_that_person_alone() {
    // A38, A39: consent stays with the person.
    let desk = desk_of_insights();
    for (id, subject) in [("v-1", "crm:1"), ("v-2", "crm:2")] {
        let page = with(viewed(id, subject), "account", json!("company:7"));
        assert_eq!(later(&desk.send("gb", &page)), ["insight/net"]);
    }
    desk.at("2010-12-01T12:00:10Z");
    let stop = |id: &str, subject: &str| {
        with(
            says(id, subject, "sales", "withdrawn"),
            "time",
            json!("2010-12-01T12:00:05Z"),
        )
    };
    assert_eq!(
        cancelled(&desk.send("gb", &stop("c-1", "crm:1"))),
        ["insight consent: withdrawn"]
    );
    assert_eq!(
        cancelled(&desk.send("gb", &stop("c-1b", "crm:1"))),
        [] as [&str; 0]
    );
    assert_eq!(
        cancelled(&desk.send("gb", &stop("c-2", "crm:2"))),
        ["insight consent: withdrawn"]
    );
}
