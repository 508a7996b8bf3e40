//! Kill switches: what is stopped stays stopped until somebody lifts it, and everybody can see why.

use std::path::Path;

use clap::Parser;
use kairos::cli::{Ending, Kairos};
use kairos::clock::Instant;
use kairos::event::{Markets, Role};
use kairos::evidence::Kind;
use kairos::ids::Chance;
use kairos::server::{Access, Grant};
use kairos::stop::{Switch, SwitchRecord};
use kairos_tests::Host;
use kairos_tests::desk::Desk;
use kairos_tests::policies::policy;
use serde_json::{Value, json};

#[path = "stops/quarantine.rs"]
mod quarantine;
#[path = "stops/race.rs"]
mod race;

fn put(host: &Host, scope: &str, reason: &str) -> String {
    let body = json!({ "reason": reason });
    host.call("PUT", &format!("/v1/stops/{scope}"), &body, "")
        .told()
}

#[test]
fn a_stop_for_something_that_does_not_exist_is_refused_with_what_would_be_right() {
    // A25: a typing error at three in the morning must not look like a stop.
    let host = Host::open();
    for (scope, expected) in [
        (
            "everything",
            "422 unknown-scope: `everything` is no scope: it is `all`, `market:…`, `channel:…`, `moment:…`, `action:…` or \
             `policy:sha256:…`",
        ),
        (
            "markt:de",
            "422 unknown-scope: `markt:de` is no scope: it is `all`, `market:…`, `channel:…`, `moment:…`, `action:…` or \
             `policy:sha256:…`",
        ),
        (
            "market:ed",
            "422 unknown-scope: the charter knows no market `ed`: did you mean `de`?",
        ),
        (
            "channel:emial",
            "422 unknown-scope: the charter knows no channel `emial`: did you mean `email`?",
        ),
        (
            "moment:order_place",
            "422 unknown-scope: the charter knows no moment `order_place`: did you mean `order_placed`?",
        ),
        (
            "action:vouchr",
            "422 unknown-scope: the charter knows no action `vouchr`: did you mean `voucher`?",
        ),
        (
            "policy:1.2.0",
            "422 unknown-scope: `1.2.0` is no policy's digest: it is `sha256:` and at least 12 of its digits, in lower \
             case, as `GET /v1/markets` shows them",
        ),
        (
            "policy:sha256:0123",
            "422 unknown-scope: `sha256:0123` is no policy's digest: it is `sha256:` and at least 12 of its digits, in \
             lower case, as `GET /v1/markets` shows them",
        ),
        (
            "policy:sha256:0123456789ab",
            "422 unknown-scope: no policy `sha256:0123456789ab` is live or was: `GET /v1/markets` shows which are",
        ),
    ] {
        assert_eq!(put(&host, scope, "a test"), expected);
    }
    assert_eq!(host.get("/v1/stops").json(), json!({ "stops": [] }));
}

#[test]
fn a_stop_has_a_reason_and_only_what_is_stopped_is_lifted() {
    // A25
    let host = Host::open();
    let long = "x".repeat(1_025);
    for (reason, expected) in [
        (
            "  ",
            "422 no-reason: a stop needs a reason, which everybody will read: {\"reason\": \"…\"}",
        ),
        (
            long.as_str(),
            "422 no-reason: the reason is longer than 1024 bytes",
        ),
    ] {
        assert_eq!(put(&host, "all", reason), expected);
    }
    let wrong = json!({ "because": "typing" });
    assert_eq!(
        host.call("PUT", "/v1/stops/all", &wrong, "").told(),
        "400 bad-request: the body must be {\"reason\": \"…\"}"
    );
    for (scope, expected) in [
        ("all", "404 unknown: there is no stop `all`"),
        ("market:de", "404 unknown: there is no stop `market:de`"),
        (
            "policy:sha256:0123456789ab",
            "404 unknown: there is no stop `policy:sha256:0123456789ab`",
        ),
    ] {
        let path = format!("/v1/stops/{scope}");
        assert_eq!(
            host.call("DELETE", &path, &Value::Null, "").told(),
            expected
        );
    }
    let nowhere = host.call("POST", "/v1/stops", &Value::Null, "");
    assert_eq!(
        nowhere.told(),
        "405 wrong-method: `POST` is not taken here, only GET,HEAD"
    );
}

