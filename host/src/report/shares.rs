//! The charter's shares: of an event, those for which a condition holds.

use std::sync::Arc;

use crate::absorb::{AllowedFacts, Parties, Situation};
use crate::charter::{Charter, Measured};
use crate::customer::{Account, Customer};
use crate::decide::replay::retold;
use crate::encoding;
use crate::evidence::Opened;

/// Calls `count` with each figure that measures a share of this event, and whether the condition holds. The condition sees
/// what is known after the event, and nothing that the customer does not allow.
pub(super) fn count(charter: &Arc<Charter>, opened: &Opened, mut count: impl FnMut(u16, bool)) {
    let body = &opened.body;
    let Some(index) = charter.names.events.get(&body.event.kind) else {
        return;
    };
    let Some(market) = charter.names.markets.get(&body.event.market) else {
        return;
    };
    // What nobody may keep is counted nowhere.
    if body.event.data.is_none() {
        return;
    }
    let mut seen = None;
    for (place, kpi) in (0..).zip(&charter.kpis) {
        let Measured::Share { of, condition } = &kpi.measured else {
            continue;
        };
        if of != index || kpi.market.is_some_and(|own| own != *market) {
            continue;
        }
        if seen.is_none() {
            let Ok(event) = retold(charter, opened) else {
                return;
            };
            seen = Some((event, standing(opened)));
        }
        if let Some((event, standing)) = &seen {
            let now = opened.header.at;
            let seen = Situation {
                event,
                now,
                standing,
            };
            count(place, condition.holds(&AllowedFacts(seen)));
        }
    }
}

/// Whom the event was about, after it.
fn standing(opened: &Opened) -> Parties {
    let body = &opened.body;
    let mut customers = opened.states.customers.iter();
    let mut accounts = opened.states.accounts.iter();
    let customer = customers.find(|after| Some(after.id) == body.customer);
    let account = accounts.find(|after| Some(after.id) == body.account);
    Parties {
        customer: customer.and_then(|after| encoding::decode::<Customer>(&after.state).ok()),
        account: account.and_then(|after| encoding::decode::<Account>(&after.state).ok()),
    }
}
