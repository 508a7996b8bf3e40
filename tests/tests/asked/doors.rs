//! Who may ask: the role of the evidence, and of a market only who speaks for it (A43).

use kairos::clock::Instant;
use kairos::event::{Markets, Role};
use kairos::ids::Chance;
use kairos::server::{Access, Grant};
use kairos_tests::desk::order;
use kairos_tests::policies::policy;
use kairos_tests::{Host, Request};
use serde_json::{Value, json};

#[test]
fn the_evidence_of_a_market_is_for_who_speaks_for_it() {
    let mut tokens = Vec::new();
    let host = Host::start(|folder| {
        for (name, markets, role) in [
            ("shop", vec!["gb", "de"], Role::Decide),
            ("gb", vec!["gb"], Role::Evidence),
            ("north", vec!["gb", "nl"], Role::Evidence),
        ] {
            let markets = markets.into_iter().map(Into::into).collect();
            let grant = Grant {
                name: name.into(),
                source: (role == Role::Decide).then(|| "shop".into()),
                markets: Markets::Some(markets),
                roles: vec![role],
            };
            let mut chance = Chance::from_system().expect("chance");
            let file = folder.join("tokens.toml");
            let token = grant.issue(&file, Instant::default(), &mut chance);
            tokens.push(token.expect("a token"));
        }
        Access::Tokens(folder.join("tokens.toml"))
    });
    let [shop, gb, north] = tokens.as_slice() else {
        panic!("three tokens")
    };
    const NO_ROLE: &str = "403 not-allowed: this needs the role `evidence`";
    const NOT_THEIRS: &str = "403 not-yours: the token does not speak for market `de`";
    const NAME_ONE: &str =
        "400 bad-request: the token speaks for some markets: name one of them in `market`";
    for (token, method, path, expected) in [
        (shop, "GET", "/v1/report", NO_ROLE),
        (shop, "GET", "/v1/decisions", NO_ROLE),
        (shop, "POST", "/v1/decisions/7/replay", NO_ROLE),
        (gb, "GET", "/v1/report?market=de", NOT_THEIRS),
        (gb, "GET", "/v1/decisions?market=de", NOT_THEIRS),
        (north, "GET", "/v1/report", NAME_ONE),
        (north, "GET", "/v1/decisions", NAME_ONE),
        (north, "GET", "/v1/report?market=nl", "200"),
        (gb, "GET", "/v1/decisions", "200"),
    ] {
        let answer = host.call(method, path, &Value::Null, token);
        assert_eq!(answer.told(), expected, "{path}");
    }
    // Who speaks for one market alone hears of that one, without naming it.
    let report = host.call("GET", "/v1/report", &Value::Null, gb).json();
    assert_eq!(report["market"], "gb");

    for market in ["gb", "de"] {
        host.policy(market, &policy(market));
    }
    // A single decision of another market is no more theirs than a list of them.
    let sent = |market: &str, id: &str| {
        let bearer = format!("Bearer {shop}");
        let mut bought = order(id, "crm:1", 120);
        bought["time"] = json!(host.node.clock().now().to_string());
        let reply = host.ask(&Request {
            method: "POST",
            path: &format!("/v1/markets/{market}/events?explain=true"),
            headers: &[
                ("content-type", "application/cloudevents+json"),
                ("authorization", &bearer),
            ],
            body: bought.to_string().as_bytes(),
        });
        let reply = reply.json();
        let decision = reply["decisions"][0]["id"].as_str();
        decision
            .unwrap_or_else(|| panic!("no decision: {reply:#}"))
            .to_owned()
    };
    let (own, other) = (sent("gb", "o-gb"), sent("de", "o-de"));
    for (method, end) in [("GET", ""), ("GET", "/explanation"), ("POST", "/replay")] {
        for (token, id, expected) in [
            (gb, &own, "200"),
            (gb, &other, NOT_THEIRS),
            (north, &other, NOT_THEIRS),
        ] {
            let path = format!("/v1/decisions/{id}{end}");
            assert_eq!(
                host.call(method, &path, &Value::Null, token).told(),
                expected,
                "{path}"
            );
        }
    }
    for (id, expected) in [("o-gb", "200"), ("o-de", NOT_THEIRS)] {
        let path = format!("/v1/explanation?source=shop%2Fgb&event={id}");
        assert_eq!(
            host.call("GET", &path, &Value::Null, gb).told(),
            expected,
            "{path}"
        );
    }
}
