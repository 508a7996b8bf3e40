//! What a market's policy may be, what it is given, and what the host promises when it changes.

#[path = "policy/manifest.rs"]
mod manifest;

use std::sync::{Arc, Mutex};

use kairos::charter::table::Index;
use kairos::charter::{Charter, Limits, MarketIx};
use kairos::clock::{Instant, Span};
use kairos::context::{Context, Read, Reading, Signal, TimedValue};
use kairos::policy::manifest::Manifest;
use kairos::policy::{
    Active, Answer, Decision, Engines, Fault, Policies, Proposal, Refused, Settings, Timing,
};
use kairos::value::{Kind, Value};
use kairos_tests::guest::{Guest, banner, input, may_propose, quiet_manifest, reason};
use kairos_tests::small_charter::{LIMITS, action_over, moment_named, small_charter};

fn engines() -> Arc<Engines> {
    Arc::new(Engines::new(&Settings::default()).expect("there is room for one core"))
}

fn signal() -> Signal {
    Signal {
        moment: 0,
        channel: None,
        occurred_at: Instant::from_millis(1_000),
        data: vec![None, None],
    }
}

fn context() -> Context {
    Context {
        now: Instant::from_millis(2_000),
        utc_offset: -60,
        market: "gb".into(),
        language: "en".into(),
        draw: 7,
        readings: vec![Reading::Unknown; 10],
    }
}

/// Asks a guest in market `gb`.
fn ask(guest: &Guest, limits: &Limits, signal: &Signal, context: &Context) -> Answer {
    let active = Active::check(&engines(), "gb", &guest.component(), &small_charter())
        .expect("a good policy");
    active.ask(0, limits, signal, context).answer
}

#[test]
fn a_decision_comes_back_whole() {
    let full = Proposal {
        timing: Timing::Local {
            days: 1,
            minute: 540,
        },
        lapses_after: Some(Span::from_days(2)),
        parameters: vec![
            ("flag".into(), Value::Flag(true)),
            ("integer".into(), Value::Integer(-7)),
            ("number".into(), Value::Number(0.25)),
            ("text".into(), Value::Text("grün".into())),
            ("instant".into(), Value::Instant(Instant::from_millis(-1))),
            (
                "texts".into(),
                Value::Texts(["a".into(), "b".into()].into()),
            ),
            ("integers".into(), Value::Integers([1, 2, 3].into())),
        ],
        cancel_on: vec!["order.placed".into()],
        score: -2.5,
        ..banner("gold")
    };
    let after = Proposal {
        timing: Timing::After(Span::from_millis(5)),
        key: None,
        ..banner("x")
    };
    let at = Proposal {
        timing: Timing::At(Instant::from_millis(9)),
        ..banner("y")
    };
    let decision = Decision::Act(vec![full, after, at]);
    let answer = ask(
        &Guest::that_decides(decision.clone()),
        &LIMITS,
        &signal(),
        &context(),
    );
    assert_eq!(answer, Answer::Decision(decision));
}

#[test]
fn what_a_policy_did_not_declare_passes_as_data_for_the_boundary() {
    let undeclared = Proposal {
        action: "drop_tables".into(),
        channel: "fax".into(),
        ..banner("gold")
    };
    let decision = Decision::Act(vec![undeclared]);
    let answer = ask(
        &Guest::that_decides(decision.clone()),
        &LIMITS,
        &signal(),
        &context(),
    );
    assert_eq!(answer, Answer::Decision(decision));
}

#[track_caller]
fn check_nonsense(proposal: Proposal, expected: &str) {
    let answer = ask(
        &Guest::that_decides(Decision::Act(vec![proposal])),
        &LIMITS,
        &signal(),
        &context(),
    );
    assert_eq!(
        answer,
        Answer::Fault(Fault::Nonsense {
            what: expected.into()
        })
    );
}

