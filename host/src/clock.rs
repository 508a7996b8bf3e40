//! Time: instants, spans, and the one place where the host asks what time it is.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Instant(i64);

/// A calendar month in UTC, counted from January 1970, which also stands for everything before.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Month(u16);

/// Milliseconds, never negative.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Span(u64);

/// Text that is not an RFC 3339 time.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time such as `2026-11-02T09:30:00Z`")]
pub struct InvalidInstant {
    text: String,
    source: jiff::Error,
}

impl Instant {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Result<Self, InvalidInstant> {
        match text.parse::<jiff::Timestamp>() {
            Ok(time) => Ok(Self(time.as_millisecond())),
            Err(source) => Err(InvalidInstant {
                text: text.chars().take(64).collect(),
                source,
            }),
        }
    }

    /// Reads a time, or a time so long before `now`: `7d`; `None` for anything else.
    pub fn parse_or_ago(text: &str, now: Self) -> Option<Self> {
        let ago = || Span::parse(text).map(|span| now.minus(span));
        Self::parse(text).ok().or_else(ago)
    }

    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub const fn since(self, earlier: Self) -> Span {
        let millis = self.0.saturating_sub(earlier.0);
        Span(if millis > 0 { millis.unsigned_abs() } else { 0 })
    }

    /// When a day in UTC begins.
    pub fn start_of(date: jiff::civil::Date) -> Self {
        let midnight = date.to_datetime(jiff::civil::Time::midnight());
        let zoned = midnight.to_zoned(jiff::tz::TimeZone::UTC);
        Self(zoned.map_or(0, |zoned| zoned.timestamp().as_millisecond()))
    }

    /// When the next day in UTC begins.
    pub const fn next_day(self) -> Self {
        const DAY: i64 = 86_400_000;
        Self(self.0.div_euclid(DAY).saturating_add(1).saturating_mul(DAY))
    }

    /// The month that it is in.
    pub fn month(self) -> Month {
        let date = jiff::tz::Offset::UTC.to_datetime(self.timestamp()).date();
        let months = (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1;
        Month(u16::try_from(months).unwrap_or_default())
    }

    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

/// RFC 3339 in UTC, with milliseconds only where there are some.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Month {
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    pub const fn number(self) -> u16 {
        self.0
    }

    /// When the next one begins.
    pub fn end(self) -> Instant {
        let (year, month) = Self(self.0.saturating_add(1)).year_and_month();
        let begin = jiff::civil::Date::new(year, month, 1)
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
        begin.map_or(Instant(i64::MAX), |begin| {
            Instant(begin.timestamp().as_millisecond())
        })
    }

    fn year_and_month(self) -> (i16, i8) {
        let year = i16::try_from(1970 + self.0 / 12).unwrap_or(i16::MAX);
        (year, i8::try_from(self.0 % 12 + 1).unwrap_or(1))
    }
}

/// `2026-11`
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = self.year_and_month();
        write!(f, "{year:04}-{month:02}")
    }
}

impl Span {
    /// Reads `90d`, `12h`, `45m`, `30s`, `5ms`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let millis = match unit {
            "d" => 86_400_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        number.checked_mul(millis).map(Self::from_millis)
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub const fn from_days(days: u64) -> Self {
        Self(days.saturating_mul(86_400_000))
    }

    pub const fn millis(self) -> u64 {
        self.0
    }
}

/// In the largest unit that divides it, as the charter writes it: `90d`, `45m`, `5ms`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, millis) in [
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1_000),
        ] {
            if self.0 != 0 && self.0.is_multiple_of(millis) {
                return write!(f, "{}{unit}", self.0 / millis);
            }
        }
        write!(f, "{}ms", self.0)
    }
}

/// What time it is for the host.
#[derive(Debug)]
pub enum Clock {
    /// The machine's own time.
    System,
    /// The latest `occurred-at` seen: for demos, pilots and tests on old data.
    Events(AtomicI64),
    /// Stands still until it is set.
    Fixed(AtomicI64),
}

impl Clock {
    pub fn events() -> Self {
        Self::Events(AtomicI64::new(0))
    }

    pub fn fixed(at: Instant) -> Self {
        Self::Fixed(AtomicI64::new(at.0))
    }

    pub fn now(&self) -> Instant {
        match self {
            Self::System => Instant(jiff::Timestamp::now().as_millisecond()),
            Self::Events(latest) | Self::Fixed(latest) => Instant(latest.load(Ordering::Relaxed)),
        }
    }

    /// When something really happened to this host: an event clock does not know.
    pub fn wall(&self) -> Instant {
        match self {
            Self::System | Self::Events(_) => Instant(jiff::Timestamp::now().as_millisecond()),
            Self::Fixed(_) => self.now(),
        }
    }

    /// Tells an event clock that something occurred; the others do not care.
    pub fn saw(&self, occurred_at: Instant) {
        if let Self::Events(latest) = self {
            latest.fetch_max(occurred_at.0, Ordering::Relaxed);
        }
    }

    /// Moves a fixed clock; the others do not move.
    pub fn set(&self, at: Instant) {
        if let Self::Fixed(now) = self {
            now.store(at.0, Ordering::Relaxed);
        }
    }
}

/// Time that only ever goes forward, for measuring how long something took; not for decisions.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the monotonic clock"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_month_ends_where_the_next_one_begins() {
        for (inside, name, end) in [
            ("2026-11-25T09:00:00Z", "2026-11", "2026-12-01T00:00:00Z"),
            ("2024-02-29T23:59:59Z", "2024-02", "2024-03-01T00:00:00Z"),
            (
                "2024-12-31T23:59:59.999Z",
                "2024-12",
                "2025-01-01T00:00:00Z",
            ),
            ("1969-07-20T20:17:40Z", "1970-01", "1970-02-01T00:00:00Z"),
        ] {
            let month = at(inside).month();
            assert_eq!(month.to_string(), name);
            assert_eq!(month.end(), at(end));
            assert!(month.end().month() > month);
        }
    }
}
