//! What happened before and is heard after: it changes nothing that is younger, whatever the order of arrival.

use std::sync::LazyLock;

use kairos::charter::{Charter, Field, Type};
use kairos::clock::Instant;
use kairos::customer::Customer;
use kairos::customer::fields::{Claim, Edit};
use kairos::ids::{Chance, CustomerId, Key, Text};
use kairos::value::Value;
use kairos_tests::desk::Desk;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{at, from};

/// Fields under every merge rule, and a list of items.
const FIELDS: &str = r#"
name   = { type = "text", meaning = "latest", owner = "platform", merge = "latest", purpose = "service" }
tags   = { type = "texts", at-most = 50, meaning = "latest list", owner = "platform", merge = "latest", purpose = "service" }
topics = { type = "texts", at-most = 50, meaning = "union", owner = "platform", merge = "union", purpose = "service" }
best   = { type = "integer", unit = "euros", meaning = "max", owner = "platform", merge = "max", purpose = "service" }
origin = { type = "text", meaning = "protected", owner = "platform", merge = "protected", purpose = "service" }
roots  = { type = "texts", at-most = 50, meaning = "protected list", owner = "platform", merge = "protected", purpose = "service" }
grade  = { type = "text", meaning = "led", owner = "platform", leading-source = ["crm"], merge = "leading-source", purpose = "service" }
level  = { type = "text", meaning = "led for a while", owner = "platform", leading-source = ["crm"], merge = "leading-source", max-age = "3s", purpose = "service" }
team   = { type = "texts", at-most = 50, meaning = "led list", owner = "platform", leading-source = ["crm"], merge = "leading-source", purpose = "service" }
visits = { type = "integer", unit = "visits", meaning = "added up", owner = "platform", merge = "latest", purpose = "service" }
credit = { type = "integer", unit = "euros", meaning = "set and added to", owner = "platform", merge = "latest", purpose = "service" }

[windows]"#;

const EVENTS: &str = r#"
[items]
kept = { key = "sku", add = { "said.append" = "data.skus" }, remove = { "said.remove" = "data.skus" }, keep = 50, meaning = "kept", owner = "platform", purpose = "service" }

[events."said.set"]
meaning = "a value is"
owner   = "platform"
purpose = "service"
data    = { text = { type = "text" }, texts = { type = "texts", at-most = 50 }, number = { type = "integer" }, credit = { type = "integer" } }
updates = [
  { set = "name", to = "data.text" }, { set = "origin", to = "data.text" }, { set = "grade", to = "data.text" },
  { set = "level", to = "data.text" },
  { set = "tags", to = "data.texts" }, { set = "topics", to = "data.texts" }, { set = "roots", to = "data.texts" },
  { set = "team", to = "data.texts" }, { set = "best", to = "data.number" }, { set = "credit", to = "data.credit" },
]

[events."said.append"]
meaning = "entries are put in"
owner   = "platform"
purpose = "service"
data    = { texts = { type = "texts", at-most = 50 }, skus = { type = "texts", of = "sku", at-most = 50 }, number = { type = "integer" } }
updates = [
  { append = "tags", value = "data.texts" }, { append = "topics", value = "data.texts" }, { append = "roots", value = "data.texts" },
  { append = "team", value = "data.texts" }, { add = "visits", by = "data.number" }, { add = "credit", by = "data.number" },
]

[events."said.remove"]
meaning = "entries are taken out"
owner   = "platform"
purpose = "service"
data    = { texts = { type = "texts", at-most = 50 }, skus = { type = "texts", of = "sku", at-most = 50 } }
updates = [{ remove = "tags", value = "data.texts" }, { remove = "topics", value = "data.texts" }, { remove = "roots", value = "data.texts" }, { remove = "team", value = "data.texts" }]

[events."said.clear"]
meaning = "nothing is known"
owner   = "platform"
purpose = "service"
updates = [{ clear = "name" }, { clear = "origin" }, { clear = "tags" }, { clear = "topics" }, { clear = "roots" }, { clear = "grade" }]

