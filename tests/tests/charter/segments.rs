//! Segments and stages: what follows from what is known, checked, bounded, and never in a circle.

use kairos::charter::{Charter, Per};

use crate::{GIFTS, complaints, gifts, told};

const SPENDER: &str = r#"is = "spend_365d >= 100000""#;
const STEPS: &str =
    r#"order   = [{ gold = "points >= 1000" }, { silver = "points >= 300" }, { none = "true" }]"#;

/// The complaint about another condition of `segment.big_spender`.
fn spender(condition: &str) -> String {
    let quoted = serde_json::to_string(condition).unwrap();
    told("charter.toml", SPENDER, &format!("is = {quoted}"))
}

/// The complaint about other steps of `stage.loyalty`; the segments that compare it are out of the way.
fn steps(order: &str) -> String {
    let mut files = gifts("charter.toml", STEPS, &format!("order = {order}"));
    files[0].1 = files[0].1.replace("stage.loyalty == 'gold'", "true");
    complaints(&files)
}

// A05, C23: conditions type-check before anything runs.
#[test]
fn conditions_that_do_not_type_check() {
    insta::assert_snapshot!(spender("spend_365d"), @"charter.toml:121: segments.big_spender.is: must be true or false, and this is an integer");
    insta::assert_snapshot!(spender("data.total > 3"), @"charter.toml:121: segments.big_spender.is: `data.total` cannot be read here: no event is at hand");
    insta::assert_snapshot!(spender("segment.rich"), @"charter.toml:121: segments.big_spender.is: `rich` is not a segment of this charter: there are `best`, `big_spender` and `warm`");
    insta::assert_snapshot!(spender("big_spenders"), @"charter.toml:121: segments.big_spender.is: `big_spenders` is not a field, window or item list");
    insta::assert_snapshot!(spender("warm"), @"charter.toml:121: segments.big_spender.is: `warm` is a segment: read it as `segment.warm`");
    insta::assert_snapshot!(spender("loyalty == 'gold'"), @"charter.toml:121: segments.big_spender.is: `loyalty` is a stage: read it as `stage.loyalty`");
    insta::assert_snapshot!(spender("segment"), @"charter.toml:121: segments.big_spender.is: `segment` is not a value: name one of them, such as `segment.loyal`");
    insta::assert_snapshot!(spender("segment.warm > 3"), @"charter.toml:121: segments.big_spender.is: `>` compares a flag with an integer: both sides must be of one kind");
    insta::assert_snapshot!(spender("stage.loyalty == 3"), @"charter.toml:121: segments.big_spender.is: `==` compares a text with an integer: both sides must be of one kind");
    insta::assert_snapshot!(spender("stage.loyalty > 'gold'"), @"charter.toml:121: segments.big_spender.is: `>` does not order texts: they are compared with `==`, `!=` and `in`");
    insta::assert_snapshot!(spender("stage.loyalty"), @"charter.toml:121: segments.big_spender.is: must be true or false, and this is a text");
    insta::assert_snapshot!(spender("stage.loyalties == 'gold'"), @"charter.toml:121: segments.big_spender.is: `loyalties` is not a stage of this charter: there is only `loyalty`");
    insta::assert_snapshot!(spender("stage.loyalty in bought"), @r#"charter.toml:121: segments.big_spender.is: `bought` is looked up by `sku`, and `stage.loyalty` does not say `of = "sku"`"#);
    insta::assert_snapshot!(spender("de.gift_wrap"), @"charter.toml:121: segments.big_spender.is: `de.gift_wrap` is the field of one market, not of this one");
}

// C23: a step that nobody can be on is a mistake, not a condition that never holds.
#[test]
fn a_stage_is_compared_with_its_own_steps_alone() {
    insta::assert_snapshot!(spender("stage.loyalty == 'golden'"), @"charter.toml:121: segments.big_spender.is: `golden` is not a step of `stage.loyalty`: there are `gold`, `none` and `silver`");
    insta::assert_snapshot!(spender("'Gold' != stage.loyalty"), @"charter.toml:121: segments.big_spender.is: `Gold` is not a step of `stage.loyalty`: did you mean `gold`?");
    insta::assert_snapshot!(spender("stage.loyalty in ['gold', 'platinum']"), @"charter.toml:121: segments.big_spender.is: `platinum` is not a step of `stage.loyalty`: there are `gold`, `none` and `silver`");
    assert_eq!(
        spender("stage.loyalty in ['gold', 'none'] || stage.loyalty == language"),
        "accepted"
    );
}

// C23: cycles are refused by name.
#[test]
fn what_goes_round_in_a_circle() {
    insta::assert_snapshot!(spender("segment.big_spender"), @"charter.toml:121: segments.big_spender: goes round in a circle: `segment.big_spender` reads `segment.big_spender`");
    insta::assert_snapshot!(spender("segment.best"), @"charter.toml:119: segments.best: goes round in a circle: `segment.best` reads `segment.big_spender`, which reads `segment.best`");
    let mut files = gifts(
        "charter.toml",
        STEPS,
        r#"order = [{ gold = "segment.best" }, { none = "true" }]"#,
    );
    insta::assert_snapshot!(complaints(&files), @"charter.toml:119: segments.best: goes round in a circle: `segment.best` reads `stage.loyalty`, which reads `segment.best`");
    // What only reads the circle is not blamed for it.
    files[0].1 = files[0].1.replace(
        "account_signals_14d >= 3 && account_people_14d >= 2\", meaning",
        "segment.best\", meaning",
    );
    insta::assert_snapshot!(complaints(&files), @"charter.toml:119: segments.best: goes round in a circle: `segment.best` reads `stage.loyalty`, which reads `segment.best`");
}

#[test]
fn steps_that_could_not_be_reached_or_left() {
    insta::assert_snapshot!(steps("[]"), @r#"charter.toml:126: stages.loyalty.order: is empty: write at least the step that always holds, `{ none = "true" }`"#);
    insta::assert_snapshot!(steps(r#"[{ gold = "points >= 1000" }]"#), @r#"charter.toml:126: stages.loyalty.order.gold: is the last step, which must always hold: write `gold = "true"`"#);
    insta::assert_snapshot!(steps(r#"[{ gold = "true" }, { none = "true" }]"#), @"charter.toml:126: stages.loyalty.order.gold: always holds, so no later step is ever reached: make it the last");
    insta::assert_snapshot!(steps(r#"[{ gold = "points > 3" }, { gold = "points > 2" }, { none = "true" }]"#), @"charter.toml:126: stages.loyalty.order.gold: `gold` is a step twice");
    insta::assert_snapshot!(steps(r#"[{ gold = "points > 3", silver = "points > 2" }, { none = "true" }]"#), @r#"charter.toml:126: stages.loyalty.order: is a table: write one step with its condition, such as `{ gold = "points >= 1000" }`"#);
    insta::assert_snapshot!(steps(r#"["gold", { none = "true" }]"#), @r#"charter.toml:126: stages.loyalty.order: is `gold`: write one step with its condition, such as `{ gold = "points >= 1000" }`"#);
    insta::assert_snapshot!(steps(r#"[{ Gold = "points > 3" }, { none = "true" }]"#), @"charter.toml:126: stages.loyalty.order.Gold: `Gold` is not a name for a step: write snake_case, such as `gold`");
    insta::assert_snapshot!(steps(r#""gold""#), @"charter.toml:126: stages.loyalty.order: is `gold`: write a list in `[` and `]`");
    let many: Vec<String> = (0..33)
        .map(|step| format!("{{ s{step} = \"points > {step}\" }}"))
        .collect();
    insta::assert_snapshot!(steps(&format!("[{}]", many.join(", "))), @r#"
    charter.toml:126: stages.loyalty.order: has 33 steps: at most 32
    charter.toml:126: stages.loyalty.order.s31: is the last step, which must always hold: write `s31 = "true"`
    "#);
}

// An account cannot know what is one customer's alone.
#[test]
fn whose_a_segment_is() {
    insta::assert_snapshot!(told("charter.toml", SPENDER, r#"per = "account", is = "spend_365d >= 100000""#), @"charter.toml:121: segments.big_spender: is per account, and reads `spend_365d`, which each customer of it has: leave `per` out");
    insta::assert_snapshot!(told("charter.toml", SPENDER, r#"per = "people", is = "spend_365d >= 100000""#), @"charter.toml:121: segments.big_spender.per: `people` is none of `customer` and `account`");
    let files = gifts(
        "charter.toml",
        SPENDER,
        r#"is = "segment.warm && spend_365d > 5""#,
    );
    let charter = Charter::compile(&files).unwrap();
    let mixed = charter.segments.at(charter.names.segments["big_spender"]);
    assert_eq!((mixed.per, mixed.purposes.len()), (Per::Customer, 2));
    let files = gifts("charter.toml", SPENDER, r#"is = "segment.warm""#);
    let charter = Charter::compile(&files).unwrap();
    let follows = charter.segments.at(charter.names.segments["big_spender"]);
    assert_eq!(follows.per, Per::Account);
}

/// [`GIFTS`] with `count` more segments, each of about `nodes` names, literals and operators.
fn with_segments(count: usize, nodes: usize) -> Vec<(String, String)> {
    let condition = vec!["points > 1"; nodes / 4].join(" || ");
    let more: Vec<String> = (0..count)
        .map(|one| format!("s{one} = {{ is = \"{condition}\", meaning = \"one of many\", owner = \"commerce\" }}"))
        .collect();
    gifts(
        GIFTS[0].0,
        "[segments]",
        &format!("[segments]\n{}", more.join("\n")),
    )
}

// A36, C23: what one event makes the host evaluate has a bound.
#[test]
fn all_segments_together_cost_no_more_than_is_allowed() {
    assert_eq!(complaints(&with_segments(100, 80)), "accepted");
    insta::assert_snapshot!(complaints(&with_segments(130, 80)), @"charter.toml:119: segments.s0: and the others that `consent.given` may change have 10292 names, literals and operators: at most 10000 for one event");
    insta::assert_snapshot!(complaints(&with_segments(997, 4)), @"charter.toml:1120: stages.loyalty: is one too many: at most 1000 segments and stages together");
    insta::assert_snapshot!(spender(&vec!["true"; 100].join(" && ")), @"charter.toml:121: segments.big_spender.is: is too big: at most 128 names, literals and operators");
}

#[test]
fn names_of_segments_are_not_taken_twice() {
    insta::assert_snapshot!(told("charter.toml", "big_spender = { is", "Big-Spender = { is"), @"
    charter.toml:119: segments.best.is: `big_spender` is not a segment of this charter: did you mean `Big-Spender`?
    charter.toml:121: segments.Big-Spender: `Big-Spender` is not a name for a segment: write snake_case, such as `big_spender`
    ");
    insta::assert_snapshot!(told("charter.toml", "points    = {", "segment   = {"), @r#"
    charter.toml:102: fields.segment: `segment` is a word of the expressions: choose another name
    charter.toml:126: stages.loyalty.order.gold: `points` is not a field, window or item list
    charter.toml:126: stages.loyalty.order.silver: `points` is not a field, window or item list
    charter.toml:136: events."order.placed".updates.add: `points` is not a field of this charter
    charter.toml:143: events."order.cancelled".updates.add: `points` is not a field of this charter
    "#);
    insta::assert_snapshot!(told("charter.toml", "[markets.de]", "[markets.stage]"), @"
    charter.toml:361: markets.stage: `stage` is a word of the expressions: choose another name
    markets/de.toml:3: market: `de` is granted nothing: charter.toml has no [markets.de]: there are `fr`, `nl` and `stage`
    ");
}
