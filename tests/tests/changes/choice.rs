//! A region loads its own choice alone: in one request, without the platform, without touching other markets.

use std::path::Path;

use kairos::clock::Instant;
use kairos::event::{Markets, Role};
use kairos::ids::Chance;
use kairos::server::{Access, Grant};
use kairos_tests::Host;

use crate::frame::{DE, charter, post_bytes, put, tar, version, with};

/// Tokens for the regions and the platform; the file that each is in is its name.
fn tokens(folder: &Path) -> Access {
    let file = folder.join("tokens.toml");
    let some = |market: &str| Markets::Some(vec![market.into()]);
    for (name, markets, role) in [
        ("gb", some("gb"), Role::Charter),
        ("de", some("de"), Role::Charter),
        ("platform", Markets::All, Role::Charter),
        ("shop", Markets::All, Role::Decide),
    ] {
        let grant = Grant {
            name: name.into(),
            source: None,
            markets,
            roles: vec![role],
        };
        let mut chance = Chance::from_seed(name.as_bytes());
        let token = grant
            .issue(&file, Instant::default(), &mut chance)
            .expect("a token");
        std::fs::write(folder.join(name), format!("Bearer {token}")).expect("a file");
    }
    Access::Tokens(file)
}

fn host() -> Host {
    Host::of(
        &[("charter.toml", &charter()), ("markets/de.toml", DE)],
        tokens,
    )
}

fn bearer(host: &Host, name: &str) -> String {
    std::fs::read_to_string(host.folder().join(name)).expect("a token")
}

// C27, A33: with [approvals] in force, and nobody's signature.
#[test]
fn a_market_changes_its_own_choice_alone_and_in_one_request() {
    let host = host();
    let (de, gb) = (bearer(&host, "de"), bearer(&host, "gb"));
    let choice = DE.replace("[0, 5]", "[0, 4]");
    let ask = |by: &str, text: &str, tag: &str| {
        put(
            &host,
            "de",
            text,
            &[("authorization", by), ("if-match", tag)],
        )
    };
    for (by, told) in [
        (
            gb.as_str(),
            "403 not-yours: the token does not speak for market `de`: its own team decides its choice",
        ),
        (
            &bearer(&host, "shop"),
            "403 not-allowed: this needs the role `charter`",
        ),
        (
            "Bearer kairos_00",
            "401 no-token: the token is not known to this host",
        ),
    ] {
        assert_eq!(ask(by, &choice, "*").told(), told);
    }
    let seen = host.ask(&kairos_tests::Request {
        path: "/v1/markets/de/charter",
        headers: &[("authorization", &de)],
        ..Default::default()
    });
    assert_eq!(seen.body, DE);
    assert_eq!(seen.header("content-type"), Some("application/toml"));
    let tag = seen.header("etag").expect("a tag").to_owned();
    assert!(
        put(&host, "de", &choice, &[("authorization", &de)])
            .told()
            .starts_with("428 if-match-needed: ")
    );
    assert!(
        ask(&de, &choice, "\"sha256:00\"")
            .told()
            .starts_with("412 overtaken: ")
    );
    let changed = ask(&de, &choice, &tag);
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(
        changed.json()["changed"],
        serde_json::json!(["markets/de.toml"])
    );
    // The tag of before is the tag of before.
    assert!(ask(&de, DE, &tag).told().starts_with("412 overtaken: "));
    let tag = changed.header("etag").expect("a tag").to_owned();
    assert_eq!(ask(&de, DE, &tag).status, 200);
    // One that has no choice yet needs no tag, and one that expects some is too late.
    let own = "market = \"gb\"\ncharter = \"1\"\nowner = \"platform\"\n";
    let by_gb = ("authorization", gb.as_str());
    assert!(
        put(&host, "gb", own, &[by_gb, ("if-match", "*")])
            .told()
            .starts_with("412 overtaken")
    );
    assert_eq!(put(&host, "gb", own, &[by_gb]).status, 200);
    let platform = bearer(&host, "platform");
    assert_eq!(
        put(&host, "fr", own, &[("authorization", &platform)]).told(),
        "404 unknown: there is no market `fr`"
    );
    assert_eq!(
        put(&host, "..%2fcharter", own, &[("authorization", &platform)]).status,
        404
    );
}

// C20, A33: a choice narrows, and nothing else.
#[test]
fn a_choice_that_widens_or_speaks_for_another_is_refused() {
    let host = host();
    let de = bearer(&host, "de");
    let ask = |text: &str| {
        put(
            &host,
            "de",
            text,
            &[("authorization", &de), ("if-match", "*")],
        )
    };
    for (from, to, wanted) in [
        (
            "[0, 5]",
            "[0, 50]",
            "0 to 50 is wider than 0 to 10 in charter.toml:",
        ),
        ("market  = \"de\"", "market  = \"gb\"", ""),
        ("\"08:00\"", "\"05:00\"", "charter.toml:"),
    ] {
        let answer = ask(&DE.replacen(from, to, 1));
        let problem = answer.json();
        assert_eq!(answer.status, 422, "{to}: {problem:#}");
        let all = problem["complaints"].to_string();
        assert!(
            all.contains(wanted) && all.contains("markets/de.toml"),
            "{all}"
        );
    }
    assert_eq!(ask("market = ").status, 422);
    assert_eq!(
        put(
            &host,
            "de",
            DE,
            &[
                ("authorization", &de),
                ("if-match", "*"),
                ("content-encoding", "gzip")
            ]
        )
        .status,
        415
    );
}

#[test]
fn a_market_cannot_load_everybodys_charter() {
    let host = host();
    let next = with(&charter(), "version   = \"1\"", "version   = \"2\"");
    let body = tar(&[("charter.toml", &next)]);
    let de = bearer(&host, "de");
    assert!(
        post_bytes(&host, &body, &[("authorization", &de)])
            .told()
            .starts_with("403 not-yours: the charter is every market's")
    );
    assert_eq!(post_bytes(&host, &body, &[]).status, 401);
    assert_eq!(version(&host), "1");
}
