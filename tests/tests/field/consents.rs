//! Giving is narrow; a withdrawal is never turned away for its form, and never acknowledged without effect.

use kairos_tests::{Host, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

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
        "422 invalid-event /data/channel: `data.channel` would be dropped, and more be given than was said, for no consent has it: did you \
         mean `channels`?"
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
    let raw = |subject: &str, body: &str| {
        let path = format!("/v1/customers/{subject}/consents/marketing");
        let headers = [("content-type", "application/json"), ("ce-id", "the-same")];
        host.ask(&Request {
            method: "PUT",
            path: &path,
            headers: &headers,
            body: body.as_bytes(),
        })
    };
    for (number, body) in [
        r#"{ "state": ["withdrawn"], "market": 5 }"#,
        r#"{ "state": "withdrawn", "state": "withdrawn", "market": "gb", "market": "gb" }"#,
        r#"{ "state": "granted", "state": "withdrawn", "market": "gb" }"#,
        "\u{feff}{ \"state\": \"withdrawn\" }",
    ]
    .iter()
    .enumerate()
    {
        let subject = format!("crm:{}", 200 + number);
        let answer = raw(&subject, body);
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
    assert_eq!(
        consents(&host, "crm:2"),
        std::slice::from_ref(&all_channels)
    );
    let mut odd = event.clone();
    odd["subject"] = json!("crm:3");
    odd["id"] = json!("w-3");
    odd["time"] = json!(12345);
    odd["channel"] = json!(5);
    odd["visitor"] = json!("visitor:undefined");
    odd["account"] = json!("company:null");
    odd["datacontenttype"] = json!("text/plain");
    let answer = host.post("gb", &odd.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(consents(&host, "crm:3"), [all_channels]);
    odd["type"] = json!("consent.given");
    odd["id"] = json!("g-3");
    odd["data"] = json!({ "purpose": "marketing" });
    assert_eq!(
        host.post("gb", &odd.to_string()).told(),
        "400 not-an-event /channel: `channel` is a number, and must be a text"
    );
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

/// A member's name as it should be, or as somebody may write it.
fn member(right: &'static str) -> impl Strategy<Value = String> {
    let wrong = [
        right.trim_end_matches('s').to_owned(),
        right.to_uppercase(),
        format!(" {right}"),
        format!("{right}_"),
    ];
    prop_oneof![4 => Just(right.to_owned()), 1 => proptest::sample::select(wrong.to_vec())]
}

/// What may stand where some of `known` should.
fn restriction(known: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let texts = proptest::collection::vec(proptest::sample::select(known), 0..3);
    prop_oneof![
        4 => texts.prop_map(|texts| json!(texts)),
        1 => proptest::sample::select(known).prop_map(|text| json!(text)),
        1 => Just(Value::Null),
        1 => Just(json!({})),
        1 => Just(json!([1])),
    ]
}

fn said() -> impl Strategy<Value = Vec<(String, Value)>> {
    const CHANNELS: &[&str] = &["email", "sms", "push", "E-Mail", "pigeon"];
    const MARKETS: &[&str] = &["gb", "de", "atlantis"];
    const STATES: &[&str] = &[
        "granted",
        "confirmed",
        "soft",
        "requested",
        "Granted",
        "yes",
    ];
    let some = |member, value| proptest::option::of((member, value));
    (
        some(member("channels").boxed(), restriction(CHANNELS).boxed()),
        some(member("markets").boxed(), restriction(MARKETS).boxed()),
        some(
            member("brand").boxed(),
            restriction(&["gifts", "Gifts"]).boxed(),
        ),
        some(
            Just("state".to_owned()).boxed(),
            restriction(STATES).boxed(),
        ),
        some(
            Just("state".to_owned()).boxed(),
            proptest::sample::select(STATES)
                .prop_map(|state| json!(state))
                .boxed(),
        ),
    )
        .prop_map(|(channels, markets, brand, odd, state)| {
            [channels, markets, brand, state.or(odd)]
                .into_iter()
                .flatten()
                .collect()
        })
}

/// The most that can be meant by what stands under names that begin so; `None` where nothing does.
fn meant<'a>(said: &'a [(String, Value)], begin: &str) -> Option<Vec<&'a str>> {
    let mut all = said
        .iter()
        .filter(|(name, _)| name.trim().to_lowercase().starts_with(begin))
        .peekable();
    all.peek()?;
    let texts = |value: &'a Value| match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    Some(all.flat_map(|(_, value)| texts(value)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    /// Whatever is said in whatever form, no consent comes out wider than the strictest reading of it.
    #[test]
    fn no_consent_comes_out_wider_than_it_was_said(said in said()) {
        thread_local! {
            static HOST: Host = Host::open();
            static NEXT: std::cell::Cell<u32> = const { std::cell::Cell::new(1000) };
        }
        let number = NEXT.with(|next| next.replace(next.get() + 1));
        let subject = format!("crm:{number}");
        // That word is taken: it says where the consent was said.
        let said: Vec<_> = said.into_iter().filter(|(name, _)| name != "market").collect();
        let mut body = serde_json::Map::from_iter(said.iter().cloned());
        body.insert("market".to_owned(), json!("gb"));
        let (status, known) = HOST.with(|host| {
            let answer = put_consent(host, &subject, &Value::Object(body.clone()));
            (answer.status, host.customer(&subject)["consents"].clone())
        });
        let known = known.as_array().cloned().unwrap_or_default();
        prop_assert!(status == 200 || known.is_empty(), "{body:?}: refused, and kept: {known:?}");
        let channels = meant(&said, "channel");
        let markets = meant(&said, "market");
        for consent in known {
            let word = |name: &str| consent[name].as_str().unwrap_or("any").to_owned();
            prop_assert!(channels.as_ref().is_none_or(|some| some.contains(&word("channel").as_str())), "{body:?}: {consent}");
            let market = word("market");
            prop_assert!(markets.as_ref().map_or(market == "gb", |some| some.contains(&market.as_str())), "{body:?}: {consent}");
            prop_assert_eq!(word("brand"), "gifts");
            let states = meant(&said, "state").unwrap_or_default();
            prop_assert!(states.contains(&word("state").as_str()), "{body:?}: {consent}");
        }
    }
}
