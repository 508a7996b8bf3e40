//! `GET /v1/decisions`: the same filter as the command, page by page.

use kairos_tests::desk::{consent, event, order};
use kairos_tests::{Answer, Host, Request};
use serde_json::{Value, json};

use crate::{data, run, send};

/// Some orders in two markets on three days; of crm:1 and crm:3 with consent.
fn history() -> Host {
    let host = Host::retail("2010-12-01T08:00:00Z");
    for subject in ["crm:1", "crm:3"] {
        let said = consent(&format!("c-{subject}"), subject, "confirmed");
        send(&host, ("gb", "2010-12-01T08:00:00Z"), said);
    }
    for day in 1..=3 {
        for number in 1..=4 {
            let (subject, id) = (format!("crm:{number}"), format!("o-{day}-{number}"));
            let market = if number == 4 { "de" } else { "gb" };
            let now = format!("2010-12-0{day}T1{number}:00:00Z");
            send(&host, (market, &now), order(&id, &subject, 40));
        }
    }
    host
}

fn list(host: &Host, query: &str) -> Value {
    let answer = host.get(&format!("/v1/decisions?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn found(host: &Host, query: &str) -> Vec<Value> {
    let page = list(host, query);
    assert_eq!(page["more"], false, "{query}");
    page["decisions"].as_array().expect("a list").clone()
}

#[test]
fn a_wrong_filter_is_said_plainly() {
    let host = history();
    let id = found(&host, "")[0]["id"].clone();
    let long = format!("/v1/decisions?cursor={}", "1".repeat(300));
    for (query, expected) in [
        (
            "outcome=acts",
            "400 bad-request: `outcome` must be one of act, hold, refused, blocked, stopped, fallback",
        ),
        (
            "market=jq",
            "400 bad-request: `market` must be one of br, ca, de, fr, gb, intl, jp, nl, us",
        ),
        (
            "from=soon",
            "400 bad-request: `from` must be a time such as `2026-11-01T00:00:00Z`, or a duration such as `7d`: so long ago",
        ),
        (
            "customer=17850",
            "400 bad-request: `customer` must be an id of this host, or a name as events tell it, such as `crm:17850`",
        ),
        (
            "limit=0",
            "400 bad-request: `limit` must be between 1 and 1000",
        ),
        (
            "limit=1001",
            "400 bad-request: `limit` must be between 1 and 1000",
        ),
        (
            "cursor=next",
            "400 bad-request: `cursor` must be the `next` of the page before",
        ),
        (
            "cursor=00000000.7.0",
            "400 bad-request: `cursor` is of another host's log: begin without one",
        ),
        (
            "costumer=crm:1",
            "400 bad-request: a list takes `customer`, `market`, `moment`, `action`, `rule`, `outcome`, `policy`, `from`, `to`, `limit` and `cursor`, each once",
        ),
    ] {
        assert_eq!(host.get(&format!("/v1/decisions?{query}")).told(), expected);
    }
    assert!(
        host.get(&long)
            .told()
            .starts_with("400 bad-request: `cursor` must be")
    );
    let rule = host.get("/v1/decisions?rule=consents").told();
    assert!(
        rule.starts_with("400 bad-request: `rule` must be one of stops, "),
        "{rule}"
    );
    // An address is kept only as a hash: it never stands in a path.
    let mail = host.get("/v1/decisions?customer=email:a@b.example").told();
    assert!(mail.starts_with("400 identity-in-path"), "{mail}");
    // A cursor behind the end, and one in the middle of a record, which goes on with the next.
    let log = list(&host, "")["next"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let (log, _) = log.split_once('.').expect("a cursor");
    let behind = host
        .get(&format!("/v1/decisions?cursor={log}.99999999.0"))
        .told();
    assert_eq!(
        behind,
        "400 bad-request: `cursor` is behind the end of the log: begin without one"
    );
    let first = found(&host, "limit=1000")[0]["position"]
        .as_u64()
        .expect("a position");
    let after = list(&host, &format!("cursor={log}.{}.0", first + 1));
    assert_ne!(after["decisions"][0]["id"], id);
    let skipped = list(&host, &format!("cursor={log}.{first}.99999999999"));
    assert_ne!(skipped["decisions"][0]["id"], id);
}

#[test]
fn filters_find_what_the_command_finds() {
    let host = history();
    let folder = data(&host);
    let customer = found(&host, "customer=crm:1")[0]["customer"].clone();
    let customer = customer.as_str().expect("an id");
    for (query, words, count) in [
        (String::new(), vec![], 12),
        ("market=gb".into(), vec!["--market", "gb"], 9),
        ("rule=consent".into(), vec!["--rule", "consent"], 3),
        (
            "action=review_request".into(),
            vec!["--action", "review_request"],
            6,
        ),
        ("outcome=hold".into(), vec!["--outcome", "hold"], 3),
        (
            "moment=order_placed&policy=1.0.0".into(),
            vec!["--moment", "order_placed", "--policy", "1.0.0"],
            12,
        ),
        ("policy=sha256:00".into(), vec!["--policy", "sha256:00"], 0),
        (
            format!("customer={customer}"),
            vec!["--customer", customer],
            3,
        ),
        ("customer=crm%3A2".into(), vec!["--customer", "crm:2"], 3),
        (
            "from=2010-12-02T00:00:00Z&to=2010-12-03T00:00:00Z".into(),
            vec![
                "--since",
                "2010-12-02T00:00:00Z",
                "--until",
                "2010-12-03T00:00:00Z",
            ],
            4,
        ),
    ] {
        let over_http = found(&host, &query);
        let (status, said) = run(&[&["decisions", &folder], words.as_slice()].concat());
        assert_eq!(status, 0, "{said}");
        let lines = said.lines().map(serde_json::from_str);
        let lines: Result<Vec<Value>, _> = lines.collect();
        assert_eq!(over_http, lines.expect("JSON"), "{query}");
        assert_eq!(over_http.len(), count, "{query}");
    }
    let (status, said) = run(&["decisions", &folder, "--customer", "17850"]);
    assert!(
        status == 1 && said.starts_with("error: `17850` is no customer: name one as events do"),
        "{said}"
    );
}

#[test]
fn pages_follow_on_each_other_and_an_export_goes_on_later() {
    let host = history();
    let all = found(&host, "");
    for limit in [1, 5, 12, 100] {
        let (mut pages, mut query) = (Vec::new(), format!("limit={limit}"));
        loop {
            let page = list(&host, &query);
            pages.extend(page["decisions"].as_array().expect("a list").clone());
            let next = page["next"].as_str().expect("a cursor");
            query = format!("limit={limit}&cursor={next}");
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(pages, all, "{limit} on a page");
        assert_eq!(
            list(&host, &query)["decisions"],
            json!([]),
            "nothing came since"
        );
    }
    let next = list(&host, "")["next"].clone();
    send(
        &host,
        ("gb", "2010-12-04T10:00:00Z"),
        order("o-new", "crm:1", 40),
    );
    let new = found(
        &host,
        &format!("cursor={}", next.as_str().expect("a cursor")),
    );
    assert_eq!(new.len(), 1);
    assert_eq!(new[0]["event"]["id"], "o-new");
}

#[test]
fn several_decisions_of_one_event_are_told_over_two_pages() {
    // An order that makes a big spender leads to two decisions in one record.
    let host = Host::retail("2010-12-01T08:00:00Z");
    send(
        &host,
        ("us", "2010-12-01T08:00:00Z"),
        order("o-1", "crm:1", 1_500),
    );
    let both = found(&host, "");
    assert_eq!(both.len(), 2, "{both:#?}");
    assert_eq!(both[0]["position"], both[1]["position"]);
    let first = list(&host, "limit=1");
    assert_eq!(
        (&first["decisions"][0], &first["more"]),
        (&both[0], &json!(true))
    );
    let next = first["next"].as_str().expect("a cursor");
    let second = list(&host, &format!("limit=1&cursor={next}"));
    assert_eq!(
        (&second["decisions"][0], &second["more"]),
        (&both[1], &json!(false))
    );
}

fn lines(host: &Host, query: &str) -> Answer {
    host.ask(&Request {
        path: &format!("/v1/decisions?{query}"),
        headers: &[("accept", "application/x-ndjson")],
        ..Request::default()
    })
}

#[test]
fn a_warehouse_reads_lines() {
    let host = history();
    let all = found(&host, "");
    let answer = lines(&host, "limit=10");
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(answer.header("kairos-more"), Some("true"));
    let next = answer.header("kairos-next").expect("a cursor");
    let rest = lines(&host, &format!("cursor={next}"));
    assert_eq!(rest.header("kairos-more"), Some("false"));
    let told: Vec<Value> = [answer.body, rest.body]
        .concat()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(told, all);
}

#[test]
fn what_nobody_may_keep_is_found_too() {
    // Without consent to profiling a view is decided and its data forgotten; that it was decided is still told.
    let host = Host::retail("2010-12-01T08:00:00Z");
    let viewed = event("v-1", "product.viewed", "crm:1", json!({ "sku": "85123A" }));
    send(&host, ("fr", "2010-12-01T08:00:00Z"), viewed);
    assert_eq!(found(&host, "moment=page_viewed&market=fr").len(), 1);
}
