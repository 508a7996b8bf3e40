//! Figures of a report against counting by hand on recorded traffic over HTTP (A43, A45, C07, C25, C28).

use kairos_tests::desk::{consent, event, order};
use kairos_tests::{Host, Request};
use serde_json::{Value, json};

use crate::{data, run, send, send_from};

const WEEK: &str = "since=2010-12-01T00:00:00Z&until=2010-12-10T00:00:00Z";

fn cart(id: &str, subject: &str) -> Value {
    let skus =
        json!({ "skus": ["85123A", "71053"], "value": { "amount": "60.00", "currency": "GBP" } });
    event(id, "cart.updated", subject, skus)
}

/// Somebody in Germany confirms that mails are welcome, fills a cart, and gets a reminder for the next day; its id and its
/// decision's.
fn reminded(host: &Host, subject: &str) -> (String, String) {
    let said = consent(&format!("c-{subject}"), subject, "confirmed");
    send(host, ("de", "2010-12-01T09:00:00Z"), said);
    let filled = cart(&format!("k-{subject}"), subject);
    let reply = send(host, ("de", "2010-12-01T09:01:00Z"), filled);
    let decision = &reply["decisions"][0];
    let reminder = &decision["scheduled"][0];
    assert_eq!(reminder["action"], "cart_reminder", "{reply:#}");
    let due = reminder["due"].as_str().expect("a time");
    assert!(due.starts_with("2010-12-02T"), "{due}");
    let id = |of: &Value| of["id"].as_str().expect("an id").to_owned();
    (id(reminder), id(decision))
}

fn said_of(host: &Host, now: &str, kind: &str, id: &str, of: &str) {
    let said = event(id, kind, "crm:9", json!({ "action": of }));
    send_from(host, "mailer", ("de", now), said);
}

fn complains(host: &Host, now: &str, id: &str, data: Value) {
    let opened = event(id, "complaint.opened", "crm:2", data);
    send_from(host, "callcentre", ("de", now), opened);
}

/// Nine days of December. By hand: of four reminders one is cancelled by an order, and three act on the second; the first of
/// these is opened and bought after, the second is clicked and complained of, and the third acts although the customer had
/// bought the evening before, of which the host hears too late.
fn traffic() -> Host {
    let host = Host::retail("2010-12-01T08:00:00Z");
    let (first, _) = reminded(&host, "crm:1");
    let (_, second) = reminded(&host, "crm:2");
    reminded(&host, "crm:3");
    reminded(&host, "crm:5");
    // Nobody asked crm:4, so the policy holds; in Britain a rule refuses the mail, and the banner is shown.
    send(&host, ("de", "2010-12-01T10:00:00Z"), cart("k-4", "crm:4"));
    send(
        &host,
        ("gb", "2010-12-01T11:00:00Z"),
        order("o-7", "crm:7", 139),
    );
    send(
        &host,
        ("de", "2010-12-01T18:00:00Z"),
        order("o-5", "crm:5", 60),
    );
    said_of(
        &host,
        "2010-12-02T12:00:00Z",
        "message.opened",
        "m-1",
        &first,
    );
    said_of(
        &host,
        "2010-12-02T12:05:00Z",
        "message.opened",
        "m-1b",
        &first,
    );
    // A decision stands for its actions; what nobody knows is taken, and counted apart.
    said_of(
        &host,
        "2010-12-02T12:10:00Z",
        "message.clicked",
        "m-2",
        &second,
    );
    let unknown = "0192f6d1-5c3e-7000-8000-000000000001";
    said_of(
        &host,
        "2010-12-02T12:15:00Z",
        "message.opened",
        "m-3",
        unknown,
    );
    said_of(
        &host,
        "2010-12-02T12:16:00Z",
        "message.opened",
        "m-4",
        "no id at all",
    );
    host.at("2010-12-02T20:00:00Z");
    let mut late = order("o-3", "crm:3", 60);
    late["time"] = json!("2010-12-01T20:00:00Z");
    late["data"]["de.gift_wrap"] = json!(true);
    host.explained("de", &late);
    host
}

