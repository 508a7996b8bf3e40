//! Explanations read well aloud, in each language (A42, A02, A07).

use kairos::ids::DecisionId;
use kairos::value::Kind;
use kairos::views::Question;
use kairos_tests::desk::{Desk, consent, event, order};
use kairos_tests::guest::{Guest, input};
use kairos_tests::policies::policy;
use serde_json::{Value, json};

fn read(desk: &Desk, question: &Question, language: &str) -> String {
    let explained = desk
        .wait(
            desk.node
                .explain(question, &[language], &kairos::event::Markets::All),
        )
        .expect("evidence that reads")
        .expect("something to explain");
    let texts: Vec<String> = explained.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

fn decision(reply: &Value) -> Question {
    let id = reply["decisions"][0]["id"].as_str().expect("a decision");
    Question::Decision(DecisionId::parse(id).expect("an id"))
}

fn gb() -> Desk {
    let desk = Desk::retail();
    desk.policy("gb", &policy("gb"));
    desk
}

#[test]
fn an_act() {
    let desk = gb();
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let act = decision(&desk.send("gb", &order("o-1", "crm:1", 139)));
    insta::assert_snapshot!("act_en", read(&desk, &act, "en"));
    insta::assert_snapshot!("act_de", read(&desk, &act, "de"));
}

#[test]
fn a_refusal() {
    let desk = gb();
    let refused = decision(&desk.send("gb", &order("o-1", "crm:1", 139)));
    insta::assert_snapshot!("refusal_en", read(&desk, &refused, "en"));
    insta::assert_snapshot!("refusal_de", read(&desk, &refused, "de"));
}

#[test]
fn a_hold() {
    let desk = gb();
    desk.send("gb", &order("o-1", "crm:1", 139));
    let cancelled = event(
        "x-1",
        "order.cancelled",
        "crm:1",
        json!({ "order": "o-1", "total": { "amount": "139.00", "currency": "GBP" }, "skus": ["85123A"], "quantities": [6] }),
    );
    let hold = decision(&desk.send("gb", &cancelled));
    insta::assert_snapshot!("hold_en", read(&desk, &hold, "en"));
    insta::assert_snapshot!("hold_de", read(&desk, &hold, "de"));
}

#[test]
fn a_deferral() {
    let desk = Desk::retail();
    desk.policy("de", &policy("de"));
    desk.at("2010-12-15T12:00:00Z");
    desk.send("de", &consent("c-1", "crm:1", "confirmed"));
    let mut placed = order("o-1", "crm:1", 139);
    placed["time"] = json!("2010-12-15T12:00:00Z");
    let deferred = decision(&desk.send("de", &placed));
    insta::assert_snapshot!("deferral_en", read(&desk, &deferred, "en"));
    insta::assert_snapshot!("deferral_de", read(&desk, &deferred, "de"));
}

#[test]
fn a_fallback() {
    let desk = Desk::retail();
    let mut guest = Guest::with_code("(func $decide (type $decide) (unreachable))");
    let moment = guest.manifest.moments.first_mut().expect("a moment");
    moment.data = vec![input("sku", Kind::Text)];
    moment.reads = vec![input("points", Kind::Integer)];
    desk.policy("fr", &guest.component());
    desk.send("fr", &consent("c-1", "crm:1", "granted"));
    let viewed = event("v-1", "product.viewed", "crm:1", json!({ "sku": "85123A" }));
    let fallback = decision(&desk.send("fr", &viewed));
    insta::assert_snapshot!("fallback_en", read(&desk, &fallback, "en"));
    insta::assert_snapshot!("fallback_de", read(&desk, &fallback, "de"));
}

#[test]
fn a_market_without_a_policy() {
    let desk = Desk::retail();
    let nobody = decision(&desk.send("intl", &order("o-1", "crm:1", 139)));
    insta::assert_snapshot!("nobody_en", read(&desk, &nobody, "en"));
    insta::assert_snapshot!("nobody_de", read(&desk, &nobody, "de"));
}

// B19: the silence is explained as well as the action.
#[test]
fn a_signal() {
    let desk = gb();
    let mut viewed = event(
        "v-1",
        "product.viewed",
        "crm:1",
        json!({ "sku": "85123A", "color": "red" }),
    );
    viewed["time"] = json!("2010-12-01T11:30:00Z");
    desk.send("gb", &viewed);
    let signal = Question::Event {
        source: viewed["source"].as_str().expect("a source").into(),
        id: "v-1".into(),
    };
    insta::assert_snapshot!("signal_en", read(&desk, &signal, "en"));
    insta::assert_snapshot!("signal_de", read(&desk, &signal, "de"));
}

#[test]
fn what_is_not_there_is_not_explained() {
    let desk = gb();
    let nothing = Question::Event {
        source: "shop/gb".into(),
        id: "o-1".into(),
    };
    let explained = desk.wait(
        desk.node
            .explain(&nothing, &[], &kairos::event::Markets::All),
    );
    assert!(explained.is_ok_and(|explained| explained.is_none()));
    // Without a language asked for, the market's own.
    desk.send("de", &order("o-1", "crm:1", 139));
    let question = Question::Event {
        source: "shop/gb".into(),
        id: "o-1".into(),
    };
    let explained = desk.wait(
        desk.node
            .explain(&question, &[], &kairos::event::Markets::All),
    );
    let languages = explained.expect("evidence").expect("decisions");
    assert!(languages.iter().all(|one| one.language == "de"));
}
