//! What is used up of bounds on reach and budget: never more than the bound, and no restart forgets it.

use std::sync::Arc;

use kairos::clock::Instant;
use kairos::decide::Undecided;
use kairos::ids::Key;
use kairos::spending::{Charge, Counter, Overtaken, Purse, Spending, What};
use kairos::store::Space;
use kairos_tests::desk::{Desk, NOON, Rejected, consent};
use kairos_tests::office::{self, banner, order, policy, voucher};
use serde_json::Value;

/// The banner's figure of the hour at hand.
fn reached(desk: &Desk) -> i64 {
    let now = desk.node.clock().now();
    let banner = Key::of("action", "banner");
    let counter = Counter::at(What::ActionPerHour, banner, None, now);
    desk.node.cache().spending().of(counter)
}

/// An office whose banner may reach so many in an hour.
fn office(reach: &str) -> Desk {
    let desk = office::desk_with("reach      = 3\n", &format!("reach      = {reach}\n"));
    desk.policy("gb", &policy(&[banner(5)]));
    desk
}

fn decided(desk: &Desk, id: &str) -> Value {
    desk.send("gb", &order(id, "crm:1"))["decisions"][0].clone()
}

fn rule(decision: &Value) -> &str {
    decision["refused"][0]["rule"].as_str().unwrap_or("none")
}

#[test]
fn a_bound_on_reach_holds_over_a_restart_and_a_crash() {
    // A29, A30: three banners in an hour, in all markets together.
    let desk = office("3");
    for number in 0..2 {
        assert_eq!(decided(&desk, &format!("o-{number}"))["outcome"], "act");
    }
    let desk = desk.restart();
    desk.policy("gb", &policy(&[banner(5)]));
    assert_eq!(reached(&desk), 2);
    assert_eq!(decided(&desk, "o-2")["outcome"], "act");
    let refused = decided(&desk, "o-3");
    assert_eq!(
        (refused["outcome"].as_str(), rule(&refused)),
        (Some("refused"), "reach"),
        "{refused:#}"
    );
    let desk = desk.after_a_crash();
    desk.policy("gb", &policy(&[banner(5)]));
    assert_eq!(reached(&desk), 3);
    assert_eq!(rule(&decided(&desk, "o-4")), "reach");
    desk.at("2010-12-01T13:00:00Z");
    assert_eq!(decided(&desk, "o-5")["outcome"], "act", "the next hour");
}

#[test]
fn no_crash_forgets_or_doubles_what_was_used_up() {
    // A29, A30: crashes at any time between the log and the view, and a view that is rebuilt from a snapshot or the log.
    let desk = office("1000");
    for number in 0..60 {
        decided(&desk, &format!("o-{number}"));
        if number % 7 == 0 {
            assert_eq!(reached(&desk.after_a_crash()), number + 1);
        }
        if number == 30 {
            desk.node.store().snapshot().expect("a snapshot");
        }
    }
    let crashed = desk.after_a_crash();
    assert_eq!(reached(&crashed), 60);
    for parts in [&["view"][..], &["view", "snapshots"]] {
        let copy = crashed.after_a_crash();
        copy.node.close();
        for part in parts {
            std::fs::remove_dir_all(copy.data().join(part)).expect("a folder");
        }
        let rebuilt = copy.restart();
        assert_eq!(reached(&rebuilt), 60, "without {parts:?}");
        assert!(rebuilt.node.store().opened().rebuilt.is_some() || parts.len() == 2);
    }
}

