//! The host over HTTP: bad input first.

use std::path::Path;

use kairos::clock::Instant;
use kairos::event::{Markets, Role};
use kairos::ids::Chance;
use kairos::node::Node;
use kairos::server::{self, Access, Grant, Server, StartError};
use kairos::telemetry::Telemetry;
use kairos_tests::{Host, Request, serve};

const STRUCTURED: (&str, &str) = ("content-type", "application/cloudevents+json");
const BATCH: (&str, &str) = (
    "content-type",
    "application/cloudevents-batch+json; charset=utf-8",
);

fn order(id: &str) -> String {
    format!(
        r#"{{ "specversion": "1.0", "id": "{id}", "source": "shop/gb", "type": "order.placed", "subject": "crm:17850",
        "time": "2010-12-01T08:26:00Z", "data": {{ "order": "{id}", "total": {{ "amount": "139.12", "currency": "GBP" }},
        "skus": ["85123A"], "quantities": [6] }} }}"#
    )
}

#[test]
fn a_bad_event_is_met_with_what_would_be_right() {
    let host = Host::open();
    for (from, to, expected) in [
        (
            "{ \"specversion",
            "specversion",
            "400 malformed-json: the body is not JSON: line 1, column 1: expected value",
        ),
        (
            "\"1.0\"",
            "\"0.3\"",
            "400 not-an-event /specversion: `specversion` is `0.3`, and must be `1.0`",
        ),
        (
            "order.placed",
            "order.placd",
            "422 unknown-event /type: the charter knows no event `order.placd`: did you mean `order.placed`?",
        ),
        (
            "shop/gb",
            "shopping",
            "403 not-yours /source: `source` is `shopping`, and the charter knows only `shop`, `crm`, `callcentre`, `mailer` and what is \
             below them",
        ),
        (
            "\"139.12\"",
            "139.12",
            "422 invalid-event /data/total/amount: `data.total.amount` must be a text, because a JSON number is not \
             exact: {\"amount\": \"139.12\", \"currency\": \"GBP\"}",
        ),
    ] {
        let event = order("inv-1");
        assert!(event.contains(from));
        let answer = host.post("gb", &event.replacen(from, to, 1));
        assert_eq!(answer.told(), expected);
    }
    let nobody = r#"{ "specversion": "1.0", "id": "a", "source": "shop", "type": "cart.updated",
        "data": { "skus": [], "value": { "amount": "0", "currency": "EUR" } } }"#;
    assert_eq!(
        host.post("gb", nobody).told(),
        "422 invalid-event /subject: `subject` is missing: `cart.updated` must name its customer as `namespace:value`"
    );
    assert_eq!(
        host.post("atlantis", &order("inv-1")).told(),
        "404 unknown-market: the charter knows no market `atlantis`"
    );
    assert_eq!(
        host.post("gb", &order("inv-1")).status,
        200,
        "the host lives on"
    );
}

