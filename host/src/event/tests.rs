use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::clock::Clock;

const NOW: &str = "2026-11-02T09:30:00Z";

fn charter() -> Arc<Charter> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/retail/charter");
    Arc::new(Charter::load(&folder).unwrap_or_else(|complaints| panic!("{complaints}")))
}

/// Everything that a test of the door can change.
struct Scene {
    charter: Arc<Charter>,
    clock: Clock,
    caller: Caller,
    market: &'static str,
}

impl Scene {
    fn new() -> Self {
        Self {
            charter: charter(),
            clock: Clock::fixed(Instant::parse(NOW).unwrap()),
            caller: Caller::open(),
            market: "gb",
        }
    }

    fn door(&self) -> Door<'_> {
        Door {
            charter: &self.charter,
            clock: &self.clock,
            caller: &self.caller,
            market: self.market,
            is_gpc: false,
        }
    }

    fn read(&self, json: &str) -> Result<Event, InvalidEvent> {
        Event::parse(&self.door(), json.as_bytes())
    }

    /// What is said about a refused event: where, and what.
    fn complaint(&self, json: &str) -> String {
        told(self.read(json))
    }
}

fn told(read: Result<Event, InvalidEvent>) -> String {
    match read {
        Ok(event) => format!("taken: {}", event.id),
        Err(refused) => format!("{} {refused}", refused.pointer().unwrap_or("-")),
    }
}

/// An order that is in order, changed: each (from, to) replaces a text in it.
fn order(changes: &[(&str, &str)]) -> String {
    let mut json = r#"{ "specversion": "1.0", "id": "inv-1", "source": "shop/gb", "type": "order.placed",
        "subject": "crm:17850", "time": "2026-11-01T08:26:00Z", "channel": "web",
        "data": { "order": "1", "total": { "amount": "139.12", "currency": "GBP" }, "skus": ["85123A", "71053"],
        "quantities": [6, 8] } }"#
        .to_owned();
    for (from, to) in changes {
        assert!(json.contains(from), "{from} does not stand in {json}");
        json = json.replace(from, to);
    }
    json
}

fn check(cases: &[(&[(&str, &str)], &str)]) {
    let scene = Scene::new();
    for (changes, expected) in cases {
        assert_eq!(scene.complaint(&order(changes)), *expected, "{changes:?}");
    }
}

#[test]
fn what_is_no_event_is_refused_with_its_place() {
    let scene = Scene::new();
    for (json, expected) in [
        (
            "{\"id\": }",
            "- the body is not JSON: line 1, column 8: expected value",
        ),
        (
            "",
            "- the body is not JSON: line 1, column 0: EOF while parsing a value",
        ),
        ("[]", " an event is a JSON object of CloudEvents attributes"),
        (
            "{}",
            "/specversion `specversion` is missing: it must be `1.0`",
        ),
    ] {
        assert_eq!(scene.complaint(json), expected);
    }
    let trailing = order(&[]) + "{}";
    let complaint = scene.complaint(&trailing);
    assert!(complaint.ends_with("trailing characters"), "{complaint}");
}

