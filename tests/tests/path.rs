//! The path of an event, in process: what is absorbed, what is decided, what is kept.

use std::time::Duration;

use kairos::customer::{Account, IdentityKey, Named};
use kairos_tests::desk::decide;
use kairos_tests::desk::{Desk, Rejected, consent, event, order};
use kairos_tests::policies::policy;
use serde_json::{Value, json};
use tokio::time::timeout;

fn outcome(reply: &Value) -> &str {
    reply["decisions"][0]["outcome"]
        .as_str()
        .unwrap_or("signal")
}

#[test]
fn an_order_brings_points_and_a_banner_and_both_are_in_the_evidence() {
    // A02, A03, A07, B01, D06: the decision sees its own event, and says what, where, when and why.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let reply = desk.send("gb", &order("o-1", "crm:1", 139));
    assert_eq!(outcome(&reply), "act", "{reply:#}");
    let action = &reply["decisions"][0]["actions"][0];
    assert_eq!(
        (&action["action"], &action["channel"]),
        (&json!("thank_you_banner"), &json!("web"))
    );
    assert_eq!(action["parameters"]["points"], 139);
    let evidence = desk
        .decision(reply["decisions"][0]["id"].as_str().unwrap())
        .expect("the decision's evidence");
    assert_eq!(evidence["known"]["readings"]["points"]["value"], 139);
    assert_eq!(evidence["event"]["subject"], "crm:1");
    assert_eq!(evidence["actions"][0]["id"], action["id"]);
    let customer = desk.customer("crm:1").expect("a customer");
    assert_eq!(customer["status"]["fields"]["points"]["value"], 139);
    assert_eq!(customer["status"]["fields"]["points"]["source"], "shop");
    assert_eq!(customer["status"]["windows"]["orders_90d"], 1);
}

#[test]
fn without_consent_a_mail_is_refused_and_the_reason_is_recorded() {
    // A06, A23, golden 5: the boundary refuses what the policy proposes, and names the rule.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let reply = desk.send("gb", &order("o-1", "crm:1", 139));
    let refused = &reply["decisions"][0]["refused"][0];
    assert_eq!(
        (&refused["action"], &refused["rule"]),
        (&json!("review_request"), &json!("consent")),
        "{reply:#}"
    );
    assert_eq!(refused["reason"], "no consent to `marketing` over `email`");
}

#[test]
fn consent_lets_the_mail_through_and_its_withdrawal_stops_it_at_once() {
    // A23, D13, golden 1 as far as it goes without delivery.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let before = desk.send("gb", &order("o-1", "crm:1", 139));
    assert_eq!(
        before["decisions"][0]["scheduled"][0]["action"], "review_request",
        "{before:#}"
    );
    let mut withdrawal = consent("c-2", "crm:1", "withdrawn");
    withdrawal["time"] = json!("2010-12-01T12:00:01Z");
    desk.at("2010-12-01T12:00:02Z");
    desk.send("de", &withdrawal);
    let after = desk.send("gb", &order("o-2", "crm:1", 139));
    assert_eq!(after["decisions"][0]["scheduled"], json!([]), "{after:#}");
    assert_eq!(
        after["decisions"][0]["refused"][0]["reason"],
        "`marketing` over `email` is withdrawn"
    );
}

#[test]
fn a_parameter_beyond_the_markets_own_bound_is_refused() {
    // A24, C20: the charter allows 100 pounds, the region chose 50.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let reply = desk.send("gb", &order("o-1", "crm:1", 20_000));
    let refused = reply["decisions"][0]["refused"]
        .as_array()
        .expect("refusals")
        .clone();
    let voucher = refused
        .iter()
        .find(|refused| refused["action"] == "voucher")
        .expect("the voucher is refused");
    assert_eq!(voucher["rule"], "parameters");
    let reason = voucher["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("`amount` is ") && reason.ends_with(", not between 100 and 5000"),
        "{reason}"
    );
    assert_eq!(outcome(&reply), "act", "the banner acts all the same");
}