[moments.page_viewed]"#;

/// The charter with these fields and events.
pub(crate) fn charter_text() -> String {
    let may_send = "may-send = [\"said.set\", \"said.append\", \"said.remove\", \"said.clear\", ";
    crate::CHARTER
        .replacen("\n[windows]", FIELDS, 1)
        .replacen("[moments.page_viewed]", EVENTS, 1)
        .replace("may-send = [", may_send)
}

pub(crate) fn charter() -> &'static Charter {
    static CHARTER: LazyLock<Charter> = LazyLock::new(|| {
        let files = [("charter.toml".to_owned(), charter_text())];
        Charter::compile(&files).expect("a charter")
    });
    &CHARTER
}

/// One thing that is said of a field or of the list of items.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    Set(Vec<u8>),
    Append(Vec<u8>),
    Remove(Vec<u8>),
    Add(i64),
    Clear,
}

#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at: i64,
    pub(crate) source: &'static str,
    pub(crate) verb: Verb,
}

/// Of a field, what may be said in any order, and by whom. What is not here, the charter's reference tells: under `max` and
/// `leading-source`, what lost is not kept for a `clear` that comes late; a `set` between what was added is lost.
pub(crate) const CASES: &[(&str, &[&str], &[&str])] = &[
    ("name", &["set", "clear"], &["shop", "crm"]),
    (
        "tags",
        &["set", "append", "remove", "clear"],
        &["shop", "crm"],
    ),
    (
        "topics",
        &["set", "append", "remove", "clear"],
        &["shop", "crm"],
    ),
    ("best", &["set"], &["shop", "crm"]),
    ("origin", &["set", "clear"], &["shop", "crm"]),
    (
        "roots",
        &["set", "append", "remove", "clear"],
        &["shop", "crm"],
    ),
    ("grade", &["set"], &["shop", "form", "crm"]),
    ("level", &["set"], &["shop", "form", "crm"]),
    ("team", &["set", "append", "remove", "clear"], &["crm"]),
    ("visits", &["add"], &["shop", "crm"]),
    ("kept", &["append", "remove"], &["shop"]),
];

fn said(
    verbs: &'static [&'static str],
    sources: &'static [&'static str],
) -> impl Strategy<Value = Said> {
    let letters = || prop::collection::vec(0_u8..4, 1..3);
    let verb = (prop::sample::select(verbs), letters(), -9_i64..9);
    let verb = verb.prop_map(|(verb, letters, number)| match verb {
        "set" => Verb::Set(letters),
        "append" => Verb::Append(letters),
        "remove" => Verb::Remove(letters),
        "add" => Verb::Add(number),
        _ => Verb::Clear,
    });
    (verb, prop::sample::select(sources)).prop_map(|(verb, source)| Said {
        at: 0,
        source,
        verb,
    })
}

/// A field, what happened in order, and the same in some order of arrival.
pub(crate) fn story() -> impl Strategy<Value = (&'static str, Vec<Said>, Vec<Said>)> {
    prop::sample::select(CASES).prop_flat_map(|(field, verbs, sources)| {
        let all = prop::collection::vec(said(verbs, sources), 1..10);
        all.prop_flat_map(move |mut all| {
            for (place, one) in all.iter_mut().enumerate() {
                one.at = 1_000 * (i64::try_from(place).unwrap() + 1);
            }
            let shuffled = Just(all.clone()).prop_shuffle();
            (Just(field), Just(all), shuffled)
        })
    })
}

pub(crate) fn somebody() -> Customer {
    let mut chance = Chance::from_seed(b"somebody");
    Customer::new(CustomerId::draw(&mut chance), 0, Instant::from_millis(0))
}

fn value(field: &Field, letters: &[u8]) -> Value {
    let text = |letter: &u8| Text::from(format!("t{letter}"));
    match field.ty {
        Type::Integer => Value::Integer(letters.iter().copied().map(i64::from).sum()),
        Type::Texts => Value::Texts(letters.iter().map(text).collect()),
        _ => Value::Text(text(&letters[0])),
    }
}

