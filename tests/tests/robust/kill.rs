//! `kill -9` under load: what was acknowledged is there, exactly once.

use std::collections::BTreeMap;
use std::sync::mpsc;

use kairos_tests::Answer;

use crate::events::{Dice, Event, is_repeated, order};
use crate::process::{Line, MARKETS, Process, folder};

/// Connections that send at a time.
const CONNECTIONS: u64 = 8;
/// Customers whom all of them write about.
const CUSTOMERS: u64 = 36;
/// The most acknowledgements that a host lives to give.
const LONGEST_LIFE: u64 = 160;

/// How often a test gives way before it kills a host that starts: about as long as a start takes.
const LATEST_YIELD: u64 = 300_000;

/// An event that was sent, and its answer where one came.
struct Sent {
    event: Event,
    answer: Option<Answer>,
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?.into_string().expect("a number");
    Some(text.parse().expect("a number"))
}

#[test]
fn after_a_kill_every_acknowledged_event_is_there_exactly_once() {
    let rounds = setting("KAIROS_KILLS").unwrap_or(10);
    let seed = setting("KAIROS_SEED").unwrap_or(1);
    eprintln!("{rounds} kills with seed {seed}");
    let mut dice = Dice(seed);
    let folder = folder();
    let mut sum = BTreeMap::new();
    let mut acknowledged: Vec<Sent> = Vec::new();
    let mut host = Process::start(folder.path(), "sync");
    for round in 0..rounds {
        let sent = load_and_kill(host, round, &mut dice);
        let durability = if round % 2 == 0 { "process" } else { "sync" };
        host = Process::start(folder.path(), durability);
        verify(&host, &sent, &mut sum);
        acknowledged.extend(sent.into_iter().filter(|sent| sent.answer.is_some()));
    }
    assert!(acknowledged.len() as u64 > rounds * 10, "hardly any load");
    let mut line = host.line();
    for sent in &acknowledged {
        expect_repeat(&mut line, sent);
    }
    assert_eq!(points(&host), sum, "at the very end");
    assert!(host.stop().success(), "and it stops in order");
}

#[test]
fn a_kill_while_the_host_starts_leaves_a_folder_that_opens() {
    let rounds = setting("KAIROS_KILLS").unwrap_or(10);
    let mut dice = Dice(setting("KAIROS_SEED").unwrap_or(1));
    let folder = folder();
    let mut sent: Vec<Sent> = Vec::new();
    for round in 0..rounds {
        // Every other time the folder is made, not opened.
        if round % 2 == 0 && round > 0 {
            std::fs::remove_dir_all(folder.path().join("data")).expect("a data folder");
            sent.clear();
        }
        for _ in 0..3 {
            Process::start_and_kill(folder.path(), dice.below(LATEST_YIELD));
        }
        let host = Process::start(folder.path(), "sync");
        let mut line = host.line();
        for sent in &sent {
            expect_repeat(&mut line, sent);
        }
        for number in 0..5 {
            let event = order("gb", &format!("order-{round}-{number}"), "crm:1", 10);
            let answer = Some(event.must(&mut line));
            sent.push(Sent { event, answer });
        }
        assert_eq!(host.points("crm:1"), 10 * sent.len() as u64);
        host.kill();
    }
}

/// Sends from several connections until the host is killed, at a moment that the dice choose.
fn load_and_kill(host: Process, round: u64, dice: &mut Dice) -> Vec<Sent> {
    let life = 1 + dice.below(LONGEST_LIFE);
    let (acknowledged, counted) = mpsc::sync_channel(65_536);
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let dice = Dice(dice.below(u64::MAX));
            let (line, acknowledged) = (host.line(), acknowledged.clone());
            std::thread::spawn(move || send(line, (round, number), dice, &acknowledged))
        })
        .collect();
    drop(acknowledged);
    assert_eq!(counted.iter().take(life as usize).count() as u64, life);
    // Somewhere inside of the next decisions, not always right behind an acknowledgement.
    for _ in 0..dice.below(2_000) {
        std::thread::yield_now();
    }
    host.kill();
    drop(counted);
    senders
        .into_iter()
        .flat_map(|sender| sender.join().expect("a sender"))
        .collect()
}

fn send(
    mut line: Line,
    (round, number): (u64, u64),
    mut dice: Dice,
    acknowledged: &mpsc::SyncSender<()>,
) -> Vec<Sent> {
    let mut sent = Vec::new();
    loop {
        let id = format!("order-{round}-{number}-{}", sent.len());
        let market = MARKETS[dice.below(4) as usize];
        let subject = format!("crm:7{}", dice.below(CUSTOMERS));
        let event = order(market, &id, &subject, 1 + dice.below(900));
        let answer = event.send(&mut line).ok();
        let is_dead = answer.is_none();
        if let Some(answer) = &answer {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        sent.push(Sent { event, answer });
        if is_dead {
            return sent;
        }
        // Nobody counts any more once the host is killed.
        let _ = acknowledged.send(());
    }
}

fn points(host: &Process) -> BTreeMap<String, u64> {
    let subjects = (0..CUSTOMERS).map(|number| format!("crm:7{number}"));
    subjects
        .map(|subject| (subject.clone(), host.points(&subject)))
        .filter(|(_, points)| *points > 0)
        .collect()
}

/// `sum` is what the rounds before came to, and then what it comes to now.
fn verify(host: &Process, sent: &[Sent], sum: &mut BTreeMap<String, u64>) {
    let before = points(host);
    let mut line = host.line();
    let (acknowledged, open): (Vec<_>, Vec<_>) =
        sent.iter().partition(|sent| sent.answer.is_some());
    for sent in acknowledged {
        expect_repeat(&mut line, sent);
        *sum.entry(sent.event.subject.clone()).or_default() += sent.event.pounds;
    }
    let mut lost = Vec::new();
    for Sent { event, .. } in open {
        let first = event.must(&mut line);
        if is_repeated(&first) {
            *sum.entry(event.subject.clone()).or_default() += event.pounds;
        } else {
            lost.push(event);
        }
        let again = event.must(&mut line);
        assert!(is_repeated(&again) && again.body == first.body);
    }
    assert_eq!(before, *sum, "what the evidence has is what the state has");
    for event in lost {
        *sum.entry(event.subject.clone()).or_default() += event.pounds;
    }
    assert_eq!(points(host), *sum, "and stays so");
}

fn expect_repeat(line: &mut Line, sent: &Sent) {
    let again = sent.event.must(line);
    assert!(is_repeated(&again), "lost: {}", sent.event.body);
    let first = sent.answer.as_ref().expect("an acknowledged event");
    assert_eq!(again.body, first.body);
}
