//! A decision computed again from what was recorded (A10, C14): the recorded inputs through the recorded policy and charter, on
//! the path itself. Ids, times and fuel are inputs; everything else must come out the same, bit for bit.

mod charters;
mod compare;
mod history;
mod past;
mod rehearse;
mod walk;

use std::sync::Arc;

use crate::cache::EraNumber;
use crate::clock::Span;
use crate::decide::before::Before;
use crate::decide::{By, Given, Moot, Setback, Undecided};
use crate::era::Era;
use crate::evidence::{DecisionRecord, Opened};
use crate::ids::Chance;
use crate::limits::PATIENT_BUDGET_MS;
use crate::policy::Fault;
use crate::spending::Purse;
use crate::stop::Stops;
use crate::store::Position;

pub use charters::Charters;
pub use compare::Difference;
pub use history::History;
pub use past::{Archive, Instead, NoPast, Past, retold};
pub use rehearse::{Changed, Counts, Rehearsal, rehearse};
pub use walk::{Failed, Place, RecordedDecisions, Tally, engines, keychain, reader, replay_all};

/// What came of computing one event's decisions again.
#[derive(Clone, PartialEq, Debug)]
pub enum Recomputation {
    /// All of them came out the same; whether the fuel did too.
    Same {
        same_fuel: bool,
    },
    Different(Vec<Difference>),
    /// It cannot be computed again, and why: counted apart.
    Apart(Apart),
}

/// Why a record cannot be computed again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Apart {
    #[error("the customer gave no basis to keep what was known")]
    Forgotten,
    #[error("its content was erased, as somebody had asked")]
    Erased,
    #[error("its content, or what was known before, is no longer kept: its retention is over")]
    Expired,
    #[error("two customers turned out to be one in it")]
    Joined,
    #[error("a person decided it")]
    Person,
    #[error("the policy ran out of time, which depends on the machine")]
    OutOfTime,
}

/// What people decide about waiting actions, as the host says it.
const BY_PEOPLE: [&str; 2] = ["action.approved", "action.rejected"];

/// Computes the decisions of a record again; `stops` are those that were on when it was decided.
pub fn replay(
    past: &Past<'_>,
    position: Position,
    opened: &Opened,
    stops: &Arc<Stops>,
) -> Result<Recomputation, NoPast> {
    if let Some(apart) = apart(opened) {
        return Ok(Recomputation::Apart(apart));
    }
    let again = again(past, position, opened, stops)?;
    Ok(compare::compare(&opened.body.decisions, &again))
}

fn apart(opened: &Opened) -> Option<Apart> {
    let is_out_of_time = |decided: &DecisionRecord| decided.fault == Some(Fault::OutOfTime);
    let body = &opened.body;
    match () {
        () if BY_PEOPLE.contains(&body.event.kind.as_str()) => Some(Apart::Person),
        () if body.event.data.is_none() => Some(Apart::Forgotten),
        () if opened.states.customers.len() > 1 => Some(Apart::Joined),
        () if body.decisions.iter().any(is_out_of_time) => Some(Apart::OutOfTime),
        () => None,
    }
}

/// The decisions as they come out now.
fn again(
    past: &Past<'_>,
    position: Position,
    opened: &Opened,
    stops: &Arc<Stops>,
) -> Result<Vec<DecisionRecord>, NoPast> {
    let charter = past.charter(opened.charter)?;
    let event = retold(&charter, opened)?;
    let era = Era {
        number: EraNumber::default(),
        policies: past.policies(&charter, opened)?,
        charter,
        stops: Arc::clone(stops),
    };
    let given = Given {
        now: opened.header.at,
        chance: &mut Chance::from_seed(&position.as_u64().to_le_bytes()),
        purse: Purse::recorded(&opened.states.expenses),
        sandbox: past.sandbox,
        salt: &[0; 32],
        // How busy this machine is now says nothing of the decision: fuel bounds it alone.
        patience: Some(Span::from_millis(PATIENT_BUDGET_MS)),
    };
    let before = Before {
        parties: past.standing(opened)?,
        ..Before::default()
    };
    match era.decide(&event, before, By::Policy, given) {
        Ok(after) => Ok(after.decisions),
        Err(Setback::Undecided(Undecided::Moot(Moot::Broken))) => Ok(Vec::new()),
        Err(_) => Err(NoPast::Unknown {
            what: "such event".to_owned(),
        }),
    }
}
