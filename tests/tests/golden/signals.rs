//! Golden 16: the browser says that it does not want to be sold.

use kairos_tests::Host;
use serde_json::{Value, json};

use crate::{changed, event, told};

const NOON: &str = "2026-10-07T16:00:00Z";

fn viewed(id: &str, subject: &str) -> Value {
    event(
        id,
        "product.viewed",
        (subject, NOON),
        json!({ "sku": "85123A" }),
    )
}

#[test]
fn global_privacy_control_ends_advertising_from_that_call_on() {
    // Golden 16, A23: a resident of California, who has not said anything before.
    let host = Host::retail(NOON);
    let data = json!({ "country": "US", "region": "US-CA", "time_zone": "America/Los_Angeles" });
    host.explained("us", &changed("m-1", ("crm:1", NOON), data));
    // Without consent to profiling, a view is decided and forgotten, and so is what it led to.
    let profiling = json!({ "purpose": "profiling", "state": "granted" });
    host.explained(
        "us",
        &event("c-1", "consent.given", ("crm:1", NOON), profiling),
    );
    let reply = host.explained("us", &viewed("v-1", "crm:1"));
    assert_eq!(told(&reply), "act, later ad_audience/ads", "{reply:#}");
    let reply = host.explained_with("us", &viewed("v-2", "crm:1"), &[("sec-gpc", "1")]);
    assert_eq!(
        told(&reply),
        "refused, refused ad_audience/ads:consent",
        "{reply:#}"
    );
    assert_eq!(
        reply["cancelled"][0]["action"], "ad_audience",
        "what waited is off too: {reply:#}"
    );
    let reply = host.explained("us", &viewed("v-3", "crm:1"));
    assert_eq!(
        told(&reply),
        "refused, refused ad_audience/ads:consent",
        "it is remembered"
    );
    let consents = host.customer("crm:1")["consents"].clone();
    let ads = consents
        .as_array()
        .unwrap()
        .iter()
        .find(|said| said["purpose"] == "ads");
    let ads = ads.unwrap_or_else(|| panic!("nothing is said about ads: {consents:#}"));
    assert_eq!(
        (&ads["state"], &ads["proof"]),
        (&json!("withdrawn"), &json!("Sec-GPC"))
    );
}

#[test]
fn the_signal_counts_where_a_law_says_so_and_only_its_exact_form() {
    let host = Host::retail(NOON);
    for (subject, region, value, expected) in [
        ("crm:1", "US-FL", "1", "act, later ad_audience/ads"),
        ("crm:2", "US-CA", "0", "act, later ad_audience/ads"),
        ("crm:3", "US-CA", "true", "act, later ad_audience/ads"),
        (
            "crm:4",
            "US-CA",
            "1",
            "refused, refused ad_audience/ads:consent",
        ),
    ] {
        let data = json!({ "country": "US", "region": region });
        host.explained(
            "us",
            &changed(&format!("m-{subject}"), (subject, NOON), data),
        );
        let reply = host.explained_with(
            "us",
            &viewed(&format!("v-{subject}"), subject),
            &[("sec-gpc", value)],
        );
        assert_eq!(told(&reply), expected, "{region} {value}");
    }
}
