//! The market may do only what the charter grants it, over the channels that it kept of that (A06, A24, A33).

use crate::boundary::{Candidate, Case, Objection};

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let market = case.market();
    let (action, channel) = (&candidate.proposal.action, &candidate.proposal.channel);
    match market.frame(candidate.action) {
        None => Some(Objection(format!(
            "`{}` is not granted `{action}`",
            market.name
        ))),
        Some(frame) if !frame.channels.contains(&candidate.channel) => Some(Objection(format!(
            "`{}` may not use `{channel}` for `{action}`",
            market.name
        ))),
        Some(_) => unused_slot(case, candidate),
    }
}

/// The action's place on the channel, where the market does not use it.
fn unused_slot(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let slot = candidate.kind(case).slot.as_ref()?;
    let used = &case.market().channel(candidate.channel)?.slots;
    let is_used = used.is_empty() || used.contains(slot);
    (!is_used).then(|| {
        Objection(format!(
            "`{}` does not use the slot `{slot}` of `{}`",
            case.market().name,
            candidate.proposal.channel
        ))
    })
}
