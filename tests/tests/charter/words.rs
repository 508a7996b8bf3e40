//! Every word of the charter loads, and means what it says.

use jiff::civil::{Date, Weekday, date};
use kairos::charter::events::EventIx;
use kairos::charter::table::Index;
use kairos::charter::{
    Automation, BuiltIn, Cap, Charter, Class, Delay, Frame, Holiday, Market, Measured, Membership,
    Needs, OnPending, OriginKind, Per, Sensitivity,
};
use kairos::clock::{Instant, Span};

use crate::{GIFTS, gifts};

fn loaded() -> Charter {
    Charter::compile(&gifts(GIFTS[0].0, "", "")).unwrap_or_else(|complaints| panic!("{complaints}"))
}

fn market<'a>(charter: &'a Charter, name: &str) -> &'a Market {
    charter.markets.at(charter.names.markets[name])
}

fn frame<'a>(charter: &'a Charter, name: &str, action: &str) -> &'a Frame {
    market(charter, name)
        .frame(charter.names.actions[action])
        .unwrap_or_else(|| panic!("{action} is not granted to {name}"))
}

fn cap(at_most: u32, days: u64, counts: &[Class]) -> Cap {
    Cap {
        at_most,
        per: Span::from_days(days),
        counts: counts.to_vec(),
    }
}

fn event(charter: &Charter, name: &str) -> EventIx {
    charter.names.events[name]
}

// A24, A27: who owns what and who must sign what are data.
#[test]
fn people_and_approvals() {
    let charter = loaded();
    let key = charter.people[3].key.unwrap();
    assert_eq!(charter.people[3].name, "commerce");
    assert_eq!(key.to_string(), format!("ed25519:{}", "0a".repeat(32)));
    assert_eq!(charter.people[4].key, None);
    let approvers = |section| kairos::charter::people::approvers(&charter.approvals, section);
    assert_eq!(approvers("segments"), ["data"]);
    assert_eq!(approvers("laws"), ["legal"]);
    assert_eq!(approvers("suppressions"), ["legal", "data"]);
    assert_eq!(approvers("moments"), ["commerce", "legal"]);
    assert_eq!(approvers("deviations"), ["platform", "commerce"]);
    assert!(approvers("kpis").is_empty());
}

// A14, C01, C02: a field has values, a sensitivity, writers, a review date.
#[test]
fn fields_say_who_writes_them_and_what_they_may_be() {
    let charter = loaded();
    let newsletter = charter.fields.at(charter.names.fields["newsletter"]);
    assert_eq!(newsletter.one_of, ["none", "weekly", "daily"]);
    assert_eq!(newsletter.sensitivity, Sensitivity::Personal);
    assert_eq!(newsletter.writers.len(), 2);
    assert_eq!(newsletter.review_by, Some(date(2026, 12, 31)));
    let allergies = charter.fields.at(charter.names.fields["allergies"]);
    assert_eq!(allergies.sensitivity, Sensitivity::Special);
    let changed = charter.events.at(event(&charter, "customer.changed"));
    let maps = changed
        .data
        .iter()
        .find(|(_, one)| one.name == "newsletter");
    assert_eq!(
        maps.unwrap().1.maps[0],
        ("woechentlich".into(), "weekly".into())
    );
    let visitor = charter.identities.at(charter.names.identities["visitor"]);
    assert_eq!(visitor.needs, Some(charter.names.purposes["profiling"]));
    assert_eq!(
        charter.customer.region,
        Some(charter.names.fields["region"])
    );
}

