//! Is an event worth a decision here?

use crate::absorb::Seen;
use crate::charter::MomentIx;

/// The first moment on the event, in the charter's order, that the market was granted and whose condition holds. None: the
/// event was a signal, and nobody is asked.
pub fn find(seen: Seen<'_>) -> Option<MomentIx> {
    let charter = &*seen.event.charter;
    let market = charter.markets.at(seen.event.market);
    let moments = charter.events.at(seen.event.kind).moments.iter().copied();
    moments
        .filter(|moment| market.handles(*moment))
        .find(|moment| {
            let moment = charter.moments.at(*moment);
            let age = seen.now.since(seen.event.occurred_at);
            moment.lateness.is_none_or(|lateness| age <= lateness)
                && moment.when.as_ref().is_none_or(|when| when.holds(&seen))
        })
}
