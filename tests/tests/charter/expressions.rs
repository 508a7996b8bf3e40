//! Conditions and amounts: what they mean, and that none of them can do harm.

use std::sync::Arc;

use kairos::charter::events::{Change, DatumIx};
use kairos::charter::expression::Facts;
use kairos::charter::fields::{FieldIx, ItemsIx, WindowIx};
use kairos::charter::{Charter, Names, SegmentIx, StageIx};
use kairos::clock::Instant;
use kairos::ids::Text;
use kairos::value::Value;
use proptest::prelude::*;

use crate::changed;

/// What is known in a test: by name, as the charter has it.
#[derive(Default)]
struct Known {
    data: Vec<(DatumIx, Value)>,
    fields: Vec<(FieldIx, Value)>,
    window: Option<i64>,
    item: Option<(String, Instant)>,
    segment: Option<bool>,
    stage: Option<Text>,
}

impl Facts for Known {
    fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.data
            .iter()
            .find(|(index, _)| *index == datum)
            .map(|(_, value)| value)
    }
    fn field(&self, field: FieldIx) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(index, _)| *index == field)
            .map(|(_, value)| value)
    }
    fn window(&self, _: WindowIx) -> Option<i64> {
        self.window
    }
    fn segment(&self, _: SegmentIx) -> Option<bool> {
        self.segment
    }

    fn stage(&self, _: StageIx) -> Option<&Text> {
        self.stage.as_ref()
    }

    fn item(&self, _: ItemsIx, key: &str) -> Option<Instant> {
        self.item
            .as_ref()
            .filter(|(known, _)| known == key)
            .map(|(_, at)| *at)
    }
}

/// The charter with `source` as the condition of a moment on `order.placed`.
fn with_condition(source: &str) -> Result<Charter, String> {
    let quoted = serde_json::to_string(source).unwrap();
    let old = "\"points >= 3 && !(data.note in [\\\"x\\\", \\\"y\\\"]) || orders_90d > 2\"";
    Charter::compile(&changed("charter.toml", old, &quoted))
        .map_err(|complaints| complaints.to_string())
}

fn known(charter: &Charter, facts: &[(&str, Value)]) -> Known {
    let names: &Names = &charter.names;
    let event = charter.events.at(names.events["order.placed"]);
    let mut known = Known {
        window: Some(2),
        item: Some(("a".to_owned(), Instant::from_millis(1_000))),
        ..Known::default()
    };
    for (name, value) in facts {
        match name.strip_prefix("data.") {
            Some(datum) => {
                let (index, _) = event
                    .data
                    .iter()
                    .find(|(_, known)| known.name == datum)
                    .unwrap();
                known.data.push((index, value.clone()));
            }
            None => known.fields.push((names.fields[*name], value.clone())),
        }
    }
    known
}

fn facts() -> Vec<(&'static str, Value)> {
    vec![
        ("points", Value::Integer(7)),
        ("score", Value::Number(0.5)),
        (
            "cart_skus",
            Value::Texts(Arc::from(["a".into(), "b".into()])),
        ),
        ("data.total", Value::Integer(-250)),
        ("data.skus", Value::Texts(Arc::from([]))),
        ("data.note", Value::Text("x".into())),
    ]
}

fn holds(source: &str, facts: &[(&str, Value)]) -> bool {
    let charter =
        with_condition(source).unwrap_or_else(|complaints| panic!("{source}: {complaints}"));
    let moment = charter.moments.at(charter.names.moments["order_placed"]);
    moment.when.as_ref().unwrap().holds(&known(&charter, facts))
}

fn check_true(sources: &[&str]) {
    for source in sources {
        assert!(holds(source, &facts()), "`{source}` must hold");
    }
}

fn check_false(sources: &[&str], facts: &[(&str, Value)]) {
    for source in sources {
        assert!(!holds(source, facts), "`{source}` must not hold");
    }
}

