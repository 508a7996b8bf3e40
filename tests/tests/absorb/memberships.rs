//! Segments and stages: the same everywhere, and entering one is an event of its own in the same call.

use serde_json::{Value, json};

use crate::{at, desk, event, later, moments, order, says, viewed, with};

fn status(desk: &kairos_tests::desk::Desk, subject: &str) -> Value {
    desk.customer(subject).unwrap()["status"].clone()
}

#[test]
fn the_order_that_makes_a_buyer_is_answered_with_a_decision_about_that_too() {
    // A05, B12, C23: signals combined; the change is an event in the same call.
    let desk = desk();
    let first = desk.send("gb", &order("o-1", "crm:1", 40));
    assert_eq!(moments(&first), ["order_placed"]);
    assert_eq!(status(&desk, "crm:1")["segments"], json!({}));
    let second = desk.send("gb", &order("o-2", "crm:1", 40));
    assert_eq!(
        moments(&second),
        ["order_placed", "became_buyer on segment.entered"],
        "{second:#}"
    );
    let decision = &second["decisions"][1];
    assert_eq!(
        decision["on"],
        json!({ "type": "segment.entered", "data": { "segment": "buyer" } })
    );
    assert_eq!(decision["outcome"], "act");
    let evidence = desk.decision(decision["id"].as_str().unwrap()).unwrap();
    assert_eq!(evidence["on"]["type"], "segment.entered");
    assert_eq!(evidence["noted"]["entered"], json!(["segment.buyer"]));
    assert_eq!(
        evidence["known"]["readings"]["segment.buyer"]["value"],
        true
    );
    assert_eq!(evidence["known"]["readings"]["segment.vip"]["value"], false);
    // A repeat gets both, word for word; a third order enters nothing.
    assert_eq!(desk.send("gb", &order("o-2", "crm:1", 40)), second);
    let third = desk.send("gb", &order("o-3", "crm:1", 1));
    assert_eq!(moments(&third), ["order_placed"]);
}

#[test]
fn what_follows_from_a_segment_is_known_in_the_same_call_and_derives_nothing_further() {
    // B12: one order makes a buyer, a vip and a tier; the window counts the entries, and each is told once.
    let desk = desk();
    desk.send("gb", &order("o-1", "crm:1", 80));
    let reply = desk.send("gb", &order("o-2", "crm:1", 80));
    assert_eq!(
        moments(&reply),
        [
            "order_placed",
            "became_buyer on segment.entered",
            "tier_changed on stage.entered"
        ],
        "{reply:#}"
    );
    assert_eq!(
        reply["decisions"][2]["on"]["data"],
        json!({ "stage": "loyalty", "step": "silver", "before": "none" })
    );
    let status = status(&desk, "crm:1");
    let segments = status["segments"].as_object().unwrap();
    assert_eq!(segments.keys().collect::<Vec<_>>(), ["buyer", "vip"]);
    assert_eq!(status["stages"]["loyalty"]["step"], "silver");
    assert_eq!(status["windows"]["entries_90d"], 2);
}

#[test]
fn a_segment_is_left_when_it_no_longer_holds() {
    // B12, A16: a refund that arrives late takes the tier back; time takes the buyer back.
    let desk = desk();
    desk.send("gb", &order("o-1", "crm:1", 80));
    desk.send("gb", &order("o-2", "crm:1", 80));
    desk.at("2010-12-01T12:00:10Z");
    let refund = at(
        "2010-12-01T11:00:00Z",
        "r-1",
        "order.cancelled",
        "crm:1",
        json!({ "euros": 80 }),
    );
    desk.send("gb", &refund);
    let segments = status(&desk, "crm:1")["segments"].clone();
    assert_eq!(
        segments.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["buyer"]
    );
    assert_eq!(status(&desk, "crm:1")["stages"]["loyalty"]["step"], "none");
    desk.at("2011-03-15T12:00:00Z");
    let page = with(
        viewed("v-1", "crm:1"),
        "time",
        json!("2011-03-15T12:00:00Z"),
    );
    desk.send("gb", &page);
    assert_eq!(status(&desk, "crm:1")["segments"], json!({}));
}

#[test]
fn a_company_has_segments_of_its_own() {
    // A38: the second document makes the company a reader, whoever of its people fetched it.
    let desk = desk();
    let fetched = |id: &str, subject: &str| {
        with(
            event(id, "document.downloaded", subject, json!({})),
            "account",
            json!("company:7"),
        )
    };
    assert_eq!(
        moments(&desk.send("gb", &fetched("d-1", "crm:1"))),
        [] as [&str; 0]
    );
    let reply = desk.send("gb", &fetched("d-2", "crm:2"));
    assert_eq!(
        moments(&reply),
        ["company_reads on segment.entered"],
        "{reply:#}"
    );
    let id = reply["decisions"][0]["id"].as_str().unwrap();
    let known = desk.decision(id).unwrap()["known"]["readings"].clone();
    assert_eq!(known["segment.heavy"]["value"], true);
}

