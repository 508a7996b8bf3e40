//! An action's time must be one that its channel can keep: what is answered in the reply cannot wait, and nothing waits
//! for years (B02).

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::Mode;
use crate::clock::Span;
use crate::policy::Timing;

/// Nothing is planned further ahead than this.
const AHEAD: Span = Span::from_days(400);

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let now = case.seen.now;
    let (action, channel) = (&candidate.proposal.action, &candidate.proposal.channel);
    let mode = case.charter().channels.at(candidate.channel).mode;
    let is_far = match candidate.proposal.timing {
        Timing::Now => return None,
        Timing::After(span) => span > AHEAD,
        Timing::At(instant) => instant.since(now) > AHEAD,
        Timing::Local { days, minute } => {
            if minute >= 24 * 60 {
                return Some(Objection(format!(
                    "minute {minute} of a day does not exist: a day ends at 1439"
                )));
            }
            Span::from_days(days.into()) > AHEAD
        }
    };
    if mode == Mode::Respond {
        return Some(Objection(format!(
            "`{channel}` answers in the reply, so `{action}` cannot be for later"
        )));
    }
    is_far.then(|| Objection(format!("`{action}` is planned more than {AHEAD} ahead")))
}
