//! The first instant at which everything is open.
//!
//! Between two changes of a zone's clocks, local time is UTC moved by a constant, so the search runs through local days of
//! one such period after the other. That way a local time that the clocks jump over is never found, and one that comes
//! twice is found twice.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use crate::charter::hours::{Calendar, Hours};
use crate::clock::{Instant, Span};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// How far ahead an opening is looked for.
const AHEAD: Span = Span::from_days(400);

/// What must be open, and the days on which nothing is.
#[derive(Clone, Debug, Default)]
pub struct Timetable<'a> {
    pub hours: Vec<&'a Hours>,
    pub holidays: Vec<&'a Calendar>,
}

/// The first instant at or after `from` at which all hours are open and which is on no holiday, where `zone` is; `None`
/// where there is none within 400 days.
///
/// Exact to the millisecond: hours begin and end with a minute, and an instant inside of them is taken as it is.
pub fn next_allowed_instant(
    from: Instant,
    zone: &TimeZone,
    rules: &Timetable<'_>,
) -> Option<Instant> {
    if rules.is_always_open() {
        return Some(from);
    }
    let local = Local::at(zone, from);
    if rules.is_open(local) {
        return Some(from);
    }
    let last = from.plus(AHEAD);
    let mut changes = zone.following(from.timestamp());
    let (mut start, mut offset) = (from, local.0 - from.millis());
    loop {
        let change = changes.next();
        let change = change.map(|change| {
            let at = Instant::from_millis(change.timestamp().as_millisecond());
            (at, millis(change.offset()))
        });
        let end = change.map_or(last, |(at, _)| at.min(last));
        let (local, before) = (start.millis() + offset, end.millis() + offset);
        if let Some(found) = rules.first_open(Local(local), Local(before)) {
            return Some(Instant::from_millis(found.0 - offset));
        }
        (start, offset) = change.filter(|(at, _)| *at < last)?;
    }
}

/// Which day `instant` is on where `zone` is, in days since 1970.
pub fn local_day(zone: &TimeZone, instant: Instant) -> i64 {
    Local::at(zone, instant).day()
}

/// The date of `instant` where `zone` is.
pub fn local_date(zone: &TimeZone, instant: Instant) -> Option<Date> {
    date(local_day(zone, instant))
}

/// When a local day begins: midnight, or what comes right after it where the clocks jump over it.
pub fn start_of_day(zone: &TimeZone, day: i64) -> Option<Instant> {
    let zoned = date(day)?.to_zoned(zone.clone()).ok()?;
    Some(Instant::from_millis(zoned.timestamp().as_millisecond()))
}

impl Timetable<'_> {
    pub fn is_always_open(&self) -> bool {
        self.hours.is_empty() && self.holidays.is_empty()
    }

    fn is_open(&self, local: Local) -> bool {
        self.hours.iter().all(|hours| local.is_open(hours)) && !self.is_holiday(local.day())
    }

    /// The first open local time from `start` on and before `end`.
    fn first_open(&self, start: Local, end: Local) -> Option<Local> {
        let mut of_day = start.of_day();
        for day in start.day()..=end.day() {
            let found = self.next_open(weekday(day), of_day);
            let found = found.map(|of_day| Local(day * DAY_MS + of_day));
            if let Some(local) = found.filter(|local| *local < end)
                && !self.is_holiday(day)
            {
                return Some(local);
            }
            of_day = 0;
        }
        None
    }

    /// The first millisecond of a weekday, at or after `of_day`, at which all hours are open.
    fn next_open(&self, weekday: usize, mut of_day: i64) -> Option<i64> {
        loop {
            let before = of_day;
            for hours in &self.hours {
                of_day = hours.next_open(weekday, of_day)?;
            }
            if of_day == before {
                return Some(of_day);
            }
        }
    }

    fn is_holiday(&self, day: i64) -> bool {
        !self.holidays.is_empty()
            && date(day)
                .is_some_and(|date| self.holidays.iter().any(|calendar| calendar.contains(date)))
    }
}

impl Hours {
    /// The first open millisecond of a weekday, at or after `of_day`.
    fn next_open(&self, weekday: usize, of_day: i64) -> Option<i64> {
        let mut stretches = self.days.get(weekday)?.iter();
        let (from, _) = stretches.find(|(_, to)| of_day < i64::from(*to) * MINUTE_MS)?;
        Some(of_day.max(i64::from(*from) * MINUTE_MS))
    }
}

/// Local time: milliseconds since 1970 began there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Local(i64);

impl Local {
    pub(super) fn at(zone: &TimeZone, instant: Instant) -> Self {
        let offset = zone.to_offset(instant.timestamp());
        Self(instant.millis().saturating_add(millis(offset)))
    }

    pub(super) fn is_open(self, hours: &Hours) -> bool {
        hours.next_open(weekday(self.day()), self.of_day()) == Some(self.of_day())
    }

    pub(super) fn minute_of_week(self) -> u16 {
        let minute = self.of_day() / MINUTE_MS;
        let weekday = u16::try_from(weekday(self.day())).unwrap_or_default();
        weekday * 24 * 60 + u16::try_from(minute).unwrap_or_default()
    }

    fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    fn of_day(self) -> i64 {
        self.0.rem_euclid(DAY_MS)
    }
}

fn millis(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000
}

/// Monday is 0; 1970 began on a Thursday.
fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default()
}

fn date(day: i64) -> Option<Date> {
    let midnight = jiff::Timestamp::from_second(day.checked_mul(86_400)?).ok()?;
    Some(Offset::UTC.to_datetime(midnight).date())
}
