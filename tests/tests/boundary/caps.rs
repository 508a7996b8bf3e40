//! How often: the first free day against counting by hand, and whole histories that must never exceed a cap.

use jiff::tz::TimeZone;
use kairos::boundary::Verdict;
use kairos::charter::hours::{local_day, start_of_day};
use kairos::charter::{CAP_AT_MOST, Cap, Class, OnPending, Pressure};
use kairos::clock::{Instant, Span};
use kairos::customer::{Bound, Contact, Counted, contacts};
use kairos::ids::{ActionId, Key};
use kairos::policy::{Proposal, Timing};
use kairos_tests::trial::{Trial, at, propose, words};
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;
const DAY: Span = Span::from_days(1);

fn cap(at_most: u32, per: Span) -> Cap {
    Cap {
        at_most,
        per,
        counts: Vec::new(),
    }
}

fn marketing_cap(at_most: u32, days: u64) -> Cap {
    Cap {
        counts: vec![Class::Marketing],
        ..cap(at_most, Span::from_days(days))
    }
}

/// Whether no stretch of `width` places that contains `place` holds more than `at_most`, with one more of `weight` there.
fn keeps(entries: &[(i64, u32)], at_most: u32, width: i64, (place, weight): (i64, u32)) -> bool {
    (place - width + 1..=place).all(|start| {
        let inside = entries
            .iter()
            .filter(|(entry, _)| (start..start + width).contains(entry));
        inside.map(|(_, weight)| weight).sum::<u32>() + weight <= at_most
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A21: calendar days of a zone with summer time, counted by hand, one day after the other.
    #[test]
    fn the_first_free_day_is_the_one_that_counting_finds(
        hours in prop::collection::vec((0_i64..24 * 40, 1_u32..4), 0..40),
        at_most in 1_u32..12, days in 1_i64..15, from in 0_i64..24 * 30, weight in 1_u32..3,
    ) {
        let zone = TimeZone::get("Europe/London").unwrap();
        let start = at("2010-03-10T00:00:00Z").millis();
        let instant = |hour: i64| Instant::from_millis(start + hour * HOUR_MS);
        let entries: Vec<_> = hours.iter().map(|(hour, weight)| (local_day(&zone, instant(*hour)), *weight)).collect();
        let (asked, today) = (instant(from), local_day(&zone, instant(from)));
        let expected = (weight <= at_most).then(|| {
            let free = (today..).find(|day| keeps(&entries, at_most, days, (*day, weight))).unwrap();
            if free == today { asked } else { start_of_day(&zone, free).unwrap() }
        });
        let counted = hours.iter().map(|(hour, weight)| Counted { at: instant(*hour), weight: *weight });
        let bound = Bound { at_most, per: Span::from_days(days.unsigned_abs()) };
        prop_assert_eq!(bound.first_free(counted, Counted { at: asked, weight }, || &zone), expected);
    }

    /// Rolling hours, counted by hand, one hour after the other.
    #[test]
    fn the_first_free_hour_is_the_one_that_counting_finds(
        hours in prop::collection::vec((0_i64..100, 1_u32..3), 0..30),
        at_most in 1_u32..8, per in 1_i64..24, from in 0_i64..80,
    ) {
        let counted = hours.iter().map(|(hour, weight)| Counted { at: Instant::from_millis(hour * HOUR_MS), weight: *weight });
        let bound = Bound { at_most, per: Span::from_millis((per * HOUR_MS).unsigned_abs()) };
        let one = Counted { at: Instant::from_millis(from * HOUR_MS), weight: 1 };
        let expected = (from..).find(|hour| keeps(&hours, at_most, per, (*hour, 1))).unwrap();
        let utc = TimeZone::UTC;
        prop_assert_eq!(bound.first_free(counted, one, || &utc), Some(Instant::from_millis(expected * HOUR_MS)));
    }
}

#[test]
fn a_flood_of_banners_makes_no_mail_forgotten() {
    // A21
    let mut known = Vec::new();
    let contact = |action: &str, hour: i64| Contact {
        action: Key::of("action", action),
        channel: Key::of("channel", "some"),
        class: Class::Marketing,
        at: Instant::from_millis(hour * HOUR_MS),
    };
    contacts::add(&mut known, contact("mail", 1));
    for hour in 0..1_000 {
        contacts::add(&mut known, contact("banner", hour));
    }
    let kept = usize::try_from(CAP_AT_MOST).unwrap();
    assert_eq!(known.len(), kept + 1);
    assert_eq!(known[0], contact("mail", 1));
    assert_eq!(
        known[1],
        contact("banner", 1_000 - i64::from(CAP_AT_MOST)),
        "the oldest banners are forgotten"
    );
    contacts::add(&mut known, contact("banner", 3));
    assert_eq!(known.len(), kept + 1);
    assert!(
        !known.contains(&contact("banner", 3)),
        "one that is older than all of them"
    );
}

#[test]
fn three_a_week_are_three_over_all_channels_and_what_is_owed_does_not_count() {
    // A21, D14, golden 15: mail, push and SMS add up; the confirmation neither counts nor is held back.
    let mut trial = Trial::new();
    trial.market().caps = vec![marketing_cap(3, 7)];
    for (day, channel) in [(1, "email"), (2, "push"), (3, "sms")] {
        trial.now = at(&format!("2010-12-0{day}T12:00:00Z"));
        let (verdicts, _) = trial.decide(&[propose("offer", channel)]);
        assert!(matches!(verdicts[..], [Verdict::Permit(_)]), "{verdicts:?}");
        let (verdicts, _) = trial.decide(&[propose("order_confirmation", "email")]);
        assert!(matches!(verdicts[..], [Verdict::Permit(_)]), "{verdicts:?}");
    }
    trial.now = at("2010-12-04T12:00:00Z");
    assert_eq!(
        trial.told(&propose("offer", "web")),
        "refused by caps: at most 3 marketing contacts per 7d over all channels, and `web` answers in the reply"
    );
    let patient = Proposal {
        lapses_after: Some(Span::from_days(7)),
        ..propose("cart_reminder", "email")
    };
    assert_eq!(
        trial.told(&patient),
        "deferred until 2010-12-08T00:00:00Z; caps: at most 3 marketing contacts per 7d over all channels"
    );
    assert_eq!(
        trial.told(&propose("cart_reminder", "email")),
        "refused by caps: at most 3 marketing contacts per 7d over all channels: not before 2010-12-08T00:00:00Z, \
         and it is worth doing until 2010-12-05T12:00:00Z"
    );
    let note = trial.told(&propose("service_note", "email"));
    assert_eq!(
        note, "permitted at 2010-12-04T12:00:00Z",
        "the cap counts marketing"
    );
}

#[test]
fn where_one_cap_has_moved_an_action_the_others_are_asked_again() {
    // A21: today is full for all; tomorrow, where that moves it, an offer that waits is too near.
    let mut trial = Trial::new();
    trial.market().caps = vec![cap(2, DAY)];
    trial.frame("offer").caps = vec![cap(1, Span::from_millis(7 * 3_600_000))];
    for hour in ["01", "02"] {
        trial.contact("cart_reminder", "sms", &format!("2010-12-01T{hour}:00:00Z"));
    }
    trial.pending("offer", "email", "2010-12-02T02:00:00Z");
    trial.now = at("2010-12-01T12:00:00Z");
    let told = trial.told(&propose("offer", "push"));
    assert!(
        told.starts_with("deferred until 2010-12-02T09:00:00Z; caps: "),
        "{told}"
    );
}

#[test]
fn a_cap_counts_the_customers_days_not_the_hosts() {
    // A21: at 23:30 in New York it is the next day in London, where the market is.
    let mut trial = Trial::new();
    trial.frame("offer").caps = vec![cap(1, DAY)];
    trial.contact("offer", "email", "2010-12-01T04:30:00Z");
    trial.now = at("2010-12-01T12:00:00Z");
    let refused = trial.told(&propose("offer", "email"));
    assert_eq!(
        refused,
        "deferred until 2010-12-02T00:00:00Z; caps: at most 1 `offer` per 1d"
    );
    trial.lives("time_zone", "America/New_York");
    assert_eq!(
        trial.told(&propose("offer", "email")),
        "permitted at 2010-12-01T12:00:00Z"
    );
    trial.now = at("2010-12-01T03:00:00Z");
    trial.status().contacts.clear();
    trial.contact("offer", "email", "2010-11-30T05:30:00Z");
    assert_eq!(
        trial.told(&propose("offer", "email")),
        "deferred until 2010-12-01T05:00:00Z; caps: at most 1 `offer` per 1d",
        "midnight in New York"
    );
}

#[test]
fn hours_count_as_they_roll() {
    let mut trial = Trial::new();
    trial.channel("email").caps = vec![cap(2, Span::from_millis(36 * 3_600_000))];
    trial.contact("offer", "email", "2010-11-30T20:00:00Z");
    trial.contact("service_note", "email", "2010-12-01T09:00:00Z");
    trial.contact("order_confirmation", "email", "2010-12-01T09:01:00Z");
    trial.contact("offer", "push", "2010-12-01T09:02:00Z");
    assert_eq!(
        trial.told(&propose("cart_reminder", "email")),
        "deferred until 2010-12-02T08:00:00Z; caps: at most 2 contacts per 36h over `email`"
    );
}

#[test]
fn what_waits_counts_and_what_is_replaced_does_not() {
    let mut trial = Trial::new();
    trial.frame("cart_reminder").caps = vec![cap(1, Span::from_days(3))];
    trial.pending("cart_reminder", "email", "2010-12-02T12:00:00Z");
    let refused = "refused by caps: at most 1 `cart_reminder` per 3d: not before 2010-12-05T00:00:00Z, \
                   and it is worth doing until 2010-12-02T12:00:00Z";
    assert_eq!(trial.told(&propose("cart_reminder", "email")), refused);
    trial.frame("cart_reminder").pending = OnPending::Replace;
    let told = trial.told(&propose("cart_reminder", "email"));
    assert_eq!(told, "permitted at 2010-12-01T12:00:00Z");
}

#[test]
fn what_was_due_counts_after_it_has_lapsed() {
    // A21: nobody reports deliveries, so what was due is counted as made.
    let mut trial = Trial::new();
    trial.frame("offer").caps = vec![cap(1, Span::from_days(7))];
    trial.decide(&[propose("offer", "email")]);
    trial.now = at("2010-12-05T12:00:00Z");
    let (charter, now) = (trial.event().charter, trial.now);
    trial.status().forget(&charter, now);
    drop(charter);
    assert!(trial.status().pending.is_empty());
    let told = trial.told(&propose("offer", "email"));
    assert!(
        told.starts_with("refused by caps: at most 1 `offer` per 7d"),
        "{told}"
    );
}

#[test]
fn what_may_have_acted_makes_no_room_for_what_replaces_or_outranks_it() {
    // A21: between its time and its end nobody says that a mail was not sent.
    let mut trial = Trial::new();
    trial.frame("cart_reminder").caps = vec![cap(1, Span::from_days(3))];
    trial.frame("cart_reminder").pending = OnPending::Replace;
    let sent = trial.pending("cart_reminder", "email", "2010-12-01T10:00:00Z");
    let refused = "refused by caps: at most 1 `cart_reminder` per 3d: not before 2010-12-04T00:00:00Z, \
                   and it is worth doing until 2010-12-02T12:00:00Z";
    assert_eq!(trial.told(&propose("cart_reminder", "email")), refused);
    trial.status().pending[0].key = Some("cart".into());
    let same_cart = Proposal {
        key: Some("cart".into()),
        ..propose("cart_reminder", "email")
    };
    assert_eq!(trial.told(&same_cart), refused);
    let better = Proposal {
        score: 1.0,
        ..propose("cart_reminder", "email")
    };
    assert_eq!(trial.told(&better), refused);
    let patient = Proposal {
        lapses_after: Some(Span::from_days(7)),
        ..same_cart
    };
    let (verdicts, replaced) = trial.decide(&[patient]);
    assert!(matches!(verdicts[..], [Verdict::Defer(_)]), "{verdicts:?}");
    assert_eq!(replaced, []);
    assert_eq!(trial.status().pending[0].id, sent, "it still counts");
}

#[test]
fn what_nobody_approved_did_not_act_and_still_gives_way() {
    // A21, A28
    let mut trial = Trial::new();
    trial.frame("cart_reminder").caps = vec![cap(1, Span::from_days(3))];
    trial.frame("cart_reminder").pending = OnPending::Replace;
    let waits = trial.pending("cart_reminder", "email", "2010-12-01T10:00:00Z");
    trial.status().pending[0].approval = Some(at("2010-12-02T10:00:00Z"));
    let (verdicts, replaced) = trial.decide(&[propose("cart_reminder", "email")]);
    assert_eq!(words(&verdicts[0]), "permitted at 2010-12-01T12:00:00Z");
    assert_eq!(replaced, [waits]);
}

#[test]
fn a_cap_of_none_lets_nothing_through_ever() {
    let mut trial = Trial::new();
    trial.channel("email").caps = vec![cap(0, DAY)];
    let told = trial.told(&propose("offer", "email"));
    assert_eq!(
        told,
        "refused by caps: at most 0 contacts per 1d over `email`"
    );
}

#[test]
fn what_comes_first_in_the_order_takes_the_place_of_what_waits() {
    // A21: by priority inside the cap, never first come.
    let mut trial = Trial::new();
    trial.market().caps = vec![cap(2, Span::from_days(7))];
    trial.action("offer").weight = 50;
    let low = trial.pending("offer", "sms", "2010-12-03T12:00:00Z");
    let equal = trial.pending("cart_reminder", "email", "2010-12-02T12:00:00Z");
    let (verdicts, replaced) = trial.decide(&[propose("cart_reminder", "email")]);
    assert_eq!(words(&verdicts[0]), "permitted at 2010-12-01T12:00:00Z");
    assert_eq!(replaced, [low]);
    let left: Vec<ActionId> = trial
        .status()
        .pending
        .iter()
        .map(|pending| pending.id)
        .collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&equal), "of equals, the first stays");
    let told = trial.told(&propose("cart_reminder", "email"));
    assert!(told.starts_with("refused by caps"), "{told}");
    let (verdicts, replaced) = trial.decide(&[propose("service_note", "sms")]);
    assert_eq!(
        words(&verdicts[0]),
        "permitted at 2010-12-01T12:00:00Z",
        "service goes before marketing"
    );
    assert_eq!(replaced.len(), 1);
}

