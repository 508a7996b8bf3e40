//! The policy may propose only what its manifest declares for the moment (A06, A15).

use crate::boundary::{Author, Candidate, Case, Objection};

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let unknown = candidate
        .proposal
        .cancel_on
        .iter()
        .find(|event| !case.charter().names.events.contains_key(*event));
    if let Some(event) = unknown {
        return Some(Objection(format!(
            "it is to be cancelled on `{event}`, an event that the charter does not know"
        )));
    }
    let Author::Policy(policy) = case.by else {
        return None;
    };
    if policy.may_propose(case.moment, candidate.action, candidate.channel) {
        return None;
    }
    let moment = &case.charter().moments.at(case.moment).name;
    let (action, channel) = (&candidate.proposal.action, &candidate.proposal.channel);
    Some(Objection(format!(
        "the policy's manifest declares no `{action}` over `{channel}` at `{moment}`"
    )))
}
