//! `markets/<market>.toml`: a market's own choice, which can only narrow what it is granted.

use std::collections::HashMap;

use crate::charter::Charter;
use crate::charter::actions::Parameter;
use crate::charter::channels::ChannelIx;
use crate::charter::fields::Type;
use crate::charter::file::names::Choice;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::{fallback, typing, values};
use crate::charter::markets::Frame;
use crate::charter::nearest::{did_you_mean, quoted};
use crate::charter::table::Index;
use crate::ids::Text;

/// Applies a choice to its market, and refuses what would widen the grant.
pub(super) fn narrow(
    choice: &Choice<'_>,
    central: &Node,
    charter: &mut Charter,
    findings: &Findings,
) {
    let section = &choice.section;
    section.required("charter", values::text);
    let owner = section.owner(&charter.people);
    if section.has("owner") {
        charter.markets.at_mut(choice.market).owner = owner;
    }
    check_channels(section, charter, findings);
    check_local_fields(choice, central, findings);
    for (name, node) in section.open_each("actions") {
        narrow_action(choice, (name, node), central, charter, findings);
    }
    fallback::read_settings(choice, charter, findings);
    fallback::read_fallbacks(choice, charter, findings);
}

/// Nothing of a channel can be narrowed yet; what comes later is refused by name.
fn check_channels(section: &Section<'_>, charter: &Charter, findings: &Findings) {
    const KEYS: Keys = Keys {
        known: &[],
        later: &["caps", "hours", "slots"],
        central: &["mode", "class", "connector"],
    };
    for (name, node) in section.open_each("channels") {
        if charter.names.channels.contains_key(name) {
            Section::open(node, &KEYS, findings);
        } else {
            let guess = did_you_mean(
                name,
                charter.names.channels.keys().map(|name| name.as_str()),
            );
            findings.say(
                node,
                format!("`{name}` is not a channel of charter.toml{guess}"),
            );
        }
    }
}

fn check_local_fields(choice: &Choice<'_>, central: &Node, findings: &Findings) {
    let granted = central.nearest(&["markets", choice.name, "limits", "local-fields"]);
    let Ok(most) = values::integer(granted) else {
        return;
    };
    let over = (0..)
        .zip(choice.section.open_each("fields"))
        .find(|(position, _)| *position == most);
    if let Some((_, (_, node))) = over {
        findings.say(
            node,
            format!("is one field too many: {} grants {most}", granted.place()),
        );
    }
}

fn narrow_action(
    choice: &Choice<'_>,
    (name, node): (&str, &Node),
    central: &Node,
    charter: &mut Charter,
    findings: &Findings,
) {
    const KEYS: Keys = Keys {
        known: &["channels", "lapses", "parameters"],
        later: &[],
        central: &["meaning", "class", "to", "purpose", "slot", "owner"],
    };
    let section = Section::open(node, &KEYS, findings);
    let Some(&action) = charter.names.actions.get(name) else {
        let guess = did_you_mean(name, charter.names.actions.keys().map(|name| name.as_str()));
        findings.say(
            node,
            format!("`{name}` is not an action of charter.toml{guess}"),
        );
        return;
    };
    let channels = &charter.names.channels;
    let market = charter.markets.at_mut(choice.market);
    let frame = market.frames.get_mut(usize::from(action.number()));
    let Some(frame) = frame.and_then(Option::as_mut) else {
        let grant = central
            .nearest(&["markets", choice.name, "actions"])
            .place();
        findings.say(
            node,
            format!("`{name}` is not granted to this market by {grant}"),
        );
        return;
    };
    let action = central.nearest(&["actions", name]);
    narrow_channels(&section, frame, channels, action.nearest(&["channels"]));
    narrow_lapse(&section, frame, action.nearest(&["lapses"]));
    for (parameter, node) in section.open_each("parameters") {
        let granted = action.nearest(&["parameters", parameter]);
        match frame
            .parameters
            .iter_mut()
            .find(|known| known.name == parameter)
        {
            Some(known) => narrow_parameter(node, known, granted, findings),
            None => {
                let known = frame.parameters.iter().map(|known| known.name.as_str());
                let guess = did_you_mean(parameter, known);
                findings.say(
                    node,
                    format!("`{parameter}` is not a parameter of `{name}`{guess}"),
                );
            }
        }
    }
}

