//! A kill switch on the action or its channel (A25). Those on everything, a market or a moment stop before a policy is asked.

use crate::boundary::{Candidate, Case, Objection};

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let proposal = candidate.proposal;
    let stop = case.stops.of_action(&proposal.action, &proposal.channel)?;
    Some(Objection(format!(
        "`{}` is stopped: {}",
        stop.scope, stop.reason
    )))
}