// A05, B12: what the host itself makes are events that a charter can use.
#[test]
fn the_host_makes_events_of_its_own() {
    let charter = loaded();
    for (name, built_in, data) in [
        ("segment.entered", BuiltIn::SegmentEntered, vec!["segment"]),
        ("segment.left", BuiltIn::SegmentLeft, vec!["segment"]),
        (
            "stage.entered",
            BuiltIn::StageEntered,
            vec!["stage", "step", "before"],
        ),
        ("silence.elapsed", BuiltIn::SilenceElapsed, vec!["moment"]),
        (
            "action.approved",
            BuiltIn::ActionApproved,
            vec!["action", "by", "reason"],
        ),
        (
            "action.rejected",
            BuiltIn::ActionRejected,
            vec!["action", "by", "reason"],
        ),
    ] {
        let kind = charter.events.at(event(&charter, name));
        assert_eq!((kind.built_in, built_in.is_sent()), (Some(built_in), false));
        let names: Vec<&str> = kind.data.iter().map(|(_, one)| one.name.as_str()).collect();
        assert_eq!(names, data);
    }
}

// A05, C23: a segment follows from others, is whose its inputs are, and rests on all of their purposes.
#[test]
fn segments_and_stages_come_in_the_order_in_which_they_follow() {
    let charter = loaded();
    let names = &charter.names;
    let position = |one: Membership| {
        let mut all = charter.memberships.iter();
        all.position(|other| *other == one).unwrap()
    };
    let segment = |name: &str| Membership::Segment(names.segments[name]);
    let loyalty = Membership::Stage(names.stages["loyalty"]);
    assert_eq!(charter.memberships.len(), 4);
    assert!(position(segment("best")) > position(segment("big_spender")));
    assert!(position(segment("best")) > position(loyalty));
    let warm = charter.segments.at(names.segments["warm"]);
    assert_eq!(
        (warm.per, &warm.purposes),
        (Per::Account, &vec![names.purposes["sales"]])
    );
    let best = charter.segments.at(names.segments["best"]);
    assert_eq!(
        (best.per, &best.purposes),
        (Per::Customer, &vec![names.purposes["service"]])
    );
    let steps: Vec<&str> = charter
        .stages
        .at(names.stages["loyalty"])
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(steps, ["gold", "silver", "none"]);
}

// A05, C26: an event evaluates what it may change, and what changes with time; nothing else.
#[test]
fn an_event_knows_what_it_may_change() {
    let charter = loaded();
    let names = &charter.names;
    let all = charter.memberships.clone();
    // Everything here reads a window or a field that grows old, so every event may change everything.
    for (_, kind) in charter.events.iter() {
        assert_eq!(kind.memberships, all, "{}", kind.name);
    }
    let timeless = gifts(
        "charter.toml",
        r#"is = "spend_365d >= 100000""#,
        r#"is = "newsletter == 'daily'""#,
    );
    let charter = Charter::compile(&timeless).unwrap_or_else(|complaints| panic!("{complaints}"));
    let spender = Membership::Segment(names.segments["big_spender"]);
    let evaluates = |name: &str| {
        let kind = charter.events.at(charter.names.events[name]);
        kind.memberships.contains(&spender)
    };
    assert!(evaluates("customer.changed"));
    assert!(!evaluates("order.placed") && !evaluates("consent.given"));
}

// A04, A18, A44, B08: a moment on an event of the host, or after a silence.
#[test]
fn moments_after_a_silence_and_on_a_segment() {
    let charter = loaded();
    let names = &charter.names;
    let left = charter.moments.at(names.moments["cart_left"]);
    let silence = left.silence.as_ref().unwrap();
    assert_eq!(silence.lasts.to_string(), "45m");
    assert_eq!(silence.after, [event(&charter, "cart.updated")]);
    assert_eq!(silence.unless, [event(&charter, "order.placed")]);
    assert_eq!(left.on, event(&charter, "silence.elapsed"));
    let starts = &charter.events.at(event(&charter, "cart.updated")).starts;
    let ends = &charter.events.at(event(&charter, "order.placed")).ends;
    assert_eq!(
        (starts, ends),
        (
            &vec![names.moments["cart_left"]],
            &vec![names.moments["cart_left"]]
        )
    );
    let spender = charter.moments.at(names.moments["big_spender"]);
    assert_eq!(spender.on, event(&charter, "segment.entered"));
    assert_eq!(spender.requires.len(), 2);
}