#[test]
fn a_wrong_attribute_is_named() {
    check(&[
        (&[], "taken: inv-1"),
        (
            &[("\"1.0\"", "\"0.3\"")],
            "/specversion `specversion` is `0.3`, and must be `1.0`",
        ),
        (
            &[("\"inv-1\"", "7")],
            "/id `id` is a number, and must be a text",
        ),
        (&[("\"inv-1\"", "\"\"")], "/id `id` is empty"),
        (
            &[("\"id\": \"inv-1\",", "")],
            "/id `id` is missing: every event has one",
        ),
        (
            &[("\"id\": \"inv-1\"", "\"id\": null")],
            "/id `id` is missing: every event has one",
        ),
        (
            &[("\"channel\"", "\"id\": \"inv-2\", \"channel\"")],
            "/id `id` stands twice",
        ),
        (
            &[("inv-1", "in\\u0000v")],
            "/id `id` holds control characters",
        ),
        (
            &[("\"channel\": \"web\"", "\"market\": \"de\"")],
            "/market `market` is `de`, and the path says `gb`: they must be the same",
        ),
        (
            &[("\"data\": {", "\"data_base64\": \"e30=\", \"ignored\": {")],
            "/data_base64 `data_base64` is not read: the data must be JSON, in `data`",
        ),
        (
            &[("\"channel\": \"web\"", "\"datacontenttype\": \"text/xml\"")],
            "/datacontenttype `datacontenttype` must be `application/json`: nothing else is read",
        ),
        (
            &[("2026-11-01T08:26:00Z", "yesterday")],
            "/time `time`: `yesterday` is not an RFC 3339 time such as `2026-11-02T09:30:00Z`",
        ),
        (
            &[("2026-11-01T08:26:00Z", "2026-11-02T09:36:00Z")],
            "/time `time` is 2026-11-02T09:36:00Z, more than 5 minutes after the host's 2026-11-02T09:30:00Z: \
             an event has happened",
        ),
        (
            &[("2026-11-01T08:26:00Z", "2026-11-02T10:35:00+01:00")],
            "taken: inv-1",
        ),
    ]);
}

#[test]
fn an_unknown_kind_is_met_with_the_nearest() {
    check(&[
        (
            &[("order.placed", "order.plced")],
            "/type the charter knows no event `order.plced`: did you mean `order.placed`?",
        ),
        (
            &[("order.placed", "zebra")],
            "/type the charter knows no event `zebra`",
        ),
    ]);
    let mut scene = Scene::new();
    scene.market = "gbb";
    assert_eq!(
        scene.complaint(&order(&[])),
        "- the charter knows no market `gbb`: did you mean `gb`?"
    );
}

#[test]
fn money_is_exact_or_refused() {
    const MONEY: &str = "{ \"amount\": \"139.12\", \"currency\": \"GBP\" }";
    check(&[
        (
            &[(MONEY, "139.12")],
            "/data/total `data.total` is a number with decimals, and must be money such as \
             {\"amount\": \"139.12\", \"currency\": \"GBP\"}",
        ),
        (
            &[("\"139.12\"", "139.12")],
            "/data/total/amount `data.total.amount` must be a text, because a JSON number is not exact: \
             {\"amount\": \"139.12\", \"currency\": \"GBP\"}",
        ),
        (
            &[("139.12", "139,12")],
            "/data/total/amount `data.total.amount` is no decimal number such as \"139.12\"",
        ),
        (
            &[("139.12", "139.125")],
            "/data/total/amount `data.total.amount` has 3 decimals, and GBP has 2",
        ),
        (
            &[("GBP", "CHF")],
            "/data/total/currency `data.total.currency` is in CHF, for which the charter has no rate; it keeps GBP",
        ),
        (
            &[(", \"currency\": \"GBP\"", "")],
            "/data/total/currency `data.total.currency` is missing: an ISO 4217 code",
        ),
    ]);
}

