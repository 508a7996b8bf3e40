//! Silence after something that went wrong (B11, A45).

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::{Class, CoolDown};
use crate::clock::Instant;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let class = candidate.class(case);
    if class == Class::Transactional {
        return None;
    }
    let mut cool_downs = case.charter().cool_downs.iter();
    cool_downs.find_map(|cool_down| {
        let refuses = cool_down.refuses.contains(&class);
        let until = refuses.then(|| ends(case, candidate, cool_down))??;
        (case.seen.now < until)
            .then(|| Objection(format!("{}: quiet until {until}", cool_down.reason)))
    })
}

/// When the silence after the last of its events ends.
fn ends(case: &Case<'_>, candidate: &Candidate<'_>, cool_down: &CoolDown) -> Option<Instant> {
    let signals = &candidate.status(case)?.signals;
    let mut events = cool_down.after.iter();
    let last = events.by_ref().filter_map(|event| {
        let event = case.charter().events.at(*event).key;
        let signal = signals.iter().find(|(of, _)| *of == event)?;
        Some(signal.1)
    });
    Some(last.max()?.plus(cool_down.lasts))
}