// A21, A45, B11, B19, D14: what holds across all channels.
#[test]
fn caps_pressure_cool_downs_and_suppressions() {
    let charter = loaded();
    assert_eq!(charter.caps[0], cap(4, 7, &[Class::Marketing, Class::Ads]));
    assert_eq!(charter.caps[1].per.to_string(), "12h");
    let pressure = charter.pressure.as_ref().unwrap();
    assert_eq!(pressure.weights, [0, 3, 1, 1]);
    assert_eq!(pressure.refuses, [Class::Marketing, Class::Ads]);
    assert_eq!(
        (
            charter.cool_downs[0].lasts.to_string().as_str(),
            charter.cool_downs[0].after.len()
        ),
        ("14d", 2)
    );
    assert_eq!(charter.suppressions[0].refuses, [Class::Marketing]);
    let thanks = charter.actions.at(charter.names.actions["thank_you"]);
    assert_eq!(thanks.automation, Automation::Approval);
    assert_eq!(
        (thanks.approve_within, thanks.cost, thanks.reach),
        (Span::from_days(2), 250, Some(100))
    );
    assert!(thanks.parameters[0].is_promotion);
    let reminder = charter.actions.at(charter.names.actions["cart_reminder"]);
    assert_eq!(
        (reminder.cancel_on.len(), reminder.pending),
        (3, OnPending::Replace)
    );
    assert!(reminder.still.is_some());
    assert_eq!(
        reminder.parameters[0].unless,
        Some(charter.names.items["bought"])
    );
}

// A33, D17: the law, as data, with its source.
#[test]
fn laws_and_calendars() {
    let charter = loaded();
    let names = &charter.names;
    let us = charter.calendars.at(names.calendars["US"]);
    assert_eq!(us.days[0], Holiday::Yearly { month: 1, day: 1 });
    assert_eq!(
        us.days[1],
        Holiday::Last {
            weekday: Weekday::Monday,
            month: 5
        }
    );
    assert_eq!(
        us.days[4],
        Holiday::Nth {
            nth: 4,
            weekday: Weekday::Thursday,
            month: 11
        }
    );
    assert_eq!(us.days[5], Holiday::Once(date(2026, 12, 24)));
    let de = charter.calendars.at(names.calendars["DE"]);
    assert_eq!(de.days[1], Holiday::Easter { days: -2 });
    assert_eq!(de.days[4], Holiday::Easter { days: 39 });
    let law = charter.laws.at(names.laws["US"]);
    assert_eq!(
        (law.bases[0].channel, law.bases[0].needs),
        (None, Some(Needs::Nothing))
    );
    assert_eq!(law.gpc.as_ref().unwrap().0.len(), 2);
    assert_eq!(law.holidays.as_ref().unwrap().0, names.calendars["US"]);
    let florida = &charter.laws.at(names.laws["US-FL"]).bases[0];
    assert_eq!(florida.channel, Some(names.channels["email"]));
    assert_eq!(florida.valid, Some(Span::from_days(548)));
    let hours = florida.hours.as_ref().unwrap();
    assert_eq!(
        (hours.days[0].as_slice(), hours.days[6].as_slice()),
        (&[(480, 1200)][..], &[(720, 1080)][..])
    );
    assert_eq!(
        (florida.origin.kind, florida.origin.source.as_str()),
        (OriginKind::Law, "FTSA")
    );
    assert_eq!(market(&charter, "de").law, Some(names.laws["DE"]));
}