#[test]
fn data_are_what_the_charter_says() {
    check(&[
        (
            &[("\"order\": \"1\",", "")],
            "/data/order `data.order` is missing: `order.placed` requires a text",
        ),
        (
            &[("\"order\": \"1\"", "\"order\": null")],
            "/data/order `data.order` is missing: `order.placed` requires a text",
        ),
        (
            &[("\"order\": \"1\"", "\"order\": \"1\", \"order\": \"1\"")],
            "/data/order `data.order` stands twice",
        ),
        (
            &[("\"71053\"", "71053")],
            "/data/skus/1 `data.skus[1]` is a number, and must be a text",
        ),
        (
            &[("[6, 8]", "[6, null]")],
            "/data/quantities/1 `data.quantities[1]` is null, and must be a whole number",
        ),
        (
            &[("[6, 8]", "[6, 9223372036854775808]")],
            "/data/quantities/1 `data.quantities[1]` is a number of more than 64 bits, and must be a whole number",
        ),
        (
            &[("[\"85123A\", \"71053\"]", "{}")],
            "/data/skus `data.skus` is an object, and must be a list of texts",
        ),
        (
            &[("\"data\": {", "\"data\": [], \"ignored\": {")],
            "/data `data` is a list, and must be an object",
        ),
        (
            &[("[6, 8]", &format!("[{}]", vec!["1"; 1001].join(",")))],
            "/data/quantities `data.quantities` is a list of more than 1000 entries",
        ),
        (
            &[(
                "\"order\": \"1\"",
                &format!("\"order\": \"{}\"", "x".repeat(1025)),
            )],
            "/data/order `data.order` has 1025 bytes, and may have 1024",
        ),
    ]);
    let scene = Scene::new();
    let tier = r#"{ "specversion": "1.0", "id": "a", "source": "crm", "type": "account.changed",
        "account": "company:7", "data": { "tier": "gold" } }"#;
    assert_eq!(
        scene.complaint(tier),
        "/data/tier `data.tier` is none of `none`, `trade`, `key`"
    );
}

#[test]
fn whom_it_is_about_must_be_known() {
    check(&[
        (
            &[("crm:17850", "17850")],
            "/subject `subject` must be `namespace:value`, with one of `crm`, `email`, `visitor`",
        ),
        (
            &[("crm:17850", "cmr:17850")],
            "/subject `subject` is in the unknown namespace `cmr`: it must be one of `crm`, `email`, `visitor`",
        ),
        (
            &[("crm:17850", "emial:a@b")],
            "/subject `subject` is in the unknown namespace `emial`: did you mean `email`?",
        ),
        (
            &[("crm:17850", "emails:a@b")],
            "/subject `subject` is in the unknown namespace `emails`: did you mean `email`?",
        ),
        (
            &[("crm:17850", "company:17850")],
            "/subject `subject` cannot be a `company`: it must be one of `crm`, `email`, `visitor`",
        ),
        (
            &[("crm:17850", "crm: ")],
            "/subject `subject` has no value after `crm:`, or control characters in it",
        ),
        (
            &[("\"channel\": \"web\"", "\"visitor\": \"crm:1\"")],
            "/visitor `visitor` cannot be a `crm`: it must be one of `visitor`",
        ),
    ]);
    let scene = Scene::new();
    let cart = order(&[
        ("order.placed", "cart.updated"),
        ("\"subject\": \"crm:17850\",", ""),
        ("\"total\"", "\"value\""),
    ]);
    assert_eq!(
        scene.complaint(&cart),
        "/subject `subject` is missing: `cart.updated` must name its customer as `namespace:value`"
    );
    let tier = r#"{ "specversion": "1.0", "id": "a", "source": "crm", "type": "account.changed",
        "data": { "tier": "key" } }"#;
    assert_eq!(
        scene.complaint(tier),
        "/account `account` is missing: `account.changed` must name its account as `namespace:value`, or a subject \
         that has one"
    );
}

#[test]
fn a_caller_says_only_what_is_its_own() {
    let mut scene = Scene::new();
    assert_eq!(
        scene.complaint(&order(&[("shop/gb", "shopping")])),
        "/source `source` is `shopping`, and the charter knows only `shop`, `crm`, `callcentre`, `mailer` and what is below them"
    );
    assert_eq!(
        scene.complaint(&order(&[("shop/gb", "crm")])),
        "/type the source `crm` may not send `order.placed`: the charter does not list it in its `may-send`"
    );
    scene.caller = Caller {
        name: "crm-gb".into(),
        roles: [Role::Decide].into_iter().collect(),
        markets: Markets::Some(vec!["gb".into()]),
        voice: Voice::One("crm".into()),
    };
    assert_eq!(
        scene.complaint(&order(&[])),
        "/source `source` is `shop/gb`, and this token speaks as `crm` or below it, such as `crm/web`"
    );
    let changed = r#"{ "specversion": "1.0", "id": "a", "source": "crm", "type": "customer.changed",
        "subject": "visitor:7", "data": {} }"#;
    assert_eq!(
        scene.complaint(changed),
        "/subject the source `crm` may not name a `visitor`: the charter does not list it in its `subjects`"
    );
    scene.caller.voice = Voice::None;
    assert_eq!(
        scene.complaint(changed),
        "/source this token has no source, and so may send no events"
    );
    scene.market = "de";
    assert_eq!(
        scene.complaint(changed),
        " the token `crm-gb` does not speak for the market `de`"
    );
}

