//! Which actions wait for a person, before an event and after it: the difference is what the index of all of them learns.

use crate::absorb::{Absorption, Parties};
use crate::cache::Waiting;
use crate::customer::Pending;
use crate::evidence::DecisionRecord;
use crate::ids::{ActionId, Text};

/// What waits for a person, of whom an event is about.
pub(super) struct Waits(Vec<Pending>);

impl Waits {
    pub(super) fn of(standing: &Parties) -> Self {
        Self(waiting(standing).cloned().collect())
    }

    /// What the index learns of the event. What does not stay is what no longer waits, and why.
    pub(super) fn changes(
        &self,
        after: &Parties,
        absorbed: &Absorption,
        decisions: &[DecisionRecord],
    ) -> Vec<(ActionId, Waiting)> {
        let stays = |id: ActionId| waiting(after).any(|pending| pending.id == id);
        let was = |id: ActionId| self.0.iter().any(|pending| pending.id == id);
        let ended = self.0.iter().filter(|pending| !stays(pending.id));
        let ended = ended.map(|pending| {
            let because = because(pending.id, absorbed, decisions);
            (pending.id, entry(pending, Some(because)))
        });
        let begun = waiting(after).filter(|pending| !was(pending.id));
        ended
            .chain(begun.map(|pending| (pending.id, entry(pending, None))))
            .collect()
    }
}

fn waiting(standing: &Parties) -> impl Iterator<Item = &Pending> {
    let customer = standing.customer.iter().map(|customer| &customer.status);
    let account = standing.account.iter().map(|account| &account.status);
    customer
        .chain(account)
        .flat_map(|status| &status.pending)
        .filter(|pending| pending.approval.is_some())
}

fn entry(pending: &Pending, ended: Option<Text>) -> Waiting {
    Waiting {
        decision: pending.decision,
        market: pending.market,
        until: pending.approval.unwrap_or(pending.until),
        ended,
    }
}

fn because(id: ActionId, absorbed: &Absorption, decisions: &[DecisionRecord]) -> Text {
    if let Some(lapsed) = absorbed.cancelled.iter().find(|lapsed| lapsed.id == id) {
        return lapsed.because.clone();
    }
    let acts = |decided: &DecisionRecord| decided.actions.iter().any(|action| action.id == id);
    Text::new_static(match decisions.iter().any(acts) {
        true => "approved",
        false if decisions.iter().any(|one| one.replaced.contains(&id)) => {
            "replaced by a later one"
        }
        false => "expired",
    })
}
