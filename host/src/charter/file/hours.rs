//! The hours of a week, and the days of [calendars].

use jiff::civil::{Date, Weekday};

use crate::charter::Charter;
use crate::charter::file::laws;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values;
use crate::charter::hours::{Calendar, Holiday, Hours};
use crate::ids::Text;

pub(super) const HOURS_KEYS: Keys = Keys {
    known: &["days", "from", "to"],
    later: &[],
    central: &[],
};

pub(super) const CALENDAR_KEYS: Keys = Keys {
    known: &["days", "kind", "source", "review-by"],
    later: &[],
    central: &[],
};

pub(in crate::charter) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
/// The most entries of one table of hours.
const STRETCHES: usize = 64;
/// The most days of one calendar.
const CALENDAR_DAYS: usize = 1_000;
const DAY_MINUTES: u16 = 24 * 60;

/// `[{ days = "mon-sat", from = "08:00", to = "20:00" }]`
pub(super) fn read_hours(node: &Node, findings: &Findings) -> Option<Hours> {
    let entries = match &node.shape {
        Shape::List(entries) if !entries.is_empty() => entries,
        Shape::List(_) => {
            findings.say(
                node,
                "is empty, so it would never be open: leave it out for always",
            );
            return None;
        }
        _ => {
            findings.say(
                node,
                format!(
                    "is {}: write a list such as `[{{ days = \"mon-sat\", from = \"08:00\", to = \"20:00\" }}]`",
                    node.shown()
                ),
            );
            return None;
        }
    };
    if let Some(node) = entries.get(STRETCHES) {
        findings.say(node, format!("is one entry too many: at most {STRETCHES}"));
    }
    let mut hours = Some(Hours::default());
    for node in entries.iter().take(STRETCHES) {
        let read = read_stretch(node, findings);
        hours = hours.zip(read).and_then(|(hours, (days, from, to))| {
            let opened = open_on(hours, &days, (from, to));
            opened.map_err(|wrong| findings.say(node, wrong)).ok()
        });
    }
    hours.map(|mut hours| {
        hours.days.iter_mut().for_each(join);
        hours
    })
}

/// Opens on more days from one time to another; they must not be open then yet.
fn open_on(mut hours: Hours, days: &[&str], (from, to): (u16, u16)) -> Result<Hours, String> {
    for (open, (day, _)) in hours.days.iter_mut().zip(WEEKDAYS) {
        if !days.contains(&day) {
            continue;
        }
        if let Some((start, end)) = open.iter().find(|(start, end)| from < *end && *start < to) {
            return Err(format!(
                "overlaps on {day}: {} and {}",
                stretch(*start, *end),
                stretch(from, to)
            ));
        }
        open.push((from, to));
    }
    Ok(hours)
}

/// In order, and what touches is one.
fn join(open: &mut Vec<(u16, u16)>) {
    open.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::with_capacity(open.len());
    for &(from, to) in open.iter() {
        match joined.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            _ => joined.push((from, to)),
        }
    }
    *open = joined;
}

fn read_stretch(node: &Node, findings: &Findings) -> Option<(Vec<&'static str>, u16, u16)> {
    let section = Section::open(node, &HOURS_KEYS, findings);
    let days = section.required("days", read_days);
    let from = section.required("from", |node| time_of_day(node, DAY_MINUTES - 1));
    let to = section.required("to", |node| {
        let to = time_of_day(node, DAY_MINUTES)?;
        match from {
            Some(from) if to <= from => Err(format!(
                "is not after {}: what goes past midnight is written as two entries, to `24:00` and from `00:00`",
                clock(from)
            )),
            _ => Ok(to),
        }
    });
    Some((days?, from?, to?))
}

/// `mon-sun`, `mon,wed`, `sat`.
fn read_days(node: &Node) -> Result<Vec<&'static str>, String> {
    let wrong = || {
        format!(
            "is {}: write days such as `mon-fri`, `mon,wed` or `sat`",
            node.shown()
        )
    };
    let position = |day: &str| {
        WEEKDAYS
            .iter()
            .position(|(name, _)| *name == day.trim())
            .ok_or_else(wrong)
    };
    let written = values::text(node).map_err(|_| wrong())?;
    let mut days = Vec::new();
    for part in written.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (position(first)?, position(last)?),
            None => (position(part)?, position(part)?),
        };
        if last < first {
            return Err(format!(
                "`{}` goes past sunday: a week begins on monday, so write two parts such as `fri-sun,mon`",
                part.trim()
            ));
        }
        for (day, _) in WEEKDAYS.iter().skip(first).take(last - first + 1) {
            if days.contains(day) {
                return Err(format!("names {day} twice"));
            }
            days.push(*day);
        }
    }
    Ok(days)
}

