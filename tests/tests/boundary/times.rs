//! When an action acts: what moves it, in whose words, and when it is too late.

use kairos::boundary::Verdict;
use kairos::charter::{Delay, Holiday, Hours};
use kairos::clock::Span;
use kairos::policy::{Proposal, Timing};
use kairos_tests::trial::{Trial, at, propose};

const HOUR: Span = Span::from_millis(3_600_000);

/// Open from `from` to `to` o'clock on the first `days` days of the week.
fn open(days: usize, from: u16, to: u16) -> Option<Hours> {
    let mut hours = Hours::default();
    for day in hours.days.iter_mut().take(days) {
        day.push((from * 60, to * 60));
    }
    Some(hours)
}

fn after(hours: u64, proposal: Proposal) -> Proposal {
    Proposal {
        timing: Timing::After(Span::from_millis(hours * 3_600_000)),
        ..proposal
    }
}

fn lasting(days: u64, proposal: Proposal) -> Proposal {
    Proposal {
        lapses_after: Some(Span::from_days(days)),
        ..proposal
    }
}

fn check(trial: &Trial, proposal: &Proposal, expected: &str) {
    assert_eq!(trial.told(proposal), expected);
}

#[test]
fn quiet_hours_defer_a_message_to_the_morning() {
    // A33, D17, golden 3: at 23:10 in London.
    let mut trial = Trial::new();
    trial.channel("email").hours = open(7, 8, 20);
    trial.now = at("2010-12-01T23:10:00Z");
    check(
        &trial,
        &propose("offer", "email"),
        "deferred until 2010-12-02T08:00:00Z; hours: quiet hours of `email` in `gb` are 20:00-08:00",
    );
    let short = Proposal {
        lapses_after: Some(HOUR),
        ..propose("offer", "email")
    };
    check(
        &trial,
        &short,
        "refused by hours: quiet hours of `email` in `gb` are 20:00-08:00: not before 2010-12-02T08:00:00Z, \
         and it is worth doing until 2010-12-02T00:10:00Z",
    );
    trial.channel("email").hours = Some(Hours::default());
    check(
        &trial,
        &propose("offer", "email"),
        "refused by hours: quiet hours of `email` in `gb` are always",
    );
}

#[test]
fn an_answer_in_the_reply_cannot_wait_for_the_morning() {
    let mut trial = Trial::new();
    trial.channel("web").hours = open(7, 8, 11);
    check(
        &trial,
        &propose("offer", "web"),
        "refused by hours: quiet hours of `web` in `gb` are 11:00-08:00, and `web` answers in the reply",
    );
    trial.frame("loyalty_banner").delay.min = HOUR;
    check(
        &trial,
        &propose("loyalty_banner", "web"),
        "refused by delay: `loyalty_banner` acts 1h after the decision at the earliest, and `web` answers in the reply",
    );
}

#[test]
fn where_the_zone_is_none_it_must_be_open_wherever_somebody_may_be() {
    // Stored before zones were looked at: at noon in London it is seven in New York, where another market is.
    let mut trial = Trial::new();
    trial.channel("email").hours = open(7, 8, 20);
    trial.now = at("2010-12-01T12:00:00Z");
    check(
        &trial,
        &propose("offer", "email"),
        "permitted at 2010-12-01T12:00:00Z",
    );
    let why = "hours: what is stored as the customer's time zone is none, and `email` in `gb` is not open wherever they may be";
    for zone in ["UTC+9", "W. Europe Standard Time", ""] {
        trial.lives("time_zone", zone);
        check(
            &trial,
            &propose("offer", "email"),
            &format!("deferred until 2010-12-01T13:00:00Z; {why}"),
        );
    }
    trial.lives("time_zone", "Europe/London");
    check(
        &trial,
        &propose("offer", "email"),
        "permitted at 2010-12-01T12:00:00Z",
    );
}

#[test]
fn the_hours_are_the_customers_own() {
    // A33: at noon in London it is 21:00 in Tokyo.
    let mut trial = Trial::new();
    trial.channel("email").hours = open(7, 8, 20);
    trial.lives("time_zone", "Asia/Tokyo");
    let offer = propose("offer", "email");
    let why = "deferred until 2010-12-01T23:00:00Z; hours: quiet hours of `email` in `gb` are 20:00-08:00";
    check(&trial, &offer, why);
    trial.lives("time_zone", "Europe/Nowhere");
    trial.now = at("2010-12-01T13:00:00Z");
    trial.lives("time_zone", "Europe/Nowhere");
    check(&trial, &offer, "permitted at 2010-12-01T13:00:00Z");
}