#[test]
fn a_bad_request_is_met_with_what_would_be_right() {
    let host = Host::open();
    let ask = |method, path, headers: &[(&str, &str)]| {
        let body = b"{}";
        let request = Request {
            method,
            path,
            headers,
            body,
        };
        host.ask(&request)
    };
    const EVENTS: &str = "/v1/markets/gb/events";
    for (answer, expected) in [
        (
            ask("POST", EVENTS, &[]),
            "415 unknown-content-type: `content-type` is ``, and must be `application/cloudevents+json`, \
             `application/cloudevents-batch+json`, or `application/json` with `ce-` headers",
        ),
        (
            ask("POST", EVENTS, &[("content-type", "application/json")]),
            "400 not-an-event: `application/json` is the binary form, with the attributes as `ce-` headers, and \
             `ce-specversion` is missing; an event that is one JSON object is `application/cloudevents+json`",
        ),
        (
            ask("POST", EVENTS, &[STRUCTURED, ("content-encoding", "gzip")]),
            "415 encoded-body: send the body without `content-encoding`",
        ),
        (
            ask("GET", EVENTS, &[]),
            "405 wrong-method: `GET` is not taken here, only POST",
        ),
        (
            ask("DELETE", "/v1/markets", &[]),
            "405 wrong-method: `DELETE` is not taken here, only GET,HEAD",
        ),
        (
            ask("POST", "/v2/events", &[]),
            "404 unknown-route: `/v2/events` is no route of this host; events go to `/v1/markets/<market>/events`",
        ),
        (
            ask("GET", "/v1/decisions/7", &[]),
            "404 unknown: there is no decision `7`",
        ),
        (
            ask("GET", "/v1/customers/email:ada%40example.org", &[]),
            "400 identity-in-path: a `email` is kept only as a hash, and paths are written into logs: use \
             `POST /v1/customers/find` with {\"subject\":\"email:…\"}, or send a consent as an event",
        ),
        (
            ask("POST", "/v1/customers/find", &[]),
            "400 bad-request: the body must be {\"subject\": \"namespace:value\"}",
        ),
        (
            ask("PUT", "/v1/customers/crm:1/consents/marketing", &[]),
            "422 invalid-event /market: `market` is missing: where was the consent said?",
        ),
        (
            ask("GET", "/v1/markets", &[("kairos-at-least", "999999999")]),
            "400 bad-request: `kairos-at-least` is no state of a reply, such as `0a1b2c3d.4711`",
        ),
    ] {
        assert_eq!(answer.told(), expected);
    }
    assert_eq!(ask("GET", EVENTS, &[]).header("allow"), Some("POST"));
    assert_eq!(
        ask("PUT", "/healthz", &[]).header("allow"),
        Some("GET,HEAD")
    );
}

// Where the host has not seen what the caller has, nothing is decided on older state.
#[test]
fn nothing_is_decided_on_less_than_the_caller_has_seen() {
    let host = Host::open();
    let event = |id: &str, state: &str| {
        host.ask(&Request {
            method: "POST",
            path: "/v1/markets/gb/events",
            headers: &[STRUCTURED, ("kairos-at-least", state)],
            body: order(id).as_bytes(),
        })
    };
    let first = host.ask(&Request {
        method: "POST",
        path: "/v1/markets/gb/events",
        headers: &[STRUCTURED],
        body: order("inv-1").as_bytes(),
    });
    let seen = first.json()["state"].as_str().expect("a state").to_owned();
    let (log, position) = seen.split_once('.').expect("log and position");
    let position: u64 = position.parse().expect("a number");
    let ahead = format!("{log}.{}", position + 1_000_000);
    let elsewhere = format!(
        "{:08x}.{position}",
        !u32::from_str_radix(log, 16).expect("a log")
    );
    for state in [ahead, elsewhere] {
        let refused = event("inv-2", &state);
        assert_eq!(refused.status, 503, "{}", refused.told());
        assert_eq!(refused.json()["type"], "/problems/not-yet");
    }
    let [decided, again] = [(), ()].map(|()| event("inv-2", &seen));
    assert_eq!(
        (decided.status, decided.header("kairos-repeated")),
        (200, None)
    );
    assert_eq!(again.header("kairos-repeated"), Some("true"));
}

#[test]
fn one_bad_event_never_spoils_a_batch() {
    let host = Host::open();
    let [first, third] = ["inv-1", "inv-3"].map(order);
    let body = format!("[{first}, {{\"id\": \"inv-2\"}}, {third}, {first}, 7]");
    let answer = host.ask(&Request {
        method: "POST",
        path: "/v1/markets/gb/events",
        headers: &[BATCH],
        body: body.as_bytes(),
    });
    let list = answer.json();
    let told: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let event = one["reply"]["event"].as_str();
            let detail = one["problem"]["detail"].as_str();
            let said = event.or(detail).unwrap_or_default();
            format!("{} {} {said}", one["status"], one["repeated"])
        })
        .collect();
    assert_eq!(
        told,
        [
            "200 false inv-1",
            "400 false `specversion` is missing: it must be `1.0`",
            "200 false inv-3",
            "200 true inv-1",
            "400 false an event is a JSON object of CloudEvents attributes",
        ]
    );
}

