use serde_json::{Value, json};

use super::*;

fn event(line: u64, market: &str) -> EventLine {
    let json = json!({ "id": format!("e{line}"), "type": "order.placed", "market": market });
    EventLine::read(json.to_string().as_bytes(), Origin::File { line, bytes: 1 }).unwrap()
}

fn tally(answers: &[(u64, &str, Value)]) -> Tally {
    let mut tally = Tally::default();
    for (line, market, answer) in answers {
        let answer = serde_json::from_value(answer.clone()).unwrap();
        tally.answered(&event(*line, market), answer);
    }
    tally
}

fn decided(decision: &Value) -> Value {
    json!({ "status": 200, "reply": { "decisions": [decision] } })
}

#[test]
fn a_problem_is_counted_by_its_type_with_the_first_line() {
    let problem = |detail| {
        json!({ "status": 422, "repeated": false,
                "problem": { "type": "ill-typed", "title": "T", "status": 422, "detail": detail } })
    };
    let tally = tally(&[
        (9, "gb", problem("nine")),
        (4, "de", problem("four")),
        (5, "de", json!({ "status": 500 })),
    ]);
    let first = Rejections {
        count: 2,
        first_line: 4,
        first_detail: "four".into(),
    };
    assert_eq!(tally.rejected["422 ill-typed"], first);
    assert_eq!(tally.rejected["500 no reason given"].count, 1);
    assert_eq!((tally.answers(), tally.accepted), (3, 0));
}

#[test]
fn a_success_without_a_reply_is_no_success() {
    let tally = tally(&[(1, "gb", json!({ "status": 200 }))]);
    assert_eq!((tally.accepted, tally.rejections()), (0, 1));
}

#[test]
fn an_outcome_that_is_not_known_yet_is_counted_by_its_name() {
    let tally = tally(&[(
        1,
        "gb",
        decided(&json!({ "id": "1", "outcome": "postponed" })),
    )]);
    assert_eq!(tally.outcomes["gb"]["postponed"], 1);
}

#[test]
fn outcomes_actions_refusals_and_reasons_are_counted() {
    let act = decided(&json!({
        "id": "1", "outcome": "act",
        "actions": [{ "action": "banner", "channel": "web" }],
        "scheduled": [{ "action": "review", "channel": "email", "due": "2010-12-08T09:00:00Z" }],
        "refused": [{ "action": "sms", "channel": "sms", "rule": "consent", "reason": "none" }]
    }));
    let hold = decided(&json!({ "id": "2", "outcome": "hold", "reason": "too_soon" }));
    let signal = json!({ "status": 200, "repeated": true, "reply": { "decisions": [] } });
    let mut tally = tally(&[(1, "gb", act.clone()), (2, "gb", hold), (3, "de", signal)]);
    tally.merge(self::tally(&[(4, "gb", act)]));
    assert_eq!(tally.outcomes["gb"]["act"], 2);
    assert_eq!(tally.outcomes["gb"]["hold"], 1);
    assert_eq!(tally.outcomes["de"]["signal"], 1);
    let twice = |answered, scheduled| Uses {
        answered,
        scheduled,
    };
    assert_eq!(tally.actions["banner"], twice(2, 0));
    assert_eq!(tally.actions["review"], twice(0, 2));
    assert_eq!(tally.refusals["consent"], 2);
    assert_eq!(tally.reasons["hold: too_soon"], 1);
    assert_eq!((tally.accepted, tally.repeated, tally.answers()), (3, 1, 4));
}

#[test]
fn samples_are_the_first_of_the_file_whatever_the_order_of_the_answers() {
    let outcome = |outcome: &str| decided(&json!({ "id": "1", "outcome": outcome }));
    let mut late = tally(&[(8, "gb", outcome("act")), (9, "gb", outcome("refused"))]);
    late.merge(tally(&[
        (5, "de", outcome("act")),
        (6, "de", outcome("act")),
    ]));
    assert_eq!(late.firsts.acted.as_ref().unwrap().event, "e5");
    assert_eq!(late.firsts.refused().unwrap().event, "e9");
    assert!(late.firsts.held.is_none());
}

#[test]
fn percentiles_are_of_the_round_trips() {
    let mut tally = Tally::default();
    assert_eq!(tally.round_trip(99), None);
    for millis in (1..=100).rev() {
        tally.answered_in(Duration::from_millis(millis));
    }
    assert_eq!(tally.round_trip(50), Some(Duration::from_millis(50)));
    assert_eq!(tally.round_trip(99), Some(Duration::from_millis(99)));
}