#[test]
fn nonsense_in_a_proposal_is_named() {
    for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        check_nonsense(
            Proposal {
                score,
                ..banner("x")
            },
            "a score that is not a number",
        );
    }
    let number = Value::Number(f64::NAN);
    check_nonsense(
        Proposal {
            parameters: vec![("n".into(), number)],
            ..banner("x")
        },
        "a parameter that is not a number",
    );
    let parameters = vec![("n".into(), Value::Flag(true)); 33];
    check_nonsense(
        Proposal {
            parameters,
            ..banner("x")
        },
        "33 parameters, at most 32",
    );
    check_nonsense(
        Proposal {
            action: "a".repeat(1_025).into(),
            ..banner("x")
        },
        "1025 bytes in a text, at most 1024",
    );
    check_nonsense(
        Proposal {
            reason: "why_not".into(),
            ..banner("x")
        },
        "reason `why_not` is not in its manifest",
    );
    let list = Value::Integers(vec![0; 1_001].into());
    check_nonsense(
        Proposal {
            parameters: vec![("n".into(), list)],
            ..banner("x")
        },
        "1001 integers in a list, at most 1000",
    );
    check_nonsense(
        Proposal {
            timing: Timing::Local {
                days: 0,
                minute: 1_440,
            },
            ..banner("x")
        },
        "minute 1440 of a day",
    );
    check_nonsense(
        Proposal {
            cancel_on: vec!["e".into(); 33],
            ..banner("x")
        },
        "33 kinds of events that cancel, at most 32",
    );
}

/// Holds when `test` (over the parameters of `decide`) is true, traps otherwise.
fn guest_that_sees(test: &str) -> Guest {
    Guest::with_code(&format!(
        "(func $decide (type $decide) (if (i32.eqz {test}) (then (unreachable))) (global.get $decision))"
    ))
}

// A12: what is too old reaches a policy as stale, never as current.
#[test]
fn a_policy_sees_exactly_what_it_is_given() {
    let stamped = |value| TimedValue {
        value,
        as_of: Instant::from_millis(77),
    };
    let signal = Signal {
        moment: 3,
        channel: Some("web".into()),
        occurred_at: Instant::from_millis(1_234),
        data: vec![Some(Value::Text("sku-1".into())), None],
    };
    let mut context = context();
    context.draw = u64::MAX;
    context.readings = vec![
        Reading::Known(stamped(Value::Texts(["ab".into(), "cde".into()].into()))),
        Reading::Stale(stamped(Value::Integers([5, 6].into()))),
        Reading::Unknown,
        Reading::Withheld,
        Reading::Known(stamped(Value::Texts(["fghi".into()].into()))),
    ];
    // One reading has 32 bytes: case at 0, in its payload at 8 a value (case at 8, payload at 16), then the instant at 24.
    let reading =
        |number: u32, at: u32| format!("(i32.load offset={} (local.get 14))", number * 32 + at);
    for test in [
        "(i32.eq (local.get 0) (i32.const 3))".to_owned(),
        "(i32.eq (local.get 1) (i32.const 1))".to_owned(),
        "(i32.eq (local.get 3) (i32.const 3))".to_owned(),
        "(i64.eq (local.get 4) (i64.const 1234))".to_owned(),
        "(i32.eq (local.get 6) (i32.const 2))".to_owned(),
        "(i64.eq (local.get 7) (i64.const 2000))".to_owned(),
        "(i32.eq (local.get 8) (i32.const -60))".to_owned(),
        "(i64.eq (local.get 13) (i64.const -1))".to_owned(),
        "(i32.eq (local.get 15) (i32.const 5))".to_owned(),
        format!("(i32.eq {} (i32.const 5))", reading(0, 8)),
        format!("(i32.eq {} (i32.const 2))", reading(0, 20)),
        "(i64.eq (i64.load offset=24 (local.get 14)) (i64.const 77))".to_owned(),
        format!("(i32.eq {} (i32.const 1))", reading(1, 0)),
        format!("(i32.eq {} (i32.const 6))", reading(1, 8)),
        format!("(i32.eq {} (i32.const 2))", reading(2, 0)),
        format!("(i32.eq {} (i32.const 3))", reading(3, 0)),
        // The second list of texts is its own: its first text has four bytes.
        format!(
            "(i32.eq (i32.load offset=4 {}) (i32.const 4))",
            reading(4, 16)
        ),
    ] {
        let answer = ask(&guest_that_sees(&test), &LIMITS, &signal, &context);
        assert_eq!(
            answer,
            Answer::Decision(Decision::Hold {
                reason: "quiet".into()
            }),
            "{test}"
        );
    }
}