/// A customer hears what is said.
pub(crate) fn hear(charter: &Charter, customer: &mut Customer, name: &str, one: &Said) {
    let time = Instant::from_millis(one.at);
    let event = Text::from(format!("e-{}", one.at));
    if name == "kept" {
        let list = charter.items.at(charter.names.items[name]);
        let items = &mut customer.status.items;
        match &one.verb {
            Verb::Append(letters) => letters.iter().for_each(|letter| {
                items.add(list, &Text::from(format!("t{letter}")), time);
            }),
            Verb::Remove(letters) => letters.iter().for_each(|letter| {
                items.remove(list, &format!("t{letter}"), time);
            }),
            other => panic!("no verb of items: {other:?}"),
        }
        return;
    }
    let field = charter.fields.at(charter.names.fields[name]);
    let claim = Claim {
        source: Key::of("source", one.source),
        occurred_at: time,
        received_at: time,
        event: &event,
    };
    let fields = &mut customer.status.fields;
    match &one.verb {
        Verb::Set(letters) => fields.set(charter, field, claim, value(field, letters)),
        Verb::Add(by) => fields.add(charter, field, claim, &Value::Integer(*by)),
        Verb::Append(all) => fields.edit(charter, field, claim, Edit::Append(&value(field, all))),
        Verb::Remove(all) => fields.edit(charter, field, claim, Edit::Remove(&value(field, all))),
        Verb::Clear => fields.clear(charter, field, claim),
    };
}

/// What is known in the end: values with their origin, and items.
pub(crate) fn known(customer: &Customer) -> String {
    let fields = customer.status.fields.iter().map(|(_, fact)| {
        format!(
            "{:?} {:?} {} {}",
            fact.value, fact.source, fact.occurred_at, fact.event
        )
    });
    let items = customer.status.items.iter().flat_map(|(_, items)| items);
    let mut items: Vec<_> = items.map(|(name, at)| format!("{name} {at}")).collect();
    items.sort();
    fields.chain(items).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    /// A16: under every merge rule.
    #[test]
    fn whatever_the_order_of_arrival_the_order_in_which_it_happened_counts((field, happened, heard) in story()) {
        let charter = charter();
        let [mut in_order, mut late] = [somebody(), somebody()];
        for one in &happened {
            hear(charter, &mut in_order, field, one);
        }
        for one in &heard {
            hear(charter, &mut late, field, one);
        }
        prop_assert_eq!(known(&in_order), known(&late), "{}", field);
    }
}

fn desk() -> Desk {
    let desk = Desk::with(&[("charter.toml", &charter_text())]);
    desk.at("2010-12-01T13:00:00Z");
    desk
}

/// An event of a minute past noon.
pub(crate) fn said_at(minute: u32, subject: &str, kind: &str, data: Json) -> Json {
    let id = format!("{kind}-{minute}");
    at(
        &format!("2010-12-01T12:{minute:02}:00Z"),
        &id,
        kind,
        subject,
        data,
    )
}

pub(crate) fn status(desk: &Desk, subject: &str) -> Json {
    desk.customer(subject).unwrap()["status"].clone()
}

#[test]
fn what_was_taken_out_does_not_come_back_with_something_older() {
    // A16: heard first, and remembered over a restart.
    let desk = desk();
    let out = json!({ "texts": ["a", "b"], "skus": ["1", "2"] });
    desk.send("gb", &said_at(30, "crm:1", "said.remove", out));
    let desk = desk.restart();
    let older = json!({ "texts": ["a", "c"], "skus": ["1", "3"] });
    desk.send("gb", &said_at(20, "crm:1", "said.append", older));
    let now = status(&desk, "crm:1");
    assert_eq!(now["fields"]["tags"]["value"], json!(["c"]));
    let kept = now["items"]["kept"].to_string();
    assert!(!kept.contains("\"1\"") && kept.contains("\"3\""), "{now:#}");
    let younger = json!({ "texts": ["a"], "skus": ["1"] });
    desk.send("gb", &said_at(40, "crm:1", "said.append", younger));
    let now = status(&desk, "crm:1");
    assert_eq!(now["fields"]["tags"]["value"], json!(["c", "a"]));
    assert!(
        now["items"]["kept"].to_string().contains("\"1\""),
        "{now:#}"
    );
}

