//! Each rule that judges a proposal alone: what it refuses, and in which words.

use kairos::boundary::{Author, NAMES, Verdict};
use kairos::charter::table::Index;
use kairos::charter::{Automation, OnPending, Parameter};
use kairos::clock::Span;
use kairos::customer::Given;
use kairos::ids::{Key, Text};
use kairos::policy::manifest::{Manifest, Moment};
use kairos::policy::{Decision, Proposal, Timing};
use kairos::stop::Stops;
use kairos::value::Value;
use kairos_tests::desk::{Desk, event};
use kairos_tests::guest::{Guest, may_propose, reason};
use kairos_tests::trial::{Trial, at, propose, words};
use serde_json::json;

const NOW: &str = "permitted at 2010-12-01T12:00:00Z";

fn with(parameters: &[(&str, Value)], proposal: Proposal) -> Proposal {
    let parameters = parameters
        .iter()
        .map(|(name, value)| ((*name).into(), value.clone()));
    Proposal {
        parameters: parameters.collect(),
        ..proposal
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn texts(texts: &[&str]) -> Value {
    Value::Texts(texts.iter().map(Text::new).collect())
}

fn check(trial: &Trial, proposal: &Proposal, expected: &str) {
    assert_eq!(trial.told(proposal), expected);
}

#[test]
fn every_rule_has_its_name_and_its_place() {
    let order = "stops declared granted automation timing parameters consent suppressions message-class cool-down eligibility \
                 delay caps pressure hours budget reach";
    assert_eq!(NAMES.join(" "), order);
}

#[test]
fn a_stop_of_an_action_or_a_channel_comes_before_all_else() {
    // A25
    let mut trial = Trial::new();
    trial.says("marketing", Given::Withdrawn);
    let offer = propose("offer", "email");
    trial.stop("channel:email");
    check(
        &trial,
        &offer,
        "refused by stops: `channel:email` is stopped: a wrong price",
    );
    trial.stops = Stops::default();
    trial.stop("action:offer");
    check(
        &trial,
        &offer,
        "refused by stops: `action:offer` is stopped: a wrong price",
    );
    trial.stops = Stops::default();
    trial.stop("action:cart_reminder");
    check(
        &trial,
        &offer,
        "refused by consent: `marketing` over `email` is withdrawn",
    );
}

#[test]
fn what_the_charter_does_not_know_is_refused() {
    // A06
    let trial = Trial::new();
    let unknown = "refused by declared: the charter knows no `gift` over `email`";
    check(&trial, &propose("gift", "email"), unknown);
    let unknown = "refused by declared: the charter knows no `offer` over `fax`";
    check(&trial, &propose("offer", "fax"), unknown);
    let cancelled = Proposal {
        cancel_on: vec!["order.placed".into(), "order.paid".into()],
        ..propose("offer", "email")
    };
    let why = "refused by declared: it is to be cancelled on `order.paid`, an event that the charter does not know";
    check(&trial, &cancelled, why);
}

#[test]
fn what_a_manifest_does_not_declare_is_refused() {
    // A06, A15: granted to the market, and not declared by its policy.
    let manifest = Manifest {
        name: "greedy".into(),
        version: "1.0.0".into(),
        owner: "marketing-gb".into(),
        worst_case: "an offer too many".into(),
        moments: vec![Moment {
            name: "page_viewed".into(),
            data: Vec::new(),
            reads: Vec::new(),
            proposes: vec![
                may_propose("loyalty_banner", &["web"]),
                may_propose("offer", &["email"]),
            ],
        }],
        reasons: vec![reason("greed")],
    };
    let proposals = [
        ("offer", "sms"),
        ("loyalty_banner", "web"),
        ("service_note", "email"),
    ];
    let proposals = proposals.map(|(action, channel)| Proposal {
        reason: "greed".into(),
        ..propose(action, channel)
    });
    let guest = Guest {
        manifest,
        ..Guest::that_decides(Decision::Act(proposals.into()))
    };
    let desk = Desk::with(&[("charter.toml", include_str!("../../src/trial.toml"))]);
    desk.policy("gb", &guest.component());
    let reply = desk.send("gb", &event("v-1", "product.viewed", "crm:1", json!({})));
    let decision = &reply["decisions"][0];
    assert_eq!(
        decision["actions"][0]["action"], "loyalty_banner",
        "{reply:#}"
    );
    let refused = |number: usize| {
        (
            &decision["refused"][number]["rule"],
            &decision["refused"][number]["reason"],
        )
    };
    let why = "the policy's manifest declares no `offer` over `sms` at `page_viewed`";
    assert_eq!(refused(0), (&json!("declared"), &json!(why)));
    let why = "the policy's manifest declares no `service_note` over `email` at `page_viewed`";
    assert_eq!(refused(1), (&json!("declared"), &json!(why)));
}

#[test]
fn what_a_market_is_not_granted_or_does_not_use_is_refused() {
    // A06, A24, A33
    let mut trial = Trial::new();
    trial.market = "us";
    let not_granted = "refused by granted: `us` is not granted `cart_reminder`";
    check(&trial, &propose("cart_reminder", "email"), not_granted);
    trial.market = "gb";
    check(
        &trial,
        &propose("cart_reminder", "sms"),
        "refused by granted: `gb` may not use `sms` for `cart_reminder`",
    );
    trial.channel("web").slots = vec!["side".into()];
    check(
        &trial,
        &propose("loyalty_banner", "web"),
        "refused by granted: `gb` does not use the slot `top` of `web`",
    );
    check(&trial, &propose("offer", "web"), NOW);
}

#[test]
fn what_never_happens_by_itself_is_refused_and_what_needs_approval_waits_for_it() {
    // A28
    let mut trial = Trial::new();
    let offer = propose("offer", "email");
    trial.frame("offer").automation = Automation::Never;
    check(
        &trial,
        &offer,
        "refused by automation: `offer` never happens by itself in `gb`",
    );
    trial.frame("offer").automation = Automation::Approval;
    let why =
        "refused by automation: `offer` needs a person's approval, and `web` answers in the reply";
    check(&trial, &propose("offer", "web"), why);
    trial.action("offer").approve_within = Span::from_millis(3_600_000);
    let approval = |trial: &Trial, by: Author<'_>, proposal: &Proposal| {
        let [Verdict::Permit(permit)] = &trial.judge_by(by, std::slice::from_ref(proposal))[..]
        else {
            panic!("not permitted");
        };
        permit.approval
    };
    let by_policy = approval(&trial, Author::Fallback, &offer);
    assert_eq!(by_policy, Some(at("2010-12-01T13:00:00Z")));
    let short = Proposal {
        lapses_after: Some(Span::from_millis(60_000)),
        ..offer.clone()
    };
    let in_time = approval(&trial, Author::Fallback, &short);
    assert_eq!(
        in_time,
        Some(at("2010-12-01T12:01:00Z")),
        "never longer than it is worth doing"
    );
    let person = Author::Approver {
        decided: trial.now,
        until: at("2010-12-02T12:00:00Z"),
    };
    assert_eq!(
        approval(&trial, person, &offer),
        None,
        "a person has approved it"
    );
    trial.frame("offer").automation = Automation::Never;
    let by_a_person = trial.judge_by(person, &[offer]);
    assert_eq!(
        words(&by_a_person[0]),
        "refused by automation: `offer` never happens by itself in `gb`"
    );
}

#[test]
fn a_time_that_a_channel_cannot_keep_is_refused() {
    let trial = Trial::new();
    let timed = |channel: &str, timing: Timing| Proposal {
        timing,
        ..propose("offer", channel)
    };
    let later = timed("web", Timing::After(Span::from_days(1)));
    check(
        &trial,
        &later,
        "refused by timing: `web` answers in the reply, so `offer` cannot be for later",
    );
    let far = timed("email", Timing::At(at("2012-12-01T12:00:00Z")));
    check(
        &trial,
        &far,
        "refused by timing: `offer` is planned more than 400d ahead",
    );
    let no_minute = timed(
        "email",
        Timing::Local {
            days: 0,
            minute: 1_440,
        },
    );
    check(
        &trial,
        &no_minute,
        "refused by timing: minute 1440 of a day does not exist: a day ends at 1439",
    );
    let forever = timed("email", Timing::After(Span::from_millis(u64::MAX)));
    check(
        &trial,
        &forever,
        "refused by timing: `offer` is planned more than 400d ahead",
    );
}

#[test]
fn a_parameter_outside_of_its_bounds_is_refused() {
    // A06, A24
    let mut trial = Trial::new();
    let banner = |parameters: &[(&str, Value)]| with(parameters, propose("loyalty_banner", "web"));
    for (parameters, why) in [
        (
            vec![("colour", text("red"))],
            "`colour` is no parameter of `loyalty_banner`",
        ),
        (
            vec![("tier", text("gold")), ("tier", text("silver"))],
            "`tier` is given twice",
        ),
        (
            vec![("tier", text("black"))],
            "`tier` is none of `silver`, `gold`",
        ),
        (
            vec![("tier", Value::Integer(1))],
            "`tier` is integer, not text",
        ),
        (
            vec![("discount", Value::Integer(11))],
            "`discount` is 11, not between 0 and 10",
        ),
        (
            vec![("discount", Value::Number(f64::NAN))],
            "`discount` is number, not integer",
        ),
    ] {
        check(
            &trial,
            &banner(&parameters),
            &format!("refused by parameters: {why}"),
        );
    }
    trial.frame("loyalty_banner").parameters[0].required = true;
    check(
        &trial,
        &banner(&[]),
        "refused by parameters: `tier` is missing",
    );
    check(&trial, &banner(&[("tier", text("gold"))]), NOW);
}

#[test]
fn without_consent_or_against_it_nothing_is_said() {
    // A23, D13
    let mut trial = Trial::new();
    let offer = propose("offer", "sms");
    for (state, why) in [
        (Given::Requested, "requested"),
        (Given::Denied, "denied"),
        (Given::Withdrawn, "withdrawn"),
    ] {
        trial.customer().consents = Default::default();
        trial.says("marketing", state);
        let told = trial.told(&offer);
        assert!(
            told.starts_with("refused by consent: `marketing` over `sms` is"),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
    }
    trial.customer().consents = Default::default();
    check(
        &trial,
        &offer,
        "refused by consent: no consent to `marketing` over `sms`",
    );
    trial.standing.customer = None;
    let nobody = trial.told(&offer);
    assert_eq!(
        nobody,
        "refused by consent: nobody is known who could have allowed `marketing`"
    );
}

#[test]
fn an_open_complaint_keeps_marketing_back_and_not_what_is_owed() {
    // B19
    let mut trial = Trial::new();
    trial.knows("open_complaints", Value::Integer(1));
    check(
        &trial,
        &propose("offer", "email"),
        "refused by suppressions: a complaint is open",
    );
    check(&trial, &propose("service_note", "email"), NOW);
    check(&trial, &propose("order_confirmation", "email"), NOW);
    trial.now = trial.now.plus(Span::from_millis(1));
    trial.knows("open_complaints", Value::Integer(0));
    check(
        &trial,
        &propose("offer", "email"),
        "permitted at 2010-12-01T12:00:00.001Z",
    );
}

#[test]
fn what_is_already_bought_is_offered_nowhere() {
    // D01: bought in the store at 17:47 in New York, which is the next day at the host.
    let mut trial = Trial::new();
    trial.lives("time_zone", "America/New_York");
    let items = trial.read().names.items["bought"];
    let charter = trial.event().charter;
    trial.status().items.add(
        charter.items.at(items),
        &"85123A".into(),
        at("2010-12-01T02:47:00Z"),
    );
    drop(charter);
    let reminder =
        |parameters: &[(&str, Value)]| with(parameters, propose("cart_reminder", "email"));
    let why = "refused by suppressions: `85123A` was bought on 2010-11-30";
    check(
        &trial,
        &reminder(&[("skus", texts(&["71053", "85123A"]))]),
        why,
    );
    check(&trial, &reminder(&[("sku", text("85123A"))]), why);
    check(&trial, &reminder(&[("skus", texts(&["71053"]))]), NOW);
    check(&trial, &reminder(&[]), NOW);
}

#[test]
fn what_is_owed_to_the_customer_carries_no_promotion() {
    // D14: otherwise an advertisement would pass as a confirmation, which nothing holds back.
    let mut trial = Trial::new();
    let with_discount = |action: &str, channel: &str| {
        with(&[("discount", Value::Integer(0))], propose(action, channel))
    };
    check(
        &trial,
        &with_discount("loyalty_banner", "web"),
        "refused by message-class: `discount` is a promotion, and `loyalty_banner` is a service message: it must carry none",
    );
    check(&trial, &with_discount("order_confirmation", "email"), NOW);
    trial.frame("order_confirmation").parameters[0].is_promotion = true;
    check(
        &trial,
        &with_discount("order_confirmation", "email"),
        "refused by message-class: `discount` is a promotion, and `order_confirmation` is a transactional message: it must carry none",
    );
    check(&trial, &propose("order_confirmation", "email"), NOW);
    check(&trial, &with_discount("cart_reminder", "email"), NOW);
}

#[test]
fn after_something_went_wrong_it_is_quiet_for_a_while() {
    // B11, A45
    let mut trial = Trial::new();
    let signals = [
        ("complaint.opened", "2010-11-20T12:00:00Z"),
        ("complaint.closed", "2010-11-26T09:00:00Z"),
    ];
    trial.status().signals = signals
        .map(|(event, time)| (Key::of("event", event), at(time)))
        .into();
    let why =
        "refused by cool-down: a complaint was closed lately: quiet until 2010-12-03T09:00:00Z";
    check(&trial, &propose("offer", "email"), why);
    check(&trial, &propose("service_note", "email"), NOW);
    check(&trial, &propose("order_confirmation", "email"), NOW);
    trial.now = at("2010-12-03T09:00:00Z");
    check(
        &trial,
        &propose("offer", "email"),
        "permitted at 2010-12-03T09:00:00Z",
    );
}

#[test]
fn what_no_longer_holds_or_waits_already_is_not_planned_again() {
    // D16
    let mut trial = Trial::new();
    let help = propose("cart_help", "email");
    check(
        &trial,
        &help,
        "refused by eligibility: what must hold for `cart_help` (`still`) does not",
    );
    trial.knows("cart_skus", texts(&["85123A"]));
    check(&trial, &help, NOW);
    trial.pending("cart_help", "email", "2010-12-01T18:00:00Z");
    check(&trial, &help, NOW);
    trial.frame("cart_help").pending = OnPending::Keep;
    check(
        &trial,
        &help,
        "refused by eligibility: one `cart_help` waits already",
    );
}

#[test]
fn what_is_owed_passes_everything_that_holds_marketing_back() {
    // D14: no consent, a complaint, a cap of none, the night and a full week of pressure.
    let mut trial = Trial::new();
    trial.says("marketing", Given::Withdrawn);
    trial.knows("open_complaints", Value::Integer(1));
    trial.status().signals = vec![(
        Key::of("event", "complaint.opened"),
        at("2010-12-01T11:59:00Z"),
    )];
    let none = kairos::charter::Cap {
        at_most: 0,
        per: Span::from_days(1),
        counts: Vec::new(),
    };
    trial.market().caps = vec![none.clone()];
    trial.channel("email").caps = vec![none.clone()];
    trial.frame("order_confirmation").caps = vec![none];
    trial.channel("email").hours = Some(Default::default());
    trial.charter().pressure = Some(kairos::charter::Pressure {
        at_most: 0,
        per: Span::from_days(1),
        weights: vec![1; 5],
        refuses: kairos::charter::Class::ALL.into(),
    });
    check(&trial, &propose("order_confirmation", "email"), NOW);
}

#[test]
fn a_parameter_of_a_list_that_the_market_dropped_still_counts_by_name() {
    // D01: an item list is looked up by what the parameter names, whatever else stands beside it.
    let mut trial = Trial::new();
    let other = Parameter {
        name: "other".into(),
        unless: None,
        ..trial.frame("cart_reminder").parameters[0].clone()
    };
    trial.frame("cart_reminder").parameters.insert(0, other);
    let items = trial.read().names.items["bought"];
    assert_eq!(items.number(), 0);
    let charter = trial.event().charter;
    trial.status().items.add(
        charter.items.at(items),
        &"85123A".into(),
        at("2010-11-30T12:00:00Z"),
    );
    drop(charter);
    let both = with(
        &[("other", texts(&["85123A"])), ("skus", texts(&["85123A"]))],
        propose("cart_reminder", "email"),
    );
    check(
        &trial,
        &both,
        "refused by suppressions: `85123A` was bought on 2010-11-30",
    );
}
