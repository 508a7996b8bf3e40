//! Approvals over HTTP and on the command line.

use std::path::Path;

use kairos::clock::Instant;
use kairos::ids::Chance;
use kairos::server::{Access, Grant};
use kairos_tests::{Answer, Host};

use crate::*;

const ID: &str = "0193f5a0-0000-7000-8000-000000000000";

/// An order of now.
fn fresh(event: &Value) -> Value {
    let mut event = event.clone();
    event.as_object_mut().expect("an event").remove("time");
    event
}

/// Brings a voucher that waits; its id.
fn voucher_for(host: &Host, subject: &str) -> String {
    let post = |event: &Value| host.post("gb", &fresh(event).to_string()).json();
    post(&consent(&format!("c-{subject}"), subject, "granted"));
    let reply = post(&order(&format!("o-{subject}"), subject));
    text(&reply["decisions"][0]["waiting"][0]["id"])
}

fn decide(host: &Host, id: &str, verb: &str, reason: &str) -> Answer {
    let body = json!({ "reason": reason });
    host.call("POST", &format!("/v1/actions/{id}/{verb}"), &body, "")
}

fn office_host() -> Host {
    let host = Host::with(&[("charter.toml", office::CHARTER)]);
    host.node
        .load_policy("gb", &policy(&[banner(5), voucher(500)]))
        .expect("a policy");
    host
}

#[test]
fn a_wrong_question_is_met_with_what_would_be_right() {
    // A28
    let host = office_host();
    for (method, path, expected) in [
        (
            "POST",
            "/v1/actions/7/approve",
            "404 unknown: there is no action `7`",
        ),
        (
            "POST",
            "/v1/actions/0193f5a0-0000-7000-8000-000000000000/approve",
            "404 unknown: no action `0193f5a0-0000-7000-8000-000000000000` waits for a person: it never did, or that was \
             over a day ago",
        ),
        (
            "POST",
            "/v1/actions/0193f5a0-0000-7000-8000-000000000000/reject",
            "422 no-reason: rejecting needs a reason: {\"reason\": \"…\"}",
        ),
        (
            "GET",
            "/v1/actions/0193f5a0-0000-7000-8000-000000000000/approve",
            "405 wrong-method: `GET` is not taken here, only POST",
        ),
        (
            "GET",
            "/v1/approvals?markt=gb",
            "400 bad-request: a list takes `market`, `cursor` and `limit`, such as `?market=de&limit=50`",
        ),
        (
            "GET",
            "/v1/approvals?limit=1000",
            "400 bad-request: `limit` must be between 1 and 200",
        ),
        (
            "GET",
            "/v1/approvals?cursor=7",
            "400 bad-request: `cursor` must be the `next` of the page before",
        ),
        (
            "GET",
            "/v1/approvals?market=bg",
            "404 unknown: there is no market `bg`",
        ),
    ] {
        assert_eq!(
            host.call(method, path, &Value::Null, "").told(),
            expected,
            "{path}"
        );
    }
}

#[test]
fn only_those_with_the_role_and_the_market_see_and_decide() {
    // A27, A28
    fn token(folder: &Path, name: &str, markets: Markets, role: Role) -> String {
        let grant = Grant {
            name: name.into(),
            source: None,
            markets,
            roles: vec![role],
        };
        let mut chance = Chance::from_system().unwrap();
        let file = folder.join("tokens.toml");
        grant.issue(&file, Instant::default(), &mut chance).unwrap()
    }
    let mut tokens = Vec::new();
    let host = Host::start(|folder| {
        let de = Markets::Some(vec!["de".into()]);
        tokens.push(token(folder, "desk", Markets::All, Role::Operate));
        tokens.push(token(folder, "de", de, Role::Approve));
        Access::Tokens(folder.join("tokens.toml"))
    });
    let [desk, de] = tokens.as_slice() else {
        panic!("two tokens")
    };
    let approve = format!("/v1/actions/{ID}/approve");
    for (method, path, token, expected) in [
        (
            "POST",
            approve.as_str(),
            desk,
            "403 not-allowed: this needs the role `approve`",
        ),
        (
            "GET",
            "/v1/approvals",
            desk,
            "403 not-allowed: this needs the role `approve`",
        ),
        (
            "GET",
            "/v1/approvals?market=gb",
            de,
            "403 not-yours: the token does not speak for market `gb`",
        ),
        ("GET", "/v1/approvals?market=de", de, "200"),
        ("GET", "/v1/approvals", de, "200"),
    ] {
        assert_eq!(
            host.call(method, path, &Value::Null, token).told(),
            expected
        );
    }
}