#[test]
fn a_checked_event_stands_in_its_slots() {
    let scene = Scene::new();
    let event = scene.read(&order(&[])).unwrap();
    assert_eq!(event.source, "shop/gb");
    assert_eq!(
        event.charter.sources.at(event.source_ix.unwrap()).name,
        "shop"
    );
    assert_eq!(event.occurred_at.to_string(), "2026-11-01T08:26:00Z");
    assert_eq!(event.received_at.to_string(), NOW);
    let kind = event.charter.events.at(event.kind);
    let datum = |name: &str| {
        let mut data = kind.data.iter().zip(&event.data);
        data.find(|((_, datum), _)| datum.name == name)
            .and_then(|(_, value)| value.clone())
    };
    assert_eq!(datum("order"), Some(Value::Text("1".into())));
    assert_eq!(datum("total"), Some(Value::Integer(13_912)));
    assert_eq!(
        datum("quantities"),
        Some(Value::Integers(Arc::from([6, 8])))
    );
    assert_eq!(event.dropped, 0);
}

#[test]
fn another_currency_is_kept_at_the_charters_rate() {
    let scene = Scene::new();
    let event = scene.read(&order(&[("GBP", "EUR")])).unwrap();
    assert!(event.data.contains(&Some(Value::Integer(12_103))));
    let own = scene.read(&order(&[("139.12", "121.03")])).unwrap();
    assert_eq!(own.data, event.data);
    assert_ne!(own.content, event.content, "what was said is not the same");
}

#[test]
fn the_order_of_members_and_what_is_not_declared_change_nothing() {
    let scene = Scene::new();
    let first = scene.read(&order(&[])).unwrap();
    let turned = r#"{ "data": { "quantities": [6, 8], "skus": ["85123A", "71053"], "colour": { "deep": [1] },
        "total": { "currency": "GBP", "amount": "139.12" }, "order": "\u0031", "de.gift_wrap": true },
        "traceparent": "00-1", "channel": "web", "time": "2026-11-01T09:26:00+01:00", "subject": "crm: 17850 ",
        "type": "order.placed", "source": "shop/gb", "id": "inv-1", "specversion": "1.0" }"#;
    let second = scene.read(turned).unwrap();
    assert_eq!(second.data, first.data);
    assert_eq!(
        second.dropped, 2,
        "a colour, and what is another market's own"
    );
    assert_eq!(second.content, first.content);
    let other = scene.read(&order(&[("139.12", "139.13")])).unwrap();
    assert_ne!(other.content, first.content);
    let timeless = order(&[("\"time\": \"2026-11-01T08:26:00Z\",", "")]);
    let before = scene.read(&timeless).unwrap();
    scene
        .clock
        .set(Instant::parse("2026-11-02T09:31:00Z").unwrap());
    let after = scene.read(&timeless).unwrap();
    assert_ne!(before.occurred_at, after.occurred_at);
    assert_eq!(before.content, after.content);
}

#[test]
fn an_address_is_one_address_however_it_is_typed() {
    let scene = Scene::new();
    let event = scene
        .read(&order(&[("crm:17850", "email: Ada@Example.ORG ")]))
        .unwrap();
    assert_eq!(event.subject.unwrap().value, "ada@example.org");
}

