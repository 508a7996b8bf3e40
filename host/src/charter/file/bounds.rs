//! How often, how late and for which classes: bounds that stand in the charter, in its deviations and in the markets' files.

use crate::charter::actions::{Class, Delay};
use crate::charter::caps::{CAP_AT_MOST, CAP_PER, Cap};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values;
use crate::clock::Span;

pub(super) const CAP_KEYS: Keys = Keys {
    known: &["at-most", "per", "counts"],
    later: &[],
    central: &[],
};

pub(super) const DELAY_KEYS: Keys = Keys {
    known: &["min", "max"],
    later: &[],
    central: &[],
};

/// The most caps in one place.
const CAPS: usize = 16;

pub(super) fn class(node: &Node) -> Result<Class, String> {
    values::word(node, &Class::ALL.map(|class| (class.word(), class)))
}

/// The classes under `key`; an empty list is told of.
pub(super) fn read_classes(section: &Section<'_>, key: &str) -> Vec<Class> {
    let mut classes = section.list(key, class);
    classes.sort_unstable();
    classes.dedup();
    if let Some(node) = section.node.entry(key)
        && matches!(&node.shape, Shape::List(entries) if entries.is_empty())
    {
        section
            .findings
            .say(node, "is empty: name the classes, such as `marketing`");
    }
    classes
}

/// The list of caps that `node` is.
pub(super) fn read_caps(node: &Node, findings: &Findings) -> Vec<Cap> {
    let Shape::List(entries) = &node.shape else {
        findings.say(
            node,
            format!(
                "is {}: write a list such as `[{{ at-most = 1, per = \"3d\" }}]`",
                node.shown()
            ),
        );
        return Vec::new();
    };
    if let Some(node) = entries.get(CAPS) {
        findings.say(node, format!("is one cap too many: at most {CAPS}"));
    }
    let caps = entries.iter().take(CAPS);
    caps.filter_map(|node| read_cap(node, findings)).collect()
}

/// The time in which contacts are counted.
pub(super) fn per(node: &Node) -> Result<Span, String> {
    let per = values::duration(node)?;
    if per > CAP_PER {
        return Err(format!(
            "is `{per}`: contacts are remembered for at most `{CAP_PER}`"
        ));
    }
    Ok(per)
}

fn read_cap(node: &Node, findings: &Findings) -> Option<Cap> {
    let section = Section::open(node, &CAP_KEYS, findings);
    let at_most = section.required("at-most", |node| {
        values::count(node, u64::from(CAP_AT_MOST))
    });
    let per = section.required("per", per);
    let counts = read_classes(&section, "counts");
    Some(Cap {
        at_most: u32::try_from(at_most?).unwrap_or(CAP_AT_MOST),
        per: per?,
        counts,
    })
}

/// The caps under `caps`; none where there is no such key.
pub(super) fn caps_of(section: &Section<'_>) -> Vec<Cap> {
    let node = section.node.entry("caps");
    node.map_or(Vec::new(), |node| read_caps(node, section.findings))
}

/// `{ min = "75m", max = "3d" }`
pub(super) fn read_delay(node: &Node, findings: &Findings) -> Delay {
    let section = Section::open(node, &DELAY_KEYS, findings);
    let delay = Delay {
        min: section.optional("min", values::delay).unwrap_or_default(),
        max: section.optional("max", values::delay),
    };
    check_delay(node, delay, findings);
    delay
}

/// Whether there is any time at which the action may act.
pub(super) fn check_delay(node: &Node, delay: Delay, findings: &Findings) {
    if let Some(max) = delay.max
        && max < delay.min
    {
        findings.say(
            node,
            format!(
                "is at least `{}` and at most `{max}`: nothing could ever act",
                delay.min
            ),
        );
    }
}

/// A bound that fits 32 bits, from 1.
pub(super) fn amount(node: &Node) -> Result<u32, String> {
    let count = values::count(node, u64::from(u32::MAX))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Money in minor units of the charter's currency, not less than nothing.
pub(super) fn money(node: &Node) -> Result<i64, String> {
    let amount = values::integer(node)?;
    if amount < 0 {
        return Err(format!(
            "is `{amount}`: write minor units of the charter's currency, from 0"
        ));
    }
    Ok(amount)
}
