//! Two customers who turn out to be one: what was said, what waits.

use kairos::clock::Instant;
use kairos::customer::Customer;
use kairos::ids::{Chance, CustomerId};
use kairos_tests::desk::Desk;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::consent::{Said, anything, charter, statement, uses};
use crate::late::{self, hear, known, said_at, somebody, status, story};
use crate::{desk, from, later, order, says, viewed, why, with};

#[test]
fn at_login_a_refusal_counts_whatever_its_age() {
    // C10, golden 9: the visitor said no long ago, the customer yes today.
    let desk = desk();
    desk.send("gb", &says("c-0", "visitor:v", "profiling", "granted"));
    let refused = with(
        says("c-1", "visitor:v", "marketing", "denied"),
        "time",
        json!("2010-11-01T12:00:00Z"),
    );
    desk.send("gb", &refused);
    desk.send("gb", &says("c-2", "crm:1", "marketing", "granted"));
    let before = desk.send("gb", &viewed("v-1", "crm:1"));
    assert!(later(&before).contains(&"offer/email".into()));
    let login = with(viewed("v-2", "crm:1"), "visitor", json!("visitor:v"));
    let reply = desk.send("gb", &login);
    assert_eq!(
        why(&reply, "offer", "email"),
        "consent: `marketing` over `email` is denied"
    );
    let cancelled = reply["cancelled"].as_array().unwrap();
    assert!(
        cancelled
            .iter()
            .all(|one| one["because"] == "consent: denied")
            && !cancelled.is_empty(),
        "{reply:#}"
    );
}

#[test]
fn at_login_a_refusal_of_a_part_outlives_a_later_giving_of_the_whole() {
    // C10: one click withdraws one channel, and audiences are given over all of them.
    let login = |desk: &Desk| {
        let page = with(viewed("v-2", "crm:1"), "visitor", json!("visitor:v"));
        let reply = desk.send("gb", &page);
        assert_eq!(
            why(&reply, "audience", "net"),
            "consent: `ads` over `net` is withdrawn"
        );
    };
    let said = |id: &str, subject: &str, state: &str, second: u32| {
        let time = json!(format!("2010-12-01T12:00:0{second}Z"));
        let mut said = with(says(id, subject, "ads", state), "time", time);
        if state == "withdrawn" {
            said["data"]["channels"] = json!(["net"]);
        }
        said
    };
    let desk_of = |statements: &[Value]| {
        let desk = desk();
        desk.at("2010-12-01T12:00:10Z");
        desk.send("gb", &says("c-0", "visitor:v", "profiling", "granted"));
        for statement in statements {
            desk.send("gb", statement);
        }
        desk
    };
    let theirs = [
        said("c-1", "visitor:v", "withdrawn", 1),
        said("c-2", "crm:1", "granted", 5),
    ];
    let desk = desk_of(&theirs);
    let before = desk.send("gb", &viewed("v-1", "crm:1"));
    assert!(later(&before).contains(&"audience/net".into()));
    login(&desk);
    // Our own refusal, and a giving that is newer on the other side alone.
    let ours = [
        said("c-1", "crm:1", "granted", 1),
        said("c-2", "crm:1", "withdrawn", 3),
        said("c-3", "visitor:v", "granted", 5),
    ];
    login(&desk_of(&ours));
}

#[test]
fn at_login_what_both_gave_again_stays_given() {
    // C10
    let desk = desk();
    desk.at("2010-12-01T12:00:10Z");
    desk.send("gb", &says("c-0", "visitor:v", "profiling", "granted"));
    for (subject, state, second) in [
        ("visitor:v", "withdrawn", 1),
        ("visitor:v", "granted", 2),
        ("crm:1", "granted", 1),
    ] {
        let id = format!("c-{subject}-{second}");
        let time = json!(format!("2010-12-01T12:00:0{second}Z"));
        desk.send(
            "gb",
            &with(says(&id, subject, "marketing", state), "time", time),
        );
    }
    let page = with(viewed("v-1", "crm:1"), "visitor", json!("visitor:v"));
    assert!(later(&desk.send("gb", &page)).contains(&"offer/email".into()));
}

