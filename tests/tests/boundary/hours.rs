//! The first allowed instant, against a scanner that looks at every minute.

use std::collections::HashSet;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use kairos::charter::hours::{Timetable, next_allowed_instant};
use kairos::charter::laws::{Origin, OriginKind};
use kairos::charter::{Calendar, Holiday, Hours};
use kairos::clock::{Instant, Span};
use kairos_tests::trial::at;
use proptest::prelude::*;

const MINUTE: Span = Span::from_millis(60_000);

/// The same stretches on every day.
fn daily(stretches: &[(u16, u16)]) -> Hours {
    Hours {
        days: std::array::from_fn(|_| stretches.to_vec()),
    }
}

fn calendar(days: Vec<Holiday>) -> Calendar {
    Calendar {
        name: "some".into(),
        days,
        origin: Origin {
            kind: OriginKind::Custom,
            source: "nobody".into(),
            review_by: None,
        },
    }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// What a wall clock and a wall calendar say.
fn is_allowed(zone: &TimeZone, rules: &Timetable<'_>, instant: Instant) -> bool {
    let local = zone.to_datetime(instant.timestamp());
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
    let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap();
    let is_open = |hours: &&Hours| {
        let mut stretches = hours.days[weekday].iter();
        stretches.any(|(from, to)| (*from..*to).contains(&minute))
    };
    rules.hours.iter().all(is_open)
        && !rules
            .holidays
            .iter()
            .any(|calendar| calendar.contains(local.date()))
}

/// The instant itself, or the first whole minute after it that is allowed, within `span`.
fn scan(from: Instant, zone: &TimeZone, rules: &Timetable<'_>, span: Span) -> Option<Instant> {
    if is_allowed(zone, rules, from) {
        return Some(from);
    }
    let minute = i64::try_from(MINUTE.millis()).unwrap();
    let mut at = Instant::from_millis((from.millis().div_euclid(minute) + 1) * minute);
    while at <= from.plus(span) {
        if is_allowed(zone, rules, at) {
            return Some(at);
        }
        at = at.plus(MINUTE);
    }
    None
}

/// The search and the scanner agree, as far as the scanner looks.
fn check(from: Instant, zone: &TimeZone, rules: &Timetable<'_>, span: Span) {
    let found = next_allowed_instant(from, zone, rules);
    let scanned = scan(from, zone, rules, span);
    let name = zone.iana_name().unwrap_or("a zone without a name");
    match scanned {
        Some(_) => assert_eq!(found, scanned, "from {from} in {name} by {rules:?}"),
        None => assert!(
            found.is_none_or(|found| found > from.plus(span) && is_allowed(zone, rules, found)),
            "from {from} in {name} by {rules:?}: {found:?}"
        ),
    }
}

fn zones() -> Vec<TimeZone> {
    let zones: Vec<_> = jiff::tz::db()
        .available()
        .filter_map(|name| TimeZone::get(name.as_str()).ok())
        .collect();
    assert!(zones.len() > 400, "only {} zones", zones.len());
    zones
}

#[test]
fn around_every_change_of_every_clock_nothing_forbidden_is_found_and_nothing_allowed_is_skipped() {
    // B10, D17, golden 3: all zones of IANA, 2020 to 2040. A change that zones share is looked at once.
    let night = daily(&[(8 * 60, 20 * 60)]);
    let small = daily(&[(0, 20), (120, 150), (165, 170), (23 * 60 + 50, 24 * 60)]);
    let gap = daily(&[(2 * 60, 3 * 60)]);
    let timetables = [vec![&gap], vec![&small], vec![&night, &small]].map(|hours| Timetable {
        hours,
        holidays: Vec::new(),
    });
    let (first, last) = (at("2020-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"));
    let mut looked_at = HashSet::new();
    for zone in zones() {
        let changes = zone.following(first.timestamp());
        let changes = changes.take_while(|change| change.timestamp() < last.timestamp());
        for change in changes {
            let instant = Instant::from_millis(change.timestamp().as_millisecond());
            let before = zone.to_offset(instant.minus(MINUTE).timestamp());
            if !looked_at.insert((instant, before, change.offset())) {
                continue;
            }
            for (minutes, timetable) in (0..).zip(&timetables).flat_map(|(number, timetable)| {
                [(-91 - number, timetable), (-1, timetable), (31, timetable)]
            }) {
                let from = Instant::from_millis(instant.millis() + minutes * 60_000 + 17);
                check(from, &zone, timetable, Span::from_days(1));
            }
        }
    }
    assert!(looked_at.len() > 500, "only {} changes", looked_at.len());
}

#[test]
fn hours_that_the_clocks_jump_over_open_on_the_next_day() {
    // Golden 3: on 29 March 2026 there is no 02:30 in Berlin.
    let (berlin, hours) = (zone("Europe/Berlin"), daily(&[(120, 180)]));
    let rules = Timetable {
        hours: vec![&hours],
        holidays: Vec::new(),
    };
    let found = next_allowed_instant(at("2026-03-29T00:30:00Z"), &berlin, &rules);
    assert_eq!(found, Some(at("2026-03-30T00:00:00Z")));
}

#[test]
fn hours_that_come_twice_open_twice() {
    // Golden 3: on 25 October 2026 it is 02:15 twice in Berlin.
    let (berlin, hours) = (zone("Europe/Berlin"), daily(&[(120, 150)]));
    let rules = Timetable {
        hours: vec![&hours],
        holidays: Vec::new(),
    };
    let found = next_allowed_instant(at("2026-10-25T00:45:00Z"), &berlin, &rules);
    assert_eq!(
        found,
        Some(at("2026-10-25T01:00:00Z")),
        "02:00, the second time"
    );
}

#[test]
fn a_day_that_a_zone_skips_is_skipped() {
    // Samoa had no 30 December 2011.
    let apia = zone("Pacific/Apia");
    let holidays = calendar(vec![
        Holiday::Once(date(2011, 12, 29)),
        Holiday::Once(date(2011, 12, 30)),
    ]);
    let rules = Timetable {
        hours: Vec::new(),
        holidays: vec![&holidays],
    };
    let found = next_allowed_instant(at("2011-12-29T12:00:00Z"), &apia, &rules);
    assert_eq!(
        found,
        Some(at("2011-12-30T10:00:00Z")),
        "midnight of the 31st"
    );
}

#[test]
fn what_never_opens_has_no_first_instant() {
    let (never, morning, evening) = (Hours::default(), daily(&[(480, 600)]), daily(&[(600, 720)]));
    let every_day = calendar(
        (1..=12)
            .flat_map(|month| (1..=31).map(move |day| Holiday::Yearly { month, day }))
            .collect(),
    );
    for (hours, holidays) in [
        (vec![&never], vec![]),
        (vec![&morning, &evening], vec![]),
        (vec![], vec![&every_day]),
    ] {
        let rules = Timetable { hours, holidays };
        let found = next_allowed_instant(at("2026-05-01T00:00:00Z"), &zone("Asia/Tokyo"), &rules);
        assert_eq!(found, None, "{rules:?}");
    }
}

#[test]
fn quiet_hours_are_told_as_a_marketer_says_them() {
    // A33
    let berlin = zone("Europe/Berlin");
    let mut hours = daily(&[(8 * 60, 20 * 60)]);
    let told = |hours: &Hours, time: &str| {
        hours
            .quiet_at(&berlin, at(time))
            .map(|quiet| quiet.to_string())
    };
    assert_eq!(told(&hours, "2010-12-01T22:10:00Z").unwrap(), "20:00-08:00");
    assert_eq!(told(&hours, "2010-12-01T12:00:00Z"), None, "open");
    hours.days[6].clear();
    let sunday = "2010-12-05T12:00:00Z";
    assert_eq!(told(&hours, sunday).unwrap(), "sat 20:00-mon 08:00");
    assert_eq!(told(&hours, "2010-12-01T22:10:00Z").unwrap(), "20:00-08:00");
    let lunch = daily(&[(0, 12 * 60), (13 * 60, 24 * 60)]);
    assert_eq!(told(&lunch, "2010-12-01T11:30:00Z").unwrap(), "12:00-13:00");
    assert_eq!(told(&Hours::default(), sunday), None, "never open");
}

/// Up to three stretches of a day, in order and not touching.
fn day() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop::collection::btree_set(0_u16..=1440, 0..=6).prop_map(|minutes| {
        let minutes: Vec<_> = minutes.into_iter().collect();
        minutes
            .chunks_exact(2)
            .map(|pair| (pair[0], pair[1]))
            .collect()
    })
}

