//! When something may be done: hours of a week, and days on which nothing is.

mod holidays;
mod timetable;

use std::fmt;

use jiff::tz::TimeZone;

use crate::charter::laws::Origin;
use crate::charter::table::index;
use crate::clock::Instant;
use crate::ids::Text;

pub use timetable::{Timetable, local_date, local_day, next_allowed_instant, start_of_day};

index! {
    /// One of the charter's calendars.
    CalendarIx
}

/// The open hours of a week, in local time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hours {
    /// Monday first: minutes of the day, from (included) to (excluded), in order, not touching each other.
    pub days: [Vec<(u16, u16)>; 7],
}

/// Named days on which nothing goes out.
#[derive(Debug)]
pub struct Calendar {
    pub name: Text,
    pub days: Vec<Holiday>,
    pub origin: Origin,
}

/// One day of every year, or of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holiday {
    /// `12-25`
    Yearly { month: i8, day: i8 },
    /// `easter+39`: so many days after Easter Sunday of the Gregorian calendar.
    Easter { days: i16 },
    /// `4th thu 11`: the nth such weekday of a month.
    Nth {
        nth: i8,
        weekday: jiff::civil::Weekday,
        month: i8,
    },
    /// `last mon 05`
    Last {
        weekday: jiff::civil::Weekday,
        month: i8,
    },
    /// `2026-09-22`
    Once(jiff::civil::Date),
}

/// A closed stretch of a week, in minutes since Monday began. As text: `20:00-08:00`, or `sat 20:00-mon 08:00` where it
/// lasts a day or longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quiet {
    from: u16,
    to: u16,
}

const DAY_MINUTES: u16 = 24 * 60;
const WEEK_MINUTES: u16 = 7 * DAY_MINUTES;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// What both leave open.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for (day, (ours, theirs)) in both.days.iter_mut().zip(self.days.iter().zip(&other.days)) {
            let stretches = ours.iter().flat_map(|(from, to)| {
                theirs
                    .iter()
                    .map(move |(start, end)| (*from.max(start), *to.min(end)))
            });
            day.extend(stretches.filter(|(from, to)| from < to));
        }
        both
    }

    /// Whether it is open at `instant` where `zone` is.
    pub fn is_open(&self, zone: &TimeZone, instant: Instant) -> bool {
        timetable::Local::at(zone, instant).is_open(self)
    }

    /// The closed stretch of the week around `instant` where `zone` is; `None` where it is open, and where it never is.
    pub fn quiet_at(&self, zone: &TimeZone, instant: Instant) -> Option<Quiet> {
        let local = timetable::Local::at(zone, instant);
        if local.is_open(self) {
            return None;
        }
        let now = local.minute_of_week();
        let stretches = || {
            (0..)
                .step_by(usize::from(DAY_MINUTES))
                .zip(&self.days)
                .flat_map(|(midnight, stretches)| {
                    stretches
                        .iter()
                        .map(move |(from, to)| (midnight + from, midnight + to))
                })
        };
        let (starts, ends) = (
            || stretches().map(|(from, _)| from),
            || stretches().map(|(_, to)| to),
        );
        let from = ends().filter(|end| *end <= now).max().or(ends().max())?;
        let to = starts()
            .filter(|start| *start > now)
            .min()
            .or(starts().min())?;
        Some(Quiet { from, to })
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasts = (self.to + WEEK_MINUTES - self.from % WEEK_MINUTES) % WEEK_MINUTES;
        let is_long = lasts == 0 || lasts >= DAY_MINUTES;
        for (minute, before) in [(self.from, ""), (self.to, "-")] {
            f.write_str(before)?;
            let minute = minute % WEEK_MINUTES;
            if let (true, Some(day)) = (is_long, WEEKDAYS.get(usize::from(minute / DAY_MINUTES))) {
                write!(f, "{day} ")?;
            }
            let of_day = minute % DAY_MINUTES;
            write!(f, "{:02}:{:02}", of_day / 60, of_day % 60)?;
        }
        Ok(())
    }
}
