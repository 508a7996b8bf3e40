//! Where a market may do what the others may not, and only until then (C03).

use kairos::charter::{Automation, Charter};
use kairos::customer::Given;
use kairos::ids::Text;
use kairos::policy::Proposal;
use kairos::value::Value;
use kairos_tests::trial::{Trial, at, propose};

/// The last moment of the day on which the deviations end, and the next one.
const LAST: &str = "2010-12-31T23:59:59Z";
const AFTER: &str = "2011-01-01T00:00:00Z";

/// A trial in which `gb` deviates by `what`; `from` becomes `to` in the charter first.
fn deviating(what: &str, is: &str, (from, to): (&str, &str)) -> Trial {
    let central = include_str!("../../src/trial.toml");
    assert!(central.contains(from), "`{from}` is not in the charter");
    let text = format!(
        "{}\n[[deviations]]\nmarket = \"gb\"\nwhat = \"{what}\"\nis = {is}\nwhy = \"fair\"\n\
         approved-by = [\"platform\"]\nexpires = 2010-12-31\n",
        central.replacen(from, to, 1)
    );
    let files = [("charter.toml".to_owned(), text)];
    let mut trial = Trial::new();
    *trial.charter() = Charter::compile(&files).unwrap_or_else(|wrong| panic!("{wrong}"));
    trial
}

/// What is said to the proposal on the last moment of the deviation, and after it.
fn told(trial: &mut Trial, proposal: &Proposal) -> [String; 2] {
    [LAST, AFTER].map(|now| {
        trial.now = at(now);
        trial.told(proposal)
    })
}

const OFFER: &str = "meaning    = \"an offer\"\n";

#[test]
fn a_parameter_may_go_further_until_the_deviation_ends() {
    // C03, A24
    let what = "actions.cart_reminder.parameters.discount.between";
    let mut trial = deviating(what, "[0, 30]", ("", ""));
    let reminder = Proposal {
        parameters: vec![(Text::new("discount"), Value::Integer(25))],
        ..propose("cart_reminder", "email")
    };
    insta::assert_debug_snapshot!(told(&mut trial, &reminder), @r#"
    [
        "permitted at 2010-12-31T23:59:59Z",
        "refused by parameters: `discount` is 25, not between 0 and 10",
    ]
    "#);
}

#[test]
fn what_waits_for_a_person_elsewhere_may_act_by_itself() {
    // C03, A28
    let central = (OFFER, &*format!("{OFFER}automation = \"never\"\n"));
    let mut trial = deviating("actions.offer.automation", "\"auto\"", central);
    insta::assert_debug_snapshot!(told(&mut trial, &propose("offer", "email")), @r#"
    [
        "permitted at 2010-12-31T23:59:59Z",
        "refused by automation: `offer` never happens by itself in `gb`",
    ]
    "#);
    let offer = trial.read().names.actions["offer"];
    assert_eq!(trial.read().actions.at(offer).automation, Automation::Never);
}

#[test]
fn a_market_that_deviates_goes_on_where_the_others_have_stopped() {
    // C03, A29
    let central = (OFFER, &*format!("{OFFER}reach = 1\n"));
    let mut trial = deviating("actions.offer.reach", "2", central);
    let offer = propose("offer", "email");
    trial.now = at(LAST);
    assert!(trial.told(&offer).starts_with("permitted"));
    trial.market = "us";
    trial.says("marketing", Given::Granted);
    insta::assert_snapshot!(trial.told(&offer), @"refused by reach: `offer` has reached its 1 an hour: the breaker is open until 2011-01-01T00:00:00Z");
    trial.market = "gb";
    assert!(trial.told(&offer).starts_with("permitted"));
    insta::assert_snapshot!(trial.told(&offer), @"refused by reach: `offer` has reached its 2 an hour: the breaker is open until 2011-01-01T00:00:00Z");
    trial.now = at(AFTER);
    assert!(trial.told(&offer).starts_with("permitted"));
    insta::assert_snapshot!(trial.told(&offer), @"refused by reach: `offer` has reached its 1 an hour: the breaker is open until 2011-01-01T01:00:00Z");
}
