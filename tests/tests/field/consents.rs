//! Giving is narrow; a withdrawal is never turned away for its form, and never acknowledged without effect.

use kairos_tests::Host;
use serde_json::json;

use crate::{consents, event, order, put_consent};

#[test]
fn a_consent_with_a_restriction_that_is_not_understood_is_refused() {
    // What is not understood never loosens.
    let host = Host::open();
    for (number, body) in [
        json!({ "state": "granted", "market": "gb", "channel": "email" }),
        json!({ "state": "granted", "market": "gb", "Channels": ["email"] }),
        json!({ "state": "granted", "market": "gb", "channels": null }),
        json!({ "state": "granted", "market": "gb", "channels": [] }),
        json!({ "state": "granted", "market": "gb", "channels": ["E-Mail"] }),
        json!({ "state": "granted", "market": "gb", "channels": "email" }),
        json!({ "state": "granted", "market": "gb", "markets": null }),
        json!({ "state": "granted", "market": "gb", "brand": null }),
        json!({ "state": "granted", "market": "gb", "brands": ["gifts"] }),
        json!({ "state": "granted", "market": "gb", "expires": "2027-01-01" }),
        json!({ "state": "granted", "market": "gb", "purpose": "ads" }),
        json!({ "state": null, "market": "gb" }),
    ]
    .iter()
    .enumerate()
    {
        let subject = format!("crm:{}", 100 + number);
        let answer = put_consent(&host, &subject, body);
        assert!(
            (400..500).contains(&answer.status),
            "{body}: {}",
            answer.body
        );
        assert_eq!(consents(&host, &subject), [], "{body}");
    }
    let said = event(
        "g",
        "consent.given",
        "crm:1",
        &json!({ "purpose": "marketing", "channel": "email" }),
    );
    assert_eq!(
        host.post("gb", &said.to_string()).told(),
        "422 invalid-event /data/channel: `data.channel` is nothing that a consent is given for: did you mean `channels`?: it would be \
         dropped, and more be given than was said"
    );
    let plain = json!({ "state": "granted", "market": "gb", "channels": ["email", "email"] });
    assert_eq!(put_consent(&host, "crm:2", &plain).status, 200);
    let email = |state: &str| {
        (
            "marketing".to_owned(),
            Some("email".to_owned()),
            state.to_owned(),
        )
    };
    assert_eq!(consents(&host, "crm:2"), [email("granted")]);
}

#[test]
fn a_word_for_a_state_that_is_none_is_refused_with_all_that_are() {
    let host = Host::open();
    for word in ["Withdrawn", "WITHDRAWN", "opted_out", "yes", ""] {
        let answer = put_consent(&host, "crm:1", &json!({ "state": word, "market": "gb" }));
        assert_eq!(
            answer.told(),
            format!(
                "422 invalid-event /state: `state` is `{word}`, and must be one of `requested`, `granted`, `confirmed`, `soft`, `denied`, \
                 `withdrawn`"
            )
        );
    }
}

#[test]
fn a_withdrawal_is_wide_whatever_it_says_besides() {
    let host = Host::open();
    let all_channels = ("marketing".to_owned(), None, "withdrawn".to_owned());
    for (number, body) in [
        json!({ "state": "withdrawn", "market": "gb", "channel": "sms" }),
        json!({ "state": "withdrawn", "market": "gb", "channels": "sms" }),
        json!({ "state": "withdrawn", "market": "gb", "channels": ["sms", "pigeon"] }),
        json!({ "state": "withdrawn", "market": "gb", "channels": { "sms": true } }),
        json!({ "state": "withdrawn", "market": "gb", "channels": null }),
        json!({ "state": "withdrawn", "market": "gb", "brand": 5, "proof": [] }),
        json!({ "state": "withdrawn", "market": "atlantis" }),
        json!({ "state": "withdrawn" }),
    ]
    .iter()
    .enumerate()
    {
        let subject = format!("crm:{}", 100 + number);
        let answer = put_consent(&host, &subject, body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        assert_eq!(
            consents(&host, &subject),
            std::slice::from_ref(&all_channels),
            "{body}"
        );
    }
    let other = json!({ "state": "withdrawn", "market": "gb", "purpose": "ads" });
    assert_eq!(put_consent(&host, "crm:1", &other).status, 200);
    let everything = host.customer("crm:1")["consents"][0]["purpose"].clone();
    assert_eq!(
        everything,
        json!("all"),
        "of two purposes that are named, all are withdrawn"
    );
    let event = event(
        "w",
        "consent.withdrawn",
        "crm:2",
        &json!({ "purpose": "marketing", "state": "Withdrawn", "channels": [1] }),
    );
    assert_eq!(host.post("gb", &event.to_string()).status, 200);
    assert_eq!(consents(&host, "crm:2"), [all_channels]);
}

#[test]
fn a_withdrawal_whose_time_cannot_be_meant_holds_from_its_arrival() {
    let host = Host::open();
    for (number, time) in [
        "0001-01-01T00:00:00Z",
        "1899-12-30T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T00:00:00Z",
        "yesterday",
    ]
    .iter()
    .enumerate()
    {
        let subject = format!("crm:{number}5");
        let given = json!({ "state": "granted", "market": "gb", "channels": ["email"] });
        assert_eq!(put_consent(&host, &subject, &given).status, 200);
        let mut said = event(
            &format!("w-{number}"),
            "consent.withdrawn",
            &subject,
            &json!({ "purpose": "marketing" }),
        );
        said["time"] = json!(time);
        let answer = host.post("gb", &said.to_string());
        assert_eq!(answer.status, 200, "{time}: {}", answer.body);
        let states = consents(&host, &subject);
        assert!(
            states.iter().all(|(_, _, state)| state == "withdrawn"),
            "{time}: {states:?}"
        );
        assert_eq!(
            host.post("gb", &said.to_string()).header("kairos-repeated"),
            Some("true")
        );
        let mut bought = order(&format!("o-{number}"), &subject, "5.00");
        bought["time"] = json!(time);
        assert!(
            (400..500).contains(&host.post("gb", &bought.to_string()).status),
            "{time}: only a withdrawal"
        );
    }
    let mut early = order("early", "crm:1", "5.00");
    early["time"] = json!("1999-12-31T23:59:59Z");
    assert_eq!(
        host.post("gb", &early.to_string()).told(),
        "422 invalid-event /time: `time` is 1999-12-31T23:59:59Z, before 2000-01-01T00:00:00Z: the charter takes no event from before its \
         `earliest-event`"
    );
}
