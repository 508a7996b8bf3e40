//! An event that says how something was taken (A43): the charter's complaints about it, with what would be right.

use kairos::charter::{Charter, Reaction};

/// The trial's charter with one event put in, and the complaints about it.
fn complaints(event: &str) -> Vec<String> {
    let text = include_str!("../../src/trial.toml");
    let text = format!(
        "{text}\n[events.\"message.opened\"]\nmeaning = \"a message was opened\"\nowner = \"platform\"\npurpose = \"service\"\n{event}\n"
    );
    match Charter::compile(&[("charter.toml".to_owned(), text)]) {
        Ok(_) => Vec::new(),
        Err(complaints) => {
            let complaints = complaints.0.into_iter();
            complaints
                .map(|one| format!("{}: {}", one.key, one.what))
                .collect()
        }
    }
}

#[test]
fn an_outcome_that_cannot_be_joined_is_refused_a43() {
    for (event, expected) in [
        (
            "outcome = { is = \"read\", of = \"action\" }\ndata = { action = { type = \"text\" } }",
            "events.\"message.opened\".outcome.is: `read` is none of `opened`, `clicked`, `bought`, `complained` and `unsubscribed`",
        ),
        (
            "outcome = { is = \"opened\", of = \"acton\" }\ndata = { action = { type = \"text\" } }",
            "events.\"message.opened\".outcome.of: `acton` is not declared in the data of this event: add `acton = { type = \"text\" }`",
        ),
        (
            "outcome = { is = \"opened\", of = \"action\" }\ndata = { action = { type = \"integer\" } }",
            "events.\"message.opened\".outcome.of: `action` is no text: the id of a decision or an action is one",
        ),
        (
            "outcome = { is = \"opened\" }",
            "events.\"message.opened\".outcome: does not say what was opened: name in `of` the datum with the id of the decision or the action",
        ),
        (
            "outcome = { is = \"clicked\", of = \"action\", within = \"7d\" }\ndata = { action = { type = \"text\" } }",
            "events.\"message.opened\".outcome.within: is for `complained` alone: what was clicked says itself what it is about",
        ),
        (
            "outcome = { of = \"action\" }\ndata = { action = { type = \"text\" } }",
            "events.\"message.opened\".outcome.is: is missing: the condition, the value that deviates, or of an outcome one of `opened`, `clicked`, `bought`, `complained` and `unsubscribed`",
        ),
    ] {
        assert_eq!(complaints(event), [expected]);
    }
}

#[test]
fn a_figure_may_ask_for_what_an_event_says_a43_c25() {
    let opened =
        "outcome = { is = \"opened\", of = \"action\" }\ndata = { action = { type = \"text\" } }";
    let kpi = |outcome: &str| {
        format!(
            "{opened}\n[kpis.attention]\noutcome = \"{outcome}\"\nwithin = \"3d\"\nper-action = \"cart_reminder\"\nmeaning = \"looked at\"\nowner = \"platform\""
        )
    };
    assert_eq!(complaints(&kpi("opened")), Vec::<String>::new());
    assert_eq!(
        complaints(&kpi("clicked")),
        [
            "kpis.attention.outcome: `clicked` is said by no event of this charter: write `outcome = { is = \"clicked\", of = … }` at the event that says it"
        ]
    );
    let retail = Charter::load(&kairos_tests::retail_charter()).expect("a charter");
    let withdrawn = retail.names.events["consent.withdrawn"];
    let outcome = retail.events.at(withdrawn).outcome;
    assert_eq!(
        outcome.map(|outcome| outcome.is),
        Some(Reaction::Unsubscribed)
    );
}
