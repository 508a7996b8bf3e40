//! An objection is kept, also where the event that it came with may not be; the way out of a message takes any form.

use kairos_tests::{Answer, Host, Request};
use serde_json::{Value, json};

use crate::{consents, event, order, post_with, put_consent};

const GPC: (&str, &str) = ("sec-gpc", "1");

fn viewed(id: &str, visitor: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "shop/us", "type": "product.viewed", "visitor": visitor, "channel": "web",
            "data": { "sku": "A" } })
}

fn refuses_ads(host: &Host, subject: &str) -> bool {
    let said = consents(host, subject);
    said.iter()
        .any(|(purpose, _, state)| purpose == "ads" && state == "withdrawn")
}

#[test]
fn what_a_browser_refuses_is_kept_for_the_name_it_came_with_and_survives_the_login() {
    // The signal of a browser that nobody knows yet, about an event that nobody gave a basis to keep.
    let host = Host::retail("2026-11-02T12:00:00Z");
    assert_eq!(
        post_with(&host, "us", &viewed("v-1", "visitor:a"), GPC).status,
        200
    );
    assert!(refuses_ads(&host, "visitor:a"));
    let kept = host.get("/v1/customers/visitor:a").json();
    assert_eq!(
        kept["status"]["fields"],
        json!({}),
        "nothing else of it is kept: {kept:#}"
    );
    assert_eq!(
        kept["status"]["windows"]
            .as_object()
            .map(|windows| windows.values().all(|one| *one == json!(0))),
        Some(true),
        "{kept:#}"
    );
    // The next one without the header forgets nothing.
    assert_eq!(
        host.post("us", &viewed("v-2", "visitor:a").to_string())
            .status,
        200
    );
    assert!(refuses_ads(&host, "visitor:a"));
    let mut login = order("o-1", "crm:7", "40.00");
    login["source"] = json!("shop/us");
    login["visitor"] = json!("visitor:a");
    assert_eq!(host.post("us", &login.to_string()).status, 200);
    assert!(refuses_ads(&host, "crm:7"));
    // Where no law knows the signal, it says nothing.
    let mut german = viewed("v-4", "visitor:c");
    german["source"] = json!("shop/de");
    assert_eq!(post_with(&host, "de", &german, GPC).status, 200);
    assert!(!refuses_ads(&host, "visitor:c"));
}

#[test]
fn what_a_browser_refuses_stays_with_it_whoever_logs_in_next() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    let login = |id: &str, subject: &str| {
        let mut order = order(id, subject, "40.00");
        order["source"] = json!("shop/us");
        order["visitor"] = json!("visitor:shared");
        assert_eq!(host.post("us", &order.to_string()).status, 200);
    };
    assert_eq!(
        post_with(&host, "us", &viewed("v-1", "visitor:shared"), GPC).status,
        200
    );
    login("o-1", "crm:71");
    login("o-2", "crm:72");
    assert!(refuses_ads(&host, "crm:71") && refuses_ads(&host, "crm:72"));
    // What somebody refuses for themselves is theirs alone.
    put_consent(
        &host,
        "crm:72",
        &json!({ "state": "withdrawn", "market": "us" }),
    );
    login("o-3", "crm:73");
    let said = consents(&host, "crm:73");
    assert!(
        said.iter().all(|(purpose, ..)| purpose == "ads"),
        "{said:?}"
    );
}

#[test]
fn an_objection_survives_a_login_of_which_nothing_else_may_be_kept() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    assert_eq!(
        post_with(&host, "us", &viewed("v-1", "visitor:q"), GPC).status,
        200
    );
    let mut page = viewed("v-2", "visitor:q");
    page["subject"] = json!("crm:9");
    assert_eq!(host.post("us", &page.to_string()).status, 200);
    assert!(refuses_ads(&host, "crm:9"), "{}", host.customer("crm:9"));
}

#[test]
fn a_link_of_somebody_who_was_erased_withdraws_nothing_and_says_so() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    let link = mail_link(&host, 1);
    assert_eq!(
        host.call("DELETE", "/v1/customers/crm:1", &Value::Null, "")
            .status,
        200
    );
    put_consent(
        &host,
        "crm:1",
        &json!({ "state": "granted", "market": "gb", "channels": ["email"] }),
    );
    assert_eq!(ask(&host, "POST", &link, &[], "").status, 410);
}

