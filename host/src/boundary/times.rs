//! When an action acts: as the policy asks, moved by each rule about time until none moves it further.

use jiff::tz::TimeZone;

use crate::boundary::arbitration::Arbitration;
use crate::boundary::load::Load;
use crate::boundary::{
    Author, Candidate, Case, Objection, Postponement, Refusal, TIME_RULES, TimeRuling, delay,
};
use crate::charter::hours::local_date;
use crate::charter::{Class, LAPSES_AFTER, Mode};
use crate::clock::{Instant, Span};
use crate::ids::Text;
use crate::policy::Timing;

/// How often the rules about time are asked in turn. Each only ever moves an action later, so where they find no common
/// instant in so many turns, there is hardly one.
const TURNS: usize = 64;
/// Where this rule has moved an action, it lets it pass. Of several caps, one may object where another has moved it.
const SETTLES: &str = "hours";

/// When an action acts, and how that came about.
pub(super) struct Times {
    pub asked: Instant,
    pub due: Instant,
    /// Not worth doing after this.
    pub until: Instant,
    pub moved: Vec<Postponement>,
}

/// Finds the first instant that every rule about time lets pass; the rule that moves it too far names the refusal.
pub(super) fn settle(
    docket: &Arbitration<'_>,
    candidate: &Candidate<'_>,
) -> Result<Times, Refusal> {
    let case = &docket.case;
    let asked = match candidate.way(case).mode {
        Mode::Respond => case.seen.now,
        Mode::Inspire => asked_for(docket, candidate),
    };
    let frame = candidate.frame(case);
    let max = frame.and_then(|frame| frame.delay.max);
    let bound = max.map_or(asked, |max| case.decided().plus(max));
    let until = asked.min(bound).plus(lapses(case, candidate));
    let until = match case.by {
        Author::Approver { until: first, .. } => until.min(first),
        Author::Policy(_) | Author::Fallback => until,
    };
    let mut settling = TimeSearch {
        case,
        candidate,
        due: asked,
        latest: max.map_or(until, |_| until.min(bound)),
        moved: Vec::new(),
    };
    settling.heed("delay", delay::judge(case, candidate, asked))?;
    if candidate.class(case) != Class::Transactional {
        settling.take_turns(docket)?;
    }
    Ok(Times {
        asked,
        due: settling.due,
        until,
        moved: settling.moved,
    })
}

/// An action on its way to its time.
struct TimeSearch<'c> {
    case: &'c Case<'c>,
    candidate: &'c Candidate<'c>,
    due: Instant,
    latest: Instant,
    moved: Vec<Postponement>,
}

impl TimeSearch<'_> {
    fn take_turns(&mut self, docket: &Arbitration<'_>) -> Result<(), Refusal> {
        let beside = Load::of(docket, self.candidate);
        let mut stood = 0;
        for (rule, judge) in TIME_RULES.iter().cycle().take(TURNS * TIME_RULES.len()) {
            let before = self.due;
            self.heed(rule, judge(docket, &beside, before))?;
            stood = match self.due == before {
                true => stood + 1,
                false => usize::from(*rule == SETTLES),
            };
            if stood == TIME_RULES.len() {
                return Ok(());
            }
        }
        let rules: Vec<_> = self.moved.iter().map(|moved| moved.rule.as_str()).collect();
        let rules = rules.join("` and `");
        let why = Objection(format!("`{rules}` leave no time in common"));
        Err(refusal("hours", why))
    }

    /// Does as the rule says, or refuses what can no longer be done then.
    fn heed(&mut self, rule: &'static str, ruling: TimeRuling) -> Result<(), Refusal> {
        let (to, Objection(why)) = match ruling {
            TimeRuling::Stands => return Ok(()),
            TimeRuling::Never(why) => return Err(refusal(rule, why)),
            TimeRuling::Moves(to, why) => (to, why),
        };
        let (way, latest) = (self.candidate.way(self.case), self.latest);
        if way.mode == Mode::Respond {
            let why = format!("{why}, and `{}` answers in the reply", way.name);
            return Err(refusal(rule, Objection(why)));
        }
        if to > latest {
            let why = format!("{why}: not before {to}, and it is worth doing until {latest}");
            return Err(refusal(rule, Objection(why)));
        }
        self.due = to;
        self.moved.retain(|moved| moved.rule != rule);
        self.moved.push(Postponement {
            rule: Text::new_static(rule),
            to,
            why: Text::new(why),
        });
        Ok(())
    }
}

fn refusal(rule: &'static str, Objection(why): Objection) -> Refusal {
    Refusal {
        rule,
        why: Text::new(why),
    }
}

/// How long it is worth doing: the shorter of what the policy and the market say.
fn lapses(case: &Case<'_>, candidate: &Candidate<'_>) -> Span {
    let ours = candidate.frame(case).and_then(|frame| frame.lapses);
    match (candidate.proposal.lapses_after, ours) {
        (Some(theirs), Some(ours)) => theirs.min(ours),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => LAPSES_AFTER,
    }
}

/// When the policy wants it; never in the past.
fn asked_for(docket: &Arbitration<'_>, candidate: &Candidate<'_>) -> Instant {
    let now = docket.case.seen.now;
    let due = match candidate.proposal.timing {
        Timing::Now => now,
        Timing::After(span) => now.plus(span),
        Timing::At(instant) => instant,
        Timing::Local { days, minute } => {
            local(docket.zone(candidate), now, (days, minute)).unwrap_or(now)
        }
    };
    due.max(now)
}

/// A time of day so many days from today. Where the clocks jump over it, the same distance after the jump; where it comes
/// twice, the first.
fn local(zone: &TimeZone, now: Instant, (days, minute): (u32, u32)) -> Option<Instant> {
    let today = local_date(zone, now)?;
    let day = today
        .checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?)
        .ok()?;
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
    let zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(Instant::from_millis(zoned.timestamp().as_millisecond()))
}