fn token(folder: &Path, name: &str, markets: Markets, roles: &[Role]) -> String {
    let grant = Grant {
        name: name.into(),
        source: None,
        markets,
        roles: roles.to_vec(),
    };
    let mut chance = Chance::from_system().unwrap();
    let file = folder.join("tokens.toml");
    grant.issue(&file, Instant::default(), &mut chance).unwrap()
}

#[test]
fn only_operators_stop_and_those_of_a_market_stop_only_that() {
    // A25, A27
    let mut tokens = Vec::new();
    let host = Host::start(|folder| {
        let gb = || Markets::Some(vec!["gb".into()]);
        tokens.push(token(folder, "looks", Markets::All, &[Role::Evidence]));
        tokens.push(token(folder, "gb-desk", gb(), &[Role::Operate]));
        tokens.push(token(folder, "night-desk", Markets::All, &[Role::Operate]));
        Access::Tokens(folder.join("tokens.toml"))
    });
    let [looks, gb, all] = tokens.as_slice() else {
        panic!("three tokens")
    };
    let reason = json!({ "reason": "prices are wrong" });
    for (method, token, scope, expected) in [
        (
            "PUT",
            "",
            "all",
            "401 no-token: send `authorization: Bearer kairos_…`",
        ),
        (
            "PUT",
            looks,
            "all",
            "403 not-allowed: this needs the role `operate`",
        ),
        (
            "DELETE",
            looks,
            "all",
            "403 not-allowed: this needs the role `operate`",
        ),
        (
            "PUT",
            gb,
            "all",
            "403 not-yours: this token may stop and lift only `market:gb`",
        ),
        (
            "PUT",
            gb,
            "market:de",
            "403 not-yours: this token may stop and lift only `market:gb`",
        ),
        ("PUT", gb, "market:gb", "200"),
        ("PUT", all, "market:de", "200"),
        (
            "DELETE",
            gb,
            "market:de",
            "403 not-yours: this token may stop and lift only `market:gb`",
        ),
        ("DELETE", gb, "market:gb", "200"),
    ] {
        let path = format!("/v1/stops/{scope}");
        assert_eq!(host.call(method, &path, &reason, token).told(), expected);
    }
    let listed = host.call("GET", "/v1/stops", &Value::Null, looks).json();
    assert_eq!(listed["stops"][0]["by"], "night-desk");
    assert_eq!(listed["stops"].as_array().unwrap().len(), 1);
}

/// The scopes that are stopped, each with its reason, its caller and since when.
fn listed(desk: &Desk) -> Vec<String> {
    let stops = desk.wait(desk.node.durable_stops()).expect("a log");
    let told = stops.iter().map(|stop| {
        format!(
            "{} since {} by {}: {}",
            stop.scope, stop.at, stop.by, stop.reason
        )
    });
    told.collect()
}

fn stop(desk: &Desk, scope: &str, reason: &str, by: &str) {
    let put = desk.node.put_stop(scope, reason, by);
    desk.wait(put).unwrap_or_else(|error| panic!("{error}"));
}