#[test]
fn a_body_that_is_too_large_or_too_slow_is_refused() {
    let host = Host::open();
    let large = vec![b' '; 2 << 20];
    for (ty, expected) in [
        (
            STRUCTURED,
            "413 too-large: the body may have 65536 bytes here",
        ),
        (BATCH, "413 too-large: the body may have 1048576 bytes here"),
    ] {
        let answer = host.ask(&Request {
            method: "POST",
            path: "/v1/markets/gb/events",
            headers: &[ty],
            body: &large,
        });
        assert_eq!(answer.told(), expected);
    }
    let mut slow = host.connect();
    slow.say("POST /v1/markets/gb/events HTTP/1.1\r\nhost: kairos\r\ncontent-type: application/cloudevents+json\r\n");
    slow.say("content-length: 100\r\n\r\n{\"id\":");
    assert_eq!(
        slow.hear().unwrap().told(),
        "408 slow-body: the body must come whole within 400ms"
    );
    assert!(slow.hear().is_none(), "and the connection is closed");
}

#[test]
fn a_head_that_is_too_slow_or_too_large_ends_the_connection() {
    let host = Host::open();
    let mut slow = host.connect();
    slow.say("POST /v1/markets/gb/events HTTP/1.1\r\nhost: kai");
    assert!(slow.hear().is_none());
    let mut silent = host.connect();
    assert!(silent.hear().is_none());
    let mut large = host.connect();
    large.say("GET /healthz HTTP/1.1\r\n");
    large.say(format!("cookie: {}", "x".repeat(15 * 1024)));
    large.say("y".repeat(1024));
    assert_eq!(large.hear().unwrap().status, 431);
    let mut many = host.connect();
    let headers: String = (0..65).map(|number| format!("x-{number}: 1\r\n")).collect();
    many.say(format!("GET /healthz HTTP/1.1\r\n{headers}\r\n"));
    assert_eq!(many.hear().unwrap().status, 431);
}

#[test]
fn two_lengths_never_hide_a_second_request() {
    let host = Host::open();
    let mut smuggler = host.connect();
    smuggler.say(
        "POST /v1/markets/gb/events HTTP/1.1\r\nhost: kairos\r\ncontent-type: application/cloudevents+json\r\n\
         content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
    );
    assert_eq!(smuggler.hear().unwrap().status, 400);
    assert!(smuggler.hear().is_none());
    let mut smuggler = host.connect();
    smuggler.say(
        "POST /v1/markets/gb/events HTTP/1.1\r\nhost: kairos\r\ncontent-type: application/cloudevents+json\r\n\
         content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: kairos\r\n\r\n",
    );
    assert_eq!(smuggler.hear().unwrap().status, 400);
    assert!(smuggler.hear().is_none(), "what follows is not read");
    let mut broken = host.connect();
    broken.say("POST /healthz HTTP/1.1\r\nhost: kairos\r\ntransfer-encoding: gzip\r\n\r\n");
    assert_eq!(broken.hear().unwrap().status, 400);
}

#[test]
fn requests_in_one_piece_are_answered_in_order() {
    let host = Host::open();
    let mut caller = host.connect();
    let event = order("inv-1");
    let length = event.len();
    caller.say(format!(
        "POST /v1/markets/gb/events HTTP/1.1\r\nhost: kairos\r\ncontent-type: application/cloudevents+json\r\n\
         content-length: {length}\r\n\r\n{event}GET /healthz HTTP/1.1\r\nhost: kairos\r\n\r\nGET /nowhere HTTP/1.1\r\n\
         host: kairos\r\n\r\n",
    ));
    let statuses = [(); 3].map(|()| caller.hear().unwrap().status);
    assert_eq!(statuses, [200, 200, 404]);
}

#[test]
fn a_repeat_gets_the_first_reply_and_other_content_is_a_conflict() {
    let host = Host::open();
    let first = host.post("gb", &order("inv-1"));
    assert_eq!((first.status, first.header("kairos-repeated")), (200, None));
    let again = host.post("gb", &order("inv-1"));
    assert_eq!(again.header("kairos-repeated"), Some("true"));
    assert_eq!(again.body, first.body);
    let other = host.post("gb", &order("inv-1").replace("85123A", "71053"));
    assert!(
        other.told().starts_with("409 conflict: "),
        "{}",
        other.told()
    );
    let elsewhere = host.post("fr", &order("inv-1"));
    assert_eq!(elsewhere.status, 409);
}

