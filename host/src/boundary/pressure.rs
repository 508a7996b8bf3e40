//! How hard: contacts weighed by how much their channel bothers (A45).

use crate::boundary::arbitration::Arbitration;
use crate::boundary::load::{Counts, Limit, Load};
use crate::boundary::{Candidate, Case, Objection, TimeRuling};
use crate::charter::{Charter, Pressure};
use crate::clock::Instant;
use crate::customer::Bound;
use crate::ids::Key;

pub(super) fn judge(docket: &Arbitration<'_>, beside: &Load<'_>, at: Instant) -> TimeRuling {
    let Some(limit) = limit(&docket.case, beside.candidate) else {
        return TimeRuling::Stands;
    };
    let Bound { at_most, per } = limit.bound;
    let why = || Objection(format!("contact pressure of at most {at_most} per {per}"));
    match limit.first_free(docket, beside, at) {
        None => TimeRuling::Never(why()),
        Some(free) if free > at => TimeRuling::Moves(free, why()),
        Some(_) => TimeRuling::Stands,
    }
}

/// The bound on pressure, where the candidate falls under it.
pub(super) fn limit<'a>(case: &Case<'a>, candidate: &Candidate<'_>) -> Option<Limit<'a>> {
    let pressure = case.charter().pressure.as_ref()?;
    let is_held = pressure.refuses.contains(&candidate.class(case));
    is_held.then_some(Limit {
        bound: Bound {
            at_most: pressure.at_most,
            per: pressure.per,
        },
        counts: Counts::Pressure(pressure),
    })
}

/// How much one contact over a channel bothers.
pub(super) fn weight(charter: &Charter, pressure: &Pressure, channel: Key) -> u32 {
    let mut channels = charter.channels.iter().zip(&pressure.weights);
    let found = channels.find(|((_, known), _)| known.key == channel);
    found.map_or(0, |(_, weight)| *weight)
}
