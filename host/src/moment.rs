//! Is an event worth a decision here?

use crate::absorb::{AllowedFacts, Situation};
use crate::charter::{BuiltIn, Moment, MomentIx};
use crate::value::Value;

/// The first moment on the event, in the charter's order, that the market was granted and whose condition holds. None: the
/// event was a signal, and nobody is asked.
pub fn find(seen: Situation<'_>) -> Option<MomentIx> {
    let charter = seen.charter();
    let kind = charter.events.at(seen.event.kind);
    let mut moments = kind.moments.iter().copied();
    if kind.moments.is_empty() {
        return None;
    }
    let market = seen.market();
    let silence = match kind.built_in {
        Some(BuiltIn::SilenceElapsed) => kind.data.iter().find_map(|(datum, defined)| {
            (defined.name == "moment").then(|| seen.event.datum(datum))
        }),
        _ => None,
    };
    moments.find(|index| {
        let moment = charter.moments.at(*index);
        let is_meant = match silence {
            Some(Some(Value::Text(name))) => moment.name == *name,
            Some(_) => false,
            None => true,
        };
        is_meant && market.handles(*index) && is_so(seen, moment)
    })
}

fn is_so(seen: Situation<'_>, moment: &Moment) -> bool {
    let age = seen.now.since(seen.event.occurred_at);
    moment.lateness.is_none_or(|lateness| age <= lateness)
        && moment
            .when
            .as_ref()
            .is_none_or(|when| when.holds(&AllowedFacts(seen)))
}
