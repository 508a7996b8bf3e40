//! What a market's token shows, exports and erases of a customer.

use kairos_tests::Answer;
use kairos_tests::desk::{event, order};
use serde_json::{Value, json};

use crate::Guarded;

/// Everything that shows a customer: how it is asked for by a name.
fn views(guarded: &Guarded, token: &str, subject: &str) -> [Answer; 3] {
    let find = json!({ "subject": subject });
    [
        guarded.get(token, &format!("/v1/customers/{subject}")),
        guarded.ask(token, "POST", "/v1/customers/find", &find),
        guarded.get(token, &format!("/v1/customers/{subject}/export")),
    ]
}

fn names(list: &Value, of: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    let names = list.iter().map(|one| match &one[of] {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    });
    names.collect()
}

#[test]
fn a_market_is_told_no_more_of_somebody_elses_customer_than_of_nobody() {
    let guarded = Guarded::start();
    guarded.consents("de", "crm:77", "marketing", "confirmed");
    guarded.buys("de", "crm:77");
    let whole = guarded.get("* customer", "/v1/customers/crm:77").json();
    let id = whole["id"].as_str().expect("an id");
    for subject in ["crm:77", id, "crm:78"] {
        for shown in views(&guarded, "gb customer", subject) {
            // A body names somebody as events do, never by the host's own id.
            if subject == id && [400, 422].contains(&shown.status) {
                continue;
            }
            let nobody = format!("404 unknown: there is no customer `{subject}`");
            assert_eq!(shown.told(), nobody);
        }
    }
    for token in ["de customer", "* customer"] {
        for shown in views(&guarded, token, "crm:77") {
            assert_eq!(shown.status, 200, "{token}: {}", shown.body);
            assert!(shown.body.contains("de.gift_wrap"), "{}", shown.body);
        }
    }
}

