//! A policy that wants to do harm meets a typed refusal or fault; the host lives on, and the neighbour answers right.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use kairos::charter::Charter;
use kairos::clock::Instant;
use kairos::context::{Context, Reading, Signal, TimedValue};
use kairos::policy::{Active, Answer, Decision, Engines, Fault, Refused, Settings};
use kairos::value::Value;
use kairos_tests::guest::{Guest, INTERFACE, banner, component_of};
use kairos_tests::small_charter::{LIMITS, small_charter};

/// One host for all cases: what one policy breaks, another would notice.
struct Host {
    engines: Arc<Engines>,
    neighbour: Active,
    charter: Charter,
}

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let settings = Settings {
        calls_per_core: 64,
        ..Settings::default()
    };
    let engines = Engines::new(&settings).expect("there is room for one core");
    let (engines, charter) = (Arc::new(engines), small_charter());
    let neighbour = Guest::that_decides(Decision::Act(vec![banner("gold")]));
    let neighbour = Active::check(&engines, "de", &neighbour.component(), &charter);
    Host {
        neighbour: neighbour.expect("the neighbour is good"),
        engines,
        charter,
    }
});

/// The outcome of loading and asking `wasm`, in words; afterwards the neighbour is asked.
fn outcome(wasm: &[u8]) -> String {
    let words = match Active::check(&HOST.engines, "gb", wasm, &HOST.charter) {
        Err(refused) => in_words(&refused),
        Ok(active) => match active.ask(0, &LIMITS, &signal(), &context()).answer {
            Answer::Fault(Fault::Declined { why }) if why.len() > 100 => {
                format!("it could not decide: {} bytes", why.len())
            }
            Answer::Fault(fault) => fault.to_string(),
            Answer::Decision(Decision::Hold { reason }) => format!("holds: {reason}"),
            Answer::Decision(Decision::Act(proposals)) => format!("acts: {}", proposals.len()),
        },
    };
    let asked = HOST.neighbour.ask(0, &LIMITS, &signal(), &context());
    assert_eq!(
        asked.answer,
        Answer::Decision(Decision::Act(vec![banner("gold")])),
        "after: {words}"
    );
    words
}

fn in_words(refused: &Refused) -> String {
    match refused {
        Refused::Describe(fault) => format!("refused: {refused}, because {fault}"),
        _ => format!("refused: {refused}"),
    }
}

fn signal() -> Signal {
    Signal {
        moment: 0,
        channel: Some("web".into()),
        occurred_at: Instant::from_millis(1_000),
        data: vec![Some(Value::Text("85123A".into())), None],
    }
}

fn context() -> Context {
    let known = |value| {
        Reading::Known(TimedValue {
            value,
            as_of: Instant::from_millis(0),
        })
    };
    let skus = Value::Texts(["22423".into(), "85123A".into()].into());
    let mut readings = vec![known(Value::Integer(300)), known(skus)];
    readings.resize(10, Reading::Unknown);
    Context {
        now: Instant::from_millis(2_000),
        utc_offset: 60,
        market: "gb".into(),
        language: "en".into(),
        draw: 7,
        readings,
    }
}

#[track_caller]
fn expect(name: &str, expected: &str, found: &str) {
    let met = match (expected, expected.strip_prefix("one of: ")) {
        ("nonsense", _) => found.starts_with("it answered nonsense: "),
        ("damaged", _) => found.starts_with("refused: the component is damaged"),
        ("refused", _) => found.starts_with("refused: "),
        (_, Some(several)) => several.split(" | ").any(|one| one == found),
        _ => expected == found,
    };
    assert!(met, "{name}: expected `{expected}`, found `{found}`");
}

