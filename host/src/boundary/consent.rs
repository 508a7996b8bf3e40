//! The customer allowed the action's purpose over its channel, by the basis that the charter names (A23, D13).

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::{Basis, Target};
use crate::clock::Instant;
use crate::customer::consent::Use;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    objection(case, candidate, case.seen.now)
}

/// The same of when it acts: what is allowed today may have expired by then.
pub(super) fn judge_due(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
    due: Instant,
) -> Option<Objection> {
    if due <= case.seen.now {
        return None;
    }
    let Objection(why) = objection(case, candidate, due)?;
    Some(Objection(format!("at {due}, when it would act, {why}")))
}

fn objection(case: &Case<'_>, candidate: &Candidate<'_>, at: Instant) -> Option<Objection> {
    let charter = case.charter();
    let action = charter.actions.at(candidate.action);
    let purpose = charter.purposes.at(action.purpose);
    let name = &purpose.name;
    if action.to == Target::Account && case.seen.standing.account.is_none() {
        return Some(Objection(format!(
            "`{}` is for an account, and the event names none",
            action.name
        )));
    }
    let of = Use {
        now: at,
        ..case.seen.use_of(action.purpose, Some(candidate.channel))
    };
    let Some(customer) = &case.seen.standing.customer else {
        return match (purpose.basis, action.to) {
            (Basis::Contract, _) | (Basis::LegitimateInterest, Target::Account) => None,
            (Basis::OptIn | Basis::LegitimateInterest, _) => Some(Objection(format!(
                "nobody is known who could have allowed `{name}`"
            ))),
        };
    };
    customer.consents.objection(of).map(Objection)
}