#[test]
fn the_law_of_where_somebody_lives_holds_besides_the_markets() {
    // A33: German custom and holidays for a customer of the British shop who lives there.
    let mut trial = Trial::new();
    trial.lives("country", "DE");
    trial.lives("time_zone", "Europe/Berlin");
    trial.now = at("2010-12-04T21:00:00Z");
    let offer = lasting(3, propose("offer", "email"));
    check(
        &trial,
        &offer,
        "deferred until 2010-12-06T07:00:00Z; hours: quiet hours of `email` by custom of DE are sat 20:00-mon 08:00",
    );
    check(
        &trial,
        &propose("offer", "push"),
        "permitted at 2010-12-04T21:00:00Z",
    );
    trial.now = at("2010-12-25T09:00:00Z");
    let push = propose("offer", "push");
    check(
        &trial,
        &push,
        "deferred until 2010-12-25T23:00:00Z; hours: 2010-12-25 is a holiday of `DE`",
    );
    check(
        &trial,
        &propose("service_note", "email"),
        "permitted at 2010-12-25T09:00:00Z",
    );
}

#[test]
fn where_the_region_is_not_known_the_strictest_of_them_holds() {
    // A33: Connecticut opens at nine, Florida at eight.
    let mut trial = Trial::new();
    trial.market = "us";
    let consent = trial.customer().consents.iter().next().cloned().unwrap();
    let in_us = kairos::customer::Consent {
        market: Some(kairos::ids::Key::of("market", "us")),
        ..consent
    };
    trial.customer().consents.say(in_us);
    let offer = propose("offer", "sms");
    trial.now = at("2010-12-01T13:30:00Z");
    let strictest = "deferred until 2010-12-01T14:00:00Z; hours: quiet hours of `sms` by law of US-CT are 20:00-09:00";
    check(&trial, &offer, strictest);
    // Nor is one known that is no code, or that is of another country.
    for region in ["Florida", "US-XX", "FL"] {
        trial.lives("region", region);
        check(&trial, &offer, strictest);
    }
    trial.lives("country", "US");
    trial.lives("region", "CA-ON");
    check(&trial, &offer, strictest);
    trial.lives("region", "US-FL");
    check(&trial, &offer, "permitted at 2010-12-01T13:30:00Z");
    trial.now = at("2010-12-01T12:30:00Z");
    check(
        &trial,
        &offer,
        "deferred until 2010-12-01T13:00:00Z; hours: quiet hours of `sms` by law of US-FL are 20:00-08:00",
    );
}

#[test]
fn a_market_says_nothing_on_its_own_holidays() {
    // A33, D17
    let mut trial = Trial::new();
    let calendar = trial.read().names.calendars["DE"];
    trial.charter().calendars.at_mut(calendar).days = vec![
        Holiday::Yearly { month: 12, day: 25 },
        Holiday::Yearly { month: 12, day: 26 },
    ];
    trial.market().holidays = vec![calendar];
    trial.channel("email").hours = open(5, 8, 20);
    trial.now = at("2010-12-24T21:00:00Z");
    let offer = lasting(7, propose("offer", "email"));
    check(
        &trial,
        &offer,
        "deferred until 2010-12-27T08:00:00Z; hours: quiet hours of `email` in `gb` are fri 20:00-mon 08:00",
    );
    check(
        &trial,
        &propose("order_confirmation", "email"),
        "permitted at 2010-12-24T21:00:00Z",
    );
}

#[test]
fn an_insight_waits_for_the_hours_of_the_market_where_colleagues_work() {
    // A39: the customer is asleep in Tokyo, the sales desk in London is not.
    let mut trial = Trial::new();
    trial.channel("sales").hours = open(5, 9, 17);
    trial.lives("time_zone", "Asia/Tokyo");
    check(
        &trial,
        &propose("company_insight", "sales"),
        "permitted at 2010-12-01T12:00:00Z",
    );
}

