//! A withdrawal holds for every decision that starts after its acknowledgement.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use kairos_tests::Answer;
use serde_json::json;

use crate::events::{consent, order, position};
use crate::process::{Process, folder};

const AT_ONCE: usize = 64;
/// So many decisions are answered before somebody withdraws.
const BEFORE: usize = 96;
/// So many decisions each connection starts after the acknowledgement.
const AFTER: usize = 3;

/// One decision, and whether it started after the withdrawal was acknowledged.
struct DecisionRecord {
    after: bool,
    answer: Answer,
}

impl DecisionRecord {
    fn writes(&self) -> bool {
        self.answer.json()["decisions"][0]["scheduled"] != json!([])
    }
}

#[test]
fn a_withdrawal_holds_for_every_decision_that_starts_after_its_acknowledgement() {
    // Golden 1 as far as it goes without delivery: D13, A23. One person, three markets, said in one of them.
    let folder = folder();
    let host = Process::start(folder.path(), "sync");
    let mut line = host.line();
    // Enough points for France's reminder, and the strictest consent, so that each of the three would write.
    order("gb", "first", "crm:1", 500).must(&mut line);
    for market in ["gb", "de", "fr"] {
        consent(market, &format!("given-{market}"), "crm:1", "confirmed").must(&mut line);
    }
    let acknowledged = AtomicBool::new(false);
    let (answered, counted) = mpsc::sync_channel(AT_ONCE);
    let (decided, withdrawal) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (host, acknowledged, answered) = (&host, &acknowledged, answered.clone());
                scope.spawn(move || send(host, number, acknowledged, &answered))
            })
            .collect();
        drop(answered);
        assert_eq!(counted.iter().take(BEFORE).count(), BEFORE);
        drop(counted);
        let withdrawal = consent("de", "withdrawn", "crm:1", "withdrawn").at_once();
        let withdrawal = withdrawal.send(&mut line);
        acknowledged.store(true, Ordering::SeqCst);
        let withdrawal = withdrawal.expect("a host that lives");
        assert_eq!(withdrawal.status, 200, "{}", withdrawal.body);
        let ended = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        (ended.collect::<Vec<_>>(), withdrawal)
    });
    let before = decided.iter().filter(|decided| decided.writes()).count();
    assert!(before >= BEFORE, "{before} decisions wrote before");
    let late = decided.iter().filter(|decided| decided.after);
    assert_eq!(late.clone().count(), AT_ONCE * AFTER);
    for decided in late {
        assert!(!decided.writes(), "{}", decided.answer.body);
        assert!(position(&decided.answer) > position(&withdrawal));
    }
    for decided in &decided {
        let is_later = position(&decided.answer) > position(&withdrawal);
        assert_ne!(is_later, decided.writes(), "{}", decided.answer.body);
    }
    let pending = host.customer("crm:1").expect("a customer")["status"]["pending"].clone();
    assert_eq!(pending, json!([]), "what waited is off in every market");
    let consents = host.customer("crm:1").expect("a customer")["consents"].clone();
    let states: Vec<_> = consents.as_array().unwrap().iter().collect();
    assert!(!states.is_empty() && states.iter().all(|said| said["state"] == "withdrawn"));
}

fn send(
    host: &Process,
    number: usize,
    acknowledged: &AtomicBool,
    answered: &mpsc::SyncSender<()>,
) -> Vec<DecisionRecord> {
    let market = ["gb", "de", "fr"][number % 3];
    let mut line = host.line();
    let mut decided: Vec<DecisionRecord> = Vec::new();
    while decided.iter().filter(|decided| decided.after).count() < AFTER {
        let after = acknowledged.load(Ordering::SeqCst);
        let id = format!("order-{number}-{}", decided.len());
        let answer = order(market, &id, "crm:1", 1).must(&mut line);
        decided.push(DecisionRecord { after, answer });
        // Nobody counts any more once the withdrawal is on its way.
        let _ = answered.send(());
    }
    decided
}