#[test]
fn nothing_survives_from_one_decision_to_the_next() {
    let remembering = Guest::with_code(
        "(global $asked (mut i32) (i32.const 0))
         (func $decide (type $decide)
           (if (i32.or (global.get $asked) (i32.load (i32.const 131072))) (then (unreachable)))
           (global.set $asked (i32.const 1))
           (i32.store (i32.const 131072) (i32.const 1))
           (global.get $decision))",
    );
    let active =
        Active::check(&engines(), "gb", &remembering.component(), &small_charter()).expect("good");
    for _ in 0..100 {
        let asked = active.ask(0, &LIMITS, &signal(), &context());
        assert_eq!(
            asked.answer,
            Answer::Decision(Decision::Hold {
                reason: "quiet".into()
            })
        );
    }
}

#[test]
fn the_same_question_costs_the_same_fuel() {
    let active = Active::check(
        &engines(),
        "gb",
        &Guest::quiet().component(),
        &small_charter(),
    )
    .expect("good");
    let fuel = active.ask(0, &LIMITS, &signal(), &context()).fuel;
    assert!(fuel > 0);
    for _ in 0..10 {
        assert_eq!(active.ask(0, &LIMITS, &signal(), &context()).fuel, fuel);
    }
}

#[test]
fn time_is_bounded_where_fuel_is_not() {
    let spinning =
        Guest::with_code("(func $decide (type $decide) (loop $again (br $again)) (unreachable))");
    let limits = Limits {
        fuel: u64::MAX,
        time: Span::from_millis(3),
        ..LIMITS
    };
    assert_eq!(
        ask(&spinning, &limits, &signal(), &context()),
        Answer::Fault(Fault::OutOfTime)
    );
}

#[test]
fn a_policy_that_cannot_decide_says_why() {
    let declining = Guest::with_code(
        r#"(data (i32.const 131072) "no price")
           (func $decide (type $decide)
             (i32.store8 (global.get $decision) (i32.const 1))
             (i32.store offset=4 (global.get $decision) (i32.const 131072))
             (i32.store offset=8 (global.get $decision) (i32.const 8))
             (global.get $decision))"#,
    );
    let answer = ask(&declining, &LIMITS, &signal(), &context());
    assert_eq!(
        answer,
        Answer::Fault(Fault::Declined {
            why: "no price".into()
        })
    );
}

fn gb() -> MarketIx {
    Index::from_number(0)
}

/// These policies, with `wasm` as the one of `gb`.
fn with(
    policies: &Policies,
    engines: &Arc<Engines>,
    wasm: &[u8],
    charter: &Charter,
) -> Result<Policies, Refused> {
    let active = Active::check(engines, "gb", wasm, charter)?;
    Ok(policies.with(active.fitted(charter)?))
}

#[test]
fn a_refused_policy_leaves_the_old_one_active() {
    let (charter, engines) = (small_charter(), engines());
    let none = Policies::none(&charter);
    assert!(none.active(gb()).is_none());
    let quiet = Guest::quiet().component();
    let policies = with(&none, &engines, &quiet, &charter).expect("good");
    let first = policies.active(gb()).expect("a policy");
    assert!(with(&policies, &engines, b"\0asm", &charter).is_err());
    assert!(Arc::ptr_eq(
        policies.active(gb()).expect("still there"),
        first
    ));
    let gold = Guest::that_decides(Decision::Act(vec![banner("gold")])).component();
    let next = with(&policies, &engines, &gold, &charter).expect("good");
    assert!(!Arc::ptr_eq(next.active(gb()).expect("the new one"), first));
    assert_eq!(
        first.ask(0, &LIMITS, &signal(), &context()).answer,
        Answer::Decision(Decision::Hold {
            reason: "quiet".into()
        }),
        "what is under way finishes on the old version"
    );
}

