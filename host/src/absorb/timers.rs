//! Silences: what begins the waiting, and what ends it. Each is waited for in the market where it began.

use crate::absorb::{Absorption, Parties, consent};
use crate::charter::BuiltIn;
use crate::clock::Instant;
use crate::customer::{Timer, timers};
use crate::event::Event;
use crate::ids::Key;

/// Begins and ends what the event begins and ends; an elapsed silence is over.
pub(super) fn heed(event: &Event, now: Instant, standing: &mut Parties, absorbed: &mut Absorption) {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    let Some(customer) = &mut standing.customer else {
        return;
    };
    let own = &mut customer.status.timers;
    let market = charter.market(event.market, now);
    if let Some(place) = place(event, own)
        && let Some(timer) = own.get_mut(place)
    {
        timer.due = None;
    }
    let granted = |moments: &'_ [_]| -> Vec<_> {
        let granted = moments.iter().filter(|moment| market.handles(**moment));
        granted.map(|moment| charter.moments.at(*moment)).collect()
    };
    for moment in granted(&kind.ends) {
        timers::end(own, moment.key, market.key, event.occurred_at);
    }
    for moment in granted(&kind.starts) {
        let Some(silence) = &moment.silence else {
            continue;
        };
        let due = event.occurred_at.plus(silence.lasts);
        // So late that nobody would be asked.
        if moment.lateness.is_some_and(|late| due.plus(late) < now) {
            continue;
        }
        let timer = Timer {
            moment: moment.key,
            market: market.key,
            since: event.occurred_at,
            due: Some(due),
            channel: event.channel.clone(),
        };
        if timers::start(own, timer) {
            absorbed.waits_for.push(moment.name.clone());
        }
    }
}

/// Whether the silence that the event tells of is still waited for.
pub fn has_elapsed(event: &Event, standing: &Parties) -> bool {
    let customer = standing.customer.as_ref();
    customer.is_some_and(|customer| place(event, &customer.status.timers).is_some())
}

/// Which silence an event tells of; none, unless it is such an event.
fn place(event: &Event, own: &[Timer]) -> Option<usize> {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    if kind.built_in != Some(BuiltIn::SilenceElapsed) {
        return None;
    }
    let moment = Key::of("moment", &consent::word(event, "moment")?);
    let market = charter.markets.at(event.market).key;
    timers::elapsed(own, moment, market, event.occurred_at)
}
