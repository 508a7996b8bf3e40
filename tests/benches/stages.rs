//! The stages of a decision, one by one, as far as they can be had apart: the United Kingdom's order, about a customer who is
//! known; and what each of the example's policies takes for one.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kairos::absorb::{Parties, Situation, absorb};
use kairos::action::Planner;
use kairos::boundary::{self, Author, Case};
use kairos::charter::MomentIx;
use kairos::context::{Briefing, gather};
use kairos::event::Event;
use kairos::ids::Chance;
use kairos::moment;
use kairos::policy::{Active, Answer, Decision};
use kairos::reply::Detail;
use kairos::spending::Purse;
use kairos::stop::Stops;
use kairos_tests::desk::{Desk, POLICIES, consent, decide, order};
use kairos_tests::policies::policy;

/// An order, right before it is decided.
struct Ready {
    desk: Desk,
    active: Arc<Active>,
    json: Vec<u8>,
    event: Event,
    /// The customer before the order, and after it.
    before: Parties,
    after: Parties,
    moment: MomentIx,
    gathered: Briefing,
}

impl Ready {
    fn of(market: &str) -> Self {
        let desk = Desk::retail_in_memory();
        desk.policy(market, &policy(market));
        desk.send(market, &consent("c-1", "crm:1", "confirmed"));
        for number in 0..4 {
            desk.send(market, &order(&format!("before-{number}"), "crm:1", 139));
        }
        let json = order("now", "crm:1", 139).to_string().into_bytes();
        let event = desk.read(market, &json).expect("an event");
        let era = desk.node.era();
        let active = era.policies.active(event.market).cloned();
        let active = active.expect("a policy");
        let before = Parties {
            customer: Some(desk.customer_state("crm:1")),
            account: None,
        };
        let mut after = before.clone();
        let now = desk.node.clock().now();
        absorb(&event, now, &mut after);
        let seen = Situation {
            event: &event,
            now,
            standing: &after,
        };
        let moment = moment::find(seen).expect("a moment");
        let gathered = gather(seen, active.inputs(moment).expect("inputs"), 7);
        Self {
            active,
            moment,
            gathered,
            json,
            before,
            after: after.clone(),
            event: event.clone(),
            desk,
        }
    }

    fn seen(&self) -> Situation<'_> {
        Situation {
            event: &self.event,
            now: self.desk.node.clock().now(),
            standing: &self.after,
        }
    }

    fn ask(&self) -> kairos::policy::Consultation {
        let limits = &self.seen().market().limits;
        let (signal, context) = (&self.gathered.signal, &self.gathered.context);
        self.active.ask(0, limits, signal, context)
    }
}

fn stages(criterion: &mut Criterion) {
    let ready = Ready::of("gb");
    let seen = ready.seen();
    criterion.bench_function("stage/1 parse", |bencher| {
        bencher.iter(|| ready.desk.read("gb", &ready.json).expect("an event"));
    });
    criterion.bench_function("stage/2 absorb", |bencher| {
        bencher.iter_batched_ref(
            || ready.before.clone(),
            |standing| absorb(&ready.event, seen.now, standing),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("stage/3 moment and context", |bencher| {
        bencher.iter(|| {
            let moment = moment::find(black_box(seen)).expect("a moment");
            gather(seen, ready.active.inputs(moment).expect("inputs"), 7)
        });
    });
    criterion.bench_function("stage/4 policy", |bencher| bencher.iter(|| ready.ask()));
    judge(criterion, &ready);
    reply(criterion, &ready.desk);
}

/// The rules and the plan, on what the policy proposed.
fn judge(criterion: &mut Criterion, ready: &Ready) {
    let (stops, spending) = (Stops::default(), ready.desk.node.cache().spending());
    let Answer::Decision(Decision::Act(proposals)) = ready.ask().answer else {
        panic!("the policy proposes something");
    };
    let mut chance = Chance::from_seed(b"stages");
    criterion.bench_function("stage/5 boundary and plan", |bencher| {
        bencher.iter(|| {
            let case = Case {
                seen: ready.seen(),
                moment: ready.moment,
                by: Author::Policy(&ready.active),
                stops: &stops,
            };
            let mut purse = Purse::of(spending);
            let verdicts = boundary::judge(&case, &proposals, &mut purse);
            let planner = Planner {
                seen: ready.seen(),
                language: &ready.gathered.context.language,
                salt: ready.desk.node.salt(),
            };
            planner.plan(verdicts, &mut chance, &mut purse)
        });
    });
}

fn reply(criterion: &mut Criterion, desk: &Desk) {
    let event = order("replied", "crm:1", 139).to_string();
    let event = desk.read("gb", event.as_bytes()).expect("an event");
    let answered = desk.wait(decide(desk.core(), event));
    let reply = answered.expect("a decision").reply;
    let mut bytes = Vec::with_capacity(4_096);
    criterion.bench_function("stage/6 reply", |bencher| {
        bencher.iter(|| {
            bytes.clear();
            reply.write(Detail::Plain, &mut bytes);
        });
    });
}

/// Each market's own policy, asked about an order as its market sees it.
fn policies(criterion: &mut Criterion) {
    for market in POLICIES {
        let ready = Ready::of(market);
        eprintln!("`{market}` uses {} of fuel for an order", ready.ask().fuel);
        criterion.bench_function(&format!("sandbox/{market}"), |bencher| {
            bencher.iter(|| ready.ask());
        });
    }
}

criterion_group!(benches, stages, policies);
criterion_main!(benches);
