//! A policy's test fails where the policy and its manifest do not agree, and names what is wrong.

use kairos_sdk::prelude::*;
use kairos_sdk::testing::Asked;

kairos_sdk::reasons! {
    enum Why {
        Fine = "fine" { "en" => "All is well." },
    }
}

#[derive(Clone, Copy)]
struct Unheard;

impl kairos_sdk::Reason for Unheard {
    const ALL: &'static [kairos_sdk::contract::Reason] = &[];

    fn code(self) -> &'static str {
        "unheard"
    }
}

kairos_sdk::moment! {
    struct Asking: "asking" {
        data { what: Text, amount: Option<Money> }
        reads { points: Reading<Integer>, limit: Integer = "setting.limit" }
        proposes { banner by [web, app] }
    }
}

kairos_sdk::moment! {
    struct Other: "other" {
        data {}
        reads {}
        proposes { letter by [post] }
    }
}

kairos_sdk::policy! {
    name: "agreement",
    version: "1",
    owner: "platform@gifts.example",
    worst_case: "A test fails.",
    reasons: Why,
    moments: { Asking => asking, Other => other },
}

fn asking(asking: &Asking<'_>) -> Result<Decision, Undecided> {
    let banner = || asking.banner().with("limit", asking.limit);
    Ok(Decision::act(match asking.what {
        "well" => banner().because(Why::Fine),
        "app" => banner().by("app").because(Why::Fine),
        "channel" => banner().by("fax").because(Why::Fine),
        "action" => Draft::new("letter", "post").because(Why::Fine),
        "reason" => banner().because(Unheard),
        "score" => banner().score(f64::NAN).because(Why::Fine),
        "twice" => banner().with("limit", 1).because(Why::Fine),
        "midnight" => banner().in_days_at(0, 24, 0).because(Why::Fine),
        "hold" => return Ok(Decision::hold(Why::Fine)),
        other => return Err(Undecided::because(format!("what is `{other}`?"))),
    }))
}

fn other(_other: &Other<'_>) -> Decision {
    Decision::hold(Unheard)
}

fn ask(what: &str) -> Asked<Policy> {
    Asked::at("asking")
        .datum("what", what)
        .reading("setting.limit", 9)
}

#[test]
fn what_agrees_passes() {
    ask("well")
        .decide()
        .proposes_only(1)
        .proposes("banner")
        .by("web")
        .with("limit", 9);
    ask("app").decide().proposes("banner").by("app");
    ask("hold").decide().holds(Why::Fine);
    assert_eq!(ask("eh").cannot_decide(), "what is `eh`?");
}

macro_rules! fails {
    ($($name:ident: $test:expr, $says:literal;)*) => {
        $(#[test]
        #[should_panic(expected = $says)]
        fn $name() {
            let _ = $test;
        })*
    };
}

fails! {
    an_undeclared_moment: Asked::<Policy>::at("nothing"), "the manifest has no moment `nothing`: it has `asking`, `other`";
    an_undeclared_datum: ask("well").datum("colour", "red"), "`colour` is not declared in `data` of `asking`: it declares `what`, `amount`";
    an_undeclared_reading: ask("well").withheld("orders"), "`orders` is not declared in `reads` of `asking`: it declares `points`, `setting.limit`";
    a_reading_of_another_kind: ask("well").reading("points", "many"), "`points` is declared as Kind::Integer; the test gives \"many\"";
    a_required_datum_left_out: Asked::<Policy>::at("asking").reading("setting.limit", 9).decide(), "required and not given: `what`";
    a_required_reading_that_is_stale: ask("well").stale("setting.limit", 9, kairos_sdk::testing::NOW).decide(), "required and not given: `setting.limit`";
    an_undeclared_action: ask("action").decide(), "`asking` does not propose `letter`";
    an_undeclared_channel: ask("channel").decide(), "`banner` is declared by `web`, `app`, not by `fax`";
    an_undeclared_reason_to_act: ask("reason").decide(), "reason `unheard` is not in the manifest";
    an_undeclared_reason_to_hold: Asked::<Policy>::at("other").decide(), "reason `unheard` is not in the manifest";
    a_score_that_is_no_number: ask("score").decide(), "the score of `banner` is NaN";
    a_parameter_that_stands_twice: ask("twice").decide(), "`banner` has the parameter `limit` twice";
    a_time_past_the_end_of_the_day: ask("midnight").decide(), "`banner` is timed past the end of a day";
    an_expectation_that_is_not_met: ask("hold").decide().proposes("banner"), "expected: `banner`; got: hold, fine";
}