#[test]
fn what_was_put_in_later_outlives_a_removal_that_comes_late() {
    let desk = desk();
    let entries = json!({ "texts": ["a"], "skus": ["1"] });
    desk.send("gb", &said_at(40, "crm:1", "said.append", entries.clone()));
    desk.send("gb", &said_at(30, "crm:1", "said.remove", entries));
    let now = status(&desk.restart(), "crm:1");
    assert_eq!(now["fields"]["tags"]["value"], json!(["a"]));
    assert!(
        now["items"]["kept"].to_string().contains("\"1\""),
        "{now:#}"
    );
}

#[test]
fn a_mark_is_kept_for_thirty_days_and_no_longer() {
    let desk = desk();
    let entries = json!({ "skus": ["1"] });
    let kept = || status(&desk, "crm:1")["items"]["kept"].to_string();
    desk.send("gb", &said_at(30, "crm:1", "said.remove", entries.clone()));
    desk.at("2010-12-31T12:29:00Z");
    desk.send("gb", &said_at(20, "crm:1", "said.append", entries.clone()));
    assert!(!kept().contains("\"1\""));
    desk.at("2010-12-31T12:31:00Z");
    desk.send("gb", &said_at(21, "crm:1", "said.append", entries));
    assert!(kept().contains("\"1\""));
}

#[test]
fn of_many_marks_the_oldest_make_room_and_what_is_older_still_does_not_come_back() {
    let desk = desk();
    let out = |from: u32| -> Vec<String> { (from..from + 50).map(|one| one.to_string()).collect() };
    for (minute, first) in [(30, 0), (31, 50), (32, 100)] {
        let out = json!({ "texts": out(first), "skus": out(first) });
        desk.send("gb", &said_at(minute, "crm:1", "said.remove", out));
    }
    let older = json!({ "texts": ["1", "120", "x"], "skus": ["1", "120", "x"] });
    desk.send("gb", &said_at(20, "crm:1", "said.append", older));
    let now = status(&desk, "crm:1");
    assert_eq!(now["fields"]["tags"]["value"], json!([]));
    let younger = json!({ "texts": ["1"], "skus": ["1"] });
    desk.send("gb", &said_at(33, "crm:1", "said.append", younger));
    let now = status(&desk, "crm:1");
    assert_eq!(now["fields"]["tags"]["value"], json!(["1"]));
    let state = desk.customer_state("crm:1");
    let bytes = kairos::encoding::encode(&state.status).len();
    assert!(
        bytes < 1_200,
        "what is remembered is bounded: {bytes} bytes"
    );
}

#[test]
fn each_field_keeps_the_word_that_its_own_rule_names() {
    // C12: the CRM speaks first, the shop later; then something older arrives.
    let desk = desk();
    let said = |text: &str, number: i64| json!({ "text": text, "texts": [text], "number": number });
    desk.send(
        "gb",
        &from("crm", said_at(10, "crm:1", "said.set", said("first", 9))),
    );
    desk.send("gb", &said_at(20, "crm:1", "said.set", said("later", 5)));
    desk.send("gb", &said_at(15, "crm:1", "said.set", said("between", 7)));
    let fields = status(&desk, "crm:1")["fields"].clone();
    let rules = ["name", "grade", "best", "origin", "topics"];
    assert_eq!(
        rules.map(|name| fields[name]["value"].clone()),
        [
            json!("later"),
            json!("first"),
            json!(9),
            json!("first"),
            json!(["first", "between", "later"])
        ]
    );
}