#[test]
fn people_look_at_what_waits_and_decide() {
    // A28, end to end
    let host = office_host();
    let ids = ["crm:1", "crm:2", "crm:3"].map(|subject| voucher_for(&host, subject));
    let page = host.get("/v1/approvals?market=gb&limit=2").json();
    let first = &page["approvals"][0];
    for (name, expected) in [
        ("id", json!(ids[0])),
        ("action", json!("voucher")),
        ("channel", json!("email")),
        ("market", json!("gb")),
        ("moment", json!("order_placed")),
        ("parameters", json!({ "amount": 500 })),
        ("reason", json!("thanks")),
    ] {
        assert_eq!(first[name], expected, "{name}");
    }
    let next = text(&page["next"]);
    assert_eq!(next, ids[1]);
    let rest = host.get(&format!("/v1/approvals?cursor={next}")).json();
    assert_eq!(
        (&rest["approvals"][0]["id"], &rest["next"]),
        (&json!(ids[2]), &Value::Null)
    );
    let approved = decide(&host, &ids[0], "approve", "agreed");
    assert_eq!(approved.json()["result"], "approved", "{}", approved.body);
    assert_eq!(approved.header("kairos-repeated"), None);
    let again = decide(&host, &ids[0], "approve", "agreed");
    assert_eq!(again.header("kairos-repeated"), Some("true"));
    assert_eq!(again.body, approved.body);
    let other = decide(&host, &ids[0], "reject", "no");
    assert!(
        other.told().starts_with("409 decided-otherwise: action `"),
        "{}",
        other.told()
    );
    let rejected = decide(&host, &ids[1], "reject", "too much").json();
    assert_eq!(
        (&rejected["result"], &rejected["by"], &rejected["reason"]),
        (&json!("rejected"), &json!("open"), &json!("too much"))
    );
    let figures = host.get("/metrics").body;
    for figure in [
        "kairos_approvals_total{result=\"approved\"} 1",
        "kairos_approvals_total{result=\"rejected\"} 1",
    ] {
        assert!(figures.contains(figure), "{figures}");
    }
    let host = host.restart();
    assert_eq!(
        host.get("/v1/approvals").json()["approvals"][0]["id"],
        ids[2].as_str()
    );
}

#[test]
fn many_who_decide_at_once_decide_once() {
    // A28: eight people press both buttons at the same time.
    let host = office_host();
    let id = voucher_for(&host, "crm:1");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let people: Vec<_> = (0..8)
            .map(|number| {
                let (host, id) = (&host, &id);
                let verb = ["approve", "reject"][number % 2];
                scope.spawn(move || decide(host, id, verb, "now"))
            })
            .collect();
        let ended = people.into_iter().map(|person| person.join().unwrap());
        ended.collect()
    });
    let first = answers
        .iter()
        .filter(|answer| answer.status == 200 && answer.header("kairos-repeated").is_none());
    assert_eq!(first.count(), 1, "{answers:#?}");
    let same: Vec<&String> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| &answer.body)
        .collect();
    assert_eq!(
        same.len(),
        4,
        "those who wanted the same hear the same: {answers:#?}"
    );
    assert!(same.iter().all(|body| *body == same[0]));
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 409).count(),
        4,
        "{answers:#?}"
    );
}

#[test]
fn the_command_line_lists_approves_and_rejects() {
    // A28
    let host = office_host();
    let ids = ["crm:1", "crm:2"].map(|subject| voucher_for(&host, subject));
    let url = format!("http://{}", host.address);
    let run = |args: &[&str]| {
        let args = ["kairos", "approvals"].iter().chain(args);
        Kairos::try_parse_from(args.chain(&["--url", &url]))
            .expect("a command")
            .run()
    };
    assert!(matches!(run(&["list", "--market", "gb"]), Ok(Ending::Done)));
    let approved = run(&["approve", &ids[0], "--reason", "agreed"]);
    assert!(matches!(approved, Ok(Ending::Done)), "{approved:?}");
    let silent = run(&["reject", &ids[1]]).unwrap_err().to_string();
    assert_eq!(silent, "rejecting needs a reason: {\"reason\": \"…\"}");
    let rejected = run(&["reject", &ids[1], "--reason", "too much"]);
    assert!(matches!(rejected, Ok(Ending::Done)), "{rejected:?}");
    let list = host.get("/v1/approvals").json();
    assert_eq!(list["approvals"], json!([]));
}