#[test]
fn the_binary_form_says_the_same() {
    let scene = Scene::new();
    let data = r#"{ "order": "1", "total": { "amount": "139.12", "currency": "GBP" }, "skus": ["85123A", "71053"],
        "quantities": [6, 8] }"#;
    let headers = [
        ("specversion", "1.0"),
        ("id", "inv-1"),
        ("source", "shop/gb"),
        ("type", "order.placed"),
        ("subject", "crm:178%350"),
        ("time", "2026-11-01T08:26:00Z"),
        ("channel", "web"),
        ("unknown", "x"),
    ];
    let read = |headers: &[(&'static str, &'static str)], body: &str| {
        let attributes = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        Event::parse_binary(&scene.door(), attributes, body.as_bytes())
    };
    let event = read(&headers, data).unwrap();
    assert_eq!(event.content, scene.read(&order(&[])).unwrap().content);
    assert_eq!(
        told(read(&headers[1..], data)),
        "/specversion `specversion` is missing: it must be `1.0`"
    );
    let complaint = told(read(&headers, "{\"order\":"));
    assert!(
        complaint.starts_with("- the body is not JSON: line 1, column 9"),
        "{complaint}"
    );
}

#[test]
fn a_batch_is_taken_apart_unread() {
    assert_eq!(split(b"[{\"a\":1}, 7, []]").unwrap().len(), 3);
    assert_eq!(
        split(b"{}").unwrap_err().to_string(),
        "a batch is a JSON array of events"
    );
    assert!(matches!(split(b"[{]"), Err(InvalidEvent::Malformed { .. })));
    let many = format!("[{}]", vec!["0"; 1001].join(","));
    assert_eq!(
        split(many.as_bytes()).unwrap_err().to_string(),
        "a batch holds at most 1000 events, and this one holds 1001"
    );
}

#[test]
fn on_the_clock_of_its_events_the_first_event_has_a_time() {
    let mut scene = Scene::new();
    scene.clock = Clock::events();
    let timeless = order(&[("\"time\": \"2026-11-01T08:26:00Z\",", "")]);
    assert_eq!(
        scene.complaint(&timeless),
        "/time `time` is missing: this host runs on the clock of its events, and none has come yet"
    );
    assert_eq!(scene.complaint(&order(&[])), "taken: inv-1");
}

#[test]
fn a_consent_becomes_an_event() {
    let scene = Scene::new();
    let put = |purpose: &str, body: &str| {
        let request = ConsentRequest {
            id: "c-1".into(),
            source: None,
            time: None,
            subject: "crm:17850".into(),
            purpose: purpose.into(),
            head: ConsentHead::parse(body.as_bytes())?,
            body: body.as_bytes(),
        };
        Event::consent(&scene.door(), &request)
    };
    let given = put(
        "marketing",
        r#"{"state":"granted","market":"gb","channels":["email"]}"#,
    )
    .unwrap();
    assert_eq!(given.charter.events.at(given.kind).name, "consent.given");
    assert_eq!(given.source, "shop");
    let withdrawn = put("all", r#"{"state":"withdrawn","market":"gb"}"#).unwrap();
    let kind = withdrawn.charter.events.at(withdrawn.kind);
    assert_eq!(kind.name, "consent.withdrawn");
    for (purpose, body, expected) in [
        (
            "marketing",
            "{}",
            "/state `state` is missing: one of `requested`, `granted`, `confirmed`, `soft`, `denied`, `withdrawn`",
        ),
        (
            "marketing",
            r#"{"state":"yes"}"#,
            "/state `state` is `yes`, and must be one of `requested`, `granted`, `confirmed`, `soft`, `denied`, `withdrawn`",
        ),
        (
            "marketting",
            r#"{"state":"granted"}"#,
            "/data/purpose the charter knows no purpose `marketting`: did you mean `marketing`?",
        ),
        (
            "all",
            r#"{"state":"granted"}"#,
            "/data/purpose the charter knows no purpose `all`",
        ),
        (
            "marketing",
            r#"{"state":"granted","channels":["fax"]}"#,
            "/data/channels the charter knows no channel `fax`",
        ),
    ] {
        assert_eq!(told(put(purpose, body)), expected);
    }
}