#[test]
fn every_hostile_policy_is_contained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .collect();
    files.sort();
    assert!(files.len() > 40, "{} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let code = std::fs::read_to_string(&file).expect("the file can be read");
        let expected = code
            .lines()
            .find_map(|line| line.strip_prefix(";; expect: "))
            .expect("the file says what to expect")
            .to_owned();
        let found = outcome(&Guest::with_code(&code).component());
        if std::panic::catch_unwind(|| expect(&name, &expected, &found)).is_err() {
            wrong.push(format!("{name}: expected `{expected}`, found `{found}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Puts `body` before the answer of an otherwise good `decide`.
fn deciding(locals: &str, body: &str) -> Vec<u8> {
    Guest::with_code(&format!(
        "(func $decide (type $decide) {locals} {body} (global.get $decision))"
    ))
    .component()
}

#[test]
fn many_locals_fit_or_are_refused() {
    expect(
        "at the limit",
        "one of: holds: quiet | it trapped: wasm trap: call stack exhausted",
        &outcome(&deciding(&format!("(local {})", "i64 ".repeat(49_000)), "")),
    );
    expect(
        "over it",
        "damaged",
        &outcome(&deciding(
            &format!("(local {})", "i64 ".repeat(100_000)),
            "",
        )),
    );
}

#[test]
fn deep_nesting_is_no_harm() {
    let depth = 50_000;
    let flat = format!("{} {}", "block ".repeat(depth), "end ".repeat(depth));
    expect(
        "blocks",
        "one of: holds: quiet",
        &outcome(&deciding("", &flat)),
    );
}

#[test]
fn a_branch_table_is_no_harm_however_long() {
    let with_targets = |count| {
        let targets = "$out ".repeat(count);
        deciding(
            "",
            &format!("(block $out (br_table {targets} (local.get 0)))"),
        )
    };
    expect("long", "holds: quiet", &outcome(&with_targets(60_000)));
    expect("too long", "damaged", &outcome(&with_targets(500_000)));
}

#[test]
fn segments_beyond_the_memory_are_refused() {
    let text = "a".repeat(1024 * 1024);
    let code = format!(r#"(data (i32.const 65536) "{text}")"#);
    let small = Guest::with_code(&code);
    expect("behind the memory", "refused", &outcome(&small.component()));
    let large = Guest {
        pages: 500,
        ..Guest::with_code(&code)
    };
    expect(
        "beyond the charter",
        "refused: the policy starts with 32768000 bytes of memory, the charter allows market `gb` 2097152",
        &outcome(&large.component()),
    );
    let huge = Guest {
        pages: 20_000,
        ..Guest::quiet()
    };
    expect(
        "beyond the sandbox",
        "refused: the component does not fit into a sandbox",
        &outcome(&huge.component()),
    );
}

#[test]
fn a_million_element_entries_are_refused() {
    let code = format!(
        "(table 10000 funcref) (elem (i32.const 0) func {})",
        "$none ".repeat(1_000_000)
    );
    let guest = Guest::with_code(&format!("(func $none ) {code}"));
    expect(
        "elements",
        "refused: the component is made of 1000000 entries for tables, at most 20000 are allowed",
        &outcome(&guest.component()),
    );
}

#[test]
fn ten_thousand_instances_are_refused() {
    let instances = "(core instance (instantiate $empty))".repeat(10_000);
    let many = format!("(component (core module $empty) {instances})");
    expect(
        "beside each other",
        "refused",
        &outcome(&component_text(&many)),
    );
    let doubling: String = (1..24)
        .map(|level| format!("(component $c{level} (instance (instantiate $c{0})) (instance (instantiate $c{0})))", level - 1))
        .collect();
    // Each level contains two of the level before, which outer aliases give it.
    let bomb = format!("(component (component $c0) {doubling} (instance (instantiate $c23)))");
    expect(
        "within each other",
        "refused",
        &outcome(&component_text(&bomb)),
    );
}

#[test]
fn deeply_nested_components_are_refused() {
    for depth in [17, 500, 5_000] {
        // As bytes, because the text form's reader has a bound of its own: section 4 is a component.
        let wasm = (0..depth).fold(Vec::from(*b"\0asm\x0d\0\x01\0"), |inner, _| {
            let mut length = inner.len();
            let mut outer = Vec::from(*b"\0asm\x0d\0\x01\0\x04");
            while length >= 0x80 {
                outer.push((length & 0x7f) as u8 | 0x80);
                length >>= 7;
            }
            outer.push(length as u8);
            [outer, inner].concat()
        });
        let expected = format!(
            "refused: the component is made of {depth} nested components, at most 16 are allowed"
        );
        expect("nested", &expected, &outcome(&wasm));
    }
}

fn component_text(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is a component")
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = Guest::quiet().component();
    for length in 0..whole.len() {
        // Behind the last section with code there may be only names: cut off there, it is a smaller good policy.
        let found = outcome(&whole[..length]);
        expect(
            "cut",
            "one of: holds: quiet",
            if found.starts_with("refused: ") {
                "holds: quiet"
            } else {
                &found
            },
        );
        assert!(
            length > whole.len() / 2 || found.starts_with("refused: "),
            "cut at {length}: {found}"
        );
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_or_only_hurts_the_policy() {
    let whole = Guest::quiet().component();
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        // Whatever comes of it has a type, and the neighbour was asked behind it.
        let _typed = outcome(&flipped);
    }
}

#[test]
fn what_is_no_policy_is_refused_by_name() {
    let core = Guest::quiet().module();
    expect(
        "core module",
        "refused: this is a core module, not a component: `kairos policy build` makes one of it",
        &outcome(&core),
    );
    expect(
        "text",
        "refused: this is not WebAssembly: a policy is the file that `kairos policy build` writes",
        &outcome(b"#!/bin/sh"),
    );
    expect(
        "nothing",
        "refused: this is not WebAssembly: a policy is the file that `kairos policy build` writes",
        &outcome(b""),
    );
    let empty = component_text("(component)");
    expect(
        "empty",
        "refused: the component does not export `kairos:policy/policy@1.0.0` but nothing",
        &outcome(&empty),
    );
    let importing = component_text(
        r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance)) (import "kairos:policy/state@1.0.0" (instance)))"#,
    );
    expect(
        "imports",
        "refused: the component imports `wasi:clocks/wall-clock@0.2.0`, `kairos:policy/state@1.0.0`: a policy must import nothing; time, chance and all it may know come in as data",
        &outcome(&importing),
    );
}

#[test]
fn another_interface_is_refused_by_name() {
    let newer = Guest {
        interface: INTERFACE.replace("@1.0.0", "@1.3.0"),
        export: "kairos:policy/policy@1.3.0".to_owned(),
        ..Guest::quiet()
    };
    expect(
        "newer",
        "refused: the policy is built for `kairos:policy/policy@1.3.0`, newer than this host's `kairos:policy/policy@1.0.0`: upgrade the host, or build with an older SDK",
        &outcome(&newer.component()),
    );
    let patched = Guest {
        interface: INTERFACE.replace("@1.0.0", "@1.0.7"),
        export: "kairos:policy/policy@1.0.7".to_owned(),
        ..Guest::quiet()
    };
    expect("patched", "holds: quiet", &outcome(&patched.component()));
    let second = Guest {
        interface: INTERFACE.replace("@1.0.0", "@2.0.0"),
        export: "kairos:policy/policy@2.0.0".to_owned(),
        ..Guest::quiet()
    };
    expect(
        "second",
        "refused: the component does not export `kairos:policy/policy@1.0.0` but `kairos:policy/policy@2.0.0`",
        &outcome(&second.component()),
    );
    let changed = INTERFACE.replace("score: f64", "score: f32");
    expect(
        "changed",
        "refused: `decide` does not have the type of `kairos:policy/policy@1.0.0`: build with an unchanged interface",
        &outcome(&component_of(Guest::quiet().module(), &changed)),
    );
}
