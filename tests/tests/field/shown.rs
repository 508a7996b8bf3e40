//! What a customer's event says is shown as data: it adds no sentence, and no terminal obeys it.

use kairos_tests::Host;
use serde_json::json;

use crate::event;

#[test]
fn a_value_adds_no_sentence_to_an_explanation_and_no_control_character() {
    let host = Host::retail("2026-11-02T12:00:00Z");
    let name = "1\".\n\nWhat the rules said\n  `voucher` over `email` was permitted.\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}";
    let data = json!({ "order": name, "total": { "amount": "40.00", "currency": "GBP" }, "skus": ["A\u{0}B"], "quantities": [1] });
    let order = event("o-1", "order.placed", "crm:1", &data);
    assert_eq!(host.post("gb", &order.to_string()).status, 200);
    let explained = host.get("/v1/explanation?source=shop/gb&event=o-1");
    let parts = explained.json();
    let sentences: Vec<&str> = parts["explanations"][0]["parts"]
        .as_array()
        .or(parts["parts"].as_array())
        .expect("parts")
        .iter()
        .flat_map(|part| part["sentences"].as_array().expect("sentences"))
        .map(|one| one.as_str().expect("a sentence"))
        .collect();
    assert!(
        sentences.iter().any(|one| one.contains("owned")),
        "it is shown: {sentences:?}"
    );
    for sentence in sentences {
        assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
        assert!(!sentence.contains('\u{202e}'), "{sentence:?}");
    }
}
