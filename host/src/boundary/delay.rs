//! How soon after the decision an action may act, and how late: what a policy asks for outside of it is moved inside (B10).

use crate::boundary::{Candidate, Case, Objection, Ruling};
use crate::clock::Instant;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>, asked: Instant) -> Ruling {
    let (action, now) = (&candidate.proposal.action, case.seen.now);
    let delay = candidate
        .frame(case)
        .map(|frame| frame.delay)
        .unwrap_or_default();
    let earliest = now.plus(delay.min);
    if asked < earliest {
        let why = format!(
            "`{action}` acts {} after the decision at the earliest",
            delay.min
        );
        return Ruling::Moves(earliest, Objection(why));
    }
    match delay.max {
        Some(max) if asked > now.plus(max) => {
            let why = format!("`{action}` acts {max} after the decision at the latest");
            Ruling::Moves(now.plus(max), Objection(why))
        }
        _ => Ruling::Stands,
    }
}
