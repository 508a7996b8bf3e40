//! Whether a decision came out the same, and where not.

use serde::Serialize;

use crate::action::{Action, Ruling};
use crate::decide::replay::Recomputation;
use crate::evidence::DecisionRecord;
use crate::ids::{ActionId, Text};

/// One field that came out otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// `decisions[0].rulings[1]`
    pub field: String,
    pub recorded: String,
    pub now: String,
}

pub(super) fn compare(recorded: &[DecisionRecord], now: &[DecisionRecord]) -> Recomputation {
    let mut differences = Vec::new();
    if recorded.len() != now.len() {
        let moments = |decided: &[DecisionRecord]| {
            let moments = decided.iter().map(|decided| decided.moment.as_str());
            moments.collect::<Vec<_>>().join(", ")
        };
        differences.push(Difference {
            field: "decisions".to_owned(),
            recorded: moments(recorded),
            now: moments(now),
        });
    }
    let mut same_fuel = true;
    for (number, (recorded, now)) in recorded.iter().zip(now).enumerate() {
        same_fuel &= recorded.fuel == now.fuel;
        Comparison {
            number,
            differences: &mut differences,
        }
        .decision(recorded, now);
    }
    if differences.is_empty() {
        Recomputation::Same { same_fuel }
    } else {
        Recomputation::Different(differences)
    }
}

struct Comparison<'a> {
    number: usize,
    differences: &'a mut Vec<Difference>,
}

impl Comparison<'_> {
    fn decision(&mut self, recorded: &DecisionRecord, now: &DecisionRecord) {
        self.field("moment", &recorded.moment, &now.moment);
        self.field("on", &recorded.on, &now.on);
        self.field("policy", &recorded.policy, &now.policy);
        self.field("asked", &recorded.asked, &now.asked);
        self.field("held", &recorded.held, &now.held);
        self.field("fault", &recorded.fault, &now.fault);
        self.field("because", &recorded.because, &now.because);
        self.list("proposals", &recorded.proposals, &now.proposals);
        self.list("rulings", &rulings(recorded), &rulings(now));
        self.list("actions", &recorded.actions, &with_ids_of(recorded, now));
        self.field("replaced", &recorded.replaced, &now.replaced);
        self.field("outcome", &recorded.outcome, &now.outcome);
    }

    fn list<T: PartialEq + std::fmt::Debug>(&mut self, field: &str, recorded: &[T], now: &[T]) {
        if recorded.len() != now.len() {
            return self.field(field, &recorded, &now);
        }
        for (place, (recorded, now)) in recorded.iter().zip(now).enumerate() {
            self.field(&format!("{field}[{place}]"), recorded, now);
        }
    }

    fn field<T: PartialEq + std::fmt::Debug>(&mut self, field: &str, recorded: &T, now: &T) {
        if recorded != now {
            self.differences.push(Difference {
                field: format!("decisions[{}].{field}", self.number),
                recorded: format!("{recorded:?}"),
                now: format!("{now:?}"),
            });
        }
    }
}

/// Which of the actions it became, in the place of an id that is drawn.
#[derive(PartialEq, Debug)]
enum ShownRuling<'a> {
    Acts(Option<usize>),
    Alternative,
    Refused(&'a Text, &'a Text),
}

fn rulings(decided: &DecisionRecord) -> Vec<ShownRuling<'_>> {
    let place = |id: &ActionId| decided.actions.iter().position(|action| action.id == *id);
    let rulings = decided.rulings.iter().map(|ruled| match ruled {
        Ruling::Acts(id) => ShownRuling::Acts(place(id)),
        Ruling::Alternative => ShownRuling::Alternative,
        Ruling::Refused { rule, why } => ShownRuling::Refused(rule, why),
    });
    rulings.collect()
}

/// Ids are drawn, and the token to object with holds one: they are taken as recorded.
fn with_ids_of(recorded: &DecisionRecord, now: &DecisionRecord) -> Vec<Action> {
    let mut recorded = recorded.actions.iter();
    let actions = now.actions.iter().map(|action| match recorded.next() {
        Some(recorded) => Action {
            id: recorded.id,
            unsubscribe: recorded.unsubscribe.clone(),
            ..action.clone()
        },
        None => action.clone(),
    });
    actions.collect()
}
