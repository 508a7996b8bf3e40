//! What was published once keeps running for ever.

use kairos_tests::desk::{Desk, event, root};
use serde_json::json;

#[test]
fn a_policy_of_the_interface_1_0_still_loads_and_decides() {
    // A01: compiled when 1.0 was published, and never since.
    let folder = root().join("tests/fixtures/policy-1.0");
    let desk = Desk::open(&folder.join("charter"));
    desk.policy("gb", &std::fs::read(folder.join("policy.wasm")).unwrap());
    let data = json!({ "flag": true, "integer": 7, "number": 1.25, "text": "hello", "texts": ["a", "b"], "integers": [1, 2] });
    let mut asked = event("e-1", "echo.asked", "crm:1", data.clone());
    asked["source"] = json!("shop");
    let reply = desk.send("gb", &asked);
    let decision = &reply["decisions"][0];
    assert_eq!(decision["outcome"], "act", "{reply:#}");
    let echo = &decision["actions"][0]["parameters"];
    assert_eq!(
        (&echo["integer"], &echo["number"], &echo["text"]),
        (&json!(7), &json!(1.25), &json!("hello"))
    );
    assert_eq!(
        (&echo["texts"], &echo["points"]),
        (&json!(["a", "b"]), &json!(7))
    );
    assert_eq!(
        decision["scheduled"].as_array().unwrap().len(),
        3,
        "soon, then and at a local time: {reply:#}"
    );
    let evidence = desk.decision(decision["id"].as_str().unwrap()).unwrap();
    assert_eq!(evidence["known"]["readings"]["echoes_7d"]["value"], 1);
    let mut failing = event("e-2", "echo.asked", "crm:1", data);
    failing["source"] = json!("shop");
    failing["data"]["integer"] = json!(-1);
    let reply = desk.send("gb", &failing);
    assert_eq!(reply["decisions"][0]["outcome"], "fallback");
    assert_eq!(
        reply["decisions"][0]["because"],
        "it could not decide: a negative echo"
    );
}
