//! Which dates are holidays.

use jiff::civil::Date;

use crate::charter::hours::{Calendar, Holiday};

impl Calendar {
    /// Whether `date` is one of its days.
    pub fn contains(&self, date: Date) -> bool {
        self.days.iter().any(|day| day.is(date))
    }
}

impl Holiday {
    /// Whether `date` is this day.
    pub fn is(self, date: Date) -> bool {
        match self {
            Self::Yearly { month, day } => (date.month(), date.day()) == (month, day),
            Self::Easter { days } => {
                let easter = easter(date.year());
                easter.is_some_and(|easter| {
                    i32::from(date.day_of_year()) - i32::from(easter.day_of_year())
                        == i32::from(days)
                })
            }
            Self::Nth {
                nth,
                weekday,
                month,
            } => {
                (date.month(), date.weekday()) == (month, weekday)
                    && (date.day() - 1) / 7 + 1 == nth
            }
            Self::Last { weekday, month } => {
                (date.month(), date.weekday()) == (month, weekday)
                    && date.day() + 7 > date.days_in_month()
            }
            Self::Once(once) => date == once,
        }
    }
}

/// Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher.
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let golden = year % 19;
    let (century, of_century) = (year / 100, year % 100);
    let corrected = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - corrected + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let moved = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * moved + 114;
    let (month, day) = (
        i8::try_from(days / 31).ok()?,
        i8::try_from(days % 31 + 1).ok()?,
    );
    Date::new(i16::try_from(year).ok()?, month, day).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;
    use crate::charter::laws::{Origin, OriginKind};
    use crate::ids::Text;

    fn check(holiday: Holiday, year: i16, expected: &[Date]) {
        let calendar = Calendar {
            name: "some".into(),
            days: vec![holiday],
            origin: Origin {
                kind: OriginKind::Custom,
                source: Text::default(),
                review_by: None,
            },
        };
        let first = date(year, 1, 1);
        let days = first.series(jiff::Span::new().days(1));
        let found: Vec<_> = days
            .take_while(|day| day.year() == year)
            .filter(|day| calendar.contains(*day))
            .collect();
        assert_eq!(found, expected, "{holiday:?} in {year}");
    }

    #[test]
    fn a_day_that_a_year_does_not_have_is_no_holiday_of_it() {
        check(Holiday::Yearly { month: 2, day: 29 }, 2025, &[]);
        check(
            Holiday::Yearly { month: 2, day: 29 },
            2028,
            &[date(2028, 2, 29)],
        );
        let fifth = Holiday::Nth {
            nth: 5,
            weekday: Weekday::Monday,
            month: 2,
        };
        check(fifth, 2025, &[]);
        check(Holiday::Once(date(2026, 9, 22)), 2025, &[]);
    }

    #[test]
    fn easter_falls_where_the_churches_say() {
        // A33: the days of the moving feasts, from the published tables.
        for (year, month, day) in [
            (1961, 4, 2),
            (2000, 4, 23),
            (2010, 4, 4),
            (2011, 4, 24),
            (2019, 4, 21),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2038, 4, 25),
            (2285, 3, 22),
        ] {
            check(Holiday::Easter { days: 0 }, year, &[date(year, month, day)]);
        }
        check(Holiday::Easter { days: -2 }, 2026, &[date(2026, 4, 3)]);
        check(Holiday::Easter { days: 39 }, 2026, &[date(2026, 5, 14)]);
        check(Holiday::Easter { days: 50 }, 2024, &[date(2024, 5, 20)]);
    }

    #[test]
    fn the_nth_and_the_last_weekday_of_a_month_are_found() {
        let thanksgiving = Holiday::Nth {
            nth: 4,
            weekday: Weekday::Thursday,
            month: 11,
        };
        check(thanksgiving, 2026, &[date(2026, 11, 26)]);
        let spring = Holiday::Last {
            weekday: Weekday::Monday,
            month: 5,
        };
        check(spring, 2026, &[date(2026, 5, 25)]);
        check(spring, 2027, &[date(2027, 5, 31)]);
    }
}