#[test]
fn the_same_event_again_gets_the_first_reply_and_changes_nothing() {
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let (first, repeated) = desk.try_send("gb", &order("o-1", "crm:1", 139)).unwrap();
    assert!(!repeated);
    let (second, repeated) = desk.try_send("gb", &order("o-1", "crm:1", 139)).unwrap();
    assert!(repeated);
    assert_eq!(first, second);
    assert_eq!(
        desk.customer("crm:1").unwrap()["status"]["fields"]["points"]["value"],
        139
    );
    let desk = desk.restart();
    let (third, repeated) = desk.try_send("gb", &order("o-1", "crm:1", 139)).unwrap();
    assert!(repeated, "a restart forgets no event");
    assert_eq!(first, third);
}

#[test]
fn the_same_id_with_other_content_or_for_another_market_is_a_conflict() {
    let desk = Desk::retail();
    desk.send("gb", &order("o-1", "crm:1", 139));
    for (market, pounds) in [("gb", 140), ("de", 139)] {
        match desk.try_send(market, &order("o-1", "crm:1", pounds)) {
            Err(Rejected::Undecided(error)) => {
                let message = "event `o-1` of `shop/gb` came before with other content, or for another market";
                assert_eq!(error.to_string(), message);
            }
            other => panic!("not a conflict: {other:?}"),
        }
    }
}

#[test]
fn a_market_without_a_policy_holds_and_says_so() {
    // A34: no market's policy stands in for another's.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let reply = desk.send("intl", &order("o-1", "crm:1", 139));
    assert_eq!(
        (outcome(&reply), &reply["decisions"][0]["because"]),
        ("hold", &json!("the market has no policy"))
    );
}

#[test]
fn an_event_that_is_no_moment_is_a_signal_that_is_absorbed_all_the_same() {
    // A03, A04
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let changed = event(
        "m-1",
        "customer.changed",
        "crm:1",
        json!({ "language": "fr" }),
    );
    let mut changed = changed;
    changed["source"] = json!("crm");
    let reply = desk.send("gb", &changed);
    assert_eq!(reply["decisions"], json!([]));
    assert_eq!(
        desk.customer("crm:1").unwrap()["status"]["fields"]["language"]["value"],
        "fr"
    );
}

#[test]
fn an_older_event_never_overwrites_a_fresher_field() {
    // A16, A17
    let desk = Desk::retail();
    let language = |id: &str, time: &str, language: &str| {
        let mut event = event(
            id,
            "customer.changed",
            "crm:1",
            json!({ "language": language }),
        );
        event["source"] = json!("crm");
        event["time"] = json!(time);
        event
    };
    desk.send("gb", &language("m-1", "2010-12-01T10:00:00Z", "de"));
    desk.send("gb", &language("m-2", "2010-12-01T09:00:00Z", "fr"));
    assert_eq!(
        desk.customer("crm:1").unwrap()["status"]["fields"]["language"]["value"],
        "de"
    );
}

#[test]
fn a_lower_source_never_overwrites_the_leading_one() {
    // C11, golden 7 as far as it goes without counters: the CRM leads, the shop speaks later and loses.
    let charter = std::fs::read_to_string(
        kairos_tests::desk::root().join("examples/retail/charter/charter.toml"),
    )
    .unwrap()
    .replace(
        "\"document.downloaded\", \"consent",
        "\"document.downloaded\", \"customer.changed\", \"consent",
    );
    let desk = Desk::with(&[("charter.toml", &charter)]);
    let country = |id: &str, source: &str, time: &str, country: &str| {
        let mut event = event(
            id,
            "customer.changed",
            "crm:1",
            json!({ "country": country }),
        );
        event["source"] = json!(source);
        event["time"] = json!(time);
        event
    };
    desk.send("gb", &country("m-1", "crm", "2010-12-01T10:00:00Z", "DE"));
    desk.send("gb", &country("m-2", "shop", "2010-12-01T11:00:00Z", "FR"));
    let customer = desk.customer("crm:1").unwrap();
    assert_eq!(customer["status"]["fields"]["country"]["value"], "DE");
    assert_eq!(customer["status"]["fields"]["country"]["source"], "crm");
}