// A24, A29, A30, A33, C20, C22: what a market ends up with is the grant and its choice.
#[test]
fn a_market_narrows_every_kind_of_bound() {
    let charter = loaded();
    let (names, de) = (&charter.names, market(&charter, "de"));
    assert_eq!(de.languages, ["de"]);
    assert_eq!(de.moments.len(), 2);
    assert_eq!(de.holidays, [names.calendars["DE-BE"]]);
    assert_eq!(
        de.needs,
        [
            (names.purposes["marketing"], Needs::Confirmed),
            (names.purposes["sales"], Needs::Granted)
        ]
    );
    assert_eq!(
        (
            de.limits.fuel,
            de.limits.violations_per_hour,
            de.limits.local_fields
        ),
        (1_000_000, 20, 2)
    );
    assert_eq!(
        (
            de.budget.actions_per_minute,
            de.budget.actions_per_day,
            de.budget.spend_per_day
        ),
        (Some(600), Some(20_000), Some(100_000))
    );
    assert_eq!(de.keys[0].0[0], 1);
    assert_eq!(de.caps.last(), Some(&cap(3, 7, &[])));
    assert_eq!(de.caps.len(), 3);
    let email = &de.channels[usize::from(names.channels["email"].number())];
    assert_eq!(
        email.caps,
        [
            cap(3, 7, &[Class::Marketing]),
            cap(2, 7, &[Class::Marketing])
        ]
    );
    let hours = email.hours.as_ref().unwrap();
    assert_eq!(
        (hours.days[5].as_slice(), hours.days[6].len()),
        (&[(480, 1200)][..], 0)
    );
    assert_eq!(
        de.channels[usize::from(names.channels["web"].number())].slots,
        ["top"]
    );
    let reminder = frame(&charter, "de", "cart_reminder");
    assert_eq!(
        reminder.delay,
        Delay {
            min: Span::from_millis(75 * 60_000),
            max: Some(Span::from_days(2))
        }
    );
    assert_eq!(reminder.lapses, Some(Span::from_days(1)));
    assert_eq!(
        (reminder.automation, reminder.pending, reminder.reach),
        (Automation::Approval, OnPending::Keep, Some(1000))
    );
    assert_eq!(reminder.caps, [cap(1, 3, &[]), cap(1, 7, &[])]);
    let parameter = &reminder.parameters;
    assert_eq!(
        (parameter[0].at_most, parameter[1].between),
        (2, Some((0.0, 5.0)))
    );
    assert_eq!(parameter[0].unless, Some(names.items["bought"]));
    // What is not chosen is the charter's.
    let fr = frame(&charter, "fr", "cart_reminder");
    assert_eq!(
        (fr.automation, fr.pending, fr.reach),
        (Automation::Auto, OnPending::Replace, Some(5000))
    );
}

// C25: central figures mean the same everywhere, a market's own are its own.
#[test]
fn figures() {
    let charter = loaded();
    let kpi = |name: &str| charter.kpis.iter().find(|kpi| kpi.name == name).unwrap();
    assert!(
        matches!(kpi("reminder_conversion").measured, Measured::Outcome { within, .. } if within == Span::from_days(3))
    );
    assert!(matches!(
        kpi("wrapped_share").measured,
        Measured::Share { .. }
    ));
    assert_eq!(
        kpi("de.wrapped_share").market,
        Some(charter.names.markets["de"])
    );
}