fn lift(desk: &Desk, scope: &str) {
    let lift = desk.node.lift_stop(scope, "", "bo");
    desk.wait(lift).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn stops_survive_a_restart_a_crash_and_the_loss_of_the_view() {
    // A25: a stop that a restart forgets is none.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    stop(&desk, "channel:email", "bounces", "ann");
    desk.at("2010-12-01T13:00:00Z");
    stop(&desk, "all", "wrong prices", "ann");
    stop(&desk, "market:de", "holiday", "ann");
    desk.at("2010-12-01T14:00:00Z");
    // Once more: it keeps its time, and says the new reason.
    stop(&desk, "all", "wrong prices, and wrong stock", "bo");
    lift(&desk, "market:de");
    let expected = [
        "channel:email since 2010-12-01T12:00:00Z by ann: bounces",
        "all since 2010-12-01T13:00:00Z by bo: wrong prices, and wrong stock",
    ];
    assert_eq!(listed(&desk), expected);
    assert_eq!(listed(&desk.after_a_crash()), expected);
    let desk = desk.restart();
    assert_eq!(listed(&desk), expected);
    let crashed = desk.after_a_crash();
    drop(desk);
    let data = crashed.data();
    crashed.node.close();
    std::fs::remove_dir_all(data.join("view")).unwrap();
    let rebuilt = crashed.restart();
    assert_eq!(listed(&rebuilt), expected, "the log alone knows them");
    lift(&rebuilt, "all");
    assert_eq!(listed(&rebuilt.restart()), expected[..1]);
}

#[test]
fn whatever_is_switched_stands_in_the_evidence() {
    // A25, A41: who, what, why, when, and since when it had been on.
    let desk = Desk::retail();
    stop(&desk, "all", "wrong prices", "ann");
    desk.at("2010-12-01T13:00:00Z");
    stop(&desk, "all", "still wrong", "bo");
    let lifted = desk.node.lift_stop("all", "right again", "ann");
    desk.wait(lifted).unwrap();
    let log = desk.node.store().log();
    let records = log.records(log.first()).map(Result::unwrap);
    let switched = records
        .filter(|(_, record)| record.kind == Kind::Stop.number())
        .map(|(_, record)| kairos::encoding::decode::<SwitchRecord>(&record.bytes).unwrap());
    let told: Vec<String> = switched
        .map(|one| {
            let to = match one.to {
                Switch::On => "on",
                Switch::Off => "off",
            };
            format!(
                "{} {to} at {} since {} by {}: {}",
                one.scope, one.at, one.since, one.by, one.reason
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "all on at 2010-12-01T12:00:00Z since 2010-12-01T12:00:00Z by ann: wrong prices",
            "all on at 2010-12-01T13:00:00Z since 2010-12-01T12:00:00Z by bo: still wrong",
            "all off at 2010-12-01T13:00:00Z since 2010-12-01T12:00:00Z by ann: right again",
        ]
    );
}

#[test]
fn a_policy_is_stopped_by_twelve_digits_whether_it_is_live_or_was() {
    // A25: per module version.
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    desk.policy("de", &policy("de"));
    let gb = kairos::ids::Digest::of(&policy("gb")).to_string();
    let short = &gb[.."sha256:".len() + 12];
    let desk = desk.restart();
    stop(&desk, &format!("policy:{short}"), "odd banners", "ann");
    let expected = format!("policy:{gb} since 2010-12-01T12:00:00Z by ann: odd banners");
    assert_eq!(listed(&desk), [expected]);
    lift(&desk, &format!("policy:{short}"));
    assert_eq!(listed(&desk), [""; 0]);
}

#[test]
fn the_command_line_stops_lists_and_lifts() {
    // A25
    let host = Host::open();
    let url = format!("http://{}", host.address);
    let run = |args: &[&str]| {
        let args = ["kairos", "stop"].iter().chain(args);
        Kairos::try_parse_from(args.chain(&["--url", &url]))
            .expect("a command")
            .run()
    };
    let put = run(&["put", "market:de", "--reason", "wrong prices"]);
    assert!(matches!(put, Ok(Ending::Done)), "{put:?}");
    assert!(matches!(run(&["list"]), Ok(Ending::Done)));
    assert_eq!(
        host.get("/v1/stops").json()["stops"][0]["reason"],
        "wrong prices"
    );
    let unknown = run(&["put", "market:ed", "--reason", "wrong prices"]);
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "the charter knows no market `ed`: did you mean `de`?"
    );
    assert!(matches!(run(&["lift", "market:de"]), Ok(Ending::Done)));
    assert_eq!(
        run(&["lift", "market:de"]).unwrap_err().to_string(),
        "there is no stop `market:de`"
    );
}
