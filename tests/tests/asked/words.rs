//! The sentences of a policy that is no longer live: of the version that decided, from what is kept (A42).

use kairos::policy::Decision;
use kairos::value::Kind;
use kairos_tests::Host;
use kairos_tests::desk::event;
use kairos_tests::guest::{Guest, input, reason};
use serde_json::{Value, json};

use crate::send;

/// A policy for France that holds, for a reason with words of its own.
fn quiet(words: &str) -> Vec<u8> {
    let mut guest = Guest::that_decides(Decision::Hold {
        reason: "quiet".into(),
    });
    let moment = guest.manifest.moments.first_mut().expect("a moment");
    moment.data = vec![input("sku", Kind::Text)];
    moment.reads = vec![input("points", Kind::Integer)];
    let mut reason = reason("quiet");
    reason.sentences[0].text = words.into();
    guest.manifest.reasons = vec![reason];
    guest.component()
}

fn viewed(host: &Host, id: &str) -> String {
    let viewed = event(id, "product.viewed", "crm:1", json!({ "sku": "85123A" }));
    let reply = send(host, ("fr", "2010-12-01T09:00:00Z"), viewed);
    reply["decisions"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

fn proposed(host: &Host, id: &str) -> String {
    let path = format!("/v1/decisions/{id}/explanation?language=en");
    let explained = host.get(&path).json();
    let parts = explained["parts"].as_array();
    let parts = parts.unwrap_or_else(|| panic!("no parts: {explained:#}"));
    let mut proposed = parts.iter().filter(|part| part["part"] == "proposed");
    let sentences = &proposed.next().expect("a part")["sentences"];
    let sentences = sentences.as_array().expect("sentences").iter();
    sentences
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_reason_is_said_in_the_words_of_the_policy_that_decided_a42() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    host.policy("fr", &quiet("It was late."));
    let old = viewed(&host, "v-1");
    host.policy("fr", &quiet("It was early."));
    let new = viewed(&host, "v-2");
    for _ in 0..2 {
        assert!(
            proposed(&host, &old).contains("It was late."),
            "{}",
            proposed(&host, &old)
        );
        assert!(proposed(&host, &new).contains("It was early."));
        let shown = host.get(&format!("/v1/decisions/{old}")).json();
        assert_eq!(shown["reason"]["sentences"]["en"], "It was late.");
        assert_eq!(shown["policy"]["missing"], Value::Null);
    }
    // Also after the host started anew, which knows nothing of it.
    let host = host.restart();
    assert!(proposed(&host, &old).contains("It was late."));
}

#[test]
fn a_component_that_is_gone_is_named_with_its_place() {
    let host = Host::retail("2010-12-01T08:00:00Z");
    host.policy("fr", &quiet("It was late."));
    let id = viewed(&host, "v-1");
    let shown = host.get(&format!("/v1/decisions/{id}")).json();
    let digest = shown["policy"]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let file = digest.replace(':', "-");
    host.policy("fr", &quiet("It was early."));
    let kept = host.folder().join("data/kept").join(&file);
    let component = std::fs::read(&kept).expect("a component");
    // A damaged one is no better than none.
    for damaged in [None, Some(&component[..100])] {
        std::fs::remove_file(&kept).ok();
        if let Some(bytes) = damaged {
            std::fs::write(&kept, bytes).expect("a file");
        }
        let said = proposed(&host, &id);
        assert!(
            said.contains(&digest)
                && said.contains(&format!("kept/{file}"))
                && !said.contains("late"),
            "{said}"
        );
        let shown = host.get(&format!("/v1/decisions/{id}")).json();
        let missing = shown["policy"]["missing"].as_str().expect("a reason");
        assert!(missing.contains(&digest), "{missing}");
        assert_eq!(shown["reason"]["sentences"], Value::Null);
    }
    std::fs::write(&kept, component).expect("put back");
    assert!(proposed(&host, &id).contains("It was late."));
}