#[test]
fn an_event_that_is_refused_stores_nothing_not_even_an_objection() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    let mut wrong = viewed("v-1", "visitor:a");
    wrong["data"] = json!({ "sku": 5 });
    assert_eq!(post_with(&host, "us", &wrong, GPC).status, 422);
    assert_eq!(host.get("/v1/customers/visitor:a").status, 404);
}

fn mail_link(host: &Host, number: u32) -> String {
    let subject = format!("crm:{number}");
    put_consent(
        host,
        &subject,
        &json!({ "state": "granted", "market": "gb", "channels": ["email"] }),
    );
    let decided = host.explained("gb", &order(&format!("o-{number}"), &subject, "40.00"));
    let scheduled = decided["decisions"][0]["scheduled"].as_array().unwrap();
    scheduled[0]["unsubscribe"]
        .as_str()
        .expect("a way out")
        .to_owned()
}

fn ask(host: &Host, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    host.ask(&Request {
        method,
        path,
        headers,
        body: body.as_bytes(),
    })
}

#[test]
fn the_way_out_takes_any_form_and_a_fetch_takes_nothing() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    let multipart = "--x\r\ncontent-disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (number, (kind, body)) in [
        ("multipart/form-data; boundary=x", multipart),
        (
            "application/x-www-form-urlencoded",
            "List-Unsubscribe=One-Click",
        ),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            "list-unsubscribe=one-click&mail=1",
        ),
        (
            "application/x-www-form-urlencoded",
            "List%2DUnsubscribe=One%2DClick",
        ),
        ("application/json", "{}"),
        ("text/plain", ""),
    ]
    .iter()
    .enumerate()
    {
        let number = 10 + u32::try_from(number).unwrap();
        let link = mail_link(&host, number);
        let fetched = ask(&host, "GET", &link, &[], "");
        assert_eq!(fetched.status, 200);
        assert!(
            !consents(&host, &format!("crm:{number}"))
                .iter()
                .any(|(_, _, state)| state == "withdrawn")
        );
        let clicked = ask(&host, "POST", &link, &[("content-type", kind)], body);
        assert_eq!(clicked.status, 200, "{kind}: {}", clicked.body);
        assert_eq!(clicked.json()["withdrawn"]["purpose"], "marketing");
        assert!(
            consents(&host, &format!("crm:{number}"))
                .iter()
                .any(|(_, _, state)| state == "withdrawn")
        );
    }
}

#[test]
fn a_person_who_follows_the_link_sees_one_button_in_their_language() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    let mut said = event(
        "c",
        "customer.changed",
        "crm:1",
        &json!({ "language": "fr-CA" }),
    );
    said["source"] = json!("crm");
    assert_eq!(host.post("gb", &said.to_string()).status, 200);
    let link = mail_link(&host, 1);
    let page = ask(&host, "GET", &link, &[("accept", "text/html")], "");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    assert!(
        page.body.contains("<html lang=\"fr\">") && page.body.contains("Se désabonner"),
        "{}",
        page.body
    );
    assert_eq!(page.body.matches("<button").count(), 1);
    assert!(
        !page.body.contains("<script")
            && !page.body.contains("crm")
            && !page.body.contains("marketing")
    );
    let head = ask(&host, "HEAD", &link, &[], "");
    assert_eq!(head.status, 200);
    let done = ask(
        &host,
        "POST",
        &link,
        &[
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        ],
        "List-Unsubscribe=One-Click",
    );
    assert!(
        done.body.contains("Vous ne recevrez plus ces messages."),
        "{}",
        done.body
    );
    assert_eq!(ask(&host, "DELETE", &link, &[], "").status, 405);
    assert_eq!(
        ask(&host, "GET", "/v1/unsubscribe/00ff", &[], "").told(),
        "404 unknown-link: the link is none of this host's: it was cut short, changed, or made by another host"
    );
}
