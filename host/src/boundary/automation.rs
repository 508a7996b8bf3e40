//! What may happen without a person, and what may not (A28). What needs approval is let through, and waits for it.

use crate::boundary::{Author, Candidate, Case, Objection};
use crate::charter::{Automation, Mode};
use crate::clock::Instant;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let (action, channel) = (&candidate.proposal.action, &candidate.proposal.channel);
    match (of(case, candidate), candidate.way(case).mode) {
        (Automation::Never, _) => Some(Objection(format!(
            "`{action}` never happens by itself in `{}`",
            case.market().name
        ))),
        (Automation::Approval, Mode::Respond) => Some(Objection(format!(
            "`{action}` needs a person's approval, and `{channel}` answers in the reply"
        ))),
        (Automation::Approval, Mode::Inspire) | (Automation::Auto, _) => None,
    }
}

/// Until when a person must have approved it; `None` where nobody need, or somebody has.
pub(super) fn approval(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
    until: Instant,
) -> Option<Instant> {
    let is_asked =
        of(case, candidate) == Automation::Approval && !matches!(case.by, Author::Approver { .. });
    let within = candidate.kind(case).approve_within;
    is_asked.then(|| case.seen.now.plus(within).min(until))
}

/// What the charter says, made stricter by the market or, while it deviates, less strict.
fn of(case: &Case<'_>, candidate: &Candidate<'_>) -> Automation {
    let own = candidate.frame(case).map(|frame| frame.automation);
    own.unwrap_or(candidate.kind(case).automation)
}
