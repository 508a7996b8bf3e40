//! What holds across all channels: [[caps]], [pressure], [cool-downs] and [suppressions].

use crate::charter::Charter;
use crate::charter::actions::Class;
use crate::charter::caps::{CAP_AT_MOST, CoolDown, Pressure};
use crate::charter::expression::Condition;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::file::bounds::{self, read_classes};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values::{self, source_of};
use crate::charter::nearest::did_you_mean;
use crate::charter::segments::Suppression;
use crate::charter::table::Index;
use crate::ids::{Key, Text};

pub(super) const PRESSURE_KEYS: Keys = Keys {
    known: &["at-most", "per", "weights", "refuses"],
    later: &[],
    central: &[],
};

pub(super) const COOL_DOWN_KEYS: Keys = Keys {
    known: &["after", "lasts", "refuses", "reason", "owner", "review-by"],
    later: &[],
    central: &[],
};

pub(super) const SUPPRESSION_KEYS: Keys = Keys {
    known: &["when", "refuses", "reason", "owner", "review-by"],
    later: &[],
    central: &[],
};

/// What a contact over a channel weighs of which [pressure] says nothing.
const WEIGHT: u32 = 1;
/// The heaviest contact.
const MOST_WEIGHT: i64 = 1_000;

pub(super) fn read_pressure(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    let Some(node) = top.node.entry("pressure") else {
        return;
    };
    let section = Section::open(node, &PRESSURE_KEYS, findings);
    let at_most = section.required("at-most", bounds::amount);
    let per = section.required("per", bounds::per);
    let mut weights = vec![WEIGHT; charter.channels.len()];
    for (channel, node) in section.open_each("weights") {
        let Some(index) = charter.names.channels.get(channel) else {
            let known = charter.names.channels.keys().map(|name| name.as_str());
            let guess = did_you_mean(channel, known);
            findings.say(
                node,
                format!("`{channel}` is not a channel of this charter{guess}"),
            );
            continue;
        };
        let weight = section.noted(node, read_weight(node));
        if let (Some(slot), Some(weight)) = (weights.get_mut(usize::from(index.number())), weight) {
            *slot = weight;
        }
    }
    if let Some(at_most) = at_most {
        check_countable(&section, at_most, &weights, charter);
    }
    section.required("refuses", |_| Ok(()));
    let refuses = read_refused(&section);
    charter.pressure = at_most.zip(per).map(|(at_most, per)| Pressure {
        at_most,
        per,
        weights,
        refuses,
    });
}

/// Of one action over one channel so many contacts are remembered: they must be enough to reach the bound.
fn check_countable(section: &Section<'_>, at_most: u32, weights: &[u32], charter: &Charter) {
    let weighed = charter.channels.iter().zip(weights);
    let lightest = weighed
        .filter(|(_, weight)| **weight > 0)
        .min_by_key(|(_, weight)| **weight);
    if let Some(((_, channel), weight)) = lightest
        && at_most > weight.saturating_mul(CAP_AT_MOST)
    {
        section.findings.say(
            section.node.nearest(&["at-most"]),
            format!(
                "is {at_most}, and a contact over `{}` weighs {weight}: of one action and channel {CAP_AT_MOST} contacts are \
                 remembered, so it must be at most {}",
                channel.name,
                weight.saturating_mul(CAP_AT_MOST)
            ),
        );
    }
}

fn read_weight(node: &Node) -> Result<u32, String> {
    let weight = values::integer(node)?;
    u32::try_from(weight)
        .ok()
        .filter(|_| weight <= MOST_WEIGHT)
        .ok_or_else(|| {
            format!(
                "is {}: write a whole number from 0 to {MOST_WEIGHT}",
                node.shown()
            )
        })
}

/// The classes under `refuses`, none of which may be owed to the customer.
fn read_refused(section: &Section<'_>) -> Vec<Class> {
    let refuses = read_classes(section, "refuses");
    if let Some(node) = section.node.entry("refuses")
        && refuses.contains(&Class::Transactional)
    {
        section.findings.say(
            node,
            "names `transactional`: what is owed to the customer is never held back by this",
        );
    }
    refuses
}

pub(super) fn read_cool_downs(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("cool-downs") {
        let section = Section::open(node, &COOL_DOWN_KEYS, findings);
        section.required("after", |node| match &node.shape {
            Shape::List(events) if events.is_empty() => {
                Err("is empty: name the events after which it is quiet".to_owned())
            }
            _ => Ok(()),
        });
        let after = section.list("after", |node| {
            refer(node, &charter.names.events, "an event")
        });
        section.required("refuses", |_| Ok(()));
        charter.cool_downs.push(CoolDown {
            name: Text::new(name),
            key: Key::of("cool-down", name),
            after,
            lasts: section
                .required("lasts", values::duration)
                .unwrap_or_default(),
            refuses: read_refused(&section),
            reason: section.required("reason", values::text).unwrap_or_default(),
            owner: section.owner(&charter.people),
        });
    }
}

pub(super) fn read_suppressions(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("suppressions") {
        let section = Section::open(node, &SUPPRESSION_KEYS, findings);
        let scope = Scope {
            charter,
            event: None,
            market: None,
            sight: Sight::Everything,
        };
        let when = section.required("when", |node| Condition::parse(source_of(node)?, &scope));
        section.required("refuses", |_| Ok(()));
        let suppression = Suppression {
            name: Text::new(name),
            when: when.unwrap_or_else(Condition::always),
            refuses: read_classes(&section, "refuses"),
            reason: section.required("reason", values::text).unwrap_or_default(),
            owner: section.owner(&charter.people),
        };
        charter.suppressions.push(suppression);
    }
}
