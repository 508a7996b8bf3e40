//! Who may ask: the role of the evidence, and of a market only who speaks for it (A43).

use kairos::clock::Instant;
use kairos::event::{Markets, Role};
use kairos::ids::Chance;
use kairos::server::{Access, Grant};
use kairos_tests::Host;
use serde_json::Value;

#[test]
fn the_evidence_of_a_market_is_for_who_speaks_for_it() {
    let mut tokens = Vec::new();
    let host = Host::start(|folder| {
        for (name, markets, role) in [
            ("shop", vec!["gb"], Role::Decide),
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
}