#[test]
fn no_more_gives_way_than_must() {
    let mut trial = Trial::new();
    trial.channel("email").caps = vec![cap(2, Span::from_days(7))];
    trial.pending("offer", "sms", "2010-12-02T12:00:00Z");
    let lapsed = trial.pending("offer", "email", "2010-12-20T12:00:00Z");
    let near = trial.pending("offer", "email", "2010-12-03T12:00:00Z");
    let nearer = trial.pending("cart_reminder", "email", "2010-12-02T12:00:00Z");
    trial.action("offer").weight = 50;
    for pending in &mut trial.status().pending {
        pending.rank.weight = if pending.id == nearer { 80 } else { 50 };
    }
    let (_, replaced) = trial.decide(&[propose("cart_reminder", "email")]);
    assert_eq!(
        replaced,
        [near],
        "not the one of another channel, week or rank: {lapsed:?}"
    );
}

#[test]
fn contacts_press_by_the_weight_of_their_channel() {
    // A45
    let mut trial = Trial::new();
    trial.charter().pressure = Some(Pressure {
        at_most: 6,
        per: Span::from_days(7),
        weights: vec![0, 2, 1, 4, 0],
        refuses: vec![Class::Marketing],
    });
    trial.contact("offer", "email", "2010-11-28T12:00:00Z");
    trial.contact("service_note", "email", "2010-11-30T12:00:00Z");
    trial.contact("order_confirmation", "email", "2010-11-30T12:00:00Z");
    trial.contact("offer", "web", "2010-11-30T12:00:00Z");
    assert_eq!(
        trial.told(&propose("offer", "push")),
        "permitted at 2010-12-01T12:00:00Z"
    );
    assert_eq!(
        trial.told(&propose("offer", "email")),
        "permitted at 2010-12-01T12:00:00Z"
    );
    assert_eq!(
        trial.told(&Proposal {
            lapses_after: Some(Span::from_days(7)),
            ..propose("offer", "sms")
        }),
        "deferred until 2010-12-05T00:00:00Z; pressure: contact pressure of at most 6 per 7d"
    );
    assert_eq!(
        trial.told(&propose("service_note", "sms")),
        "permitted at 2010-12-01T12:00:00Z"
    );
}