// C03, C30: what must be looked at again is listed, with whom to ask.
#[test]
fn reviews_come_due() {
    let charter = loaded();
    let told = |reviews: Vec<&kairos::charter::Review>| -> Vec<String> {
        reviews
            .iter()
            .map(|one| format!("{} ({}) by {}, {}", one.what, one.place, one.by, one.owner))
            .collect()
    };
    assert!(charter.overdue(date(2026, 11, 30)).is_empty());
    insta::assert_snapshot!(told(charter.overdue(date(2026, 12, 2))).join("\n"), @"
    laws.US-FL.marketing.email (charter.toml:351) by 2026-11-30, platform
    actions.thank_you (charter.toml:299) by 2026-12-01, commerce
    ");
    insta::assert_snapshot!(told(charter.due_soon(date(2026, 12, 2), Span::from_days(60))).join("\n"), @"fields.newsletter (charter.toml:103) by 2026-12-31, commerce");
    assert_eq!(charter.overdue(Date::MAX).len(), charter.reviews.len());
}

// C03: a deviation widens one market until it ends; then the charter holds again, in a host that runs on.
#[test]
fn a_deviation_widens_until_it_ends() {
    let charter = loaded();
    let nl = charter.names.markets["nl"];
    let insight = charter.names.actions["company_insight"];
    let at = |time: &str| {
        let frame = charter
            .market(nl, Instant::parse(time).unwrap())
            .frame(insight)
            .unwrap();
        (frame.caps[0].at_most, frame.reach)
    };
    assert_eq!(at("2026-11-01T00:00:00Z"), (2, Some(80)));
    // Amsterdam is an hour ahead of UTC.
    assert_eq!(at("2026-11-30T22:59:59Z"), (2, Some(80)));
    assert_eq!(at("2026-11-30T23:00:00Z"), (2, Some(50)));
    assert_eq!(at("2026-12-31T22:59:59Z"), (2, Some(50)));
    assert_eq!(at("2026-12-31T23:00:00Z"), (1, Some(50)));
    let de = charter.names.markets["de"];
    let now = Instant::parse("2026-11-01T00:00:00Z").unwrap();
    assert!(std::ptr::eq(
        charter.market(de, now),
        charter.markets.at(de)
    ));
    assert!(charter.expired(date(2026, 11, 30)).is_empty());
    assert_eq!(
        charter.expired(date(2026, 12, 1))[0].what,
        "actions.company_insight.reach"
    );
    assert_eq!(charter.expired(date(2027, 1, 1)).len(), 2);
    assert_eq!(charter.deviations[0].is, "[{ at-most = 2, per = \"14d\" }]");
}

// A39, C03: what nothing acts on is told of, so that nobody relies on it.
#[test]
fn words_that_nothing_acts_on_are_told_of() {
    let unheeded = |file: &str, from: &str, to: &str| {
        let charter = Charter::compile(&gifts(file, from, to));
        charter
            .unwrap_or_else(|complaints| panic!("{complaints}"))
            .unheeded()
    };
    let before = unheeded("charter.toml", "", "");
    let new = |file: &str, from: &str, to: &str| -> Vec<String> {
        let now = unheeded(file, from, to);
        now.into_iter()
            .filter(|line| !before.contains(line))
            .collect()
    };
    for word in [
        "`connector`",
        "`class` of moments",
        "\"personal\"` of fields (`newsletter`)",
    ] {
        assert!(before.iter().any(|line| line.contains(word)), "{before:#?}");
    }
    let older = new(
        "markets/de.toml",
        "charter = \"2026.11.1\"",
        "charter = \"2026.9.1\"",
    );
    assert_eq!(
        older,
        [
            "markets/de.toml: was written against charter `2026.9.1`, and this is `2026.11.1`: look at what changed, then write that \
          there"
        ]
    );
    let insight = "class      = \"insight\"\nto         = \"account\"\nchannels   = [\"sales\"";
    let overheard = new("charter.toml", insight, &format!("{insight}, \"email\""));
    assert_eq!(overheard.len(), 1, "{overheard:#?}");
    assert!(
        overheard[0].starts_with("charter.toml: `actions.company_insight` is for colleagues and goes over `email`, over which"),
        "{overheard:#?}"
    );
}

// C03, C30: a deviation has a day by which somebody looks at it again, besides the last on which it holds.
#[test]
fn a_deviation_is_looked_at_again_before_it_ends() {
    let with_review = |day: &str| {
        let expires = "expires     = 2026-12-31";
        gifts(
            "charter.toml",
            expires,
            &format!("{expires}\nreview-by = {day}"),
        )
    };
    let charter = Charter::compile(&with_review("2026-11-15")).expect("a charter");
    let reviews = charter.overdue(date(2026, 11, 16));
    let [review] = &reviews[..] else {
        panic!("{reviews:#?}");
    };
    assert_eq!(review.market, Some(charter.names.markets["nl"]));
    assert_eq!(review.place, "charter.toml:405");
    let late = Charter::compile(&with_review("2027-01-01")).expect_err("no charter");
    let ends = "is `2027-01-01`, and the deviation ends on 2026-12-31: write a day before";
    assert!(late.to_string().contains(ends), "{late}");
}