fn narrow_channels(
    section: &Section<'_>,
    frame: &mut Frame,
    names: &HashMap<Text, ChannelIx>,
    central: &Node,
) {
    let Some(node) = section.node.entry("channels") else {
        return;
    };
    let chosen = section.list("channels", |node| {
        let channel = refer(node, names, "a channel")?;
        if frame.channels.contains(&channel) {
            return Ok(channel);
        }
        Err(format!(
            "{} is not among the channels of {}: a market can only narrow",
            node.shown(),
            central.place()
        ))
    });
    frame.channels.retain(|channel| chosen.contains(channel));
    if matches!(&node.shape, Shape::List(entries) if entries.is_empty()) {
        section
            .findings
            .say(node, "is empty: name at least one channel, or leave it out");
    }
}

fn narrow_lapse(section: &Section<'_>, frame: &mut Frame, central: &Node) {
    let granted = frame.lapses;
    let chosen = section.optional("lapses", |node| {
        let chosen = values::duration(node)?;
        match granted {
            Some(granted) if chosen > granted => Err(wider(
                &format!("`{chosen}`"),
                &format!("`{granted}`"),
                central,
            )),
            _ => Ok(chosen),
        }
    });
    frame.lapses = chosen.or(granted);
}

fn narrow_parameter(node: &Node, parameter: &mut Parameter, central: &Node, findings: &Findings) {
    const KEYS: Keys = Keys {
        known: &["between", "one-of", "at-most", "required"],
        later: &["unless"],
        central: &["type", "unit", "of"],
    };
    let section = Section::open(node, &KEYS, findings);
    let between = section.optional("between", |node| {
        narrow_between(node, parameter, central.nearest(&["between"]))
    });
    let one_of = section.optional("one-of", |node| {
        narrow_one_of(node, parameter, central.nearest(&["one-of"]))
    });
    let at_most = section.optional("at-most", |node| {
        narrow_at_most(node, parameter, central.nearest(&["at-most"]))
    });
    let required = section.optional("required", |node| {
        match (values::flag(node)?, parameter.required) {
            (false, true) => Err(wider(
                "optional",
                "required",
                central.nearest(&["required"]),
            )),
            (required, _) => Ok(required),
        }
    });
    parameter.between = between.or(parameter.between);
    if let Some(one_of) = one_of {
        parameter.one_of = one_of;
    }
    parameter.at_most = at_most.unwrap_or(parameter.at_most);
    parameter.required |= required.unwrap_or(false);
}

fn narrow_between(
    node: &Node,
    parameter: &Parameter,
    central: &Node,
) -> Result<(f64, f64), String> {
    let chosen = typing::read_between(node, parameter.ty)?;
    match parameter.between {
        Some(granted) if chosen.0 < granted.0 || chosen.1 > granted.1 => Err(wider(
            &format!("{} to {}", chosen.0, chosen.1),
            &format!("{} to {}", granted.0, granted.1),
            central,
        )),
        _ => Ok(chosen),
    }
}

fn narrow_one_of(node: &Node, parameter: &Parameter, central: &Node) -> Result<Vec<Text>, String> {
    let chosen = typing::read_one_of(node, parameter.ty)?;
    match typing::check_one_of(chosen.iter(), &parameter.one_of) {
        Ok(()) => Ok(chosen),
        Err(_) => Err(wider(&quoted(&chosen), &quoted(&parameter.one_of), central)),
    }
}

fn narrow_at_most(node: &Node, parameter: &Parameter, central: &Node) -> Result<usize, String> {
    let is_bounded = typing::is_list(parameter.ty) || parameter.ty == Type::Text;
    if !is_bounded {
        return Err(format!(
            "is for lists and texts, and this is of type `{}`",
            parameter.ty.name()
        ));
    }
    let chosen = values::entries(node, usize::MAX)?;
    if chosen > parameter.at_most {
        return Err(wider(
            &chosen.to_string(),
            &parameter.at_most.to_string(),
            central,
        ));
    }
    Ok(chosen)
}

/// Says what a choice would widen, and where the charter draws the line.
fn wider(chosen: &str, granted: &str, central: &Node) -> String {
    format!(
        "{chosen} is wider than {granted} in {}: a market can only narrow",
        central.place()
    )
}
