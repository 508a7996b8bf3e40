//! Among several: who goes first, who yields, and what markets and actions use up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use kairos::boundary::{self, Author, Verdict};
use kairos::charter::{Budget, Cap, OnPending};
use kairos::clock::Span;
use kairos::policy::Proposal;
use kairos::spending::{Counter, Purse, What};
use kairos_tests::trial::{Trial, at, propose, words};

const NOW: &str = "permitted at 2010-12-01T12:00:00Z";

fn scored(score: f64, proposal: Proposal) -> Proposal {
    Proposal { score, ..proposal }
}

fn told(trial: &Trial, proposals: &[Proposal]) -> Vec<String> {
    trial.judge(proposals).iter().map(words).collect()
}

fn daily(at_most: u32) -> Cap {
    Cap {
        at_most,
        per: Span::from_days(1),
        counts: Vec::new(),
    }
}

#[test]
fn of_one_decision_the_most_important_takes_what_a_cap_leaves() {
    // B19, A21: service before marketing, then the charter's weight, then the policy's score; not who comes first.
    let mut trial = Trial::new();
    trial.market().caps = vec![daily(1)];
    let refused = "refused by caps: at most 1 contacts per 1d over all channels";
    let short = |score: f64, action: &str, channel: &str| Proposal {
        lapses_after: Some(Span::from_millis(60_000)),
        ..scored(score, propose(action, channel))
    };
    let said = told(
        &trial,
        &[
            short(9.0, "offer", "email"),
            short(0.0, "service_note", "sms"),
        ],
    );
    assert!(said[0].starts_with(refused), "{said:?}");
    assert_eq!(said[1], NOW);
    trial.action("cart_reminder").weight = 200;
    let said = told(
        &trial,
        &[
            short(9.0, "offer", "email"),
            short(0.0, "cart_reminder", "email"),
        ],
    );
    assert_eq!(
        (said[0].starts_with(refused), said[1].as_str()),
        (true, NOW)
    );
    let said = told(
        &trial,
        &[short(1.0, "offer", "email"), short(2.0, "offer", "push")],
    );
    assert_eq!(
        (said[0].starts_with(refused), said[1].as_str()),
        (true, NOW)
    );
    let said = told(
        &trial,
        &[short(1.0, "offer", "email"), short(1.0, "offer", "push")],
    );
    assert_eq!(
        (said[0].as_str(), said[1].starts_with(refused)),
        (NOW, true),
        "of equals, the first"
    );
}

#[test]
fn of_one_key_or_slot_only_the_best_that_is_permitted_acts() {
    let mut trial = Trial::new();
    let keyed = |score: f64, channel: &str| Proposal {
        key: Some("one".into()),
        ..scored(score, propose("offer", channel))
    };
    let proposals = [keyed(1.0, "email"), keyed(3.0, "sms"), keyed(2.0, "push")];
    assert_eq!(told(&trial, &proposals), ["yields", NOW, "yields"]);
    trial.stop("channel:sms");
    let stopped = "refused by stops: `channel:sms` is stopped: a wrong price";
    assert_eq!(
        told(&trial, &proposals),
        ["yields", stopped, NOW],
        "an alternative takes its place"
    );
    trial.channel("push").caps = vec![daily(0)];
    let capped = "refused by caps: at most 0 contacts per 1d over `push`";
    assert_eq!(told(&trial, &proposals), [NOW, stopped, capped]);
    let banners = [
        scored(1.0, propose("loyalty_banner", "web")),
        scored(2.0, propose("loyalty_banner", "web")),
    ];
    assert_eq!(told(&trial, &banners), ["yields", NOW], "one to a slot");
}

#[test]
fn where_only_one_of_a_kind_may_wait_a_decision_plans_only_one() {
    let mut trial = Trial::new();
    let both = [
        scored(1.0, propose("offer", "email")),
        scored(2.0, propose("offer", "push")),
    ];
    assert_eq!(told(&trial, &both), [NOW, NOW]);
    for pending in [OnPending::Keep, OnPending::Replace] {
        trial.frame("offer").pending = pending;
        assert_eq!(told(&trial, &both), ["yields", NOW], "{pending:?}");
    }
}

