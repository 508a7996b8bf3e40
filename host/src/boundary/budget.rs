//! How much a market may do in a minute and a day, and spend in a day (A30).

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::{Charter, Currency};
use crate::spending::{Charge, Counter, What};

/// What acting would use up.
pub(super) fn charges(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
) -> impl Iterator<Item = Charge> + use<> {
    let market = case.market();
    let (budget, cost) = (market.budget, candidate.kind(case).cost);
    let bounds = [
        (
            What::ActionsPerMinute,
            1,
            budget.actions_per_minute.map(i64::from),
        ),
        (
            What::ActionsPerDay,
            1,
            budget.actions_per_day.map(i64::from),
        ),
        (
            What::SpendPerDay,
            cost,
            budget.spend_per_day.filter(|_| cost > 0),
        ),
    ];
    let (key, now) = (market.key, case.seen.now);
    bounds
        .into_iter()
        .filter_map(move |(what, amount, at_most)| {
            Some(Charge {
                counter: Counter::at(what, key, None, now),
                amount,
                at_most: at_most?,
            })
        })
}

/// Why a charge is beyond the market's budget; `None` where it is no budget's.
pub(super) fn object(
    case: &Case<'_>,
    candidate: &Candidate<'_>,
    beyond: &Charge,
) -> Option<Objection> {
    let (market, most) = (&case.market().name, beyond.at_most);
    Some(Objection(match beyond.counter.what {
        What::ActionPerHour => return None,
        What::ActionsPerMinute => {
            format!("`{market}` has used up its {most} actions of this minute")
        }
        What::ActionsPerDay => format!("`{market}` has used up its {most} actions of today"),
        What::SpendPerDay => {
            let (charter, action) = (case.charter(), &candidate.proposal.action);
            let (most, cost) = (money(charter, most), money(charter, beyond.amount));
            format!("`{market}` may spend {most} a day, and `{action}` at {cost} would be more")
        }
    }))
}

/// An amount in the charter's currency: `12.50 EUR`.
fn money(charter: &Charter, minor: i64) -> String {
    let Currency { code, decimals } = charter.currency;
    let unit = 10_u64.pow(u32::from(decimals.min(9)));
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    let code = String::from_utf8_lossy(&code);
    match decimals {
        0 => format!("{sign}{minor} {code}"),
        _ => {
            let width = usize::from(decimals);
            format!("{sign}{}.{:0width$} {code}", minor / unit, minor % unit)
        }
    }
}