#[test]
fn what_is_asked_for_too_soon_or_too_late_is_moved_inside_and_recorded() {
    // B10
    let mut trial = Trial::new();
    trial.frame("cart_reminder").delay = Delay {
        min: Span::from_millis(75 * 60_000),
        max: Some(Span::from_days(3)),
    };
    let reminder = propose("cart_reminder", "email");
    check(
        &trial,
        &reminder,
        "deferred until 2010-12-01T13:15:00Z; delay: `cart_reminder` acts 75m after the decision at the earliest",
    );
    check(
        &trial,
        &after(2, reminder.clone()),
        "permitted at 2010-12-01T14:00:00Z",
    );
    check(
        &trial,
        &after(5 * 24, reminder.clone()),
        "permitted at 2010-12-04T12:00:00Z; delay: `cart_reminder` acts 3d after the decision at the latest",
    );
    trial.channel("email").hours = open(5, 8, 20);
    check(
        &trial,
        &lasting(5, after(5 * 24, reminder)),
        "refused by hours: quiet hours of `email` in `gb` are fri 20:00-mon 08:00: not before 2010-12-06T08:00:00Z, \
         and it is worth doing until 2010-12-04T12:00:00Z",
    );
}

#[test]
fn what_is_owed_is_moved_by_its_delay_alone() {
    // B10, D14
    let mut trial = Trial::new();
    trial.channel("email").hours = open(7, 8, 11);
    trial.frame("order_confirmation").delay.min = HOUR;
    check(
        &trial,
        &propose("order_confirmation", "email"),
        "deferred until 2010-12-01T13:00:00Z; delay: `order_confirmation` acts 1h after the decision at the earliest",
    );
}

#[test]
fn caps_and_hours_are_asked_until_neither_moves_it_further() {
    // A21, D17: the cap's first free day is a Sunday, and Monday is the day that the cap does not allow.
    let mut trial = Trial::new();
    trial.channel("email").hours = open(6, 8, 20);
    trial.frame("offer").caps = vec![kairos::charter::Cap {
        at_most: 1,
        per: Span::from_days(1),
        counts: Vec::new(),
    }];
    for day in ["01", "02", "03", "04", "06"] {
        trial.contact("offer", "email", &format!("2010-12-{day}T09:00:00Z"));
    }
    check(
        &trial,
        &lasting(10, propose("offer", "email")),
        "deferred until 2010-12-07T08:00:00Z; caps: at most 1 `offer` per 1d; \
         hours: quiet hours of `email` in `gb` are 20:00-08:00",
    );
}

#[test]
fn a_local_time_is_where_the_customer_is() {
    // B02: today, at an hour of another day, or as soon as it may.
    let mut trial = Trial::new();
    trial.lives("time_zone", "Asia/Tokyo");
    let evening = Proposal {
        timing: Timing::Local {
            days: 1,
            minute: 18 * 60,
        },
        ..propose("offer", "email")
    };
    check(&trial, &evening, "permitted at 2010-12-02T09:00:00Z");
    let past = Proposal {
        timing: Timing::Local { days: 0, minute: 0 },
        ..propose("offer", "email")
    };
    check(&trial, &past, "permitted at 2010-12-01T12:00:00Z");
}

#[test]
fn a_permit_says_until_when_it_is_worth_acting() {
    // B02: neither before its time nor after it.
    let mut trial = Trial::new();
    trial.frame("offer").lapses = Some(Span::from_days(2));
    trial.channel("email").hours = open(7, 13, 20);
    let [Verdict::Defer(permit)] = &trial.judge(&[lasting(3, propose("offer", "email"))])[..]
    else {
        panic!("not deferred");
    };
    assert_eq!(permit.due, at("2010-12-01T13:00:00Z"));
    assert_eq!(
        permit.until,
        at("2010-12-03T12:00:00Z"),
        "counted from what was asked"
    );
}

#[test]
fn the_law_of_the_region_where_somebody_lives_holds_in_every_market() {
    // A33: the law of where somebody lives protects them in every market.
    let mut trial = Trial::new();
    let offer = propose("offer", "sms");
    trial.now = at("2010-12-01T07:30:00Z");
    check(&trial, &offer, "permitted at 2010-12-01T07:30:00Z");
    trial.lives("region", "US-FL");
    check(
        &trial,
        &offer,
        "deferred until 2010-12-01T08:00:00Z; hours: quiet hours of `sms` by law of US-FL are 20:00-08:00",
    );
}
