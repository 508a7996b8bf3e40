//! When: the hours of the channel in the market, the hours of the law where the customer is, and the holidays of both
//! (A33, D17, golden 3).

use std::fmt;

use jiff::tz::TimeZone;

use crate::boundary::arbitration::Arbitration;
use crate::boundary::load::Load;
use crate::boundary::{Candidate, Case, Objection, TimeRuling};
use crate::charter::hours::{Quiet, local_date, next_allowed_instant};
use crate::charter::{
    Calendar, Class, Hours, Law, LawBasis, OriginKind, Residence, Target, Timetable,
};
use crate::clock::Instant;

/// So often it is looked for a time that is open everywhere: about a week.
const ROUNDS: usize = 64;

pub(super) fn judge(docket: &Arbitration<'_>, beside: &Load<'_>, at: Instant) -> TimeRuling {
    let candidate = beside.candidate;
    let mut timetable = Timetable::default();
    for source in sources(&docket.case, candidate) {
        match source {
            Source::Channel(hours) | Source::Law(_, _, hours) => timetable.hours.push(hours),
            Source::Holidays(calendar) => timetable.holidays.push(calendar),
        }
    }
    if timetable.is_always_open() {
        return TimeRuling::Stands;
    }
    let open = match docket.unclear_zones(candidate) {
        None => next_allowed_instant(at, docket.zone(candidate), &timetable),
        Some(zones) => open_in_all(at, &zones, &timetable),
    };
    match open {
        Some(open) if open == at => TimeRuling::Stands,
        Some(open) => TimeRuling::Moves(open, objection(docket, candidate, at)),
        None => TimeRuling::Never(objection(docket, candidate, at)),
    }
}

/// Where it is not understood what time it is for somebody, it must be open wherever they may be.
fn open_in_all(at: Instant, zones: &[&TimeZone], timetable: &Timetable<'_>) -> Option<Instant> {
    let mut open = at;
    for _ in 0..ROUNDS {
        let next = zones.iter().try_fold(open, |open, zone| {
            next_allowed_instant(open, zone, timetable)
        })?;
        if next == open {
            return Some(open);
        }
        open = next;
    }
    None
}

/// One thing that says when.
#[derive(Clone, Copy)]
enum Source<'a> {
    Channel(&'a Hours),
    Law(&'a Law, OriginKind, &'a Hours),
    Holidays(&'a Calendar),
}

fn sources<'a>(
    case: &Case<'a>,
    candidate: &Candidate<'_>,
) -> impl Iterator<Item = Source<'a>> + use<'a> {
    let (charter, market) = (case.charter(), case.market());
    let kind = candidate.kind(case);
    let keeps_holidays = matches!(kind.class, Class::Marketing | Class::Ads);
    let own = market.channel(candidate.channel);
    let own = own
        .and_then(|frame| frame.hours.as_ref())
        .map(Source::Channel);
    let holidays = market.holidays.iter().filter(move |_| keeps_holidays);
    let holidays = holidays.map(|calendar| Source::Holidays(charter.calendars.at(*calendar)));
    // Where colleagues are told, nobody's home matters.
    let residence = match kind.to {
        Target::Customer => case.seen.residence(),
        Target::Account => Residence::default(),
    };
    let (purpose, channel) = (kind.purpose, candidate.channel);
    let of_law = charter.laws_for(market, residence).flat_map(move |law| {
        let bases = law
            .bases
            .iter()
            .filter(move |basis| basis.is_about(purpose, channel));
        let hours = bases.filter_map(move |LawBasis { hours, origin, .. }| {
            Some(Source::Law(law, origin.kind, hours.as_ref()?))
        });
        let holidays = law.holidays.as_ref().filter(|_| keeps_holidays);
        let holidays =
            holidays.map(|(calendar, _)| Source::Holidays(charter.calendars.at(*calendar)));
        hours.chain(holidays)
    });
    own.into_iter().chain(of_law).chain(holidays)
}

/// When hours are closed.
enum Closed {
    Then(Quiet),
    Always,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Then(quiet) => quiet.fmt(f),
            Self::Always => f.write_str("always"),
        }
    }
}

/// The first of the sources that is closed then, in words.
fn objection(docket: &Arbitration<'_>, candidate: &Candidate<'_>, at: Instant) -> Objection {
    let (zone, channel) = (docket.zone(candidate), &candidate.proposal.channel);
    let market = &docket.case.market().name;
    if docket.unclear_zones(candidate).is_some() {
        return Objection(format!(
            "what is stored as the customer's time zone is none, and `{channel}` in `{market}` is not open wherever they may be"
        ));
    }
    let quiet = |hours: &Hours| match hours.quiet_at(zone, at) {
        Some(quiet) => Some(Closed::Then(quiet)),
        None if hours.is_open(zone, at) => None,
        None => Some(Closed::Always),
    };
    let words = sources(&docket.case, candidate).find_map(|source| match source {
        Source::Channel(hours) => {
            let quiet = quiet(hours)?;
            Some(format!(
                "quiet hours of `{channel}` in `{market}` are {quiet}"
            ))
        }
        Source::Law(law, kind, hours) => {
            let (quiet, kind, code) = (quiet(hours)?, kind.word(), &law.code);
            Some(format!(
                "quiet hours of `{channel}` by {kind} of {code} are {quiet}"
            ))
        }
        Source::Holidays(calendar) => {
            let date = local_date(zone, at)?;
            let name = &calendar.name;
            calendar
                .contains(date)
                .then(|| format!("{date} is a holiday of `{name}`"))
        }
    });
    Objection(words.unwrap_or_else(|| format!("`{channel}` in `{market}` is closed")))
}
