//! How soon after the decision an action may act, and how late: what a policy asks for outside of it is moved inside (B10).

use crate::boundary::{Candidate, Case, Objection, TimeRuling};
use crate::clock::Instant;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>, asked: Instant) -> TimeRuling {
    let (action, decided) = (&candidate.proposal.action, case.decided());
    let delay = candidate
        .frame(case)
        .map(|frame| frame.delay)
        .unwrap_or_default();
    let earliest = decided.plus(delay.min);
    if asked < earliest {
        let why = format!(
            "`{action}` acts {} after the decision at the earliest",
            delay.min
        );
        return TimeRuling::Moves(earliest, Objection(why));
    }
    match delay.max {
        Some(max) if asked > decided.plus(max) => {
            let why = format!("`{action}` acts {max} after the decision at the latest");
            match decided.plus(max) {
                latest if latest < case.seen.now => TimeRuling::Never(Objection(why)),
                latest => TimeRuling::Moves(latest, Objection(why)),
            }
        }
        _ => TimeRuling::Stands,
    }
}
