//! What must still hold for an action does (D16), and none of its kind waits where the charter keeps the waiting one.

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::{Mode, OnPending};

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let (kind, action) = (candidate.kind(case), &candidate.proposal.action);
    let still = kind.still.as_ref();
    if still.is_some_and(|still| !still.holds(&case.seen)) {
        return Some(Objection(format!(
            "what must hold for `{action}` (`still`) does not"
        )));
    }
    let keeps = candidate.frame(case)?.pending == OnPending::Keep
        && candidate.way(case).mode == Mode::Inspire;
    let mut pending = candidate.status(case)?.pending.iter();
    let waits = keeps && pending.any(|pending| pending.action == kind.key);
    waits.then(|| Objection(format!("one `{action}` waits already")))
}
