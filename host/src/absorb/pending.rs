//! Actions that wait, and what makes them pointless or forbidden in the meantime.

use crate::absorb::{Absorption, Lapse, Parties, Situation};
use crate::charter::{Charter, OnPending, Residence};
use crate::clock::Instant;
use crate::customer::consent::{EXPIRED, Use};
use crate::customer::contacts::before;
use crate::customer::{Consents, Customer, Pending, Status};
use crate::event::Event;
use crate::ids::{ActionId, Text};

/// Ends what waits beside a better one although only one of both may: each was planned before the two customers turned out
/// to be one. Of equals, the later one stays.
pub(super) fn part_rivals(charter: &Charter, now: Instant, status: &mut Status) -> Vec<Lapse> {
    if status.pending.len() < 2 {
        return Vec::new();
    }
    let mut order: Vec<&Pending> = status.pending.iter().collect();
    order.retain(|pending| !pending.may_have_acted(now));
    order
        .sort_by(|one, other| before(one.priority(), other.priority()).then(other.id.cmp(&one.id)));
    let mut stays: Vec<&Pending> = Vec::with_capacity(order.len());
    let mut lapsed = Vec::new();
    for pending in order {
        let mut better = stays.iter();
        match better.find_map(|better| rivalry(charter, now, (better, pending))) {
            None => stays.push(pending),
            Some(because) => lapsed.push(Lapse {
                id: pending.id,
                action: pending.action,
                because: Text::new_static(because),
            }),
        }
    }
    end(status, now, &lapsed);
    lapsed
}

/// Why only one of two may wait.
fn rivalry(
    charter: &Charter,
    now: Instant,
    (one, other): (&Pending, &Pending),
) -> Option<&'static str> {
    if one.key.is_some() && one.key == other.key {
        return Some("merged: only one of its key may wait");
    }
    let waits_alone = |pending: &Pending| {
        let action = charter.names.action_keys.get(&pending.action);
        let market = charter.names.market_keys.get(&pending.market);
        let frame = action
            .zip(market)
            .and_then(|(action, market)| charter.market(*market, now).frame(*action));
        frame.is_some_and(|frame| frame.pending != OnPending::Both)
    };
    let is_one_kind = one.action == other.action && waits_alone(one) && waits_alone(other);
    is_one_kind.then_some("merged: only one of its kind may wait")
}

/// Notes when something went wrong after which it is to be quiet (B11).
pub(super) fn note_signal(event: &Event, standing: &mut Parties) {
    let charter = &*event.charter;
    let mut cool_downs = charter.cool_downs.iter();
    if !cool_downs.any(|cool_down| cool_down.after.contains(&event.kind)) {
        return;
    }
    let key = charter.events.at(event.kind).key;
    for status in standing.statuses() {
        status.note_signal(key, event.occurred_at);
    }
}

/// Cancels what the event makes pointless: as the policy asked, or as the charter says of the action (D16, A16).
pub(super) fn supersede(
    event: &Event,
    now: Instant,
    standing: &mut Parties,
    absorbed: &mut Absorption,
) {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    let seen = Situation {
        event,
        now,
        standing,
    };
    let is_pointless = |pending: &Pending| {
        pending.cancel_on.contains(&kind.key) || is_off_by_charter(seen, pending)
    };
    let gone = chosen(standing, is_pointless);
    if !gone.is_empty() {
        let because = Text::from(format!("superseded: {}", kind.name));
        cancel((standing, now), &gone, absorbed, |_| because.clone());
    }
}

fn is_off_by_charter(seen: Situation<'_>, pending: &Pending) -> bool {
    let charter = seen.charter();
    let Some(action) = charter.names.action_keys.get(&pending.action) else {
        return false;
    };
    let mut cancel_on = charter.actions.at(*action).cancel_on.iter();
    cancel_on.any(|off| {
        off.event == seen.event.kind && off.when.as_ref().is_none_or(|when| when.holds(&seen))
    })
}