/// Minutes since midnight, at most `latest`.
fn time_of_day(node: &Node, latest: u16) -> Result<u16, String> {
    let wrong = || {
        format!(
            "is {}: write a time from `00:00` to `{}`",
            node.shown(),
            clock(latest)
        )
    };
    let written = values::text(node).map_err(|_| wrong())?;
    let digits = |part: &str| {
        let is_pair = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_pair.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = written.split_once(':').ok_or_else(wrong)?;
    match (digits(hours), digits(minutes)) {
        (Some(hours), Some(minutes)) if minutes < 60 => Some(hours * 60 + minutes),
        _ => None,
    }
    .filter(|minutes| *minutes <= latest)
    .ok_or_else(wrong)
}

pub(in crate::charter) fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `08:00-20:00`
pub(super) fn stretch(from: u16, to: u16) -> String {
    format!("{}-{}", clock(from), clock(to))
}

pub(super) fn read_calendars(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("calendars") {
        let section = Section::open(node, &CALENDAR_KEYS, findings);
        section.required("days", |node| match &node.shape {
            Shape::List(days) if days.is_empty() => {
                Err("is empty: name at least one day, such as `12-25`".to_owned())
            }
            Shape::List(days) if days.len() > CALENDAR_DAYS => {
                Err(format!("has {}: at most {CALENDAR_DAYS}", days.len()))
            }
            _ => Ok(()),
        });
        let mut days: Vec<Holiday> = Vec::new();
        for (day, node) in section.list("days", |node| Ok((read_holiday(node)?, node))) {
            if days.contains(&day) {
                findings.say(node, format!("names {} twice", node.shown()));
            }
            days.push(day);
        }
        charter.calendars.push(Calendar {
            name: Text::new(name),
            days,
            origin: laws::read_origin(&section),
        });
    }
}

/// `12-25`, `easter+39`, `4th thu 11`, `last mon 05`, `2026-09-22`.
fn read_holiday(node: &Node) -> Result<Holiday, String> {
    if let Shape::Date(_) = node.shape {
        return values::date(node).map(Holiday::Once);
    }
    let wrong = || {
        format!(
            "is {}: write a day such as `12-25`, `easter+39`, `4th thu 11`, `last mon 05` or `2026-09-22`",
            node.shown()
        )
    };
    let written = values::text(node).map_err(|_| wrong())?;
    let parts: Vec<&str> = written.split_whitespace().collect();
    let day = match parts.as_slice() {
        [day] => read_one_day(day),
        [which, weekday, month] => read_nth_day(which, weekday, month),
        _ => None,
    };
    day.ok_or_else(wrong)
}

fn read_one_day(written: &str) -> Option<Holiday> {
    /// So far from Easter Sunday, still in its year.
    const FURTHEST: i16 = 80;
    if let Some(days) = written.strip_prefix("easter") {
        let is_signed = days.is_empty() || days.starts_with(['+', '-']);
        let days = match days {
            "" => Some(0),
            days => days.parse::<i16>().ok(),
        };
        return days
            .filter(|days| is_signed && days.abs() <= FURTHEST)
            .map(|days| Holiday::Easter { days });
    }
    if let Ok(date) = written.parse::<Date>() {
        return Some(Holiday::Once(date));
    }
    let (month, day) = written.split_once('-')?;
    let (month, day) = (two_digits(month)?, two_digits(day)?);
    // A leap year, so that 29 February is a day.
    Date::new(2024, month, day)
        .ok()
        .map(|_| Holiday::Yearly { month, day })
}

fn read_nth_day(which: &str, weekday: &str, month: &str) -> Option<Holiday> {
    let (_, weekday) = WEEKDAYS.into_iter().find(|(name, _)| *name == weekday)?;
    let month = two_digits(month).filter(|month| (1..=12).contains(month))?;
    let nth = match which {
        "last" => return Some(Holiday::Last { weekday, month }),
        "1st" => 1,
        "2nd" => 2,
        "3rd" => 3,
        "4th" => 4,
        "5th" => 5,
        _ => return None,
    };
    Some(Holiday::Nth {
        nth,
        weekday,
        month,
    })
}

fn two_digits(written: &str) -> Option<i8> {
    let is_pair = written.len() == 2 && written.bytes().all(|byte| byte.is_ascii_digit());
    is_pair.then(|| written.parse().ok()).flatten()
}