fn rest(host: &Host) {
    send(
        host,
        ("de", "2010-12-03T09:00:00Z"),
        order("o-1", "crm:1", 60),
    );
    complains(host, "2010-12-04T09:00:00Z", "f-1", json!({ "case": "1" }));
    host.at("2010-12-25T00:00:00Z");
}

fn ask(host: &Host, query: &str) -> Value {
    let answer = host.get(&format!("/v1/report?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// A figure as `count/of`, with what is open, of a market and an action.
fn told(report: &Value, figure: &str, market: Option<&str>, action: Option<&str>) -> String {
    let figures = report["figures"].as_array().expect("figures");
    let mut found = figures.iter().filter(|one| {
        one["figure"] == figure && one["market"] == json!(market) && one["action"] == json!(action)
    });
    let Some(one) = found.next() else {
        return "none".to_owned();
    };
    assert!(found.next().is_none(), "`{figure}` stands there twice");
    let of = one["of"]
        .as_u64()
        .map_or(String::new(), |of| format!("/{of}"));
    let open = match one["open"].as_u64() {
        Some(0) | None => String::new(),
        Some(open) => format!(", {open} open"),
    };
    format!("{}{of}{open}", one["count"])
}

/// The ledger of silence of a market: `refused review_request at order_placed by consent: 1`.
fn silence(report: &Value, market: &str) -> Vec<String> {
    let figures = report["figures"].as_array().expect("figures").iter();
    let lines = figures.filter(|one| one["group"] == "not_done" && one["market"] == market);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or("-").to_owned();
    let lines = lines.map(|one| {
        format!(
            "{} {} at {} by {}: {}",
            text(one, "figure"),
            text(one, "action"),
            text(one, "moment"),
            text(one, "by"),
            one["count"]
        )
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

#[test]
fn figures_are_those_counted_by_hand_a43_a45_c07_c25() {
    // A43, A45, C07, C25
    let host = traffic();
    let de = Some("de");
    let reminder = Some("cart_reminder");
    // On the evening of the second nobody knows yet what comes of the reminders.
    host.at("2010-12-02T23:00:00Z");
    let early = ask(&host, "since=2010-12-01T00:00:00Z");
    assert_eq!(
        told(&early, "reminder_conversion", de, reminder),
        "0/0, 3 open"
    );
    let figure = early["figures"].as_array().expect("figures").iter();
    let mut open = figure.filter(|one| one["figure"] == "reminder_conversion");
    assert!(open.all(|one| one["value"].is_null()));
    rest(&host);
    let report = ask(&host, WEEK);
    for (figure, market, action, expected) in [
        ("reminder_conversion", de, reminder, "1/3"),
        ("reminder_conversion", Some("gb"), reminder, "none"),
        ("reminder_conversion", None, reminder, "1/3"),
        ("reminder_attention", de, reminder, "1/3"),
        ("de.wrapped_share", de, None, "1/3"),
        ("de.wrapped_share", None, None, "none"),
        ("contacts_per_customer", de, None, "3/3"),
        ("contacts_per_customer", Some("gb"), None, "1/1"),
        ("contacts_per_customer", None, None, "4/4"),
        ("contacts_most", None, None, "1"),
        ("suppressed", Some("gb"), None, "1/2"),
        ("regret", de, None, "2/3"),
        ("regret", None, None, "2/4"),
        ("complained_of", de, reminder, "1/3"),
        ("too_late", de, reminder, "1/3"),
        ("opened", de, reminder, "1/3"),
        ("clicked", de, reminder, "1/3"),
        ("bought", de, reminder, "0/3"),
        ("opened_joined", de, None, "2"),
        ("opened_unjoined", de, None, "2"),
        ("clicked_joined", de, None, "1"),
        ("complained_unnamed", de, None, "1"),
    ] {
        assert_eq!(
            told(&report, figure, market, action),
            expected,
            "{figure} of {market:?}"
        );
    }
    assert_eq!(
        silence(&report, "gb"),
        ["refused review_request at order_placed by consent: 1"]
    );
    let de = silence(&report, "de");
    for line in [
        "cancelled cart_reminder at cart_updated by superseded: order.placed: 1",
        "held - at cart_updated by consent_unknown: 1",
        "signal - at - by consent.given: 4",
        "signal - at - by message.opened: 4",
        "signal - at - by complaint.opened: 1",
    ] {
        assert!(
            de.iter().any(|one| one == line),
            "`{line}` is not in {de:#?}"
        );
    }
}

#[test]
fn the_command_and_the_route_say_the_same_c07() {
    let host = traffic();
    rest(&host);
    let report = ask(&host, WEEK);
    let times = [
        "--since",
        "2010-12-01T00:00:00Z",
        "--until",
        "2010-12-10T00:00:00Z",
    ];
    let folder = data(&host);
    let command = |more: &[&str]| run(&[&["report", &folder], &times[..], more].concat());
    let (status, said) = command(&["--json"]);
    let told: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!((status, &told["figures"]), (0, &report["figures"]));
    // As CSV: the scope in a column of its own, a local figure of its market alone.
    let (status, csv) = command(&["--csv"]);
    assert_eq!(status, 0, "{csv}");
    let over_http = host.ask(&Request {
        path: &format!("/v1/report?{WEEK}"),
        headers: &[("accept", "text/csv")],
        ..Request::default()
    });
    assert_eq!(over_http.body, csv);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0].starts_with("group,figure,scope,market,"),
        "{}",
        lines[0]
    );
    let of = |figure: &str| -> Vec<&str> {
        let prefix = format!("kpi,{figure},");
        let found = lines.iter().filter_map(|line| line.strip_prefix(&prefix));
        found.collect()
    };
    let local = of("de.wrapped_share");
    assert_eq!(local.len(), 1, "{local:?}");
    assert!(local[0].starts_with("local,de,,,,0.333"), "{local:?}");
    let central = of("reminder_conversion");
    assert!(central.iter().all(|line| line.starts_with("central,")));
    assert!(
        central
            .last()
            .is_some_and(|line| line.starts_with("central,(all),,cart_reminder,,0.333")),
        "{central:?}"
    );
    // For people: each figure with what it means, and what is not to be compared is marked.
    let (status, said) = command(&["--market", "de"]);
    assert_eq!(status, 0, "{said}");
    for told in [
        "What was not done, and why",
        "reminder_conversion: bought within three days of a reminder",
        "33.3 %",
        "local: a market's own figure, which means something else elsewhere and stands in no sum",
    ] {
        assert!(said.contains(told), "`{told}` is not in\n{said}");
    }
    assert!(!said.contains("(all)") && !said.contains(" gb "), "{said}");
}

#[test]
fn a_complaint_still_holds_back_and_one_that_names_an_action_is_about_that_one_a43() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    let (first, _) = reminded(&host, "crm:1");
    reminded(&host, "crm:2");
    complains(
        &host,
        "2010-12-04T09:00:00Z",
        "f-1",
        json!({ "case": "1", "action": first }),
    );
    let reply = send(&host, ("de", "2010-12-04T09:30:00Z"), cart("k-9", "crm:2"));
    let refused = &reply["decisions"][0]["refused"][0];
    assert_eq!(refused["rule"], "suppressions", "{reply:#}");
    host.at("2010-12-25T00:00:00Z");
    let report = ask(&host, WEEK);
    // The action that is named, not the one of who complains.
    assert_eq!(
        told(&report, "complained_of", Some("de"), Some("cart_reminder")),
        "1/2"
    );
    assert_eq!(told(&report, "complained_joined", Some("de"), None), "1");
    assert!(
        silence(&report, "de")
            .contains(&"refused cart_reminder at cart_updated by suppressions: 1".to_owned())
    );
}

#[test]
fn a_complaint_long_after_is_about_nothing_a45() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    reminded(&host, "crm:2");
    // The charter gives it seven days.
    complains(&host, "2010-12-09T23:00:00Z", "f-1", json!({ "case": "1" }));
    host.at("2010-12-25T00:00:00Z");
    let report = ask(&host, WEEK);
    assert_eq!(
        told(&report, "complained_of", Some("de"), Some("cart_reminder")),
        "0/1"
    );
    assert_eq!(told(&report, "complained_unnamed", Some("de"), None), "1");
}

#[test]
fn every_sort_of_silence_has_its_line_a45() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    let noon = "2010-12-01T12:00:00Z";
    // A market without a policy, and one under a kill switch.
    send(&host, ("intl", noon), order("o-1", "crm:1", 40));
    let reason = json!({ "reason": "a wrong price" });
    assert_eq!(
        host.call("PUT", "/v1/stops/market:gb", &reason, "").status,
        200
    );
    send(&host, ("gb", noon), order("o-2", "crm:2", 40));
    let lifted = host.call("DELETE", "/v1/stops/market:gb", &Value::Null, "");
    assert_eq!(lifted.status, 200);
    // A review that the next order replaces, and one that a withdrawal takes back.
    send(&host, ("gb", noon), consent("c-3", "crm:3", "granted"));
    send(&host, ("gb", noon), order("o-3", "crm:3", 40));
    send(&host, ("gb", noon), order("o-4", "crm:3", 40));
    send(&host, ("gb", noon), consent("c-4", "crm:3", "withdrawn"));
    host.at("2010-12-25T00:00:00Z");
    let report = ask(&host, WEEK);
    for (market, begins) in [
        ("intl", "held - at order_placed by "),
        (
            "gb",
            "stopped - at order_placed by `market:gb` is stopped: a wrong price: 1",
        ),
        ("gb", "replaced review_request at order_placed by -: 1"),
        (
            "gb",
            "cancelled review_request at order_placed by consent: ",
        ),
    ] {
        let lines = silence(&report, market);
        let is_told = lines.iter().any(|line| line.starts_with(begins));
        assert!(is_told, "`{begins}` is not in {lines:#?}");
    }
    // Nothing of it reached anybody but as a banner.
    assert_eq!(
        told(&report, "contacts_per_customer", Some("gb"), None),
        "2/1"
    );
    assert_eq!(told(&report, "unsubscribed_unnamed", Some("gb"), None), "1");
    assert_eq!(told(&report, "decisions_stopped", Some("gb"), None), "1/3");
}

#[test]
fn what_is_asked_wrongly_is_said_plainly() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    reminded(&host, "crm:1");
    for (query, expected) in [
        (
            "since=soon",
            "400 bad-request: `since` must be a time such as `2026-11-01T00:00:00Z`, or a duration such as `7d`: so long ago",
        ),
        (
            "market=jq",
            "400 bad-request: `market` must be one of br, ca, de, fr, gb, intl, jp, nl, us",
        ),
        (
            "sinse=7d",
            "400 bad-request: a report takes `since`, `until` and `market`, such as `?since=7d&market=de`",
        ),
    ] {
        assert_eq!(host.get(&format!("/v1/report?{query}")).told(), expected);
    }
    let folder = data(&host);
    let (status, said) = run(&["report", &folder, "--market", "jq"]);
    assert_eq!(
        (status, said.as_str()),
        (
            1,
            "error: `jq` is no market of the charter: there are br, ca, de, fr, gb, intl, jp, nl, us\n"
        )
    );
    let (status, said) = run(&["report", &folder, "--since", "2010-12-24T00:00:00Z"]);
    assert!(
        status == 1 && said.starts_with("error: nothing to report: "),
        "{said}"
    );
    let (status, said) = run(&["report", &folder, "--csv", "--json"]);
    assert_eq!(status, 2, "{said}");
    let (status, said) = run(&["report", host.folder().to_str().expect("a path")]);
    assert!(
        status == 1 && said.contains("is no data folder of a host"),
        "{said}"
    );
}