/// Cancels what is no longer allowed: by the customer's consent, in every market and channel (D13), or because something
/// keeps its class back (B19).
pub(super) fn hold_back(
    event: &Event,
    now: Instant,
    standing: &mut Parties,
    absorbed: &mut Absorption,
) {
    if standing.statuses().all(|status| status.pending.is_empty()) {
        return;
    }
    if let Some(customer) = &mut standing.customer {
        absorbed.cancelled.extend(disallowed(event, now, customer));
    }
    let of_account = disallowed_of_account(event, now, standing);
    absorbed.cancelled.extend(of_account);
    let charter = &*event.charter;
    let seen = Situation {
        event,
        now,
        standing,
    };
    let holding: Vec<_> = charter
        .suppressions
        .iter()
        .filter(|suppression| suppression.when.holds(&seen))
        .collect();
    if holding.is_empty() {
        return;
    }
    let of = |pending: &Pending| {
        let mut holding = holding.iter();
        holding.find(|suppression| suppression.refuses.contains(&pending.class))
    };
    let gone = chosen(standing, |pending| of(pending).is_some());
    cancel((standing, now), &gone, absorbed, |pending| {
        let reason = of(pending).map_or("", |suppression| suppression.reason.as_str());
        Text::from(format!("suppressions: {reason}"))
    });
}

/// Takes out what the customer's consent no longer allows.
pub(super) fn disallowed(event: &Event, now: Instant, customer: &mut Customer) -> Vec<Lapse> {
    let lapsed = objected((event, now), customer, customer.status.pending.iter());
    end(&mut customer.status, now, &lapsed);
    lapsed
}

/// The same of what the customer gave rise to, and waits for their company.
fn disallowed_of_account(event: &Event, now: Instant, standing: &mut Parties) -> Vec<Lapse> {
    let (Some(customer), Some(account)) = (&standing.customer, &mut standing.account) else {
        return Vec::new();
    };
    let waiting = account.status.pending.iter();
    let theirs =
        waiting.filter(|pending| pending.customer.is_some_and(|id| customer.is_or_was(id)));
    let lapsed = objected((event, now), customer, theirs);
    end(&mut account.status, now, &lapsed);
    lapsed
}

/// What of `waiting` the customer's consent does not allow.
fn objected<'a>(
    (event, now): (&Event, Instant),
    customer: &Customer,
    waiting: impl Iterator<Item = &'a Pending>,
) -> Vec<Lapse> {
    let charter = &*event.charter;
    let residence = customer.residence(charter);
    let lapsed = waiting.filter_map(|pending| {
        let word = objection(charter, &customer.consents, (pending, residence, now))?;
        Some(Lapse {
            id: pending.id,
            action: pending.action,
            because: Text::from(format!("consent: {word}")),
        })
    });
    lapsed.collect()
}

fn end(status: &mut Status, now: Instant, lapsed: &[Lapse]) {
    if !lapsed.is_empty() {
        status.end(now, |pending| lapsed.iter().any(|one| one.id == pending.id));
    }
}

/// What stands against a waiting action in the customer's consent. What the charter no longer knows is left to whoever
/// delivers it: that is refused there.
fn objection(
    charter: &Charter,
    consents: &Consents,
    (pending, residence, now): (&Pending, Residence, Instant),
) -> Option<&'static str> {
    let names = &charter.names;
    let action = names.action_keys.get(&pending.action)?;
    let market = names.market_keys.get(&pending.market)?;
    let of = Use {
        charter,
        market: charter.market(*market, now),
        purpose: charter.actions.at(*action).purpose,
        channel: Some(*names.channel_keys.get(&pending.channel)?),
        residence,
        now,
    };
    if consents.allow(of) {
        return None;
    }
    Some(match consents.last(of).zip(consents.state(of)) {
        Some((said, state)) if said.state.is_refusal() || state.word == EXPIRED => state.word,
        Some(_) => "no longer enough",
        None => "none",
    })
}

fn chosen(standing: &Parties, is_gone: impl Fn(&Pending) -> bool) -> Vec<ActionId> {
    let customer = standing.customer.iter().map(|customer| &customer.status);
    let account = standing.account.iter().map(|account| &account.status);
    let pending = customer
        .chain(account)
        .flat_map(|status| status.pending.iter());
    pending
        .filter(|pending| is_gone(pending))
        .map(|pending| pending.id)
        .collect()
}

fn cancel(
    (standing, now): (&mut Parties, Instant),
    gone: &[ActionId],
    absorbed: &mut Absorption,
    because: impl Fn(&Pending) -> Text,
) {
    for status in standing.statuses() {
        status.end(now, |pending| {
            let is_gone = gone.contains(&pending.id);
            if is_gone {
                absorbed.cancelled.push(Lapse {
                    id: pending.id,
                    action: pending.action,
                    because: because(pending),
                });
            }
            is_gone
        });
    }
}
