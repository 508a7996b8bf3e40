//! Values leave what is known when their retention is over, whether anything comes of the customer or not.

use super::*;

use kairos_tests::desk::event;

/// A host on which somebody left a cart, whose fields are kept for thirty days.
fn with_cart() -> Desk {
    let desk = Desk::retail();
    let cart = json!({ "skus": ["85123A"], "value": { "amount": "30.00", "currency": "GBP" } });
    desk.send("gb", &event("cart-1", "cart.updated", "crm:1", cart));
    desk
}

fn cart(desk: &Desk) -> Vec<String> {
    let customer = desk.customer("crm:1").expect("a customer");
    let fields = customer["status"]["fields"].as_object().expect("fields");
    let cart = fields.keys().filter(|name| name.starts_with("cart_"));
    cart.cloned().collect()
}

/// What the host did by itself, as far as it tells of an expiry.
fn expiries(desk: &Desk) -> Vec<Value> {
    let told = desk.tick();
    let expiries = told.into_iter().filter(|reply| {
        let event = reply["event"].as_str();
        event.is_some_and(|event| event.starts_with("expiry:"))
    });
    expiries.collect()
}

#[test]
fn a_value_fades_by_itself_when_its_retention_is_over_c17() {
    let desk = with_cart();
    assert_eq!(cart(&desk), ["cart_skus", "cart_value"]);
    desk.at("2010-12-31T23:59:59Z");
    assert_eq!(expiries(&desk).len(), 0);
    assert_eq!(cart(&desk).len(), 2);
    desk.at("2011-01-01T00:00:00Z");
    let expired = expiries(&desk);
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0]["decisions"], json!([]), "a signal");
    assert_eq!(cart(&desk), [""; 0]);
    assert_eq!(expiries(&desk).len(), 0, "once");
    let told = names_of_the_last(&desk);
    assert_eq!(told, ["cart_skus", "cart_value"]);
    assert_eq!(cart(&desk.restart_without_view()), [""; 0]);
}

/// Which names the evidence of the last event tells are no longer kept.
fn names_of_the_last(desk: &Desk) -> Vec<String> {
    let reader = reader(&desk.data()).expect("a log");
    let keys = keychain(desk.data().as_path().into(), &reader).expect("keys");
    let mut last = Vec::new();
    let walked = reader.walk(&mut |met| {
        if Kind::from_number(met.kind) == Some(Kind::Event) {
            let opened = evidence::open(met.content, &keys).expect("a record");
            let faded = opened.body.noted.faded.iter();
            last = faded.map(ToString::to_string).collect();
            last.sort();
        }
    });
    walked.expect("a log that reads");
    last
}

#[test]
fn what_is_to_fade_outlives_a_restart_and_a_lost_view_c17() {
    let lives: [fn(Desk) -> Desk; 3] = [Desk::restart, Desk::restart_without_view, |desk| {
        desk.after_a_crash()
    }];
    for live in lives {
        let desk = live(with_cart());
        desk.at("2011-01-01T00:00:00Z");
        assert_eq!(expiries(&desk).len(), 1);
        assert_eq!(cart(&desk), [""; 0]);
        let desk = desk.restart();
        assert_eq!(expiries(&desk).len(), 0);
    }
}

#[test]
fn a_value_that_was_told_anew_is_kept_anew_c17() {
    let desk = with_cart();
    desk.at("2010-12-20T00:00:00Z");
    let mut again = event(
        "cart-2",
        "cart.updated",
        "crm:1",
        json!({ "skus": ["71053"],
        "value": { "amount": "10.00", "currency": "GBP" } }),
    );
    again["time"] = json!("2010-12-20T00:00:00Z");
    desk.send("gb", &again);
    desk.at("2011-01-01T00:00:00Z");
    assert_eq!(expiries(&desk).len(), 0);
    desk.at("2011-01-20T00:00:00Z");
    assert_eq!(expiries(&desk).len(), 1);
    assert_eq!(cart(&desk), [""; 0]);
}

