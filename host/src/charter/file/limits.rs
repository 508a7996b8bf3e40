//! What a market's policy may cost, and how much the market may do: `limits` and `budget`.

use crate::charter::file::bounds;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values;
use crate::charter::markets::{Budget, Limits};
use crate::clock::Span;
use crate::limits;

pub(super) const LIMIT_KEYS: Keys = Keys {
    known: &LIMITS,
    later: &[],
    central: &[],
};

pub(super) const BUDGET_KEYS: Keys = Keys {
    known: &BUDGET,
    later: &[],
    central: &[],
};

/// The most fields that one market may add.
const LOCAL_FIELDS: i64 = 1_000;
/// The most moments of mode `respond` in one market.
const REAL_TIME_MOMENTS: i64 = 10_000;
/// So many proposals outside of manifest or frame in one hour quarantine a policy, where the charter does not say.
const VIOLATIONS_PER_HOUR: u32 = 100;

pub(super) const LIMITS: [&str; 6] = [
    "fuel",
    "time",
    "memory",
    "violations",
    "real-time-moments",
    "local-fields",
];
pub(super) const BUDGET: [&str; 3] = ["actions-per-minute", "actions-per-day", "spend-per-day"];

/// The limits of a grant, all of which must be said but the violations.
pub(super) fn read_limits(section: &Section<'_>) -> Limits {
    let mut limits = Limits {
        fuel: 0,
        time: Span::default(),
        memory_bytes: 0,
        violations_per_hour: VIOLATIONS_PER_HOUR,
        real_time_moments: u32::MAX,
        local_fields: u32::MAX,
    };
    let Some(node) = section.required("limits", Ok) else {
        return limits;
    };
    let section = Section::open(node, &LIMIT_KEYS, section.findings);
    for key in LIMITS.iter().filter(|key| **key != "violations") {
        section.required(key, |_| Ok(()));
    }
    for (key, node) in node.entries() {
        section.noted(node, read_limit(key, node, &mut limits));
    }
    limits
}

/// Puts one of the limits in its place; keys that are none change nothing.
pub(super) fn read_limit(key: &str, node: &Node, limits: &mut Limits) -> Result<(), String> {
    match key {
        "fuel" => limits.fuel = values::count(node, limits::POLICY_FUEL)?,
        "time" => limits.time = policy_time(node)?,
        "memory" => limits.memory_bytes = policy_memory(node)?,
        "violations" => limits.violations_per_hour = bounds::amount(node)?,
        "real-time-moments" => limits.real_time_moments = from_zero(node, REAL_TIME_MOMENTS)?,
        "local-fields" => limits.local_fields = from_zero(node, LOCAL_FIELDS)?,
        _ => {}
    }
    Ok(())
}

fn from_zero(node: &Node, most: i64) -> Result<u32, String> {
    let count = values::integer(node)?;
    u32::try_from(count)
        .ok()
        .filter(|_| count <= most)
        .ok_or_else(|| format!("is {}: write a whole number from 0 to {most}", node.shown()))
}

fn policy_time(node: &Node) -> Result<Span, String> {
    let time = values::duration(node)?;
    let most = Span::from_millis(limits::POLICY_BUDGET_MS);
    if time > most {
        Err(format!("is `{time}`: a decision may take at most `{most}`"))
    } else {
        Ok(time)
    }
}

fn policy_memory(node: &Node) -> Result<usize, String> {
    let bytes = values::size(node)?;
    if bytes > limits::POLICY_MEMORY_BYTES {
        return Err(format!(
            "is {}: a policy may have at most `{}MiB`",
            node.shown(),
            limits::POLICY_MEMORY_BYTES / 1024 / 1024
        ));
    }
    Ok(bytes)
}

/// The budget of a grant; what is not named is not bounded.
pub(super) fn read_budget(section: &Section<'_>) -> Budget {
    let mut budget = Budget::default();
    if let Some(node) = section.node.entry("budget") {
        let section = Section::open(node, &BUDGET_KEYS, section.findings);
        for (key, node) in node.entries() {
            section.noted(node, read_part(key, node, &mut budget));
        }
    }
    budget
}

/// Puts one part of a budget in its place; keys that are none change nothing.
pub(super) fn read_part(key: &str, node: &Node, budget: &mut Budget) -> Result<(), String> {
    match key {
        "actions-per-minute" => budget.actions_per_minute = Some(bounds::amount(node)?),
        "actions-per-day" => budget.actions_per_day = Some(bounds::amount(node)?),
        "spend-per-day" => budget.spend_per_day = Some(bounds::money(node)?),
        _ => {}
    }
    Ok(())
}

/// Whether the market's moments of mode `respond` are as many as it may have, or fewer (A44).
pub(super) fn check_real_time(
    node: &Node,
    responding: usize,
    limits: &Limits,
    findings: &Findings,
) {
    let most = limits.real_time_moments;
    if usize::try_from(most).is_ok_and(|most| responding > most) {
        findings.say(
            node,
            format!("is {most}, and the market's moments of mode `respond` are {responding}"),
        );
    }
}
