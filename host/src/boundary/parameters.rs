//! Every parameter is one that the charter declares, of its type and inside its bounds (A06, A24).

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::Parameter;
use crate::value::Value;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let frame = case.market().frame(candidate.action)?;
    let given = &candidate.proposal.parameters;
    let missing = frame.parameters.iter().find(|parameter| {
        parameter.required && given.iter().all(|(name, _)| *name != parameter.name)
    });
    if let Some(parameter) = missing {
        return Some(Objection(format!("`{}` is missing", parameter.name)));
    }
    given.iter().enumerate().find_map(|(place, (name, value))| {
        if given.iter().take(place).any(|(before, _)| before == name) {
            return Some(Objection(format!("`{name}` is given twice")));
        }
        match frame
            .parameters
            .iter()
            .find(|parameter| parameter.name == *name)
        {
            Some(parameter) => out_of_bounds(parameter, value).map(Objection),
            None => Some(Objection(format!(
                "`{name}` is no parameter of `{}`",
                candidate.proposal.action
            ))),
        }
    })
}

/// Why `value` is not inside the parameter's bounds.
fn out_of_bounds(parameter: &Parameter, value: &Value) -> Option<String> {
    let name = &parameter.name;
    let (found, wanted) = (value.kind(), parameter.ty.kind());
    if found != wanted {
        return Some(format!("`{name}` is {found}, not {wanted}"));
    }
    match value {
        #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
        Value::Integer(number) => outside(parameter, *number as f64),
        Value::Number(number) => outside(parameter, *number),
        Value::Text(text) => unlisted(parameter, text).or_else(|| {
            let is_long = text.len() > parameter.at_most;
            is_long.then(|| {
                format!(
                    "`{name}` is {} bytes long, more than {}",
                    text.len(),
                    parameter.at_most
                )
            })
        }),
        Value::Texts(texts) => too_many(parameter, texts.len())
            .or_else(|| texts.iter().find_map(|text| unlisted(parameter, text))),
        Value::Integers(numbers) => too_many(parameter, numbers.len()).or_else(|| {
            #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
            numbers
                .iter()
                .find_map(|number| outside(parameter, *number as f64))
        }),
        Value::Flag(_) | Value::Instant(_) => None,
    }
}

fn outside(parameter: &Parameter, number: f64) -> Option<String> {
    let (least, most) = parameter.between?;
    let is_inside = (least..=most).contains(&number);
    (!is_inside).then(|| {
        format!(
            "`{}` is {number}, not between {least} and {most}",
            parameter.name
        )
    })
}

fn unlisted(parameter: &Parameter, text: &str) -> Option<String> {
    let is_listed = parameter.one_of.is_empty() || parameter.one_of.iter().any(|one| one == text);
    (!is_listed).then(|| {
        let listed: Vec<_> = parameter
            .one_of
            .iter()
            .map(|one| format!("`{one}`"))
            .collect();
        format!("`{}` is none of {}", parameter.name, listed.join(", "))
    })
}

fn too_many(parameter: &Parameter, entries: usize) -> Option<String> {
    let is_long = entries > parameter.at_most;
    is_long.then(|| {
        format!(
            "`{}` has {entries} entries, more than {}",
            parameter.name, parameter.at_most
        )
    })
}
