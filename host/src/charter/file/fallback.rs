//! [settings] and [fallback] of a market's own file.

use crate::charter::Charter;
use crate::charter::actions::Parameter;
use crate::charter::file::names::Choice;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::{typing, values};
use crate::charter::markets::{Fallback, Frame, Market, Setting, Template};
use crate::charter::nearest::did_you_mean;
use crate::ids::Text;
use crate::value::Value;

pub(super) const SETTING_KEYS: Keys = Keys {
    known: &["type", "value", "meaning"],
    later: &[],
    central: &[],
};

pub(super) const FALLBACK_KEYS: Keys = Keys {
    known: &["action", "channel", "parameters"],
    later: &[],
    central: &[],
};

/// The most settings of one market.
const SETTINGS: usize = 100;

pub(super) fn read_settings(choice: &Choice<'_>, market: &mut Market) {
    let findings = choice.section.findings;
    let settings = &mut market.settings;
    for (name, node) in choice.section.open_each("settings") {
        if settings.len() == SETTINGS {
            findings.say(node, format!("is one setting too many: at most {SETTINGS}"));
            break;
        }
        if !values::is_snake_case(name) {
            findings.say(
                node,
                format!(
                    "`{name}` is not a name for a setting: write snake_case, such as `cart_floor`"
                ),
            );
        }
        let section = Section::open(node, &SETTING_KEYS, findings);
        let ty = section.required("type", typing::read_type);
        let value = section.required("value", |node| match ty {
            Some(ty) => typing::read_value(node, ty).map(Some),
            None => Ok(None),
        });
        let meaning = section.meaning();
        if let Some(value) = value.flatten() {
            settings.push(Setting {
                name: Text::new(name),
                value,
                meaning,
            });
        }
    }
}

pub(super) fn read_fallbacks(choice: &Choice<'_>, market: &mut Market, charter: &Charter) {
    let findings = choice.section.findings;
    let mut fallbacks = Vec::new();
    for (name, node) in choice.section.open_each("fallback") {
        match charter.names.moments.get(name) {
            Some(&moment) if market.handles(moment) => {
                let fallback = read_fallback(node, market, charter, findings);
                fallbacks.extend(fallback.map(|fallback| (moment, fallback)));
            }
            Some(_) => findings.say(
                node,
                format!("`{name}` is none of this market's moments: it is never asked there"),
            ),
            None => {
                let guess =
                    did_you_mean(name, charter.names.moments.keys().map(|name| name.as_str()));
                findings.say(
                    node,
                    format!("`{name}` is not a moment of charter.toml{guess}"),
                );
            }
        }
    }
    market.fallbacks = fallbacks;
}

fn read_fallback(
    node: &Node,
    market: &Market,
    charter: &Charter,
    findings: &Findings,
) -> Option<Fallback> {
    match &node.shape {
        Shape::Text(text) if text == "hold" => return Some(Fallback::Hold),
        Shape::Table(_) => {}
        _ => {
            findings.say(
                node,
                format!(
                    "is {}: write `\"hold\"` or an action with its channel and parameters",
                    node.shown()
                ),
            );
            return None;
        }
    }
    let section = Section::open(node, &FALLBACK_KEYS, findings);
    let (action, frame) = section.required("action", |node| {
        let action = refer(node, &charter.names.actions, "an action")?;
        let frame = market
            .frame(action)
            .ok_or_else(|| format!("{} is not granted to this market", node.shown()))?;
        Ok((action, frame))
    })?;
    let channel = section.required("channel", |node| {
        let channel = refer(node, &charter.names.channels, "a channel")?;
        if frame.channels.contains(&channel) {
            Ok(channel)
        } else {
            Err(format!(
                "{} is not a channel of this action in this market",
                node.shown()
            ))
        }
    });
    let parameters = read_parameters(&section, frame);
    Some(Fallback::Act(Template {
        action,
        channel: channel?,
        parameters,
    }))
}

/// The fallback passes the same rules as a proposal: its parameters are checked here, once.
fn read_parameters(section: &Section<'_>, frame: &Frame) -> Vec<(Text, Value)> {
    let mut parameters = Vec::new();
    for (name, node) in section.open_each("parameters") {
        match frame
            .parameters
            .iter()
            .find(|parameter| parameter.name == name)
        {
            Some(parameter) => {
                let value = section.noted(node, read_parameter(node, parameter));
                parameters.extend(value.map(|value| (parameter.name.clone(), value)));
            }
            None => {
                let known = frame
                    .parameters
                    .iter()
                    .map(|parameter| parameter.name.as_str());
                let guess = did_you_mean(name, known);
                section.findings.say(
                    node,
                    format!("`{name}` is not a parameter of this action{guess}"),
                );
            }
        }
    }
    let given = section.node.entry("parameters");
    for parameter in frame
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
    {
        if given.is_none_or(|given| given.entry(&parameter.name).is_none()) {
            section.findings.say(
                given.unwrap_or(section.node),
                format!("lacks `{}`, which the action requires", parameter.name),
            );
        }
    }
    parameters
}

fn read_parameter(node: &Node, parameter: &Parameter) -> Result<Value, String> {
    let value = typing::read_value(node, parameter.ty)?;
    let check_between = |amount: f64| match parameter.between {
        Some((low, high)) if amount < low || amount > high => {
            Err(format!("{amount} is not between {low} and {high}"))
        }
        _ => Ok(()),
    };
    let check_size = |size: usize| {
        if size > parameter.at_most {
            Err(format!(
                "has {size}, and at most {} are allowed",
                parameter.at_most
            ))
        } else {
            Ok(())
        }
    };
    match &value {
        Value::Integer(integer) => check_between(*integer as f64)?,
        Value::Number(number) => check_between(*number)?,
        Value::Text(text) => {
            check_size(text.len())?;
            typing::check_one_of(std::iter::once(text), &parameter.one_of)?;
        }
        Value::Texts(texts) => {
            check_size(texts.len())?;
            typing::check_one_of(texts.iter(), &parameter.one_of)?;
        }
        Value::Integers(integers) => check_size(integers.len())?,
        Value::Flag(_) | Value::Instant(_) => {}
    }
    Ok(value)
}
