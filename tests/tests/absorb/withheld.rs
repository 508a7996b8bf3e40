//! Non-interference: what is withheld from a policy never changes what it is given, nor whether it is asked, nor what it
//! answers.

use kairos_tests::desk::Desk;
use kairos_tests::policies::policy;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{event, lives, order, says, viewed};

/// A reply without what differs from run to run: ids, and where in the log it stands.
fn told(reply: &Value) -> Value {
    match reply {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(name, _)| !["id", "state", "unsubscribe"].contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), told(value)))
                .collect(),
        ),
        Value::Array(entries) => entries.iter().map(told).collect(),
        other => other.clone(),
    }
}

/// What every policy of the reply was given.
fn given(desk: &Desk, reply: &Value) -> Vec<Value> {
    let decisions = reply["decisions"].as_array().unwrap();
    decisions
        .iter()
        .map(|decision| desk.decision(decision["id"].as_str().unwrap()).unwrap()["known"].clone())
        .collect()
}

/// What a history leads to, with the given secrets that the customer's consent withholds.
fn outcome(secrets: &[Value], steps: &[Step]) -> Vec<(Value, Vec<Value>)> {
    let desk = crate::desk();
    for (number, secret) in secrets.iter().enumerate() {
        desk.send(
            "gb",
            &lives(&format!("s-{number}"), "crm:1", secret.clone()),
        );
    }
    let events = steps
        .iter()
        .enumerate()
        .map(|(number, step)| step.event(number));
    events
        .map(|event| {
            let reply = desk.send("gb", &event);
            let given = given(&desk, &reply);
            (told(&reply), given)
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    View,
    Order(i64),
    Close,
    Allow,
}

impl Step {
    fn event(self, number: usize) -> Value {
        let id = format!("e-{number}");
        match self {
            Self::View => viewed(&id, "crm:1"),
            Self::Order(euros) => order(&id, "crm:1", euros),
            Self::Close => event(&id, "complaint.closed", "crm:1", json!({})),
            Self::Allow => says(&id, "crm:1", "marketing", "granted"),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::View),
        (1..150i64).prop_map(Step::Order),
        Just(Step::Close),
        Just(Step::Allow),
    ]
}

/// Every value that a field of the purpose `profiling` may have, also those that conditions of the charter ask for.
fn secret() -> impl Strategy<Value = Value> {
    let interest = prop::sample::select(vec!["toys", "books", "anything else"]);
    let language = prop::sample::select(vec!["en", "fr", "de"]);
    let zone = prop::sample::select(vec!["Europe/London", "Asia/Tokyo", "America/New_York"]);
    (interest, language, zone).prop_map(|(interest, language, zone)| {
        json!({ "interest": interest, "language": language, "time_zone": zone })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 32, ..ProptestConfig::default() })]

    #[test]
    fn flipping_a_withheld_field_never_changes_what_a_policy_is_given_or_answers(
        one in secret(),
        other in secret(),
        steps in prop::collection::vec(step(), 1..6),
    ) {
        // A15, B17, C17: segments, conditions of moments, language and time of day included.
        prop_assert_eq!(outcome(&[one], &steps), outcome(&[other], &steps));
    }
}

#[test]
fn a_real_policy_that_reads_everything_answers_the_same_whatever_is_withheld() {
    // A15, B17: the policy of the United Kingdom on the retailer's charter, with profiling never allowed.
    let answer = |language: &str, is_allowed: Option<&str>| {
        let charter = kairos_tests::desk::root().join("examples/retail/charter/charter.toml");
        let charter = std::fs::read_to_string(charter).unwrap();
        let from = "meaning        = \"BCP 47 tag, as chosen by the customer\"\nowner          = \"data\"\nleading-source = [\"crm\", \"shop\"]\nmerge          = \"latest\"\npurpose        = \"service\"";
        assert!(charter.contains(from), "the field moved");
        let charter = charter.replace(from, &from.replace("\"service\"", "\"profiling\""));
        let folder = kairos_tests::desk::root().join("examples/retail/charter/markets");
        let mut files = vec![("charter.toml".to_owned(), charter)];
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("markets/{}", entry.file_name().to_string_lossy());
            files.push((name, std::fs::read_to_string(entry.path()).unwrap()));
        }
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let desk = Desk::with(&files);
        desk.policy("de", &policy("de"));
        if let Some(state) = is_allowed {
            let mut said = kairos_tests::desk::consent("c-1", "crm:1", state);
            said["data"] = json!({ "purpose": "profiling", "state": state });
            desk.send("de", &said);
        }
        desk.send(
            "de",
            &lives("m-1", "crm:1", json!({ "language": language })),
        );
        let reply = desk.send("de", &kairos_tests::desk::order("o-1", "crm:1", 500));
        (told(&reply), given(&desk, &reply))
    };
    assert_eq!(answer("de", None), answer("en", None));
    assert_ne!(
        answer("de", Some("granted")).1,
        answer("en", Some("granted")).1,
        "the test would notice"
    );
}
