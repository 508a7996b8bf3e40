//! Whoever looks at what is known of a customer leaves a record, for as long as the customer is known (C33).

use kairos::event::Markets;
use kairos::evidence::disclosure::Reader;
use kairos::ids::CustomerId;
use kairos::views::{Disclosures, Lookup};
use kairos_tests::desk::{Desk, order};
use kairos_tests::{Host, run};
use serde_json::{Value, json};

use crate::Guarded;

/// Who looked and how, as one page or several tell it.
fn listed(guarded: &Guarded, token: &str, query: &str) -> Vec<String> {
    let mut path = format!("/v1/disclosures?{query}");
    let mut lines = Vec::new();
    loop {
        let answer = guarded.get(token, &path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let page = answer.json();
        for line in page["disclosures"].as_array().expect("a list") {
            let text = |name: &str| line[name].as_str().expect("a text").to_owned();
            assert!(text("at").starts_with("20"), "{line}");
            lines.push(format!(
                "{} {} in {}",
                text("by"),
                text("route"),
                text("market")
            ));
        }
        if page["more"] != true {
            return lines;
        }
        let next = page["next"].as_str().expect("a cursor");
        path = format!("/v1/disclosures?{query}&cursor={next}");
    }
}

#[test]
fn who_looks_at_a_customer_is_recorded_before_the_answer_leaves() {
    // C33: reads are recorded.
    let guarded = Guarded::start();
    let decided = guarded.buys("de", "crm:77");
    let decision = decided["decisions"][0]["id"].as_str().expect("an id");
    guarded.buys("gb", "crm:78");
    let mut expected = Vec::new();
    for (token, method, path, route) in [
        (
            "de customer",
            "GET",
            "/v1/customers/crm:77",
            "/v1/customers/{subject}",
        ),
        (
            "* customer",
            "GET",
            "/v1/customers/crm:77",
            "/v1/customers/{subject}",
        ),
        (
            "de customer",
            "POST",
            "/v1/customers/find",
            "/v1/customers/find",
        ),
        (
            "de customer",
            "GET",
            "/v1/customers/crm:77/export",
            "/v1/customers/{subject}/export",
        ),
        (
            "de evidence",
            "GET",
            &format!("/v1/decisions/{decision}"),
            "/v1/decisions/{id}",
        ),
        (
            "de evidence",
            "GET",
            &format!("/v1/decisions/{decision}/explanation"),
            "/v1/decisions/{id}/explanation",
        ),
        (
            "de evidence",
            "POST",
            &format!("/v1/decisions/{decision}/replay"),
            "/v1/decisions/{id}/replay",
        ),
        (
            "de evidence",
            "GET",
            "/v1/explanation?source=shop%2Fde&event=de-event",
            "/v1/explanation",
        ),
        (
            "* evidence",
            "GET",
            "/v1/decisions?customer=crm:77",
            "/v1/decisions",
        ),
    ] {
        let find = match route {
            "/v1/customers/find" => json!({ "subject": "crm:77" }),
            _ => Value::Null,
        };
        let answer = guarded.ask(token, method, path, &find);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        expected.push(format!("{token} {method} {route} in de"));
        assert_eq!(listed(&guarded, "* evidence", "customer=crm:77"), expected);
    }
    // Who is shown nothing, or nobody, leaves none.
    for (token, path, status) in [
        ("gb customer", "/v1/customers/crm:77".to_owned(), 404),
        ("gb evidence", format!("/v1/decisions/{decision}"), 403),
        ("de evidence", "/v1/customers/crm:77".to_owned(), 403),
        ("* customer", "/v1/customers/crm:79".to_owned(), 404),
        ("* evidence", "/v1/decisions".to_owned(), 200),
        ("* evidence", "/v1/report".to_owned(), 200),
    ] {
        assert_eq!(guarded.get(token, &path).status, status, "{path}");
    }
    for (token, query) in [
        ("* evidence", "customer=crm:77&limit=2"),
        ("* evidence", "from=1h"),
        ("de evidence", ""),
        ("de evidence", "customer=crm:77"),
        ("* evidence", "market=de"),
    ] {
        assert_eq!(listed(&guarded, token, query), expected, "{query}");
    }
    for query in ["market=gb", "to=1h", "customer=crm:78"] {
        assert_eq!(listed(&guarded, "* evidence", query), Vec::<String>::new());
    }
    assert_eq!(listed(&guarded, "gb evidence", ""), Vec::<String>::new());
    let unknown = guarded.get("gb evidence", "/v1/disclosures?customer=crm:77");
    assert_eq!(unknown.told(), "404 unknown: there is no customer `crm:77`");

    let Guarded { host, .. } = guarded;
    let host = host.restart();
    let page = host.get("/v1/disclosures?customer=crm:77").json();
    let lines = page["disclosures"].as_array().expect("a list");
    assert_eq!(lines.len(), expected.len());
}

#[test]
fn who_looked_at_a_customer_is_erased_with_them() {
    let guarded = Guarded::start();
    for (market, subject) in [("de", "crm:77"), ("gb", "crm:78")] {
        guarded.buys(market, subject);
        let path = format!("/v1/customers/{subject}");
        assert_eq!(guarded.get("* customer", &path).status, 200);
    }
    let of = |market: &str| format!("* customer GET /v1/customers/{{subject}} in {market}");
    assert_eq!(listed(&guarded, "* evidence", ""), [of("de"), of("gb")]);
    let gone = guarded.ask("* erase", "DELETE", "/v1/customers/crm:77", &Value::Null);
    assert_eq!(gone.status, 200);
    assert_eq!(listed(&guarded, "* evidence", ""), [of("gb")]);
    let unknown = guarded.get("* evidence", "/v1/disclosures?customer=crm:77");
    assert_eq!(unknown.status, 404);
}

#[test]
fn who_looked_is_kept_as_long_as_the_decisions_of_the_market() {
    let desk = Desk::retail();
    desk.send("de", &order("o", "crm:77", 120));
    let id = desk.customer("crm:77").expect("a customer")["id"].clone();
    let id = CustomerId::parse(id.as_str().expect("an id")).expect("an id");
    let view = desk.wait(desk.node.customer(Lookup::Id(id), &Markets::All));
    let shown = view.expect("a view").expect("a customer").shown;
    let reader = Reader {
        by: "desk".into(),
        route: "GET /v1/customers/{subject}".into(),
    };
    let disclosed = desk.wait(desk.node.disclose(shown, &reader));
    disclosed.expect("a record");
    let listed = || {
        let first = desk.node.first_cursor(None).expect("a place");
        let wanted = Disclosures {
            customers: Some(vec![id]),
            ..Disclosures::default()
        };
        let found = desk.node.disclosures(&wanted, (first, 10), &|| false);
        found.expect("a list").lines.len()
    };
    assert_eq!(listed(), 1);
    // Germany keeps decisions for a year after the end of the month.
    desk.at("2012-02-01T12:00:00Z");
    desk.wait(desk.node.expire()).expect("an expiry");
    assert_eq!(listed(), 0);
}

#[test]
fn the_command_line_lists_who_looked() {
    const KAIROS: &str = env!("CARGO_BIN_EXE_host-under-test");
    let host = Host::open();
    let mut bought = order("o", "crm:77", 120);
    bought["time"] = json!(host.node.clock().now().to_string());
    assert_eq!(host.post("gb", &bought.to_string()).status, 200);
    let url = format!("http://{}", host.address);
    for command in ["show", "disclosures"] {
        let (status, said) = run(KAIROS, &["customer", command, "crm:77", "--url", &url]);
        assert_eq!(status, 0, "{said}");
    }
    let (status, said) = run(
        KAIROS,
        &["customer", "disclosures", "crm:77", "--url", &url],
    );
    assert_eq!(status, 0, "{said}");
    // Each of the three commands found the customer by their name, which is a look too.
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(
        lines
            .iter()
            .all(|line| line.ends_with("  open  POST /v1/customers/find")),
        "{said}"
    );
}
