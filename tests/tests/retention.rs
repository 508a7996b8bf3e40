//! C17: how long the evidence can be read is said by market and class, and then nobody can read it.

#[path = "retention/fading.rs"]
mod fading;

use kairos::clock::{Instant, Span};
use kairos::decide::replay::{Apart, keychain, reader, replay_all};
use kairos::evidence::query::Filter;
use kairos::evidence::verify::verify;
use kairos::evidence::{self, Kind};
use kairos::keys::Class;
use kairos::node::checkpoints::public_key;
use kairos_tests::desk::{Desk, consent, order};
use kairos_tests::policies::policy;
use serde_json::{Value, json};

/// The example's charter keeps decisions for two years, German ones for one, states for 400 days, consents for five years.
fn shop() -> Desk {
    let desk = Desk::retail();
    for market in ["gb", "de"] {
        desk.policy(market, &policy(market));
        let person = format!("crm:{market}");
        desk.send(
            market,
            &consent(&format!("{market}-c"), &person, "confirmed"),
        );
        desk.send(market, &order(&format!("{market}-o"), &person, 120));
    }
    desk
}

fn days(desk: &Desk, days: u64) {
    let begun = Instant::parse("2010-12-31T00:00:00Z").expect("a time");
    desk.at(&begun.plus(Span::from_days(days)).to_string());
}

fn expire(desk: &Desk) -> Vec<String> {
    let charter = desk.node.charter();
    let expired = desk.wait(desk.node.expire()).expect("an expiry");
    let named = expired.iter().map(|period| {
        let market = charter.names.market_keys[&period.market];
        let market = &charter.markets.at(market).name;
        format!("{market} {} {}", period.class.word(), period.month)
    });
    let mut named: Vec<String> = named.collect();
    named.sort();
    named
}

/// What can still be read: the events' ids, and whose states after them.
fn readable(desk: &Desk) -> Vec<String> {
    let reader = reader(&desk.data()).expect("a log");
    let keys = keychain(desk.data().as_path().into(), &reader).expect("keys");
    let mut found = Vec::new();
    let walked = reader.walk(&mut |met| {
        if !matches!(
            Kind::from_number(met.kind),
            Some(Kind::Event | Kind::Consent)
        ) {
            return;
        }
        let (header, states) = evidence::open_outside(met.content).expect("the outside");
        let body = evidence::open(met.content, &keys);
        let name = body.map_or_else(
            |error| error.to_string(),
            |opened| opened.body.event.id.into(),
        );
        let subject = header.seal.key;
        let state = states.customers.first().map_or("none", |after| {
            let opened = evidence::open_state(&keys, &header, subject, &after.state);
            opened.map_or("closed", |_| "open")
        });
        found.push(format!("{name}: {state}"));
    });
    let key = public_key(&desk.data()).expect("a key");
    walked.expect("a log that reads");
    let whole = verify(&reader, &key, &[], &mut |_, _| {}).expect("a chain");
    assert!(whole.is_sound());
    found
}

/// An error with all of its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let told: Vec<String> = causes.map(ToString::to_string).collect();
    told.join(": ")
}

fn open(class: &str, market: &str) -> String {
    format!("{market}-{class}: open")
}

#[test]
fn each_class_of_each_market_can_be_read_as_long_as_the_charter_says_c17() {
    let desk = shop();
    let all = [("c", "gb"), ("o", "gb"), ("c", "de"), ("o", "de")];
    assert_eq!(
        readable(&desk),
        all.map(|(class, market)| open(class, market))
    );
    days(&desk, 364);
    assert_eq!(expire(&desk), Vec::<String>::new());
    days(&desk, 366);
    assert_eq!(expire(&desk), ["de decisions 2010-12"]);
    let left = readable(&desk);
    assert_eq!(
        left[..3],
        all.map(|(class, market)| open(class, market))[..3]
    );
    assert_eq!(
        left[3],
        "its content of 2010-12 is no longer kept: the retention of its market's decisions is over: open"
    );
    days(&desk, 402);
    assert_eq!(expire(&desk), ["de states 2010-12", "gb states 2010-12"]);
    assert_eq!(readable(&desk)[..2], ["gb-c: closed", "gb-o: closed"]);
    days(&desk, 732);
    assert_eq!(expire(&desk), ["gb decisions 2010-12"]);
    days(&desk, 1_827);
    let last = expire(&desk);
    assert_eq!(last, ["de consents 2010-12", "gb consents 2010-12"]);
    assert!(readable(&desk).iter().all(|one| !one.contains("open")));
    assert_eq!(expire(&desk), Vec::<String>::new(), "once");
}

