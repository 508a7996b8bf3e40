//! The bare sandbox call, without a policy's own work: two proposals that are constants, from four values and twelve readings, in a fresh instance each time.

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kairos::clock::Instant;
use kairos::context::{Context, Reading, Signal, TimedValue};
use kairos::policy::{Active, Answer, Decision, Engines, Settings};
use kairos::value::Value;
use kairos_tests::guest::{Guest, banner};
use kairos_tests::small_charter::{LIMITS, small_charter};

fn ask(criterion: &mut Criterion) {
    let engines = Arc::new(Engines::new(&Settings::default()).expect("there is room"));
    // As much memory as a small policy has: resetting it after the call costs by its size.
    let two = Guest {
        pages: 1,
        ..Guest::that_decides(Decision::Act(vec![banner("gold"), banner("silver")]))
    };
    let policy =
        Active::check(&engines, "gb", &two.component(), &small_charter()).expect("a good policy");
    let (signal, context) = (signal(), context());
    assert!(matches!(
        policy.ask(0, &LIMITS, &signal, &context).answer,
        Answer::Decision(_)
    ));
    criterion.bench_function("sandbox/constants", |bench| {
        bench.iter(|| policy.ask(0, &LIMITS, &signal, &context));
    });
}

fn signal() -> Signal {
    Signal {
        moment: 0,
        channel: Some("web".into()),
        occurred_at: Instant::from_millis(1_000),
        data: vec![
            Some(Value::Text("85123A".into())),
            Some(Value::Flag(true)),
            Some(Value::Integer(1_995)),
            None,
        ],
    }
}

fn context() -> Context {
    let known = |value| {
        Reading::Known(TimedValue {
            value,
            as_of: Instant::from_millis(0),
        })
    };
    let mut readings = vec![
        known(Value::Integer(300)),
        known(Value::Text("gold".into())),
        known(Value::Texts(["22423".into(), "85123A".into()].into())),
        Reading::Unknown,
        Reading::Withheld,
    ];
    readings.resize(12, known(Value::Integer(7)));
    Context {
        now: Instant::from_millis(2_000),
        utc_offset: 60,
        market: "gb".into(),
        language: "en".into(),
        draw: 7,
        readings,
    }
}

criterion_group!(benches, ask);
criterion_main!(benches);