#[test]
fn the_binary_form_and_consents_are_answered() {
    let host = Host::open();
    let binary = host.ask(&Request {
        method: "POST",
        path: "/v1/markets/gb/events",
        headers: &[
            ("content-type", "application/json; charset=utf-8"),
            ("ce-specversion", "1.0"),
            ("ce-id", "view-1"),
            ("ce-source", "shop"),
            ("ce-type", "product.viewed"),
        ],
        body: br#"{ "sku": "85123A" }"#,
    });
    assert_eq!(binary.json()["event"], "view-1");
    let put = |subject: &str, body: &[u8]| {
        host.ask(&Request {
            method: "PUT",
            path: &format!("/v1/customers/{subject}/consents/marketing"),
            headers: &[("ce-id", "c-1")],
            body,
        })
    };
    let given = put(
        "crm:17850",
        br#"{"state":"granted","market":"gb","channels":["email"]}"#,
    );
    assert_eq!(given.json()["event"], "c-1");
    let hashed = put("email%3Aada@example.org", b"{}");
    assert!(
        hashed.told().starts_with("400 identity-in-path"),
        "{}",
        hashed.told()
    );
}

fn issue(folder: &Path, name: &str, source: Option<&str>, roles: &[Role]) -> String {
    let grant = Grant {
        name: name.into(),
        source: source.map(Into::into),
        markets: Markets::Some(vec!["gb".into()]),
        roles: roles.to_vec(),
    };
    let mut chance = Chance::from_system().unwrap();
    grant
        .issue(&folder.join("tokens.toml"), Instant::default(), &mut chance)
        .unwrap()
}

#[test]
fn a_caller_does_only_what_its_token_says() {
    let mut tokens = Vec::new();
    let host = Host::start(|folder| {
        tokens.push(issue(folder, "shop", Some("shop"), &[Role::Decide]));
        tokens.push(issue(
            folder,
            "desk",
            None,
            &[Role::Evidence, Role::Operate],
        ));
        Access::Tokens(folder.join("tokens.toml"))
    });
    let ask = |token: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![STRUCTURED];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        host.ask(&Request {
            method: if body.is_empty() { "GET" } else { "POST" },
            path,
            headers: &headers,
            body: body.as_bytes(),
        })
    };
    let [shop, desk] = tokens.as_slice() else {
        panic!("two tokens")
    };
    const EVENTS: &str = "/v1/markets/gb/events";
    let event = order("inv-1");
    let nobody = ask("", EVENTS, &event);
    assert_eq!(
        nobody.told(),
        "401 no-token: send `authorization: Bearer kairos_…`"
    );
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Bearer realm=\"kairos\"")
    );
    for (token, path, body, expected) in [
        (
            "kairos_00",
            EVENTS,
            event.as_str(),
            "401 no-token: the token is not known to this host",
        ),
        (shop, EVENTS, &event, "200"),
        (
            desk,
            EVENTS,
            &event,
            "403 not-allowed: this needs the role `decide`",
        ),
        (
            shop,
            "/v1/markets/de/events",
            &event,
            "403 not-yours: the token `shop` does not speak for the market `de`",
        ),
        (
            shop,
            EVENTS,
            &event.replace("shop/gb", "crm"),
            "403 not-yours /source: `source` is `crm`, and this token speaks as `shop` or below it, such as `shop/web`",
        ),
        (
            shop,
            "/metrics",
            "",
            "403 not-allowed: this needs the role `operate`",
        ),
        (
            shop,
            "/v1/decisions/7",
            "",
            "403 not-allowed: this needs the role `evidence`",
        ),
        (
            desk,
            "/v1/customers/crm:1",
            "",
            "403 not-allowed: this needs the role `customer`",
        ),
        (desk, "/metrics", "", "200"),
        ("", "/healthz", "", "200"),
        ("", "/readyz", "", "200"),
    ] {
        assert_eq!(ask(token, path, body).told(), expected, "{path}");
    }
    let late = issue(host.folder(), "late", Some("shop"), &[Role::Decide]);
    while ask(&late, EVENTS, &event).status != 200 {}
}