#[test]
fn a_market_sees_what_is_its_own_and_what_is_central() {
    let guarded = Guarded::start();
    for market in ["de", "gb"] {
        guarded.consents(market, "crm:77", "marketing", "confirmed");
        guarded.buys(market, "crm:77");
    }
    let [gb, _, export] = views(&guarded, "gb customer", "crm:77");
    for told in [&gb.body, &export.body] {
        for secret in ["de-secret", "de-event", "de-proof", "gift_wrap", "\"de\""] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
    let (gb, export) = (gb.json(), export.json());
    assert_eq!(gb["status"]["windows"]["orders_90d"], 2, "central");
    assert_eq!(gb["status"]["fields"]["points"]["value"], 240, "central");
    assert!(
        names(&gb["consents"], "market").iter().all(|of| of == "gb"),
        "{gb:#}"
    );
    assert_eq!(export["markets"], json!(["gb"]));
    assert_eq!(names(&export["records"], "market"), ["gb", "gb"]);
    assert!(export.to_string().contains("gb-secret"));
    for view in [&gb, &export["customer"]] {
        let pending = names(&view["status"]["pending"], "decision");
        let decided = export["records"].to_string();
        assert!(!pending.is_empty(), "{view:#}");
        assert!(pending.iter().all(|id| decided.contains(id.as_str())));
    }

    let whole = guarded.get("* customer", "/v1/customers/crm:77/export");
    for told in ["de-secret", "gb-secret", "de-proof", "gift_wrap"] {
        assert!(whole.body.contains(told), "{told}");
    }
    let whole = whole.json();
    assert_eq!(whole["markets"], json!(["*"]));
    assert_eq!(names(&whole["records"], "market").len(), 4);
    let consents = names(&whole["customer"]["consents"], "market");
    assert!(consents.contains(&"de".into()) && consents.contains(&"gb".into()));
}

#[test]
fn a_market_does_not_see_what_the_customer_lets_only_another_one_use() {
    let guarded = Guarded::start();
    guarded.consents("de", "crm:77", "profiling", "granted");
    for market in ["de", "gb"] {
        let looked = event(
            &format!("{market}-view"),
            "product.viewed",
            "crm:77",
            json!({ "sku": "85123A" }),
        );
        guarded.send(market, looked);
    }
    let seen = |token: &str| {
        let view = guarded.get(token, "/v1/customers/crm:77").json();
        view["status"]["fields"]["seen_skus"]["value"].clone()
    };
    assert_eq!(seen("de customer"), json!(["85123A"]));
    assert_eq!(seen("* customer"), json!(["85123A"]));
    assert_eq!(seen("gb customer"), Value::Null);
    guarded.consents("gb", "crm:77", "profiling", "granted");
    assert_eq!(seen("gb customer"), json!(["85123A"]));
}

#[test]
fn whoever_turned_out_to_be_one_customer_is_seen_by_the_markets_of_both() {
    let guarded = Guarded::start();
    guarded.buys("gb", "visitor:77");
    guarded.buys("de", "crm:77");
    let gb = |subject: &str| {
        let path = format!("/v1/customers/{subject}");
        guarded.get("gb customer", &path).status
    };
    assert_eq!((gb("crm:77"), gb("visitor:77")), (404, 200));
    let mut login = order("login", "crm:77", 10);
    login["visitor"] = json!("visitor:77");
    guarded.send("de", login);
    for subject in ["crm:77", "visitor:77"] {
        for shown in views(&guarded, "gb customer", subject) {
            assert_eq!(shown.status, 200, "{}", shown.body);
            assert!(!shown.body.contains("gift_wrap"), "{}", shown.body);
        }
    }
    // What was recorded before they were known to be one is in the export, of each market its own.
    for (token, markets) in [
        ("gb customer", vec!["gb"]),
        ("de customer", vec!["de", "de"]),
        ("* customer", vec!["gb", "de", "de"]),
    ] {
        let export = guarded.get(token, "/v1/customers/crm:77/export").json();
        assert_eq!(names(&export["records"], "market"), markets, "{token}");
    }
}

#[test]
fn a_customer_is_erased_by_who_speaks_for_all_markets_alone() {
    let guarded = Guarded::start();
    for market in ["de", "gb"] {
        guarded.buys(market, "crm:77");
    }
    let erase = |token: &str, subject: &str| {
        let path = format!("/v1/customers/{subject}");
        guarded.ask(token, "DELETE", &path, &Value::Null)
    };
    for token in ["gb erase", "de erase"] {
        for subject in ["crm:77", "crm:78"] {
            assert_eq!(
                erase(token, subject).told(),
                "403 not-yours: a customer is erased in every market at once: it takes a token for all of them, `*`"
            );
        }
    }
    assert_eq!(
        guarded.get("gb customer", "/v1/customers/crm:77").status,
        200
    );
    assert_eq!(erase("* erase", "crm:77").status, 200);
    for token in ["gb customer", "* customer"] {
        assert_eq!(guarded.get(token, "/v1/customers/crm:77").status, 404);
    }
}

#[test]
fn what_a_customer_takes_back_in_one_market_holds_in_all() {
    let guarded = Guarded::start();
    guarded.consents("de", "crm:77", "marketing", "confirmed");
    guarded.buys("de", "crm:77");
    let waits = |token: &str| {
        let view = guarded.get(token, "/v1/customers/crm:77").json();
        let pending = view["status"]["pending"].as_array().expect("a list");
        (pending.len(), names(&view["consents"], "state"))
    };
    let (pending, _) = waits("de customer");
    assert!(pending > 0, "something waits in de");
    // Whoever speaks for gb alone, where nobody knew the customer.
    let said = json!({ "state": "withdrawn", "market": "gb" });
    let path = "/v1/customers/crm:77/consents/marketing";
    let answer = guarded.ask("gb consent", "PUT", path, &said);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(waits("de customer"), (0, vec!["withdrawn".to_owned()]));
    assert_eq!(waits("* customer").0, 0);
    // And it is gb's to know that it holds, but not what was given to de before.
    assert_eq!(waits("gb customer"), (0, vec!["withdrawn".to_owned()]));
}

#[test]
fn a_market_does_not_see_which_actions_of_others_its_event_cancelled() {
    let guarded = Guarded::start();
    guarded.consents("de", "crm:77", "marketing", "confirmed");
    guarded.buys("de", "crm:77");
    let cancel = |market: &str, subject: &str| {
        let mut cancelled = order(&format!("{market}-cancel"), subject, 120);
        cancelled["type"] = json!("order.cancelled");
        cancelled["source"] = json!(format!("shop/{market}"));
        guarded.send(market, cancelled)
    };
    let told = |token: &str, market: &str| {
        let path = format!("/v1/explanation?source=shop%2F{market}&event={market}-cancel");
        let answer = guarded.get(token, &path);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body.contains("review_request")
    };
    cancel("gb", "crm:77");
    assert!(told("* evidence", "gb"), "something of de waited");
    assert!(!told("gb evidence", "gb"), "which is de's to know");
    for market in ["gb", "de"] {
        guarded.consents(market, "crm:78", "marketing", "confirmed");
        let mut bought = order(&format!("{market}-two"), "crm:78", 120);
        bought["source"] = json!(format!("shop/{market}"));
        guarded.send(market, bought);
    }
    cancel("de", "crm:78");
    assert!(told("de evidence", "de"), "its own is told");
}
