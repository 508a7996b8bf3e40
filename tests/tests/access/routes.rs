//! Every route of the table, with every role of one market: nothing that the table does not open is read or changed.

use http::Method;
use kairos::event::Role;
use kairos::server::{Audience, ROUTES, Route};
use serde_json::{Value, json};

use crate::Guarded;

/// What is of de alone: a customer, and what was decided about them.
struct Target {
    customer: String,
    decision: String,
    action: String,
}

impl Target {
    fn of(guarded: &Guarded) -> Self {
        guarded.consents("de", "crm:77", "marketing", "confirmed");
        let decided = &guarded.buys("de", "crm:77")["decisions"][0];
        let customer = guarded.get("* customer", "/v1/customers/crm:77").json();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            customer: text(&customer["id"]),
            decision: text(&decided["id"]),
            action: text(&decided["scheduled"][0]["id"]),
        }
    }

    /// The route's path, at what is de's; with what a list may be asked for besides.
    fn paths(&self, route: &Route) -> Vec<String> {
        let id = match route.path.starts_with("/v1/actions") {
            true => &self.action,
            false => &self.decision,
        };
        let mut path = route.path.to_owned();
        for (part, filled) in [
            ("{market}", "de"),
            ("{subject}", "crm:77"),
            ("{purpose}", "marketing"),
            ("{scope}", "market:de"),
            ("{kind}/{name}", "fields/points"),
            ("{token}", "none"),
            ("{id}", id),
        ] {
            path = path.replace(part, filled);
        }
        match route.path {
            "/v1/explanation" => vec![format!("{path}?source=shop%2Fde&event=de-event")],
            "/v1/decisions" | "/v1/approvals" | "/v1/report" | "/v1/disclosures" => {
                vec![path.clone(), format!("{path}?market=de")]
            }
            "/v1/customers/{subject}" | "/v1/customers/{subject}/export" => {
                vec![path.clone(), path.replace("crm:77", &self.customer)]
            }
            _ => vec![path],
        }
    }

    /// What stands in no answer to somebody else, unless it was asked by it.
    fn is_told_in(&self, body: &str, path: &str) -> bool {
        [
            "de-secret",
            "de-proof",
            "gift_wrap\":{\"value",
            &self.customer,
        ]
        .iter()
        .any(|secret| body.contains(secret) && !path.contains(secret))
    }
}

fn body(route: &Route) -> Value {
    match (route.method.as_str(), route.path) {
        ("POST", "/v1/markets/{market}/events") => kairos_tests::desk::order("new", "crm:77", 120),
        ("PUT", "/v1/customers/{subject}/consents/{purpose}") => {
            json!({ "state": "withdrawn", "market": "de" })
        }
        ("POST", "/v1/customers/find") => json!({ "subject": "crm:77" }),
        ("POST", "/v1/actions/{id}/approve" | "/v1/actions/{id}/reject") => {
            json!({ "reason": "because" })
        }
        _ => Value::Null,
    }
}

/// What all markets know, as far as it stands still by itself.
fn everything(guarded: &Guarded) -> Vec<Value> {
    let paths = [
        ("* customer", "/v1/customers/crm:77/export"),
        ("* evidence", "/v1/decisions"),
        ("* approve", "/v1/approvals"),
        ("* operate", "/v1/stops"),
        ("* charter", "/v1/charter"),
        ("* charter", "/v1/markets/de/charter"),
    ];
    let told = paths.map(|(token, path)| match guarded.get(token, path) {
        answer if path.ends_with("de/charter") => Value::from(answer.body),
        answer => answer.json(),
    });
    let mut told = told.to_vec();
    told[0]["exported"] = Value::Null;
    told[1]["next"] = Value::Null;
    told
}