#[test]
fn what_was_not_recorded_uses_up_nothing() {
    // A30: a host that is too busy to record a decision gives back what was taken for it.
    let charter = office::CHARTER.replace("reach      = 3\n", "reach      = 1000\n");
    let desk = Desk::busy_with(&[("charter.toml", &charter)]);
    desk.policy("gb", &policy(&[banner(5)]));
    let (mut acted, mut busy) = (0, 0);
    while busy < 3 || acted < 3 {
        let id = format!("o-{acted}-{busy}");
        match desk.try_send("gb", &order(&id, "crm:1")) {
            Ok((reply, _)) => {
                assert_eq!(reply["decisions"][0]["outcome"], "act");
                acted += 1;
            }
            Err(Rejected::Undecided(Undecided::Busy)) => busy += 1,
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(reached(&desk), acted);
    }
    assert_eq!(reached(&desk.restart()), acted);
}

#[test]
fn what_is_dropped_uses_up_nothing_and_what_is_recorded_does() {
    // A30
    let spending = Arc::new(Spending::default());
    let now = Instant::parse(NOON).unwrap();
    let counter = Counter::at(What::ActionsPerDay, Key::of("market", "gb"), None, now);
    let charge = |amount| Charge {
        counter,
        amount,
        at_most: 10,
    };
    let take = |amount| {
        let mut purse = Purse::of(&spending);
        purse.take(&[charge(amount)]).map(|()| purse)
    };
    let record = |purse: &Purse| spending.settle(purse, || Ok::<_, Overtaken>(()));
    let (dropped, kept, late) = (take(7), take(7).expect("room"), take(7).expect("room"));
    drop(dropped);
    assert_eq!(spending.of(counter), 0);
    record(&kept).expect("room");
    assert_eq!(spending.of(counter), 7);
    assert_eq!(record(&late), Err(Overtaken), "others were faster");
    assert_eq!(take(4).expect_err("no room").counter, counter);
    let two = [charge(2), charge(2)];
    let mut both = Purse::of(&spending);
    assert!(both.take(&two).is_err(), "both together are beyond it");
    record(&both).expect("nothing to record");
    assert_eq!(spending.of(counter), 7, "all of it or nothing");
    let mut twice = Purse::of(&spending);
    let wider = Charge {
        at_most: 20,
        ..charge(2)
    };
    twice
        .take(&[charge(3), wider])
        .expect("room under the bound of each");
    spending
        .settle(&twice, || Ok::<_, Overtaken>(()))
        .expect("nobody was faster");
    assert_eq!(spending.of(counter), 12);
    let mut one = Purse::of(&spending);
    one.take(&[wider]).expect("room");
    let failed = spending.settle(&one, || Err::<(), _>(Overtaken));
    assert!(failed.is_err());
    assert_eq!(
        spending.of(counter),
        12,
        "what was not queued did not happen"
    );
}

#[test]
fn what_waits_uses_up_nothing_until_it_is_approved() {
    // A28, A29: the voucher may reach two in an hour, and three people wait for theirs.
    let desk = office::desk();
    desk.policy("gb", &policy(&[voucher(500)]));
    let ids: Vec<String> = (0..3)
        .map(|number| {
            let subject = format!("crm:7{number}");
            desk.send("gb", &consent(&format!("c-{number}"), &subject, "granted"));
            let reply = desk.send("gb", &order(&format!("o-{number}"), &subject));
            let waiting = &reply["decisions"][0]["waiting"][0];
            waiting["id"]
                .as_str()
                .expect("a voucher that waits")
                .to_owned()
        })
        .collect();
    let caller = kairos::event::Caller::open();
    let fates: Vec<&str> = ids
        .iter()
        .map(|id| {
            let judged = kairos::decide::Judgement {
                action: kairos::ids::ActionId::parse(id).expect("an id"),
                verdict: kairos::decide::Approval::Approve,
                reason: "agreed".into(),
            };
            let settled = desk.wait(kairos::operate::settle(desk.core(), &caller, &judged));
            settled.expect("a decision").fate.word()
        })
        .collect();
    assert_eq!(fates, ["approved", "approved", "dropped"]);
}

#[test]
fn an_open_breaker_is_seen_and_closes_with_the_hour() {
    // A29
    let desk = office("1");
    decided(&desk, "o-1");
    let is = |state: &str| format!("kairos_breaker_open{{action=\"banner\"}} {state}");
    assert!(desk.figures().contains(&is("0")), "{}", desk.figures());
    assert_eq!(rule(&decided(&desk, "o-2")), "reach");
    assert!(desk.figures().contains(&is("1")), "{}", desk.figures());
    desk.at("2010-12-01T13:00:00Z");
    while !desk.figures().contains(&is("0")) {
        std::thread::yield_now();
    }
    assert_eq!(decided(&desk, "o-3")["outcome"], "act");
}

#[test]
fn figures_of_days_long_over_are_forgotten() {
    // A30, C17: what nobody needs any more is not kept.
    let desk = office("1000");
    decided(&desk, "o-1");
    let desk = desk.restart();
    let kept = |desk: &Desk| {
        let view = desk.node.store().view();
        view.scan(Space::Spending, b"").count()
    };
    assert!(kept(&desk) > 0);
    desk.at("2010-12-03T12:00:00Z");
    let desk = desk.restart();
    while kept(&desk) > 0 {
        std::thread::yield_now();
    }
    assert_eq!(reached(&desk), 0);
}
