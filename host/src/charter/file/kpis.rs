//! [kpis]: the charter's, which mean the same everywhere, and the markets' own (C25).

use crate::charter::Charter;
use crate::charter::events::{Outcome, Reaction};
use crate::charter::expression::Condition;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::file::names::{Choice, is_local, not_local};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values::{self, source_of};
use crate::charter::markets::MarketIx;
use crate::charter::nearest::did_you_mean;
use crate::charter::people::{Kpi, Measured};
use crate::ids::Text;

pub(super) const KPI_KEYS: Keys = Keys {
    known: &[
        "outcome",
        "within",
        "per-action",
        "share",
        "meaning",
        "owner",
        "review-by",
    ],
    later: &[],
    central: &[],
};

pub(super) const SHARE_KEYS: Keys = Keys {
    known: &["of", "where"],
    later: &[],
    central: &[],
};

/// The most figures in one file.
const KPIS: usize = 100;

pub(super) fn read_central(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (position, (name, node)) in top.open_each("kpis").enumerate() {
        if position == KPIS {
            findings.say(node, too_many());
            break;
        }
        if !values::is_snake_case(name) {
            findings.say(
                node,
                format!(
                    "`{name}` is not a name for a figure: write snake_case, such as `conversion`"
                ),
            );
        }
        let kpi = read_kpi(name, node, None, charter, findings);
        charter.kpis.extend(kpi);
    }
}

pub(super) fn read_local(choice: &Choice<'_>, charter: &mut Charter, findings: &Findings) {
    for (position, (name, node)) in choice.section.open_each("kpis").enumerate() {
        if position == KPIS {
            findings.say(node, too_many());
            break;
        }
        if !is_local(name, choice.name) {
            let is_central = charter.kpis.iter().any(|kpi| kpi.name == name);
            findings.say(node, not_local(name, choice.name, is_central));
            continue;
        }
        let kpi = read_kpi(name, node, Some(choice.market), charter, findings);
        charter.kpis.extend(kpi);
    }
}

fn too_many() -> String {
    format!("is one figure too many: at most {KPIS}")
}

fn read_kpi(
    name: &str,
    node: &Node,
    market: Option<MarketIx>,
    charter: &Charter,
    findings: &Findings,
) -> Option<Kpi> {
    let section = Section::open(node, &KPI_KEYS, findings);
    let (meaning, owner) = (section.meaning(), section.owner(&charter.people));
    let measured = match (section.has("share"), section.has("outcome")) {
        (true, false) => {
            for key in ["within", "per-action"] {
                if let Some(node) = node.entry(key) {
                    findings.say(node, "belongs to `outcome`, and this figure is a `share`");
                }
            }
            read_share(&section, market, charter)
        }
        (false, true) => read_outcome(&section, market, charter),
        _ => {
            findings.say(
                node,
                "does not say what it measures: write `share = { of = …, where = … }`, or `outcome`, `within` and `per-action`",
            );
            None
        }
    };
    Some(Kpi {
        name: Text::new(name),
        market,
        measured: measured?,
        meaning,
        owner,
    })
}

fn read_share(
    section: &Section<'_>,
    market: Option<MarketIx>,
    charter: &Charter,
) -> Option<Measured> {
    let share = Section::open(section.node.entry("share")?, &SHARE_KEYS, section.findings);
    let of = share.required("of", |node| refer(node, &charter.names.events, "an event"))?;
    let scope = Scope {
        charter,
        event: Some(of),
        market,
        sight: Sight::Everything,
    };
    let condition = share.required("where", |node| Condition::parse(source_of(node)?, &scope))?;
    Some(Measured::Share { of, condition })
}

fn read_outcome(
    section: &Section<'_>,
    market: Option<MarketIx>,
    charter: &Charter,
) -> Option<Measured> {
    let outcome = section.required("outcome", |node| read_outcome_name(node, charter));
    let within = section.required("within", values::duration);
    let per_action = section.required("per-action", |node| {
        let action = refer(node, &charter.names.actions, "an action")?;
        let market = market.map(|market| charter.markets.at(market));
        match market {
            Some(market) if market.frame(action).is_none() => {
                Err(format!("{} is not granted to this market", node.shown()))
            }
            _ => Ok(action),
        }
    });
    Some(Measured::Outcome {
        outcome: outcome?,
        within: within?,
        per_action: per_action?,
    })
}

/// An item list that grows, an event that comes, or what an event says of the action itself.
fn read_outcome_name(node: &Node, charter: &Charter) -> Result<Text, String> {
    let outcome = values::text(node)?;
    let names = &charter.names;
    if names.items.contains_key(&outcome) || names.events.contains_key(&outcome) {
        return Ok(outcome);
    }
    if let Some(word) = Reaction::of_word(&outcome) {
        let mut events = charter.events.iter();
        let names_it = |outcome: &Outcome| outcome.is == word && outcome.of.is_some();
        return match events.any(|(_, kind)| kind.outcome.as_ref().is_some_and(names_it)) {
            true => Ok(outcome),
            false => Err(format!(
                "`{outcome}` is said by no event of this charter: write `outcome = {{ is = \"{outcome}\", of = … }}` at the event that says it"
            )),
        };
    }
    let known = names.items.keys().chain(names.events.keys());
    Err(format!(
        "`{outcome}` is neither an item list nor an event of this charter{}",
        did_you_mean(&outcome, known.map(|name| name.as_str()))
    ))
}
