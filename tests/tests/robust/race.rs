//! Many at once end as one after another would.

use std::sync::Barrier;

use kairos_tests::Answer;
use serde_json::Value;

use crate::events::{Event, is_repeated, order};
use crate::process::{Process, folder};

const AT_ONCE: u64 = 64;
const ROUNDS: u64 = 4;

/// What a client does after it has sent its request.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Waits,
    HangsUp,
}

fn manner(number: u64) -> Manner {
    match number % 3 {
        2 => Manner::HangsUp,
        _ => Manner::Waits,
    }
}

fn event(subject: &str, round: u64, number: u64) -> Event {
    let id = format!("{subject}-{round}-{number}");
    order("gb", &id, subject, 1 + number)
}

#[test]
fn many_requests_about_one_customer_end_as_one_after_another_would() {
    let folder = folder();
    let host = Process::start(folder.path(), "sync");
    let barrier = Barrier::new(AT_ONCE as usize);
    let answers: Vec<(Event, Option<Answer>)> = std::thread::scope(|scope| {
        let client = |number| {
            let (host, barrier) = (&host, &barrier);
            move || {
                barrier.wait();
                let one = |round| {
                    let event = event("crm:1", round, number);
                    let mut line = host.line();
                    event.say(&mut line, &[]).expect("a host that lives");
                    let answer = match manner(number + round) {
                        Manner::Waits => Some(line.hear().expect("an answer")),
                        Manner::HangsUp => None,
                    };
                    (event, answer)
                };
                (0..ROUNDS).map(one).collect::<Vec<_>>()
            }
        };
        let clients: Vec<_> = (0..AT_ONCE).map(|n| scope.spawn(client(n))).collect();
        let ended = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        ended.collect()
    });
    let mut line = host.line();
    for (event, first) in &answers {
        let again = event.must(&mut line);
        if let Some(first) = first {
            assert_eq!(first.status, 200, "{}", first.body);
            assert!(is_repeated(&again) && again.body == first.body);
        }
    }
    let mut line = host.line();
    for round in 0..ROUNDS {
        for number in 0..AT_ONCE {
            event("crm:2", round, number).must(&mut line);
        }
    }
    let at_once = host.customer("crm:1").expect("a customer");
    let in_order = host.customer("crm:2").expect("a customer");
    let sum: u64 = answers.iter().map(|(event, _)| event.pounds).sum();
    assert_eq!(host.points("crm:1"), sum);
    assert_eq!(host.points("crm:2"), sum);
    assert_eq!(at_once["status"]["windows"], in_order["status"]["windows"]);
    assert_eq!(at_once["status"]["windows"]["orders_90d"], AT_ONCE * ROUNDS);
    assert_eq!(at_once["revision"], in_order["revision"]);
    assert_eq!(at_once["revision"], AT_ONCE * ROUNDS);
}

/// Whom the decision of an answer was about.
fn about(host: &Process, answer: &Answer) -> (Value, Value) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let reply = answer.json();
    let id = reply["decisions"][0]["id"].as_str().expect("a decision");
    let evidence = host.get(&format!("/v1/decisions/{id}")).json();
    assert!(evidence["customer"].is_string(), "{evidence:#}");
    (evidence["customer"].clone(), evidence["account"].clone())
}

#[test]
fn two_cores_that_meet_a_new_identity_at_once_make_one_customer() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    // The acceptor hands each connection to the core that has the fewest: these two sit at different ones.
    let (mut left, mut right) = (host.line(), host.line());
    for round in 0..200 {
        let subject = format!("crm:7{round}");
        for (line, side) in [(&mut left, "left"), (&mut right, "right")] {
            let event = order("gb", &format!("{subject}-{side}"), &subject, 10);
            event.say(line, &[]).expect("a host that lives");
        }
        let answers = [left.hear().unwrap(), right.hear().unwrap()];
        let [one, other] = answers.map(|answer| about(&host, &answer).0);
        assert_eq!(one, other, "round {round}");
        let customer = host.customer(&subject).expect("a customer");
        assert_eq!(customer["id"], one);
        assert_eq!(customer["revision"], 2);
        assert_eq!(host.points(&subject), 20);
    }
}

#[test]
fn two_cores_that_meet_a_new_company_at_once_make_one_account() {
    let folder = folder();
    let host = Process::start(folder.path(), "process");
    let (mut left, mut right) = (host.line(), host.line());
    for round in 0..50 {
        let company = format!("company:7{round}");
        for (line, side) in [(&mut left, 1), (&mut right, 2)] {
            let subject = format!("crm:7{round}{side}");
            let event = order("nl", &format!("order-{subject}"), &subject, 10);
            let event = event.of_account(&company);
            event.say(line, &[]).expect("a host that lives");
        }
        let answers = [left.hear().unwrap(), right.hear().unwrap()];
        let [one, other] = answers.map(|answer| about(&host, &answer));
        assert!(one.1.is_string());
        assert_eq!(one.1, other.1, "round {round}: one company");
        assert_ne!(one.0, other.0, "round {round}: two people");
    }
}

#[test]
fn an_event_that_arrives_twice_at_once_is_decided_once() {
    let folder = folder();
    let host = Process::start(folder.path(), "sync");
    let (mut left, mut right) = (host.line(), host.line());
    for round in 0..50 {
        let event = order("gb", &format!("order-{round}"), "crm:1", 10);
        for line in [&mut left, &mut right] {
            event.say(line, &[]).expect("a host that lives");
        }
        let answers = [left.hear().unwrap(), right.hear().unwrap()];
        assert_eq!(answers[0].body, answers[1].body);
        let repeated = answers.iter().filter(|answer| is_repeated(answer));
        assert_eq!(repeated.count(), 1, "round {round}");
    }
    assert_eq!(host.points("crm:1"), 500);
}
