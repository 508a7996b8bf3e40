//! Among what each rule alone would let through: the most important first, and of one key or slot only the best.

use crate::boundary::{Candidate, Case, Permit, Refusal, Verdict};
use crate::charter::Mode;
use crate::clock::{Instant, Span};
use crate::context::zone_of;
use crate::policy::Timing;

/// How long an action is worth doing when neither the policy nor the charter says.
const LAPSES_AFTER: Span = Span::from_days(1);

pub(super) fn arbitrate(
    case: &Case<'_>,
    alone: Vec<Result<Candidate<'_>, Refusal>>,
) -> Vec<Verdict> {
    let mut order: Vec<(usize, Candidate<'_>)> = alone
        .iter()
        .enumerate()
        .filter_map(|(place, judged)| Some((place, *judged.as_ref().ok()?)))
        .collect();
    // Stable: of equals, the first.
    order.sort_by(|(_, one), (_, other)| precedence(case, one, other));
    let mut verdicts: Vec<Verdict> = alone
        .into_iter()
        .map(|judged| judged.map_or_else(Verdict::Refuse, |_| Verdict::Yield))
        .collect();
    let mut taken: Vec<Candidate<'_>> = Vec::new();
    for (place, candidate) in order {
        if taken.iter().any(|other| rivals(case, other, &candidate)) {
            continue;
        }
        taken.push(candidate);
        if let Some(verdict) = verdicts.get_mut(place) {
            *verdict = Verdict::Permit(permit(case, &candidate));
        }
    }
    verdicts
}

fn precedence(case: &Case<'_>, one: &Candidate<'_>, other: &Candidate<'_>) -> std::cmp::Ordering {
    let (own, others) = (
        case.charter().actions.at(one.action),
        case.charter().actions.at(other.action),
    );
    own.class
        .cmp(&others.class)
        .then(others.weight.cmp(&own.weight))
        .then(other.proposal.score.total_cmp(&one.proposal.score))
}

fn rivals(case: &Case<'_>, one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let slot = |candidate: &Candidate<'_>| case.charter().actions.at(candidate.action).slot.clone();
    let (own, others) = (one.proposal, other.proposal);
    (own.key.is_some() && own.key == others.key)
        || (slot(one).is_some() && slot(one) == slot(other) && one.channel == other.channel)
}

fn permit(case: &Case<'_>, candidate: &Candidate<'_>) -> Permit {
    let due = match case.charter().channels.at(candidate.channel).mode {
        Mode::Respond => case.seen.now,
        Mode::Inspire => asked_for(case, candidate),
    };
    Permit {
        proposal: candidate.proposal.clone(),
        action: candidate.action,
        channel: candidate.channel,
        due,
        until: due.plus(lapses(case, candidate)),
        moved: Vec::new(),
        approval: None,
        on_pending: candidate
            .frame(case)
            .map(|frame| frame.pending)
            .unwrap_or_default(),
        charges: Vec::new(),
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
fn asked_for(case: &Case<'_>, candidate: &Candidate<'_>) -> Instant {
    let now = case.seen.now;
    let due = match candidate.proposal.timing {
        Timing::Now => now,
        Timing::After(span) => now.plus(span),
        Timing::At(instant) => instant,
        Timing::Local { days, minute } => local(case, days, minute).unwrap_or(now),
    };
    due.max(now)
}

/// A time of day in the customer's zone. Where the clocks jump over it, the same distance after the jump; where it comes
/// twice, the first.
fn local(case: &Case<'_>, days: u32, minute: u32) -> Option<Instant> {
    let zone = zone_of(case.seen);
    let today = case.seen.now.timestamp().to_zoned(zone.clone()).date();
    let day = today
        .checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?)
        .ok()?;
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
    let zoned = day.to_datetime(time).to_zoned(zone).ok()?;
    Some(Instant::from_millis(zoned.timestamp().as_millisecond()))
}