#[test]
fn a_visitor_becomes_the_customer_who_logs_in() {
    let desk = Desk::retail();
    desk.send("fr", &consent("c-1", "visitor:v1", "granted"));
    let visitor = desk.customer("visitor:v1").expect("a visitor")["id"].clone();
    let mut order = order("o-1", "crm:1", 50);
    order["visitor"] = json!("visitor:v1");
    desk.send("fr", &order);
    let customer = desk.customer("crm:1").expect("a customer");
    assert_eq!(
        customer["id"], visitor,
        "nobody else was there: the visitor gets a name"
    );
    assert_eq!(desk.customer("visitor:v1").unwrap()["id"], visitor);
}

#[test]
fn at_login_two_become_one_and_the_stricter_consent_wins() {
    // C10, golden 9 as far as it goes without unmerging.
    let desk = Desk::retail();
    desk.send("gb", &order("o-1", "crm:1", 50));
    desk.send("gb", &consent("c-1", "crm:1", "denied"));
    desk.send("gb", &consent("c-2", "visitor:v1", "granted"));
    let mut login = order("o-2", "crm:1", 70);
    login["visitor"] = json!("visitor:v1");
    desk.send("gb", &login);
    let customer = desk.customer("crm:1").unwrap();
    assert_eq!(customer["id"], desk.customer("visitor:v1").unwrap()["id"]);
    let states: Vec<_> = customer["consents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|said| said["state"].clone())
        .collect();
    assert_eq!(states, ["denied"]);
    assert_eq!(customer["status"]["fields"]["points"]["value"], 120);
    let desk = desk.restart();
    assert_eq!(
        customer["id"],
        desk.customer("visitor:v1").unwrap()["id"],
        "and stay one"
    );
}

#[test]
fn two_people_at_one_browser_stay_two() {
    let desk = Desk::retail();
    for (id, subject) in [("o-1", "crm:1"), ("o-2", "crm:2")] {
        let mut order = order(id, subject, 50);
        order["visitor"] = json!("visitor:shared");
        desk.send("gb", &order);
    }
    let (one, two) = (
        desk.customer("crm:1").unwrap(),
        desk.customer("crm:2").unwrap(),
    );
    assert_ne!(one["id"], two["id"]);
    assert_eq!(
        desk.customer("visitor:shared").unwrap()["id"],
        two["id"],
        "the browser follows whoever was seen last"
    );
}

#[test]
fn what_a_customer_gave_no_basis_to_keep_is_decided_and_forgotten() {
    // B17: `product.viewed` rests on consent to profiling.
    let desk = Desk::retail();
    desk.policy("fr", &policy("fr"));
    let viewed = event(
        "v-1",
        "product.viewed",
        "visitor:v9",
        json!({ "sku": "85123A" }),
    );
    let reply = desk.send("fr", &viewed);
    assert_ne!(outcome(&reply), "signal", "it is decided: {reply:#}");
    assert!(
        desk.customer("visitor:v9").is_none(),
        "nobody is remembered"
    );
    let evidence = desk
        .decision(reply["decisions"][0]["id"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        (&evidence["event"]["data"], &evidence["event"]["subject"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(evidence["known"], Value::Null);
}

#[test]
fn an_account_has_a_status_of_its_own_and_an_insight_goes_to_sales() {
    // A38, A39, D05, golden 14 as far as it goes without caps: two people of one company, three signals, one insight.
    let desk = Desk::retail();
    desk.policy("nl", &policy("nl"));
    let mut last = Value::Null;
    for (id, subject) in [("d-1", "crm:1"), ("d-2", "crm:2"), ("d-3", "crm:1")] {
        let data = json!({ "document": "price_list", "business": true });
        let mut event = event(id, "document.downloaded", subject, data);
        event["account"] = json!("company:77");
        last = desk.send("nl", &event);
    }
    assert_eq!(outcome(&last), "act", "{last:#}");
    let insight = &last["decisions"][0]["scheduled"][0];
    assert_eq!(
        (&insight["action"], &insight["channel"]),
        (&json!("company_insight"), &json!("sales"))
    );
    assert_eq!(insight["parameters"]["signals"], 3);
    assert_eq!(insight["parameters"]["people"], 2);
}

#[test]
fn state_survives_a_restart_as_it_was() {
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    for number in 0..20 {
        desk.send(
            "gb",
            &order(
                &format!("o-{number}"),
                &format!("crm:{}", 1 + number % 3),
                10 + number,
            ),
        );
    }
    let before: Vec<_> = (1..4)
        .map(|number| desk.customer(&format!("crm:{number}")).unwrap())
        .collect();
    let desk = desk.restart();
    let after: Vec<_> = (1..4)
        .map(|number| desk.customer(&format!("crm:{number}")).unwrap())
        .collect();
    assert_eq!(before, after);
}

#[test]
fn the_clear_text_of_a_hashed_identity_never_reaches_the_disk() {
    let desk = Desk::retail();
    desk.send("gb", &order("o-1", "email:Ada.Lovelace@Gifts.example ", 50));
    assert!(desk.customer("email:ada.lovelace@gifts.example").is_some());
    let data = desk.data();
    desk.node.close();
    let mut searched = 0;
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            searched += bytes.len();
            let found = bytes
                .windows(12)
                .any(|window| window.eq_ignore_ascii_case(b"ada.lovelace"));
            assert!(!found, "{} holds the address", entry.path().display());
        }
    }
    assert!(searched > 1_000, "the search saw {searched} bytes");
}

#[test]
fn a_late_event_is_absorbed_and_nobody_is_asked() {
    // A16: `order_placed` asks about orders of the last day.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    let mut late = order("o-1", "crm:1", 139);
    late["time"] = json!("2010-11-20T12:00:00Z");
    let reply = desk.send("gb", &late);
    assert_eq!(reply["decisions"], json!([]));
    assert_eq!(
        desk.customer("crm:1").unwrap()["status"]["fields"]["points"]["value"],
        139
    );
}

#[test]
fn the_same_moment_is_found_whichever_channel_it_came_by() {
    // A20: one definition of the moment, for web, app and till.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    for channel in ["web", "app", "till"] {
        let mut order = order(&format!("o-{channel}"), "crm:1", 50);
        order["channel"] = json!(channel);
        let reply = desk.send("gb", &order);
        assert_eq!(reply["decisions"][0]["moment"], "order_placed", "{channel}");
        assert_eq!(outcome(&reply), "act");
    }
}

// D13, C10: what a visitor refuses while their login waits for something else is not lost on whoever logs in.
#[test]
fn a_refusal_that_comes_during_a_login_holds_for_whoever_logged_in() {
    let desk = Desk::retail();
    let with_account = |id: &str, subject: &str| {
        let mut event = order(id, subject, 10);
        event["account"] = json!("company:7");
        event
    };
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    desk.send("gb", &with_account("o-1", "crm:2"));
    let read = |event: &Value| {
        let event = desk.read("gb", event.to_string().as_bytes());
        event.expect("an event")
    };
    let charter = desk.node.charter();
    let mut login = with_account("o-2", "crm:1");
    login["visitor"] = json!("visitor:v");
    let (login, refusal) = (
        read(&login),
        read(&consent("c-2", "visitor:v", "withdrawn")),
    );
    let cache = desk.node.cache();
    let company = charter.names.identities["company"];
    let company = charter.identities.at(company).key;
    let key = IdentityKey::of(desk.node.salt(), company, "7");
    desk.wait(async {
        let Some(Named::Account(account)) = cache.find(key).await.expect("a view") else {
            panic!("company:7 is an account");
        };
        let line = cache.line::<Account>(account).await;
        let mut login = std::pin::pin!(decide(desk.core(), login));
        let mut refusal = std::pin::pin!(decide(desk.core(), refusal));
        // The login waits for its account; the refusal comes, and may have to wait for the login.
        let soon = Duration::from_millis(100);
        assert!(timeout(soon, &mut login).await.is_err());
        let refused = timeout(soon, &mut refusal).await;
        drop(line);
        let (logged_in, refused) = tokio::join!(login, async {
            match refused {
                Ok(refused) => refused,
                Err(_) => refusal.await,
            }
        });
        logged_in.expect("a decision");
        refused.expect("a decision");
    });
    let customer = desk.customer_state("crm:1");
    assert!(
        customer
            .consents
            .iter()
            .any(|consent| consent.state.is_refusal()),
        "{:?}",
        customer.consents
    );
    let [ours, theirs] = ["crm:1", "visitor:v"].map(|subject| desk.customer(subject));
    assert_eq!(
        ours.expect("a customer")["id"],
        theirs.expect("a customer")["id"]
    );
}