fn hours() -> impl Strategy<Value = Hours> {
    prop::array::uniform7(day()).prop_map(|days| Hours { days })
}

fn dates() -> impl Strategy<Value = Vec<Holiday>> {
    let once = (0_i32..14).prop_map(|days| {
        let start: Date = date(2026, 3, 24);
        Holiday::Once(start.checked_add(jiff::Span::new().days(days)).unwrap())
    });
    prop::collection::vec(once, 0..4)
}

fn any_zone() -> impl Strategy<Value = TimeZone> {
    let zones = zones();
    any::<prop::sample::Index>().prop_map(move |index| index.get(&zones).clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any hours, any holidays, any zone, from 2020 to 2040: as the scanner finds it.
    #[test]
    fn any_timetable_opens_when_the_scanner_says(
        one in hours(), other in hours(), zone in any_zone(), from in 1_577_836_800_000_i64..2_208_988_800_000,
    ) {
        let rules = Timetable { hours: vec![&one, &other], holidays: Vec::new() };
        check(Instant::from_millis(from), &zone, &rules, Span::from_days(8));
    }

    /// Holidays and hours together.
    #[test]
    fn holidays_close_whole_local_days(
        one in hours(), days in dates(), zone in any_zone(), hour in 0_i64..24 * 14,
    ) {
        let calendar = calendar(days);
        let rules = Timetable { hours: vec![&one], holidays: vec![&calendar] };
        let from = Instant::from_millis(at("2026-03-24T00:00:00Z").millis() + hour * 3_600_000);
        check(from, &zone, &rules, Span::from_days(8));
    }

    /// What two leave open is open in both, and the other way round.
    #[test]
    fn the_intersection_is_open_where_both_are(one in hours(), other in hours(), minute in 0_i64..7 * 1_440) {
        let at = Instant::from_millis(minute * 60_000);
        let utc = TimeZone::UTC;
        let both = one.intersect(&other);
        prop_assert_eq!(both.is_open(&utc, at), one.is_open(&utc, at) && other.is_open(&utc, at));
        for day in &both.days {
            prop_assert!(day.is_sorted() && day.iter().all(|(from, to)| from < to));
        }
    }
}
