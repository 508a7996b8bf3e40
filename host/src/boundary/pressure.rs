//! How hard: contacts weighed by how much their channel bothers (A45).

use crate::boundary::arbitration::Docket;
use crate::boundary::load::{Beside, Counts, Limit};
use crate::boundary::{Candidate, Case, Objection, Ruling};
use crate::charter::{Charter, Pressure};
use crate::clock::Instant;
use crate::customer::Bound;
use crate::ids::Key;

pub(super) fn judge(docket: &Docket<'_>, beside: &Beside<'_>, at: Instant) -> Ruling {
    let Some(limit) = limit(&docket.case, beside.candidate) else {
        return Ruling::Stands;
    };
    let Bound { at_most, per } = limit.bound;
    let why = || Objection(format!("contact pressure of at most {at_most} per {per}"));
    match limit.first_free(docket, beside, at) {
        None => Ruling::Never(why()),
        Some(free) if free > at => Ruling::Moves(free, why()),
        Some(_) => Ruling::Stands,
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
