//! Golden 3 and 8, as far as decisions go without delivery: the right time, and what makes it pointless.

use kairos_tests::Host;
use serde_json::{Value, json};

use crate::{changed, consent, event, order, told};

fn cart(id: &str, about: (&str, &str), skus: &[&str]) -> Value {
    let value = json!({ "amount": "40.00", "currency": "GBP" });
    event(
        id,
        "cart.updated",
        about,
        json!({ "skus": skus, "value": value }),
    )
}

/// The due time of the first waiting reminder.
fn reminder(customer: &Value) -> Option<String> {
    let pending = customer["status"]["pending"].as_array()?;
    let reminder = pending
        .iter()
        .find(|one| one["action"] == "cart_reminder")?;
    Some(reminder["due"].as_str()?.to_owned())
}

#[test]
fn a_cart_left_in_the_evening_is_reminded_of_in_the_morning() {
    // Golden 3 (deciding), A04, B10, D17: left at 20:40 in New York, asked at 21:25; three hours later is after the hours of
    // mail, so it is seven in the morning. Also in the nights in which the clocks change.
    for (night, left, asked, due) in [
        (
            "an ordinary night",
            "2026-10-08T00:40:00Z",
            "2026-10-08T01:25:00Z",
            "2026-10-08T11:00:00Z",
        ),
        (
            "the clocks go forward",
            "2026-03-08T01:40:00Z",
            "2026-03-08T02:25:00Z",
            "2026-03-08T11:00:00Z",
        ),
        (
            "the clocks go back",
            "2026-11-01T00:40:00Z",
            "2026-11-01T01:25:00Z",
            "2026-11-01T12:00:00Z",
        ),
    ] {
        let host = Host::retail(left);
        let reply = host.explained("us", &cart("c-1", ("crm:1", left), &["85123A"]));
        assert_eq!(reply["decisions"], json!([]), "an event is not a decision");
        host.at(asked);
        assert_eq!(host.until("crm:1", reminder), due, "{night}");
    }
}

#[test]
fn whoever_buys_in_time_is_not_asked_about() {
    // D16: the order ends the silence; the emptied cart is no cart.
    let host = Host::retail("2026-10-07T15:00:00Z");
    for (subject, second) in [
        ("crm:1", order("o-1", ("crm:1", "2026-10-07T15:10:00Z"), 40)),
        ("crm:2", cart("c-9", ("crm:2", "2026-10-07T15:10:00Z"), &[])),
    ] {
        host.at("2026-10-07T15:00:00Z");
        host.explained(
            "us",
            &cart(
                &format!("c-{subject}"),
                (subject, "2026-10-07T15:00:00Z"),
                &["85123A"],
            ),
        );
        host.at("2026-10-07T15:10:00Z");
        host.explained("us", &second);
    }
    host.explained(
        "us",
        &cart("c-3", ("crm:3", "2026-10-07T15:10:00Z"), &["85123A"]),
    );
    host.at("2026-10-07T18:00:00Z");
    host.until("crm:3", reminder);
    for subject in ["crm:1", "crm:2"] {
        assert_eq!(reminder(&host.customer(subject)), None, "{subject}");
    }
}

#[test]
fn a_late_cancellation_supersedes_what_was_planned() {
    // Golden 8 (deciding), A16: the refund happened before the order that planned the review, and arrives after it.
    let now = "2026-10-07T15:00:00Z";
    let host = Host::retail(now);
    host.explained("gb", &consent("c-1", ("crm:1", now), "granted", &["email"]));
    let reply = host.explained("gb", &order("o-1", ("crm:1", now), 40));
    assert_eq!(
        told(&reply),
        "act, now thank_you_banner/web, later review_request/email"
    );
    let review = reply["decisions"][0]["scheduled"][0]["id"].clone();
    let data = json!({ "order": "o-0", "total": { "amount": "10.00", "currency": "GBP" }, "skus": ["22752"], "quantities": [1] });
    let late = event(
        "r-1",
        "order.cancelled",
        ("crm:1", "2026-10-07T14:00:00Z"),
        data,
    );
    let reply = host.explained("gb", &late);
    let cancelled = &reply["cancelled"][0];
    assert_eq!(cancelled["id"], review, "{reply:#}");
    assert_eq!(cancelled["because"], "superseded: order.cancelled");
    assert_eq!(host.customer("crm:1")["status"]["pending"], json!([]));
}

#[test]
fn residence_decides_what_morning_is() {
    // A33: the same cart, left by a customer who lives in Los Angeles.
    let left = "2026-10-08T03:40:00Z";
    let host = Host::retail(left);
    let home = json!({ "country": "US", "region": "US-CA", "time_zone": "America/Los_Angeles" });
    host.explained("us", &changed("m-1", ("crm:1", left), home));
    host.explained("us", &cart("c-1", ("crm:1", left), &["85123A"]));
    host.at("2026-10-08T04:25:00Z");
    assert_eq!(host.until("crm:1", reminder), "2026-10-08T14:00:00Z");
}