#[test]
fn what_is_used_up_is_used_up_by_what_acts_alone() {
    // A29, A30
    let mut trial = Trial::new();
    trial.action("offer").reach = Some(2);
    trial.channel("sms").caps = vec![daily(0)];
    for _ in 0..5 {
        assert!(matches!(
            trial.verdict(&propose("offer", "sms")),
            Verdict::Refuse(_)
        ));
    }
    assert_eq!(
        told(
            &trial,
            &[propose("offer", "email"), propose("offer", "push")]
        ),
        [NOW, NOW]
    );
    let open = "refused by reach: `offer` has reached its 2 an hour: the breaker is open until 2010-12-01T13:00:00Z";
    assert_eq!(trial.told(&propose("offer", "email")), open);
    trial.now = at("2010-12-01T13:00:00Z");
    assert_eq!(
        trial.told(&propose("offer", "email")),
        "permitted at 2010-12-01T13:00:00Z"
    );
}

#[test]
fn a_market_has_a_reach_of_its_own_inside_the_charters() {
    // A29
    let mut trial = Trial::new();
    trial.action("offer").reach = Some(10);
    trial.frame("offer").reach = Some(1);
    assert_eq!(trial.told(&propose("offer", "email")), NOW);
    let open = "refused by reach: `offer` has reached its 1 an hour in `gb`: the breaker is open until 2010-12-01T13:00:00Z";
    assert_eq!(trial.told(&propose("offer", "email")), open);
    let counter = Counter::at(
        What::ActionPerHour,
        trial.action("offer").key,
        None,
        trial.now,
    );
    assert_eq!(
        trial.spending.of(counter),
        1,
        "nothing is taken where one bound is reached"
    );
}

#[test]
fn a_market_stays_inside_its_budget() {
    // A30
    let mut trial = Trial::new();
    trial.market().budget = Budget {
        actions_per_minute: Some(1),
        actions_per_day: Some(2),
        spend_per_day: Some(120),
    };
    trial.action("offer").cost = 50;
    let offer = propose("offer", "email");
    assert_eq!(trial.told(&offer), NOW);
    assert_eq!(
        trial.told(&offer),
        "refused by budget: `gb` has used up its 1 actions of this minute"
    );
    trial.now = at("2010-12-01T12:01:00Z");
    assert_eq!(trial.told(&offer), "permitted at 2010-12-01T12:01:00Z");
    trial.now = at("2010-12-01T12:02:00Z");
    assert_eq!(
        trial.told(&offer),
        "refused by budget: `gb` has used up its 2 actions of today"
    );
    trial.market().budget.actions_per_day = None;
    let spent =
        "refused by budget: `gb` may spend 1.20 EUR a day, and `offer` at 0.50 EUR would be more";
    assert_eq!(trial.told(&offer), spent);
    assert_eq!(
        trial.told(&propose("service_note", "email")),
        "permitted at 2010-12-01T12:02:00Z",
        "it costs nothing"
    );
    trial.now = at("2010-12-02T12:00:00Z");
    assert_eq!(trial.told(&offer), "permitted at 2010-12-02T12:00:00Z");
}

#[test]
fn cores_that_decide_at_once_never_reach_more_than_they_may() {
    // A29, A30: each core decides about a customer of its own, all of them use up the same bound.
    let (cores, each, most) = (4, 50, 77);
    let mut trials: Vec<Trial> = (0..cores).map(|_| Trial::new()).collect();
    for trial in &mut trials {
        trial.action("offer").reach = Some(most);
    }
    let shared = Arc::new(kairos::spending::Spending::default());
    let (acted, start) = (AtomicUsize::new(0), Barrier::new(cores));
    std::thread::scope(|scope| {
        for trial in &trials {
            let (shared, acted, start) = (&shared, &acted, &start);
            scope.spawn(move || {
                start.wait();
                for _ in 0..each {
                    let verdicts =
                        trial.judge_with(shared, Author::Fallback, &[propose("offer", "email")]);
                    if let [Verdict::Permit(_)] = verdicts[..] {
                        acted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(acted.into_inner(), usize::try_from(most).unwrap());
}

#[test]
fn what_is_not_recorded_has_used_up_nothing() {
    // A30
    let mut trial = Trial::new();
    trial.action("offer").reach = Some(1);
    let event = trial.event();
    let case = trial.case(&event, Author::Fallback);
    let offer = [propose("offer", "email")];
    let mut purse = Purse::of(&trial.spending);
    let permitted = |verdicts: Vec<Verdict>| matches!(verdicts[..], [Verdict::Permit(_)]);
    assert!(permitted(boundary::judge(&case, &offer, &mut purse)));
    assert!(
        !permitted(boundary::judge(&case, &offer, &mut purse)),
        "it counts for the rest of its own decision"
    );
    assert_eq!(trial.told(&offer[0]), NOW, "and for nobody else");
}
