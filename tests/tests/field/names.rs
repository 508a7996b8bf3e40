//! One address is one person; an id that names nobody joins nobody.

use kairos_tests::Host;
use kairos_tests::desk::Desk;
use serde_json::{Value, json};

use crate::{event, find, order};

fn withdrawn(id: &str, subject: &str) -> String {
    event(
        id,
        "consent.withdrawn",
        subject,
        &json!({ "purpose": "marketing" }),
    )
    .to_string()
}

#[test]
fn one_address_is_one_person_however_it_is_typed() {
    let host = Host::open();
    for (number, (said, looked_up)) in [
        ("jose\u{301}@example.org", "jos\u{e9}@example.org"),
        ("JOSE\u{301}.B@example.org", "jos\u{e9}.b@example.org"),
        ("anna@EXAMPLE.org", " Anna@example.org."),
        ("bo@m\u{fc}nchen.example", "bo@xn--mnchen-3ya.example"),
        ("\u{ff41}nna.c@example.org", "mailto:anna.c@example.org"),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(
            host.post(
                "gb",
                &withdrawn(&format!("w-{number}"), &format!("email:{said}"))
            )
            .status,
            200,
            "{said}"
        );
        let found = find(&host, &format!("email:{looked_up}"));
        assert_eq!(found.status, 200, "{said} and {looked_up}: {}", found.body);
    }
    for (wrong, what) in [
        (
            "anna\u{200b}@example.org",
            "/subject: `subject` has a character in it that nobody sees, \\u{200b}",
        ),
        (
            "anna\u{202e}@example.org",
            "/subject: `subject` has a character in it that nobody sees, \\u{202e}",
        ),
        ("anna", "/subject: `subject` is no `email`: it has no `@`"),
        (
            "anna@",
            "/subject: `subject` is no `email`: it has no domain after its `@`",
        ),
        (
            "Anna <anna@example.org>",
            "/subject: `subject` is no `email`: it has no single name before its `@`",
        ),
    ] {
        let told = host
            .post("gb", &withdrawn("x", &format!("email:{wrong}")))
            .told();
        assert_eq!(told, format!("422 invalid-event {what}"), "{wrong}");
    }
}

#[test]
fn an_id_that_names_nobody_joins_nobody() {
    let host = Host::open();
    for nobody in [
        "undefined",
        "null",
        "NULL",
        "None",
        "NaN",
        "[object Object]",
        "\"\"",
        "0",
        "000",
        "anonymous",
        "guest",
        "true",
        "{{id}}",
        "00000000-0000-0000-0000-000000000000",
    ] {
        for namespace in ["crm", "visitor"] {
            let answer = host.post(
                "gb",
                &order("o", &format!("{namespace}:{nobody}"), "5.00").to_string(),
            );
            assert_eq!(
                answer.told(),
                format!(
                    "422 invalid-event /subject: `subject` has a value after `{namespace}:` that names nobody, such as `undefined`: leave it \
                     out where nobody is known"
                )
            );
        }
    }
    let mut order = order("o", "crm:1", "5.00");
    order["visitor"] = json!("visitor:undefined");
    assert_eq!(host.post("gb", &order.to_string()).status, 422);
    order["visitor"] = json!("visitor:guest-4711");
    assert_eq!(
        host.post("gb", &order.to_string()).status,
        200,
        "the event was not stored before"
    );
}

const CENTRAL: &str = r#"
version = "1"
owner = "data"
currency = "GBP"
[people]
data = "data@example.org"
[sources.shop]
meaning = "the shop"
may-send = ["seen"]
subjects = ["email", "phone", "card"]
[identities.email]
meaning = "an address"
strength = "strong"
normal = "exact"
[identities.phone]
meaning = "a number"
strength = "strong"
normal = "phone"
region = "GB"
[identities.card]
meaning = "a loyalty card"
strength = "strong"
nobody = ["9999"]
[purposes.service]
meaning = "serve"
basis = "contract"
owner = "data"
[fields.note]
type = "text"
meaning = "a note"
owner = "data"
merge = "latest"
purpose = "service"
[events.seen]
meaning = "somebody was seen"
owner = "data"
purpose = "service"
data = { note = { type = "text" } }
updates = [{ set = "note", to = "data.note" }]
[markets.gb]
country = "GB"
brand = "gifts"
owner = "data@example.org"
on-call = "+44 20 0000000"
time-zone = "Europe/London"
languages = ["en"]
limits = { fuel = 2_000_000, time = "50ms", memory = "2MiB", real-time-moments = 5, local-fields = 10, violations = 3 }
"#;