#[test]
fn what_is_known_now_outlives_the_evidence_of_it_c17() {
    let desk = shop();
    let before = desk.customer("crm:gb").expect("a customer");
    days(&desk, 402);
    expire(&desk);
    let known = |desk: &Desk| {
        let known = desk.customer("crm:gb").expect("a customer");
        assert_eq!(known["consents"], before["consents"]);
        assert_eq!(known["id"], before["id"]);
    };
    known(&desk);
    known(&desk.after_a_crash());
    // The log alone could not tell any more: a snapshot does.
    let desk = desk.restart_without_view();
    known(&desk);
    desk.policy("gb", &policy("gb"));
    let mut again = order("gb-2", "crm:gb", 120);
    again["time"] = json!(desk.node.clock().now().to_string());
    let reply = desk.send("gb", &again);
    assert_eq!(reply["decisions"][0]["outcome"], "act", "{reply:#}");
    assert_eq!(
        readable(&desk).last().map(String::as_str),
        Some("gb-2: open")
    );
}

#[test]
fn a_view_that_nothing_can_rebuild_is_not_guessed_c17() {
    let desk = shop();
    days(&desk, 402);
    expire(&desk);
    desk.node.close();
    for lost in ["view", "snapshots"] {
        std::fs::remove_dir_all(desk.data().join(lost)).expect("a folder");
    }
    let told = desk.try_after_a_crash().expect_err("no states");
    let all = whole(&told);
    assert!(
        all.contains("the retention of its market's states is over"),
        "{all}"
    );
}

#[test]
fn the_key_of_what_expired_goes_with_its_epoch_c17() {
    let desk = shop();
    let day = Span::from_days(1);
    days(&desk, 366);
    assert!(!desk.node.is_rotation_due(day));
    expire(&desk);
    let desk = desk.restart();
    assert!(!desk.node.is_rotation_due(day));
    days(&desk, 367);
    assert!(desk.node.is_rotation_due(day));
    desk.wait(desk.node.rotate_keys()).expect("a rotation");
    let gone = |desk: &Desk| {
        let left = readable(desk);
        assert_eq!(left[..3], ["gb-c: open", "gb-o: open", "de-c: open"]);
        assert!(left[3].contains("no longer kept"), "{left:?}");
        assert_eq!(expire(desk), Vec::<String>::new());
    };
    gone(&desk);
    let desk = desk.restart_without_view();
    gone(&desk);
}

#[test]
fn decisions_that_expired_are_told_of_and_counted_apart_c17() {
    let desk = shop();
    let reply = desk.send("de", &order("de-2", "crm:de", 120));
    let id = reply["decisions"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    days(&desk, 366);
    expire(&desk);
    let told = desk.wait(desk.node.decision(
        kairos::ids::DecisionId::parse(&id).expect("an id"),
        &kairos::event::Markets::All,
    ));
    let told = whole(&told.expect_err("it expired"));
    assert!(
        told.contains("its content of 2010-12 is no longer kept"),
        "{told}"
    );
    let tally = replay_all(&desk.data(), &Filter::default(), 2, &|_, _| {}).expect("a log");
    assert!(tally.is_same(), "{tally:?}");
    assert!(
        tally
            .apart
            .get(&Apart::Expired)
            .is_some_and(|count| *count >= 2),
        "{tally:?}"
    );
    let id = desk.customer("crm:de").expect("a customer")["id"].clone();
    let id = kairos::ids::CustomerId::parse(id.as_str().expect("an id")).expect("an id");
    let export = desk.wait(
        desk.node
            .export(kairos::views::Lookup::Id(id), &kairos::event::Markets::All),
    );
    let export = export.expect("an export").expect("a customer").json;
    let records = export["records"].as_array().expect("records");
    assert_eq!(records[0]["event"]["id"], json!("de-c"));
    assert!(
        records[1]["gone"]
            .as_str()
            .is_some_and(|gone| gone.contains("2010-12")),
        "{export:#}"
    );
}

#[test]
fn a_market_only_shortens_the_retention_c17_c20() {
    let files = |de: &str| {
        let folder = kairos_tests::retail_charter();
        let mut files = kairos::charter::Charter::read(&folder).expect("a charter");
        for (name, text) in &mut files {
            if name == "markets/de.toml" {
                *text = text.replace("decisions = \"365d\"", de);
            }
        }
        kairos::charter::Charter::compile(&files)
    };
    let charter = files("states = \"30d\"").expect("a charter");
    let de = charter.markets.at(charter.names.markets["de"]).retention;
    assert_eq!(de.of(Class::States), Some(Span::from_days(30)));
    assert_eq!(de.of(Class::Decisions), Some(Span::from_days(730)));
    let told = |de: &str| files(de).expect_err("a complaint").to_string();
    let wider = told("decisions = \"731d\"");
    assert!(
        wider.contains("retention.decisions: `731d` is wider than `730d` in charter.toml:")
            && wider.contains("a market can only narrow"),
        "{wider}"
    );
    let short = told("decisions = \"2h\"");
    assert!(
        short.contains("is `2h`: keep it for `1d` at least"),
        "{short}"
    );
    let unknown = told("decision = \"30d\"");
    assert!(unknown.contains("decisions"), "{unknown}");
}
