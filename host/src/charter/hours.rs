//! When something may be done: hours of a week, and days on which nothing is.

use crate::charter::laws::Origin;
use crate::charter::table::index;
use crate::ids::Text;

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