#[test]
fn nothing_that_the_table_does_not_open_is_read_or_changed() {
    // C33: reads are allowed market by market.
    let guarded = Guarded::start();
    let target = Target::of(&guarded);
    let before = everything(&guarded);
    for route in &ROUTES {
        for path in target.paths(route) {
            for role in Role::ALL {
                let token = format!("gb {}", role.name());
                let answer = guarded.ask(&token, route.method.as_str(), &path, &body(route));
                let what = format!("{} {path} by `{token}`: {}", route.method, answer.body);
                assert!(!target.is_told_in(&answer.body, &path), "{what}");
                let refused = route.role.filter(|needed| *needed != role);
                match (route.audience, refused) {
                    (Audience::Anyone, _) => {
                        assert!(![401, 403].contains(&answer.status), "{what}")
                    }
                    (_, Some(needed)) => {
                        let told =
                            format!("403 not-allowed: this needs the role `{}`", needed.name());
                        assert_eq!(answer.told(), told, "{what}");
                    }
                    (Audience::AllMarkets, None) => {
                        assert_eq!(answer.told(), format!("403 not-yours: {}", route.because));
                    }
                    (Audience::OwnMarket, None) if path == route.path && body(route).is_null() => {
                        assert_eq!(answer.status, 200, "{what}");
                    }
                    (Audience::OwnMarket, None) => {
                        assert!([403, 404].contains(&answer.status), "{what}");
                    }
                    (Audience::EveryCaller, None) => assert_eq!(answer.status, 200, "{what}"),
                }
            }
        }
    }
    assert_eq!(everything(&guarded), before);
}

#[test]
fn what_the_table_opens_is_open_to_the_market_whose_it_is() {
    let guarded = Guarded::start();
    let target = Target::of(&guarded);
    let looks = ROUTES.iter().filter(|route| route.method == Method::GET);
    // Who has a link has its page, whatever market it is of; here nobody has one.
    for route in looks.filter(|route| !route.path.contains("{token}")) {
        for path in target.paths(route) {
            let role = route.role.unwrap_or(Role::Decide).name();
            for market in ["de", "*"] {
                let answer = guarded.get(&format!("{market} {role}"), &path);
                assert_eq!(answer.status, 200, "{path} of {market}: {}", answer.body);
            }
        }
    }
}

#[test]
fn who_shows_no_token_gets_in_only_where_the_table_says_so() {
    let guarded = Guarded::start();
    let target = Target::of(&guarded);
    for route in &ROUTES {
        for path in target.paths(route) {
            let answer = guarded.ask("", route.method.as_str(), &path, &body(route));
            let is_open = route.audience == Audience::Anyone;
            assert_eq!(answer.status != 401, is_open, "{path}: {}", answer.body);
        }
    }
}

#[test]
fn who_may_not_is_told_before_a_body_is_read() {
    let guarded = Guarded::start();
    for (token, path) in [
        ("gb decide", "/v1/charter"),
        ("gb charter", "/v1/charter"),
        ("gb decide", "/v1/customers/find"),
        ("", "/v1/customers/find"),
    ] {
        let bearer = guarded.tokens.get(token).map_or("none", String::as_str);
        let mut caller = guarded.host.connect();
        caller.say(format!(
            "POST {path} HTTP/1.1\r\nhost: kairos\r\nauthorization: Bearer {bearer}\r\ncontent-length: 60000\r\n\r\n"
        ));
        let answer = caller.hear().expect("an answer");
        assert!([401, 403].contains(&answer.status), "{}", answer.body);
    }
}

#[test]
fn one_market_is_shown_as_the_list_shows_it() {
    let guarded = Guarded::start();
    let list = guarded.get("gb decide", "/v1/markets").json();
    for market in list["markets"].as_array().expect("a list") {
        let name = market["market"].as_str().expect("a name");
        let path = format!("/v1/markets/{name}");
        assert_eq!(guarded.get("gb decide", &path).json(), *market);
    }
    let unknown = guarded.get("gb decide", "/v1/markets/xx");
    assert_eq!(unknown.told(), "404 unknown: there is no market `xx`");
}
