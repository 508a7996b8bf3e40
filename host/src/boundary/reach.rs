//! How many people an action may reach in an hour, in all markets and in one: then the breaker is open until the next hour
//! (A29).

use crate::boundary::{Candidate, Case, Objection};
use crate::clock::Instant;
use crate::spending::{Charge, Counter, What};

/// What acting would use up.
pub(super) fn charges(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
) -> impl Iterator<Item = Charge> + use<> {
    let kind = candidate.kind(case);
    let own = candidate.frame(case).and_then(|frame| frame.reach);
    // A market that deviates may go on beyond what stops the others.
    let all = kind.reach.map(|all| own.map_or(all, |own| all.max(own)));
    let bounds = [(None, all), (Some(case.market().key), own)];
    let (key, now) = (kind.key, case.seen.now);
    bounds.into_iter().filter_map(move |(market, at_most)| {
        Some(Charge {
            counter: Counter::at(What::ActionPerHour, key, market, now),
            amount: 1,
            at_most: i64::from(at_most?),
        })
    })
}

pub(super) fn object(case: &Case<'_>, candidate: &Candidate<'_>, beyond: &Charge) -> Objection {
    let Counter {
        what,
        market,
        stretch,
        ..
    } = beyond.counter;
    let ends = Instant::from_millis((stretch + 1).saturating_mul(what.millis()));
    let place = match market {
        Some(_) => format!(" in `{}`", case.market().name),
        None => String::new(),
    };
    Objection(format!(
        "`{}` has reached its {} an hour{place}: the breaker is open until {ends}",
        candidate.proposal.action, beyond.at_most
    ))
}
