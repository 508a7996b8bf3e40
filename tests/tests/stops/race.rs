//! A kill switch under load: what is decided after it, in the order of the log, was decided under it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use kairos::evidence::Kind;
use kairos_tests::office::{self, banner, order};
use kairos_tests::{Answer, Host};
use serde_json::{Value, json};

const AT_ONCE: usize = 16;
/// So many decisions are answered before somebody stops everything.
const BEFORE: usize = 64;
/// So many decisions each connection starts after the acknowledgement.
const AFTER: usize = 4;

/// One decision, and whether it started after the stop was acknowledged.
struct DecisionRecord {
    after: bool,
    answer: Value,
}

impl DecisionRecord {
    fn acts(&self) -> bool {
        self.answer["decisions"][0]["outcome"] == "act"
    }

    fn is_stopped(&self) -> bool {
        let decision = &self.answer["decisions"][0];
        decision["outcome"] == "stopped" && decision["actions"] == json!([])
    }

    fn position(&self) -> u64 {
        let state = self.answer["state"].as_str().expect("a state");
        let (_, position) = state.split_once('.').expect("a position");
        position.parse().expect("a number")
    }
}

fn send(
    host: &Host,
    number: usize,
    acknowledged: &AtomicBool,
    answered: &mpsc::SyncSender<()>,
) -> Vec<DecisionRecord> {
    let mut line = host.connect();
    let mut decided: Vec<DecisionRecord> = Vec::new();
    while decided.iter().filter(|decided| decided.after).count() < AFTER {
        let after = acknowledged.load(Ordering::SeqCst);
        let mut event = order(
            &format!("o-{number}-{}", decided.len()),
            &format!("crm:7{number}"),
        );
        event.as_object_mut().unwrap().remove("time");
        let answer: Answer = line.ask(&kairos_tests::Request {
            method: "POST",
            path: "/v1/markets/gb/events",
            headers: &[("content-type", "application/cloudevents+json")],
            body: event.to_string().as_bytes(),
        });
        assert_eq!(answer.status, 200, "{}", answer.body);
        decided.push(DecisionRecord {
            after,
            answer: answer.json(),
        });
        // Nobody counts any more once the stop is on its way.
        let _ = answered.send(());
    }
    decided
}

#[test]
fn nothing_acts_after_the_acknowledgement_of_a_global_stop() {
    // Golden 17, A25: a pause of everything under load, without a gap and without an error.
    let unbounded = office::CHARTER.replace("reach      = 3\n", "");
    let host = Host::with(&[("charter.toml", &unbounded)]);
    host.policy("gb", &office::policy(&[banner(5)]));
    let acknowledged = AtomicBool::new(false);
    let (answered, counted) = mpsc::sync_channel(AT_ONCE);
    let decided: Vec<DecisionRecord> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (host, acknowledged, answered) = (&host, &acknowledged, answered.clone());
                scope.spawn(move || send(host, number, acknowledged, &answered))
            })
            .collect();
        drop(answered);
        assert_eq!(counted.iter().take(BEFORE).count(), BEFORE);
        drop(counted);
        let reason = json!({ "reason": "wrong prices everywhere" });
        let stop = host.call("PUT", "/v1/stops/all", &reason, "");
        acknowledged.store(true, Ordering::SeqCst);
        assert_eq!(stop.status, 200, "{}", stop.body);
        let ended = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        ended.collect()
    });
    let late = decided.iter().filter(|decided| decided.after);
    assert_eq!(late.clone().count(), AT_ONCE * AFTER);
    for decided in late {
        assert!(decided.is_stopped(), "{:#}", decided.answer);
    }
    let log = host.node.store().log();
    let mut records = log.records(log.first()).map(Result::unwrap);
    let (stopped_at, _) = records
        .find(|(_, record)| record.kind == Kind::Stop.number())
        .expect("the stop's record");
    for decided in &decided {
        let is_later = decided.position() > stopped_at.as_u64();
        assert_eq!(is_later, decided.is_stopped(), "{:#}", decided.answer);
        assert_eq!(is_later, !decided.acts(), "{:#}", decided.answer);
    }
    let lifted = host.call("DELETE", "/v1/stops/all", &Value::Null, "");
    assert_eq!(lifted.status, 200, "{}", lifted.body);
    let (nobody, _counted) = mpsc::sync_channel(AFTER);
    let again = send(&host, AT_ONCE, &AtomicBool::new(true), &nobody);
    assert!(again.iter().all(DecisionRecord::acts), "and it goes on");
}