#[test]
fn who_may_not_set_a_value_may_not_change_it_otherwise_either() {
    // C11: the CRM leads; what is protected stays.
    let desk = desk();
    let said = json!({ "text": "gold", "texts": ["a"] });
    desk.send("gb", &from("crm", said_at(10, "crm:1", "said.set", said)));
    let other = json!({ "texts": ["b"] });
    desk.send("gb", &said_at(11, "crm:1", "said.append", other.clone()));
    desk.send(
        "gb",
        &said_at(12, "crm:1", "said.remove", json!({ "texts": ["a"] })),
    );
    desk.send("gb", &said_at(13, "crm:1", "said.clear", json!({})));
    let fields = status(&desk, "crm:1")["fields"].clone();
    let values = ["team", "grade", "roots", "origin"].map(|name| fields[name]["value"].clone());
    assert_eq!(
        values,
        [json!(["a"]), json!("gold"), json!(["a"]), json!("gold")]
    );
    assert_eq!(
        [&fields["tags"], &fields["name"]],
        [&Json::Null, &Json::Null]
    );
    // The leading source itself may.
    desk.send(
        "gb",
        &from("crm", said_at(14, "crm:1", "said.append", other)),
    );
    let fields = status(&desk, "crm:1")["fields"].clone();
    assert_eq!(fields["team"]["value"], json!(["a", "b"]));
    assert_eq!(fields["roots"]["value"], json!(["a"]));
}

#[test]
fn the_leading_source_is_heard_after_the_clear_of_another() {
    // C11: in order, the clear of the shop would have been refused.
    let desk = desk();
    desk.send("gb", &said_at(20, "crm:1", "said.clear", json!({})));
    let before = json!({ "text": "gold" });
    desk.send("gb", &from("crm", said_at(10, "crm:1", "said.set", before)));
    let fields = status(&desk, "crm:1")["fields"].clone();
    assert_eq!(fields["grade"]["value"], "gold");
    assert_eq!(fields["name"], Json::Null, "no source leads this one");
}

#[test]
fn what_was_added_before_a_value_was_set_is_in_it_already() {
    let desk = desk();
    let say = |minute, kind: &str, name: &str, number: i64| {
        let mut data = json!({});
        data[name] = json!(number);
        desk.send("gb", &said_at(minute, "crm:1", kind, data));
        status(&desk, "crm:1")["fields"]["credit"]["value"].clone()
    };
    assert_eq!(say(20, "said.set", "credit", 100), 100);
    assert_eq!(say(10, "said.append", "number", 5), 100);
    assert_eq!(say(30, "said.append", "number", 5), 105);
    assert_eq!(say(29, "said.append", "number", 1), 106);
    // What was set late is below what was added since.
    assert_eq!(say(25, "said.set", "credit", 50), 56);
    assert_eq!(say(22, "said.set", "credit", 70), 56);
    assert_eq!(say(40, "said.set", "credit", 7), 7);
    // What comes from before is summed in any order where nothing sets it.
    let visits = &status(&desk, "crm:1")["fields"]["visits"]["value"];
    assert_eq!(*visits, 11);
}

#[test]
fn a_full_list_keeps_what_was_put_in_last_whatever_comes_late() {
    let desk = desk();
    for minute in 1..=51 {
        let one = json!({ "texts": [format!("t{minute}")], "skus": [format!("s{minute}")] });
        let minute = 52 - minute;
        desk.send("gb", &said_at(minute, "crm:1", "said.append", one));
    }
    let now = status(&desk, "crm:1");
    let tags = now["fields"]["tags"]["value"].as_array().unwrap();
    assert_eq!((tags.len(), &tags[49]), (50, &json!("t1")));
    let kept = now["items"]["kept"].to_string();
    assert!(
        kept.contains("\"s1\"") && !kept.contains("\"s51\""),
        "{kept}"
    );
}
