//! A bad policy file, and then a restart: what was live goes on.

use kairos_tests::Host;
use kairos_tests::policies::policy;
use serde_json::json;

#[test]
fn what_was_live_before_is_live_again_where_the_folder_does_not_have_it() {
    // A deployment that went wrong must not end a market's decisions at the next start.
    let host = Host::open();
    host.policy("us", &policy("us"));
    host.policy("gb", &policy("gb"));
    let live = |host: &Host| -> Vec<(String, String)> {
        let era = host.node.era();
        let markets = era.charter.markets.iter();
        markets
            .filter_map(|(index, market)| {
                Some((
                    market.name.to_string(),
                    era.policies.active(index)?.version.to_string(),
                ))
            })
            .collect()
    };
    let before = live(&host);
    let host = host.restart();
    assert_eq!(live(&host), [], "nothing was loaded yet");
    host.policy("gb", &policy("gb"));
    host.node
        .note_policy_file("us", Some("it is cut off".to_owned()));
    host.node
        .note_policy_file("fr (1)", Some("no market".to_owned()));
    let restored = host.node.restore_policies();
    assert_eq!(live(&host), before);
    assert_eq!(restored.len(), 1);
    assert_eq!(
        (restored[0].market.as_str(), restored[0].why.as_str()),
        ("us", "it is cut off")
    );
    let ready = host.get("/readyz");
    assert_eq!(ready.status, 200);
    let gaps = ready.json()["policies"].clone();
    assert_eq!(
        gaps,
        json!([{ "market": "us", "file": "it is cut off", "live": before.iter().find(|(market, _)| market == "us").unwrap().1 }])
    );
    // A good file ends it.
    host.policy("us", &policy("us"));
    host.node.note_policy_file("us", None);
    assert_eq!(host.get("/readyz").json().get("policies"), None);
}
