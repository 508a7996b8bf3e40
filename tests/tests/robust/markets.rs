//! The same event in several markets, and what the boundary says to a policy that wants more than its market may.

use serde_json::{Value, json};

use crate::events::{consent, event, order};
use crate::process::{Process, folder};

/// A decision in one line: the actions at once, the mails later, and what was refused by which rule.
fn told(reply: &Value) -> String {
    let decision = &reply["decisions"][0];
    let names = |list: &str, name: &dyn Fn(&Value) -> String| {
        let list = decision[list].as_array().cloned().unwrap_or_default();
        let mut names: Vec<_> = list.iter().map(name).collect();
        names.sort();
        names.join(" ")
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let now = names("actions", &|action| text(&action["action"]));
    let later = names("scheduled", &|action| text(&action["action"]));
    let refused = names("refused", &|one| {
        format!("{}:{}", text(&one["action"]), text(&one["rule"]))
    });
    match decision["outcome"].as_str() {
        Some("hold") if decision["reason"].is_string() => {
            format!("holds: {}", text(&decision["reason"]))
        }
        Some("hold") => format!("holds because {}", text(&decision["because"])),
        _ => format!("now [{now}] later [{later}] refused [{refused}]"),
    }
}

#[test]
fn the_same_order_is_answered_as_each_market_decides() {
    // Golden 4 as far as it exists: A34, B01, C22, C24.
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let mut line = host.line();
    let cases = [
        (
            "gb",
            "",
            "now [thank_you_banner] later [] refused [review_request:consent]",
        ),
        (
            "gb",
            "granted",
            "now [thank_you_banner] later [review_request] refused []",
        ),
        (
            "gb",
            "confirmed",
            "now [thank_you_banner] later [review_request] refused []",
        ),
        ("de", "", "holds: consent_unknown"),
        ("de", "granted", "holds: not_confirmed"),
        (
            "de",
            "confirmed",
            "now [] later [review_request] refused []",
        ),
        (
            "fr",
            "",
            "now [loyalty_banner] later [] refused [restock_reminder:consent]",
        ),
        (
            "fr",
            "granted",
            "now [loyalty_banner] later [restock_reminder] refused []",
        ),
        (
            "fr",
            "confirmed",
            "now [loyalty_banner] later [restock_reminder] refused []",
        ),
        (
            "intl",
            "confirmed",
            "holds because the market has no policy",
        ),
    ];
    for (number, (market, state, expected)) in cases.into_iter().enumerate() {
        let subject = format!("crm:7{number}");
        if !state.is_empty() {
            consent(market, &format!("consent-{number}"), &subject, state).must(&mut line);
        }
        let reply = order(market, &format!("order-{number}"), &subject, 400).explained(&mut line);
        assert_eq!(told(&reply), expected, "{market} {state}: {reply:#}");
    }
}

#[test]
fn a_policy_that_wants_more_than_its_market_may_is_refused_by_name_of_rule() {
    // Golden 5 as far as it exists: A06, A24, C22. The policy's voucher has no upper limit; the market's has.
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let mut line = host.line();
    consent("gb", "given", "crm:1", "granted").must(&mut line);
    let large = order("gb", "large", "crm:1", 20_000);
    let plain = large.must(&mut line);
    let reply = large.explained(&mut line);
    assert_eq!(
        told(&reply),
        "now [thank_you_banner] later [review_request] refused [voucher:parameters]"
    );
    assert_eq!(
        reply["decisions"][0]["refused"][0]["reason"],
        "`amount` is 40000, not between 100 and 5000"
    );
    for secret in ["refused", "reason", "because", "voucher", "between"] {
        assert!(!plain.body.contains(secret), "{secret}: {}", plain.body);
    }
    let id = reply["decisions"][0]["id"].as_str().expect("a decision");
    let evidence = host.get(&format!("/v1/decisions/{id}")).json();
    let ruling = |action: &str| {
        let proposals = evidence["proposals"].as_array().expect("proposals");
        let proposal = proposals
            .iter()
            .find(|proposal| proposal["action"] == action);
        proposal.expect("a proposal")["ruling"].clone()
    };
    assert_eq!(ruling("voucher")["verdict"], "refuse");
    assert_eq!(ruling("voucher")["rule"], "parameters");
    assert_eq!(ruling("review_request")["verdict"], "permit");
}

#[test]
fn a_policy_that_declares_what_its_market_was_not_granted_never_goes_live() {
    // Golden 5, A06, A34: the United Kingdom's policy in France's place.
    let folder = folder();
    let policies = folder.path().join("policies");
    std::fs::copy(policies.join("gb.wasm"), policies.join("fr.wasm")).expect("a policy");
    let host = Process::start(folder.path(), "process");
    let said = host.until_log_says("a policy was refused");
    assert!(said.contains("fr.wasm"), "{said}");
    let mut line = host.line();
    let reply = order("fr", "o-1", "crm:1", 400).explained(&mut line);
    assert_eq!(told(&reply), "holds because the market has no policy");
    let reply = order("gb", "o-2", "crm:1", 400).explained(&mut line);
    assert_eq!(
        reply["decisions"][0]["outcome"],
        json!("act"),
        "the neighbour is not affected"
    );
}

#[test]
fn an_event_about_a_company_is_refused_where_no_company_is_known() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let mut line = host.line();
    let download = |id: &str| {
        let data = json!({ "document": "price_list", "business": true });
        event("nl", id, "document.downloaded", ("crm:1", data))
    };
    let refused = download("d-1").send(&mut line).expect("an answer");
    assert_eq!(
        refused.told(),
        "422 invalid-event /account: `document.downloaded` is about an account: name one in `account`, such as \
         `company:4711`, for this customer belongs to none"
    );
    assert_eq!(host.customer("crm:1"), None, "nothing has happened");
    download("d-2").of_account("company:1").must(&mut line);
    let known = download("d-3").must(&mut line);
    assert_eq!(known.status, 200, "from now on the customer belongs to one");
}