#[test]
fn whoever_did_not_allow_what_a_segment_rests_on_is_not_known_by_it() {
    // A15, B17, C17: `curious` rests on profiling. Data that came in while it was allowed stays unused once it is not.
    let desk = desk();
    desk.send("gb", &says("c-1", "crm:1", "profiling", "granted"));
    let toys =
        |id: &str, subject: &str| event(id, "toy.viewed", subject, json!({ "what": "toys" }));
    let reply = desk.send("gb", &toys("t-1", "crm:1"));
    assert_eq!(
        moments(&reply),
        ["toy_viewed", "became_curious on segment.entered"]
    );
    let id = reply["decisions"][0]["id"].as_str().unwrap();
    let readings = |id: &str| desk.decision(id).unwrap()["known"]["readings"].clone();
    assert_eq!(readings(id)["segment.curious"]["value"], true);
    desk.at("2010-12-01T12:00:05Z");
    let stop = with(
        says("c-2", "crm:1", "profiling", "withdrawn"),
        "time",
        json!("2010-12-01T12:00:01Z"),
    );
    desk.send("gb", &stop);
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    let id = reply["decisions"][0]["id"].as_str().unwrap();
    assert_eq!(readings(id)["segment.curious"], json!({ "is": "withheld" }));
    assert_eq!(readings(id)["interest"], json!({ "is": "withheld" }));
    assert_eq!(readings(id)["segment.buyer"]["value"], false);
    // Entered by what the CRM says, it is nobody's business either: the policy is not even asked.
    let told = crate::lives("m-1", "crm:2", json!({ "interest": "toys" }));
    assert_eq!(desk.send("gb", &told)["decisions"], json!([]));
    let segments = status(&desk, "crm:2")["segments"].clone();
    assert!(
        segments.get("curious").is_some(),
        "the platform knows: {segments}"
    );
    // Nor does a count tell of it.
    let entries = status(&desk, "crm:2")["windows"]["entries_90d"].clone();
    assert!(entries.is_null() || entries == 0, "{entries}");
    let closed = event("x-1", "complaint.closed", "crm:2", json!({}));
    assert_eq!(
        desk.send("gb", &closed)["decisions"],
        json!([]),
        "a moment's condition sees no more"
    );
}

#[test]
fn what_is_central_is_the_same_in_every_market() {
    // A19, A20, C26, C29: the same history, sent in one market or scattered over all of them.
    let history = |market: usize| -> Vec<(&'static str, Value)> {
        let markets = ["gb", "de", "us", "ch"];
        let pick = |place: usize| {
            markets[match market {
                4 => place % 4,
                market => market,
            }]
        };
        vec![
            (pick(0), order("o-1", "crm:1", 80)),
            (
                pick(1),
                crate::lives("m-1", "crm:1", json!({ "country": "FR" })),
            ),
            (pick(2), order("o-2", "crm:1", 80)),
            (
                pick(3),
                event("c-1", "complaint.opened", "crm:1", json!({})),
            ),
            (
                pick(0),
                event("r-1", "order.cancelled", "crm:1", json!({ "euros": 30 })),
            ),
            (
                pick(1),
                crate::from(
                    "crm",
                    event("l-1", "lead.changed", "crm:1", json!({ "stage": "hot" })),
                ),
            ),
        ]
    };
    let central = |market: usize| {
        let desk = desk();
        for (market, event) in history(market) {
            desk.send(market, &event);
        }
        let status = status(&desk, "crm:1");
        ["fields", "windows", "items", "segments", "stages"].map(|part| status[part].clone())
    };
    let first = central(0);
    assert_eq!(first[4]["loyalty"]["step"], "silver", "{first:#?}");
    for market in 1..5 {
        assert_eq!(central(market), first, "market {market}");
    }
}

#[test]
fn two_who_become_one_are_judged_as_one() {
    // C10: each ordered once; together they are a buyer of more than 100 points, and that is news.
    let desk = desk();
    desk.send("gb", &says("c-1", "visitor:v", "profiling", "granted"));
    desk.send("gb", &order("o-1", "visitor:v", 60));
    desk.send("gb", &order("o-2", "crm:1", 60));
    let login = with(viewed("v-1", "crm:1"), "visitor", json!("visitor:v"));
    let reply = desk.send("gb", &login);
    assert_eq!(
        moments(&reply),
        [
            "page_viewed",
            "became_buyer on segment.entered",
            "tier_changed on stage.entered"
        ],
        "{reply:#}"
    );
    let known = status(&desk, "crm:1");
    assert_eq!(known["windows"]["orders_90d"], 2);
    assert_eq!(known["fields"]["points"]["value"], 120);
    let desk = desk.restart();
    assert_eq!(status(&desk, "crm:1"), known);
}

#[test]
fn a_decision_sees_what_the_one_before_it_did_in_the_same_call() {
    // A21: the action of the order's decision waits when the segment's decision is made.
    let keep = crate::CHARTER.replace(
        "purpose   = \"marketing\"\nlapses    = \"30d\"",
        "purpose   = \"marketing\"\nlapses    = \"30d\"\npending   = \"keep\"",
    );
    let desk = crate::desk_with(&keep);
    desk.send("us", &order("o-1", "crm:1", 1));
    let second = desk.send("us", &order("o-2", "crm:1", 1));
    assert_eq!(moments(&second), ["became_buyer on segment.entered"]);
    assert!(later(&second).contains(&"offer/email".into()), "{second:#}");
    let page = desk.send("us", &viewed("v-1", "crm:1"));
    assert_eq!(
        crate::why(&page, "offer", "email"),
        "eligibility: one `offer` waits already"
    );
}