/// What one decision of a history is about.
#[derive(Clone, Debug)]
struct Step {
    hours_later: u8,
    action: usize,
    in_hours: u16,
    score: u8,
    key: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u8..30, 0_usize..6, 0_u16..200, 0_u8..4, any::<bool>());
    let step = step.prop_map(|(hours_later, action, in_hours, score, key)| Step {
        hours_later,
        action,
        in_hours,
        score,
        key,
    });
    prop::collection::vec(step, 1..40)
}

const WAYS: [(&str, &str); 6] = [
    ("offer", "email"),
    ("offer", "push"),
    ("offer", "web"),
    ("cart_reminder", "email"),
    ("service_note", "sms"),
    ("order_confirmation", "email"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A21: whatever is proposed in whatever order, one decision after the other as the customer's line has it, no cap is
    /// exceeded by what acted and what waits.
    #[test]
    fn no_history_of_decisions_exceeds_a_cap(steps in steps(), per in 1_u64..6, most in 1_u32..4) {
        let mut trial = Trial::new();
        trial.lives("time_zone", "Pacific/Auckland");
        trial.market().caps = vec![cap(most + 1, Span::from_days(per))];
        trial.channel("email").caps = vec![marketing_cap(most, per)];
        trial.frame("offer").caps = vec![cap(most, Span::from_millis(7 * 3_600_000))];
        trial.frame("cart_reminder").pending = OnPending::Replace;
        let mut acting: Vec<(ActionId, Contact)> = Vec::new();
        for step in steps {
            trial.now = trial.now.plus(Span::from_millis(u64::from(step.hours_later) * 3_600_000));
            let (action, channel) = WAYS[step.action];
            let is_now = channel == "web";
            let proposal = Proposal {
                timing: if is_now { Timing::Now } else { Timing::After(Span::from_millis(u64::from(step.in_hours) * 3_600_000)) },
                lapses_after: Some(Span::from_days(3)),
                score: f64::from(step.score),
                key: step.key.then(|| "one".into()),
                ..propose(action, channel)
            };
            let before = trial.status().clone();
            let (verdicts, replaced) = trial.decide(&[proposal]);
            let now = trial.now;
            acting.retain(|(id, contact)| contact.at < now || !replaced.contains(id));
            if let [Verdict::Permit(permit) | Verdict::Defer(permit)] = &verdicts[..] {
                let known: Vec<ActionId> = before.pending.iter().map(|pending| pending.id).collect();
                let new = trial.status().pending.iter().find(|pending| !known.contains(&pending.id));
                let contact = match new {
                    Some(pending) => (pending.id, pending.made()),
                    None => (ActionId::from_bytes([0; 16]), *trial.status().contacts.last().unwrap()),
                };
                prop_assert_eq!(contact.1.at, permit.due);
                acting.push(contact);
            } else {
                prop_assert!(replaced.is_empty());
            }
            let (charter, now) = (trial.event().charter, trial.now);
            trial.status().forget(&charter, now);
        }
        let zone = TimeZone::get("Pacific/Auckland").unwrap();
        let of = |is: &dyn Fn(&Contact) -> bool| -> Vec<Contact> {
            acting.iter().map(|(_, contact)| *contact).filter(|contact| is(contact)).collect()
        };
        let days = |contacts: Vec<Contact>| contacts.iter().map(|contact| local_day(&zone, contact.at)).collect::<Vec<_>>();
        let all = days(of(&|contact| contact.class != Class::Transactional));
        assert_kept(&all, most + 1, i64::try_from(per).unwrap());
        let mails = days(of(&|contact| contact.class == Class::Marketing && contact.channel == Key::of("channel", "email")));
        assert_kept(&mails, most, i64::try_from(per).unwrap());
        let offers = of(&|contact| contact.action == Key::of("action", "offer"));
        let offers: Vec<_> = offers.iter().map(|contact| contact.at.millis()).collect();
        assert_kept(&offers, most, 7 * HOUR_MS);
    }
}

/// In no stretch of `width` that begins with one of them are more than `most`.
fn assert_kept(places: &[i64], most: u32, width: i64) {
    for start in places {
        let inside = places
            .iter()
            .filter(|place| (*start..start + width).contains(place))
            .count();
        assert!(
            inside <= usize::try_from(most).unwrap(),
            "{inside} in {width} from {start}: {places:?}"
        );
    }
}