fn of_many() -> impl Strategy<Value = Vec<(Said, &'static str)>> {
    let purpose = prop::sample::select(vec!["marketing", "ads", "all"]);
    prop::collection::vec((anything(), purpose), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// C10: whatever either of two said before they turned out to be one.
    #[test]
    fn a_merge_never_broadens_consent(ours in of_many(), theirs in of_many()) {
        let charter = charter();
        let mut chance = Chance::from_seed(b"two");
        let [before, other] = [ours, theirs].map(|statements| {
            let mut customer = Customer::new(CustomerId::draw(&mut chance), 0, Instant::from_millis(0));
            for (one, purpose) in statements {
                customer.consents.say(statement(&charter, one, purpose));
            }
            customer
        });
        let mut after = before.clone();
        after.take_over(&charter, &other);
        for of in uses(&charter, &["marketing", "ads"]) {
            let is_refused = |one: &Customer| one.consents.last(of).is_some_and(|said| said.state.is_refusal());
            if is_refused(&before) || is_refused(&other) {
                prop_assert!(is_refused(&after), "{of:?}: {:?}", after.consents);
            }
            if after.consents.allow(of) {
                prop_assert!(before.consents.allow(of), "{of:?}: {:?}", after.consents);
            }
        }
    }

    /// C10: whatever was heard of whom, before they turned out to be one or after.
    #[test]
    fn a_merge_knows_what_one_customer_would_from_the_start(
        (field, happened, heard) in story(),
        sides in prop::collection::vec(0..3, 10),
    ) {
        let charter = late::charter();
        let mut from_the_start = somebody();
        for one in &happened {
            hear(charter, &mut from_the_start, field, one);
        }
        let [mut ours, mut theirs] = [somebody(), somebody()];
        for (one, side) in heard.iter().zip(&sides) {
            match side {
                0 => hear(charter, &mut ours, field, one),
                1 => hear(charter, &mut theirs, field, one),
                _ => {}
            }
        }
        ours.take_over(charter, &theirs);
        for (one, _) in heard.iter().zip(&sides).filter(|(_, side)| **side == 2) {
            hear(charter, &mut ours, field, one);
        }
        prop_assert_eq!(known(&from_the_start), known(&ours), "{}", field);
    }
}

/// A host that may remember the visitor, with what was said of visitor and customer before they turn out to be one.
fn joined(said: &[Value]) -> Desk {
    let desk = Desk::with(&[("charter.toml", &late::charter_text())]);
    desk.at("2010-12-01T13:00:00Z");
    desk.send("gb", &says("c-0", "visitor:v", "profiling", "granted"));
    for one in said {
        desk.send("gb", one);
    }
    let page = with(viewed("v-1", "crm:1"), "visitor", json!("visitor:v"));
    desk.send("gb", &page);
    desk.restart()
}

fn fields(desk: &Desk) -> Value {
    status(desk, "crm:1")["fields"].clone()
}

#[test]
fn at_login_the_points_of_both_are_summed_and_go_on() {
    // C10
    let desk = joined(&[
        order("o-1", "visitor:v", 5),
        order("o-2", "crm:1", 7),
        order("o-3", "visitor:v", 30),
    ]);
    assert_eq!(fields(&desk)["points"]["value"], 42);
    desk.send("gb", &order("o-4", "crm:1", 1));
    assert_eq!(fields(&desk)["points"]["value"], 43);
}

#[test]
fn at_login_what_was_set_last_counts_with_what_was_added_since() {
    let set = |minute, subject: &str, credit: i64| {
        said_at(minute, subject, "said.set", json!({ "credit": credit }))
    };
    let add = |minute, subject: &str, by: i64| {
        said_at(minute, subject, "said.append", json!({ "number": by }))
    };
    let (crm, visitor) = ("crm:1", "visitor:v");
    let credit = |said: &[Value]| fields(&joined(said))["credit"]["value"].clone();
    assert_eq!(credit(&[set(1, crm, 100), add(2, visitor, 5)]), 105);
    assert_eq!(credit(&[add(2, visitor, 5), set(3, crm, 100)]), 100);
    assert_eq!(credit(&[set(1, crm, 100), set(2, visitor, 40)]), 40);
    assert_eq!(
        credit(&[
            set(1, crm, 100),
            add(4, crm, 1),
            set(2, visitor, 40),
            add(3, visitor, 2)
        ]),
        43
    );
    assert_eq!(
        credit(&[add(1, crm, 3), add(2, visitor, 5), add(4, crm, 1)]),
        9
    );
}

#[test]
fn at_login_every_rule_gives_what_one_customer_would_have() {
    // C10
    let set = |minute, subject: &str, text: &str, number: i64| {
        let data = json!({ "text": text, "texts": [text], "number": number });
        said_at(minute, subject, "said.set", data)
    };
    let visitor = set(10, "visitor:v", "early", 9);
    let customer = from("crm", set(20, "crm:1", "late", 5));
    let now = fields(&joined(&[visitor, customer]));
    let values = ["name", "tags", "topics", "best", "origin", "grade"];
    assert_eq!(
        values.map(|name| now[name]["value"].clone()),
        [
            json!("late"),
            json!(["late"]),
            json!(["early", "late"]),
            json!(9),
            json!("early"),
            json!("late")
        ]
    );
}

#[test]
fn at_login_what_either_took_out_stays_out_and_the_rest_is_united() {
    let entries = |entries: &[&str]| json!({ "texts": entries, "skus": entries });
    let said = |minute, subject: &str, kind: &str, all: &[&str]| {
        said_at(minute, subject, kind, entries(all))
    };
    let desk = joined(&[
        said(10, "visitor:v", "said.append", &["a", "b"]),
        said(11, "crm:1", "said.append", &["c", "d"]),
        said(12, "crm:1", "said.remove", &["a"]),
        said(13, "visitor:v", "said.remove", &["d"]),
    ]);
    let now = status(&desk, "crm:1");
    assert_eq!(now["fields"]["tags"]["value"], json!(["b", "c"]));
    let kept = now["items"]["kept"].to_string();
    let is_kept = ["a", "b", "c", "d"].map(|item| kept.contains(&format!("\"{item}\"")));
    assert_eq!(is_kept, [false, true, true, false], "{kept}");
}

#[test]
fn at_login_what_was_emptied_and_filled_in_one_instant_stays() {
    let instant = |kind: &str, data: Value| said_at(10, "visitor:v", kind, data);
    let filled = joined(&[
        instant("said.clear", json!({})),
        instant("said.append", json!({ "texts": ["a"] })),
    ]);
    assert_eq!(fields(&filled)["tags"]["value"], json!(["a"]));
    // What either cleared since does not come back.
    let cleared = joined(&[
        instant("said.append", json!({ "texts": ["a"] })),
        said_at(11, "crm:1", "said.clear", json!({})),
    ]);
    assert_eq!(fields(&cleared)["tags"], Value::Null);
}