#[test]
fn every_core_answers_the_same_while_policies_are_swapped() {
    const CORES: usize = 2;
    let settings = Settings {
        cores: CORES,
        ..Settings::default()
    };
    let engines = Arc::new(Engines::new(&settings).expect("there is room"));
    let charter = small_charter();
    let versions = [
        Guest::quiet().component(),
        Guest::that_decides(Decision::Act(vec![banner("gold")])).component(),
    ];
    let first = with(&Policies::none(&charter), &engines, &versions[0], &charter);
    let policies = Mutex::new(first.expect("good"));
    std::thread::scope(|scope| {
        for core in 0..CORES {
            let policies = &policies;
            scope.spawn(move || {
                for _ in 0..2_000 {
                    let active = policies.lock().expect("no panic").active(gb()).cloned();
                    let active = active.expect("there is always one");
                    let asked = active.ask(core, &LIMITS, &signal(), &context());
                    assert!(
                        matches!(asked.answer, Answer::Decision(_)),
                        "{:?}",
                        asked.answer
                    );
                }
            });
        }
        for swap in 0..20 {
            let now = policies.lock().expect("no panic").clone();
            let next = with(&now, &engines, &versions[swap % 2], &charter);
            *policies.lock().expect("no panic") = next.expect("good");
        }
    });
}

#[test]
fn more_calls_than_sandboxes_find_no_room() {
    let settings = Settings {
        markets: 1,
        calls_per_core: 0,
        ..Settings::default()
    };
    let engines = Arc::new(Engines::new(&settings).expect("there is room"));
    // A policy that looks for room in its own pool while it holds the only sandbox: two threads on one core.
    let spinning =
        Guest::with_code("(func $decide (type $decide) (loop $again (br $again)) (unreachable))");
    let active =
        Active::check(&engines, "gb", &spinning.component(), &small_charter()).expect("good");
    let limits = Limits {
        fuel: u64::MAX,
        time: Span::from_millis(100),
        ..LIMITS
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| active.ask(0, &limits, &signal(), &context()).answer))
            .collect();
        calls
            .into_iter()
            .map(|call| call.join().expect("no panic"))
            .collect()
    });
    assert!(
        answers.contains(&Answer::Fault(Fault::OutOfTime)),
        "{answers:?}"
    );
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Answer::Fault(Fault::OutOfTime | Fault::NoRoom))),
        "{answers:?}"
    );
}

#[test]
fn the_engines_of_many_cores_fit_into_the_address_space() {
    let settings = Settings {
        cores: 64,
        markets: 200,
        ..Settings::default()
    };
    let engines = Engines::new(&settings).expect("there is room");
    assert_eq!(engines.cores(), 64);
}

#[test]
fn compiled_code_is_kept_under_seal_and_never_believed_otherwise() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("compiled");
    let settings = Settings {
        cache: Some(cache.clone()),
        ..Settings::default()
    };
    let wasm = Guest::quiet().component();
    let load = || {
        let engines = Arc::new(Engines::new(&settings).expect("there is room"));
        let active = Active::check(&engines, "gb", &wasm, &small_charter()).expect("good");
        assert!(matches!(
            active.ask(0, &LIMITS, &signal(), &context()).answer,
            Answer::Decision(_)
        ));
    };
    load();
    let files: Vec<_> = std::fs::read_dir(&cache)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&cache), 0o700);
    assert_eq!(mode(&folder.path().join("compiled.key")), 0o600);
    let sealed = std::fs::read(file).expect("a file");
    load();
    assert_eq!(
        std::fs::read(file).expect("a file"),
        sealed,
        "it was taken as it is"
    );
    for place in [0, 31, 32, 100, sealed.len() / 2, sealed.len() - 1] {
        let mut tampered = sealed.clone();
        tampered[place] ^= 1;
        std::fs::write(file, &tampered).expect("written");
        load();
        assert_ne!(
            std::fs::read(file).expect("a file"),
            tampered,
            "it was compiled anew at {place}"
        );
    }
    std::fs::write(file, &sealed[..sealed.len() / 2]).expect("written");
    load();
    std::fs::write(file, b"").expect("written");
    load();
    let key = folder.path().join("compiled.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
    let open = Engines::new(&settings)
        .err()
        .expect("the key is open to others");
    assert!(
        std::error::Error::source(&open)
            .expect("a cause")
            .to_string()
            .contains("can be read by others")
    );
}

#[test]
fn quiet_is_what_its_manifest_says() {
    let active = Active::check(
        &engines(),
        "gb",
        &Guest::quiet().component(),
        &small_charter(),
    )
    .expect("good");
    assert_eq!(*active.manifest, quiet_manifest());
    assert_eq!(
        active.reason("quiet").expect("declared").sentences[0].text,
        "because of quiet"
    );
    assert!(active.reason("loud").is_none());
}