/// The same, with addresses in their normal form.
fn normal() -> String {
    CENTRAL
        .replace("normal = \"exact\"", "normal = \"email\"")
        .replace("version = \"1\"", "version = \"2\"")
}

fn seen(id: &str, subject: &str) -> Value {
    kairos_tests::desk::event(id, "seen", subject, json!({ "note": id }))
}

#[test]
fn who_was_stored_under_an_old_spelling_is_found_again_and_then_under_both() {
    let desk = Desk::with(&[("charter.toml", CENTRAL)]);
    desk.send("gb", &seen("1", "email:jose\u{301}@example.org."));
    let desk = desk.restart_with(&[("charter.toml", &normal())]);
    // The same spelling comes again; from then on, every other one leads there too.
    desk.send("gb", &seen("2", "email:jose\u{301}@example.org."));
    let found = desk
        .customer("email:jos\u{e9}@example.org")
        .expect("the customer");
    assert_eq!(found["status"]["fields"]["note"]["value"], "2");
    assert_eq!(
        found["identities"].as_array().map(Vec::len),
        Some(2),
        "{found:#}"
    );
    desk.send("gb", &seen("3", "email:JOS\u{c9}@example.org"));
    let again = desk
        .customer("email:jos\u{e9}@example.org")
        .expect("the customer");
    assert_eq!(
        (&again["id"], &again["status"]["fields"]["note"]["value"]),
        (&found["id"], &json!("3"))
    );
}

#[test]
fn one_name_in_two_old_spellings_is_one_person_again_and_what_either_refused_is_refused() {
    let desk = Desk::with(&[("charter.toml", CENTRAL)]);
    desk.send("gb", &seen("1", "email:Max@X.org"));
    desk.send("gb", &seen("2", "email:max@x.org"));
    let ids = |desk: &Desk, names: &[&str]| -> Vec<Value> {
        names
            .iter()
            .map(|name| desk.customer(name).expect("a customer")["id"].clone())
            .collect()
    };
    let before = ids(&desk, &["email:Max@X.org", "email:max@x.org"]);
    assert_ne!(before[0], before[1], "exact names are two");
    let desk = desk.restart_with(&[("charter.toml", &normal())]);
    desk.send("gb", &seen("3", "email:Max@X.org"));
    let after = ids(
        &desk,
        &["email:Max@X.org", "email:max@x.org", "email:MAX@x.org"],
    );
    assert!(
        after.iter().all(|id| *id == before[1]),
        "{before:?} {after:?}"
    );
    let joined = desk.customer("email:max@x.org").expect("a customer");
    assert_eq!(joined["status"]["fields"]["note"]["value"], "3");
}

#[test]
fn what_is_no_address_any_more_is_still_found() {
    let desk = Desk::with(&[("charter.toml", CENTRAL)]);
    desk.send("gb", &seen("1", "email:not-an-address"));
    let desk = desk.restart_with(&[("charter.toml", &normal())]);
    assert!(
        desk.try_send("gb", &seen("2", "email:not-an-address"))
            .is_err()
    );
    assert!(desk.customer("email:not-an-address").is_some());
}

#[test]
fn a_number_is_one_and_the_charter_knows_more_of_nobody() {
    let host = Host::with(&[("charter.toml", CENTRAL)]);
    let post = |id: &str, subject: &str| {
        let mut event = seen(id, subject);
        event.as_object_mut().unwrap().remove("time");
        host.post("gb", &event.to_string())
    };
    assert_eq!(post("1", "phone:020 7946 0000").status, 200);
    let found = find(&host, "phone:+44 (0)20 7946-0000");
    assert_eq!(
        found.json()["identities"][0]["value"],
        "+442079460000",
        "{}",
        found.body
    );
    assert_eq!(
        post("2", "phone:call me").told(),
        "422 invalid-event /subject: `subject` is no `phone`: it has something in it that is no digit"
    );
    assert_eq!(post("3", "card:9999").status, 422);
    assert_eq!(post("4", "card:99990").status, 200);
}