#[test]
fn what_is_known_of_a_company_fades_too_c17() {
    let desk = Desk::retail();
    let mut told = event("a-1", "account.changed", "crm:1", json!({ "tier": "key" }));
    told["source"] = json!("crm");
    told["account"] = json!("company:7");
    desk.send("gb", &told);
    let desk = desk.restart_without_view();
    desk.at("2013-12-01T00:00:00Z");
    assert_eq!(expiries(&desk).len(), 1);
    assert_eq!(names_of_the_last(&desk), ["tier"]);
    assert_eq!(expiries(&desk.restart_without_view()).len(), 0);
}

#[test]
fn nothing_fades_of_who_was_erased_c17() {
    let desk = with_cart();
    let id = desk.customer("crm:1").expect("a customer")["id"].clone();
    let id = kairos::ids::CustomerId::parse(id.as_str().expect("an id")).expect("an id");
    let erased = desk.wait(desk.node.erase(kairos::views::Lookup::Id(id), "privacy"));
    erased.expect("an erasure");
    desk.at("2011-01-01T00:00:00Z");
    assert_eq!(expiries(&desk).len(), 0);
    let desk = desk.restart_without_view();
    assert_eq!(expiries(&desk).len(), 0);
}

/// A host on which somebody bought with a number and a cookie, and somebody else with a cookie alone.
fn with_cookies() -> Desk {
    let desk = Desk::retail();
    let mut both = order("both", "crm:1", 10);
    both["visitor"] = json!("visitor:c-1");
    desk.send("gb", &both);
    desk.send("gb", &order("cookie", "visitor:c-2", 10));
    desk
}

/// The end of the day on which cookies of the first of December 2010 are no longer kept.
const COOKIES_END: &str = "2012-01-01T00:00:00Z";

#[test]
fn a_name_that_is_no_longer_kept_names_nobody_c17() {
    let desk = with_cookies();
    desk.at("2011-12-30T00:00:00Z");
    desk.tick();
    assert!(desk.customer("visitor:c-1").is_some());
    desk.at(COOKIES_END);
    desk.tick();
    let lives: [fn(Desk) -> Desk; 3] = [|desk| desk, Desk::restart, Desk::restart_without_view];
    let mut desk = desk;
    for live in lives {
        desk = live(desk);
        assert_eq!(desk.customer("visitor:c-1"), None);
        let left = desk.customer("crm:1").expect("a customer");
        assert!(!left.to_string().contains("c-1"), "{left:#}");
    }
    let mut again = order("again", "visitor:c-1", 10);
    again["time"] = json!(COOKIES_END);
    desk.send("gb", &again);
    let id = |subject: &str| desk.customer(subject).expect("a customer")["id"].clone();
    assert_ne!(id("visitor:c-1"), id("crm:1"), "somebody new");
}

#[test]
fn whoever_has_no_name_left_is_erased_c17() {
    let desk = with_cookies();
    let id = desk.customer("visitor:c-2").expect("a customer")["id"].clone();
    let id = kairos::ids::CustomerId::parse(id.as_str().expect("an id")).expect("an id");
    desk.at("2011-12-30T00:00:00Z");
    desk.tick();
    assert!(desk.customer("visitor:c-2").is_some());
    desk.at(COOKIES_END);
    desk.tick();
    assert!(desk.node.cache().was_erased(id).expect("an answer"));
    assert!(desk.node.is_rotation_due(Span::from_days(0)));
    let desk = desk.restart_without_view();
    assert_eq!(desk.customer("visitor:c-2"), None);
    assert!(desk.customer("crm:1").is_some());
}

#[test]
fn figures_fade_when_their_time_is_over_c17() {
    let desk = Desk::retail();
    desk.send("gb", &order("o-1", "crm:1", 10));
    let orders = |desk: &Desk| {
        desk.customer("crm:1").expect("a customer")["status"]["windows"]["orders_90d"].clone()
    };
    assert_eq!(orders(&desk), json!(1));
    let desk = desk.restart_without_view();
    desk.at("2011-03-03T00:00:00Z");
    assert_eq!(expiries(&desk).len(), 1);
    assert!(names_of_the_last(&desk).contains(&"orders_90d".to_owned()));
    assert_eq!(orders(&desk), json!(0));
}