#[test]
fn reasons_are_for_those_who_may_hear_them() {
    let mut token = String::new();
    let host = Host::start(|folder| {
        token = issue(folder, "shop", Some("shop"), &[Role::Decide]);
        Access::Tokens(folder.join("tokens.toml"))
    });
    let bearer = format!("Bearer {token}");
    let event = order("inv-1");
    let mut request = Request {
        method: "POST",
        path: "/v1/markets/gb/events",
        headers: &[
            STRUCTURED,
            ("prefer", "respond-async, kairos=explain"),
            ("authorization", &bearer),
        ],
        body: event.as_bytes(),
    };
    assert_eq!(host.ask(&request).header("preference-applied"), None);
    request.headers = &request.headers[..2];
    let open = Host::open();
    let explained = open.ask(&request);
    assert_eq!(
        explained.header("preference-applied"),
        Some("kairos=explain")
    );
}

#[test]
fn an_open_host_is_never_reached_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let serve = serve(folder.path());
    let node = Node::open(serve.node(), &Telemetry::new()).unwrap();
    let start = |listen: &str| {
        let settings = server::Settings {
            listen: listen.parse().unwrap(),
            ..serve.server()
        };
        Server::start(node.clone(), Default::default(), &settings)
    };
    for outside in ["0.0.0.0:0", "[::]:0"] {
        let refused = start(outside).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!(
                "`--open` lets in anyone who can connect, and `{outside}` can be reached from outside: listen on \
                 127.0.0.1, or use `--tokens FILE`"
            )
        );
    }
    let first = start("127.0.0.1:0").unwrap();
    let taken = start(&first.address().to_string()).unwrap_err();
    assert!(matches!(taken, StartError::Taken(_)), "{taken}");
    first.stop();
}

#[test]
fn a_stop_waits_for_no_idle_connection() {
    let mut host = Host::open();
    let mut fresh = host.connect();
    let mut used = host.connect();
    let health = Request {
        path: "/healthz",
        ..Request::default()
    };
    assert_eq!(used.ask(&health).status, 200);
    let mut halfway = host.connect();
    assert_eq!(halfway.ask(&health).status, 200);
    halfway.say("GET /healthz HTTP/1.1\r\n");
    host.stop();
    for connection in [&mut fresh, &mut used, &mut halfway] {
        assert!(connection.hear().is_none());
    }
}

#[test]
fn the_host_says_how_it_is() {
    let host = Host::open();
    assert_eq!(host.get("/healthz").body, "alive\n");
    let ready = host.get("/readyz").json();
    assert_eq!(
        (&ready["ready"], &ready["clock"]),
        (&true.into(), &"system".into())
    );
    assert_eq!(
        host.get("/v1/markets").json()["markets"]
            .as_array()
            .unwrap()
            .len(),
        9
    );
    assert_eq!(host.post("gb", &order("inv-1")).status, 200);
    let figures = host.get("/metrics").body;
    let counted = "kairos_http_requests_total{route=\"event\",status=\"200\"} 1";
    assert!(figures.contains(counted), "{figures}");
    assert!(figures.contains("kairos_http_seconds_bucket{route=\"event\",le=\"+Inf\"} 1"));
    assert!(!figures.contains("17850") && !figures.contains("inv-1"));
}

#[test]
fn anybody_can_ask_who_decides_what() {
    // C31, C02: the owner, the central value and its line, and what the market chose of it.
    let host = Host::open();
    let answer = host.get("/v1/charter/actions/voucher");
    assert_eq!(answer.status, 200, "{}", answer.body);
    for told in ["commerce", "charter.toml", "markets/gb.toml"] {
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
    }
    assert_eq!(host.get("/v1/charter/actions/vouchr").status, 404);
}
