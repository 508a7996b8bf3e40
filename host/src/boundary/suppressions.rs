//! What keeps messages back for what happened to the customer: a complaint is open (B19), the thing is already bought (D01).

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::expression::Facts;
use crate::charter::{ItemsIx, Parameter};
use crate::clock::Instant;
use crate::context::zone_of;
use crate::ids::Text;
use crate::value::Value;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let class = candidate.class(case);
    let holding = case.charter().suppressions.iter().find(|suppression| {
        suppression.refuses.contains(&class) && suppression.when.holds(&case.seen)
    });
    match holding {
        Some(suppression) => Some(Objection(suppression.reason.to_string())),
        None => listed(case, candidate),
    }
}

/// The first item named in a parameter that is in the list which the parameter must stay out of.
fn listed(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let parameters = &candidate.frame(case)?.parameters;
    parameters.iter().find_map(|parameter| {
        let items = parameter.unless?;
        named(candidate, parameter).iter().find_map(|item| {
            let added = case.seen.item(items, item)?;
            Some(in_list(case, items, item, added))
        })
    })
}

fn named<'a>(candidate: &Candidate<'a>, parameter: &Parameter) -> &'a [Text] {
    let mut given = candidate.proposal.parameters.iter();
    match given.find(|(name, _)| *name == parameter.name) {
        Some((_, Value::Text(text))) => std::slice::from_ref(text),
        Some((_, Value::Texts(texts))) => texts,
        _ => &[],
    }
}

fn in_list(case: &Case<'_>, items: ItemsIx, item: &Text, added: Instant) -> Objection {
    let list = case.charter().items.at(items).name.replace('_', " ");
    let day = added.timestamp().to_zoned(zone_of(case.seen)).date();
    Objection(format!("`{item}` was {list} on {day}"))
}