#[test]
fn comparisons_arithmetic_and_logic_mean_what_they_say() {
    check_true(&[
        "points == 7",
        "points > 6.5 && score < 1",
        "data.total / 100 == -2",
        "-data.total == 250",
        "points * 2 + 1 - 15 == 0",
        "!(points < 7) || false",
        "data.note in ['x', 'y']",
        "points in [1, 7]",
        "'a' in cart_skus",
        "cart_skus != []",
        "data.skus == []",
        "size(cart_skus) == 2 && size([]) == 0",
        "cart_skus == ['a', 'b']",
        "'a' in bought",
        "bought['a'] == '1970-01-01T00:00:01Z'",
        "bought['a'] < '2026-01-01T00:00:00Z'",
        "orders_90d == 2",
        "score == 0.5 && 1 >= score",
        "true != false",
    ]);
}

// A05, B12: segments are flags, stages are texts, and nobody is in what nobody knows.
#[test]
fn segments_and_stages_are_read_as_they_were_evaluated() {
    let asked = |source: &str, segment: Option<bool>, stage: Option<&str>| {
        let quoted = serde_json::to_string(source).unwrap();
        let files = crate::gifts("charter.toml", r#""open_complaints > 0""#, &quoted);
        let charter = Charter::compile(&files).unwrap_or_else(|wrong| panic!("{source}: {wrong}"));
        charter.suppressions[0].when.holds(&Known {
            segment,
            stage: stage.map(Text::new),
            ..Known::default()
        })
    };
    assert!(asked("segment.best", Some(true), None));
    assert!(!asked("segment.best", Some(false), None));
    assert!(!asked("segment.best", None, None));
    assert!(asked("!segment.best", None, None));
    assert!(asked("segment.best == false", Some(false), None));
    assert!(!asked("segment.best == false", None, None));
    assert!(asked("stage.loyalty == 'gold'", None, Some("gold")));
    assert!(!asked("stage.loyalty == 'gold'", None, Some("none")));
    assert!(!asked("stage.loyalty != 'gold'", None, None));
    assert!(asked(
        "stage.loyalty in ['gold', 'silver']",
        None,
        Some("silver")
    ));
}

#[test]
fn what_is_unknown_makes_a_comparison_false() {
    let sources = [
        "points == 7",
        "points != 7",
        "points > -1 || points <= -1",
        "cart_skus != []",
        "cart_skus == []",
        "size(cart_skus) >= 0",
        "data.note != 'x'",
        "data.note in ['x']",
        "'b' in bought",
        "bought['b'] == bought['b']",
        "score / 2 < 1",
    ];
    check_false(&sources, &[]);
    assert!(holds("!(points == 7)", &[]));
}

#[test]
fn overflow_and_division_by_zero_are_unknown() {
    let largest = [
        ("points", Value::Integer(i64::MAX)),
        ("data.total", Value::Integer(i64::MIN)),
    ];
    let sources = [
        "points + 1 > 0",
        "points * 2 != 0",
        "-data.total > 0",
        "data.total / -1 > 0",
        "points / 0 == 0",
        "1.0 / 0 > 0",
        "score * 1.0e308 * 1.0e308 > 0",
    ];
    check_false(&sources, &largest);
    check_false(&["data.total - 1 < 0"], &largest);
}

#[test]
fn a_value_of_another_kind_than_declared_is_unknown() {
    check_false(
        &["points == 7", "cart_skus != []"],
        &[
            ("points", Value::Text("7".into())),
            ("cart_skus", Value::Flag(true)),
        ],
    );
}

#[test]
fn an_update_gives_a_value_of_its_fields_kind() {
    let charter = crate::base();
    let event = charter.events.at(charter.names.events["order.placed"]);
    let Change::Add(amount) = &event.updates[0].change else {
        panic!("it adds")
    };
    let known = known(&charter, &[("data.total", Value::Integer(13_912))]);
    assert_eq!(amount.value(&known), Some(Value::Integer(139)));
    assert_eq!(amount.value(&Known::default()), None);
}

/// The condition's complaint, without its place.
fn complaint(source: &str) -> String {
    with_condition(source)
        .err()
        .map_or("accepted".to_owned(), |complaint| {
            complaint.replace("charter.toml:129: moments.order_placed.when: ", "")
        })
}

#[test]
fn what_does_not_type_check_is_refused() {
    insta::assert_snapshot!(complaint("points"), @"must be true or false, and this is an integer");
    insta::assert_snapshot!(complaint("point > 3"), @"`point` is not a field, window or item list: did you mean `points`?");
    insta::assert_snapshot!(complaint("total > 3"), @"`total` is not a field, window or item list: did you mean `data.total`?");
    insta::assert_snapshot!(complaint("data.totl > 3"), @"`totl` is not declared in the data of `order.placed`: did you mean `total`?");
    insta::assert_snapshot!(complaint("data > 3"), @"`data` is not a value: name one of its entries, such as `data.total`");
    insta::assert_snapshot!(complaint("points > 'x'"), @"`>` compares an integer with a text: both sides must be of one kind");
    insta::assert_snapshot!(complaint("points && true"), @"`&&` joins flags and comparisons, not an integer");
    insta::assert_snapshot!(complaint("data.note < 'x'"), @"`<` does not order texts: they are compared with `==`, `!=` and `in`");
    insta::assert_snapshot!(complaint("data.note + 'x' == 'y'"), @"`+` computes with integers and numbers, not with a text and a text");
    insta::assert_snapshot!(complaint("cart_skus > []"), @"`>` does not order lists: they are compared with `==`, `!=` and `in`");
    insta::assert_snapshot!(complaint("points in ['a']"), @"`in` looks for a text among texts or an integer among integers, not for an integer in a list of texts");
    insta::assert_snapshot!(complaint("points in [1, 'a']"), @"a list that is written out has texts only or integers only");
    insta::assert_snapshot!(complaint("points in [orders_90d]"), @"a list that is written out has texts only or integers only");
    insta::assert_snapshot!(complaint("bought > 3"), @"`bought` is a list of items: ask `… in bought` or `bought[…]`");
    insta::assert_snapshot!(complaint("data.note in bought"), @r#"`bought` is looked up by `sku`, and `data.note` does not say `of = "sku"`"#);
    insta::assert_snapshot!(complaint("points[1] > 3"), @"`points[…]`: only a list of items can be looked up by key");
    insta::assert_snapshot!(complaint("bought[1] > '2026-01-01T00:00:00Z'"), @"`bought` is looked up by a text, not by an integer");
    insta::assert_snapshot!(complaint("bought['a'] > 'yesterday'"), @"`yesterday` is not an RFC 3339 time such as `2026-11-02T09:30:00Z`");
    insta::assert_snapshot!(complaint("data.de.gift_wrap"), @"`data.de.gift_wrap` is the datum of one market, not of this one");
    insta::assert_snapshot!(complaint("de.gift_wrap"), @"`de.gift_wrap` is the field of one market, not of this one");
}

#[test]
fn what_is_no_part_of_the_subset_is_refused() {
    insta::assert_snapshot!(complaint(""), @"is not an expression: mismatched input '<EOF>' (column 1)");
    insta::assert_snapshot!(complaint("points >"), @"is not an expression: mismatched input '<EOF>' (column 9)");
    insta::assert_snapshot!(complaint("points > 3 &"), @"is not an expression: token recognition error at: '&' (column 12)");
    insta::assert_snapshot!(complaint("cart_skus.all(x, x == 'a')"), @"uses a macro such as `all`, `exists`, `map` or `filter`: there are none; use `in` for lists");
    insta::assert_snapshot!(complaint("has(data.note)"), @"uses the macro `has`: it is not needed, since what is unknown makes a comparison false");
    insta::assert_snapshot!(complaint("data.note.matches('a+')"), @"calls `matches`: the only function is `size(list)`; there are names, comparisons, arithmetic, logic and `in`");
    insta::assert_snapshot!(complaint("timestamp('2026-01-01T00:00:00Z') > bought['a']"), @"calls `timestamp`: the only function is `size(list)`; there are names, comparisons, arithmetic, logic and `in`");
    insta::assert_snapshot!(complaint("{'a': 1}.a == 1"), @"only names can have parts: `data.total`");
    insta::assert_snapshot!(complaint("points % 2 == 0"), @"uses `%`: there are only `+`, `-`, `*` and `/`");
    insta::assert_snapshot!(complaint("points > 3 ? true : false"), @"uses `? :`: write two updates, each with a `when`");
    insta::assert_snapshot!(complaint("points == null"), @"uses `null`: what is unknown makes a comparison false by itself");
    insta::assert_snapshot!(complaint("points == 3u"), @"writes a number with `u`: write it without");
    insta::assert_snapshot!(complaint("data.note == b'x'"), @"uses bytes: there are texts and numbers");
    insta::assert_snapshot!(complaint("points == 99999999999999999999"), @"is not an expression: invalid int literal (column 11)");
    insta::assert_snapshot!(complaint("orders-90d > 3"), @"is not an expression: mismatched input 'd' (column 10)");
}

#[test]
fn what_is_too_big_is_refused_before_it_is_parsed() {
    insta::assert_snapshot!(complaint(&format!("points == {}", "1".repeat(2_000))), @"is 2010 bytes long, and an expression has at most 1024");
    insta::assert_snapshot!(complaint(&"(".repeat(1_000)), @"is nested too deeply: at most 24 levels");
    insta::assert_snapshot!(complaint(&format!("{}true{}", "(".repeat(30), ")".repeat(30))), @"is nested too deeply: at most 24 levels");
    insta::assert_snapshot!(complaint(&format!("points == {}", vec!["1"; 100].join(" + "))), @"is nested too deeply: at most 24 levels");
    insta::assert_snapshot!(complaint(&vec!["true"; 100].join(" && ")), @"is too big: at most 128 names, literals and operators");
    insta::assert_snapshot!(complaint(&format!("points in [{}]", vec!["1"; 101].join(","))), @"writes out a list of 101: at most 100 entries");
    for hostile in [
        "!", "-", "[", "{", "a.", "a[", "1+", "!-", "x in ", "'", "a?", "(((a",
    ] {
        let source = hostile.repeat(1_000 / hostile.len());
        assert_ne!(complaint(&source), "accepted", "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_the_loader_panic(source in "[ -~]{0,60}") {
        let _ = with_condition(&source);
    }

    #[test]
    fn nothing_that_loads_panics_when_it_is_evaluated(
        parts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
        points in any::<Option<i64>>(), total in any::<Option<i64>>(), score in any::<Option<f64>>(), note in ".{0,4}",
    ) {
        let operands = ["points", "data.total", "score", "orders_90d", "0", "-1", "9223372036854775807", "1.5", "size(cart_skus)", "size(data.skus)"];
        let operators = [" + ", " - ", " * ", " / ", " > ", " == "];
        let mut source = "0".to_owned();
        for (operator, operand) in parts {
            source = format!("({source}{}{})", operator.get(&operators[..4]), operand.get(&operands));
        }
        let source = format!("{source} > 0 || bought['a'] > '2026-01-01T00:00:00Z'");
        let Ok(charter) = with_condition(&source) else { return Ok(()) };
        let mut facts = vec![("data.note", Value::Text(note.into()))];
        facts.extend(points.map(|points| ("points", Value::Integer(points))));
        facts.extend(total.map(|total| ("data.total", Value::Integer(total))));
        facts.extend(score.map(|score| ("score", Value::Number(score))));
        let moment = charter.moments.at(charter.names.moments["order_placed"]);
        moment.when.as_ref().unwrap().holds(&known(&charter, &facts));
    }
}
