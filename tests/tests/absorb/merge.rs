//! Two customers who turn out to be one: what was said, what waits.

use kairos::clock::Instant;
use kairos::customer::Customer;
use kairos::ids::{Chance, CustomerId};
use kairos_tests::desk::Desk;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::consent::{Said, anything, charter, statement, uses};
use crate::{desk, later, says, viewed, why, with};

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
}
