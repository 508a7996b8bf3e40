//! A place that is not understood never loosens what holds; amounts stay within their bounds.

use kairos_tests::Host;
use serde_json::{Value, json};

use crate::{event, order, post_with, put_consent};

fn changed(id: &str, subject: &str, data: &Value) -> String {
    let mut event = event(id, "customer.changed", subject, data);
    event["source"] = json!("crm");
    event.to_string()
}

#[test]
fn a_country_is_what_it_means_or_refused() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    for (number, code) in ["DE", "de", " De ", "DEU"].iter().enumerate() {
        let subject = format!("crm:{}", 10 + number);
        assert_eq!(
            host.post(
                "gb",
                &changed(
                    &format!("c-{number}"),
                    &subject,
                    &json!({ "country": code })
                )
            )
            .status,
            200
        );
        assert_eq!(
            host.customer(&subject)["status"]["fields"]["country"]["value"],
            "DE"
        );
        // German law asks for more than that.
        let granted = json!({ "state": "granted", "market": "gb", "channels": ["email"] });
        put_consent(&host, &subject, &granted);
        let decided = host.explained("gb", &order(&format!("o-{number}"), &subject, "40.00"));
        let refused = decided["decisions"][0]["refused"].as_array().unwrap();
        let review = refused.iter().find(|one| one["action"] == "review_request");
        assert_eq!(review.expect("a refusal")["rule"], "consent", "{code}");
    }
    for (data, what) in [
        (
            json!({ "country": "XX" }),
            "/data/country: `data.country` is `XX`, and must be a country's code of ISO 3166-1, such as `DE`",
        ),
        (
            json!({ "country": "Germany" }),
            "/data/country: `data.country` is `Germany`, and must be a country's code of ISO 3166-1, such as `DE`",
        ),
        (
            json!({ "country": "" }),
            "/data/country: `data.country` is ``, and must be a country's code of ISO 3166-1, such as `DE`",
        ),
        (
            json!({ "region": "Florida" }),
            "/data/region: `data.region` is `Florida`, and must be a region's code of ISO 3166-2, such as `US-FL`",
        ),
        (
            json!({ "time_zone": "Factory" }),
            "/data/time_zone: `data.time_zone` is `Factory`, and must be a time zone's IANA name, such as `Europe/Berlin`",
        ),
        (
            json!({ "time_zone": "UTC+9" }),
            "/data/time_zone: `data.time_zone` is `UTC+9`, and must be a time zone's IANA name, such as `Europe/Berlin`",
        ),
        (
            json!({ "time_zone": "W. Europe Standard Time" }),
            "/data/time_zone: `data.time_zone` is `W. Europe Standard Time`, and must be a time zone's IANA name, such as `Europe/Berlin`",
        ),
        (
            json!({ "language": "deutsch" }),
            "/data/language: `data.language` is `deutsch`, and must be a language tag of BCP 47, such as `en-GB`",
        ),
    ] {
        let told = host.post("gb", &changed("x", "crm:1", &data)).told();
        assert_eq!(told, format!("422 invalid-event {what}"));
    }
    let spelled = json!({ "country": "uk", "region": "gb_eng", "time_zone": "europe/london", "language": "EN_gb" });
    assert_eq!(
        host.post("gb", &changed("y", "crm:1", &spelled)).status,
        200
    );
    let fields = host.customer("crm:1")["status"]["fields"].clone();
    let value = |name: &str| fields[name]["value"].clone();
    assert_eq!(
        [
            value("country"),
            value("region"),
            value("time_zone"),
            value("language")
        ],
        [
            json!("GB"),
            json!("GB-ENG"),
            json!("Europe/London"),
            json!("en-GB")
        ]
    );
}

#[test]
fn what_was_stored_and_is_not_understood_is_judged_by_the_strictest() {
    use kairos::charter::{Charter, Residence};
    let charter = Charter::load(&kairos_tests::retail_charter()).expect("the example");
    let us = charter.markets.at(charter.names.markets["us"]);
    let laws = |country: Option<&str>, region: Option<&str>| {
        charter
            .laws_for(us, Residence::new(country, region))
            .count()
    };
    let all = charter.laws.iter().count();
    assert_eq!(laws(Some("Germany"), None), all);
    assert_eq!(laws(Some("XX"), None), all);
    assert_eq!(laws(None, Some("Bavaria")), all);
    assert!(laws(Some("DE"), None) < all);
    assert_eq!(laws(Some("de"), None), laws(Some("DE"), None));
    assert_eq!(laws(Some("UK"), None), laws(Some("GB"), None));
    // What the strictest law anywhere asks of a consent is asked of whoever's country means nothing.
    let gb = charter.markets.at(charter.names.markets["gb"]);
    let demand = |country| {
        let of = kairos::charter::DataUse {
            purpose: charter.names.purposes["marketing"],
            channel: Some(charter.names.channels["email"]),
            market: gb,
        };
        charter.demand(of, Residence::new(country, None)).needs
    };
    assert_eq!(demand(Some("Germany")), demand(Some("DE")));
    assert_ne!(demand(Some("Germany")), demand(None));
    assert!(
        laws(Some("US"), Some("US-FL")) < laws(Some("US"), Some("Florida")),
        "of an unknown state, the law of every state"
    );
}

#[test]
fn an_amount_outside_of_its_bounds_changes_nothing() {
    let host = Host::open();
    assert_eq!(
        host.post("gb", &order("o-1", "crm:1", "100.00").to_string())
            .status,
        200
    );
    let refund = |id: &str, amount: &str| {
        let data = json!({ "order": "o-1", "total": { "amount": amount, "currency": "GBP" }, "skus": ["A"], "quantities": [1] });
        host.post(
            "gb",
            &event(id, "order.cancelled", "crm:1", &data).to_string(),
        )
    };
    assert_eq!(
        refund("r-1", "-960.00").told(),
        "422 invalid-event /data/total: `data.total` is -96000, and must be from 0 to 100000000, in minor units of GBP"
    );
    assert_eq!(refund("r-2", "1000000.01").status, 422);
    let points = || host.customer("crm:1")["status"]["fields"]["points"]["value"].clone();
    assert_eq!(points(), json!(100));
    assert_eq!(
        refund("r-1", "40.00").status,
        200,
        "what was refused was not stored"
    );
    assert_eq!(points(), json!(60));
    assert_eq!(
        post_with(&host, "gb", &order("o-2", "crm:1", "-5.00"), ("x-any", "1")).status,
        422
    );
}
