//! What is counted of a decision once it is recorded, and what people must hear of at once.

use crate::action::When;
use crate::charter::BuiltIn;
use crate::event::Event;
use crate::evidence::{Body, DecisionRecord, Outcome};
use crate::node::{Core, Violation};
use crate::reply;

/// What these rules refuse lies outside of the policy's manifest or the market's frame: a policy that knows its bounds never
/// proposes it (A06).
const BOUNDS: [&str; 4] = ["declared", "granted", "timing", "parameters"];

/// Used up: the action's breaker is open.
const REACH: &str = "reach";

pub(super) fn tally(core: &Core, event: &Event, body: &Body) {
    let figures = core.node().figures();
    let market = event.charter.markets.at(event.market).key;
    if body.decisions.is_empty() {
        figures.signal(market);
    }
    if body.event.data.is_none() {
        figures.dropped(market);
    }
    for field in &body.noted.conflicts {
        figures.conflict(field);
    }
    for field in &body.noted.refused_writes {
        figures.refused_write(field);
    }
    for decided in &body.decisions {
        figures.decision(market, decided.outcome);
        if decided.fault.is_some() {
            figures.fault(market);
        }
        if decided.asked.is_some() {
            figures.policy(decided.micros);
        }
        for refused in reply::refusals(decided) {
            figures.refusal(refused.rule);
            if refused.rule == REACH {
                tell_of_reach(core, event, refused.action, decided);
            }
        }
        count_violations(core, event, decided);
    }
    let waiting = body
        .decisions
        .iter()
        .flat_map(|decided| &decided.actions)
        .filter(|action| action.when != When::Answered);
    figures.scheduled(waiting.count());
}

fn tell_of_reach(core: &Core, event: &Event, action: &str, decided: &DecisionRecord) {
    let charter = &*event.charter;
    if let Some(action) = charter.names.actions.get(action) {
        let action = charter.actions.at(*action);
        core.node().reach_used_up(charter, action, decided.now);
    }
}

/// Only what the policy itself proposed counts: not the fallback's proposals, nor what a person approved.
fn count_violations(core: &Core, event: &Event, decided: &DecisionRecord) {
    let (Outcome::Act | Outcome::Refused, Some(policy)) = (decided.outcome, &decided.policy) else {
        return;
    };
    let built_in = event.charter.events.at(event.kind).built_in;
    if built_in == Some(BuiltIn::ActionApproved) {
        return;
    }
    let is_outside = |refused: &reply::Refused<'_>| BOUNDS.contains(&refused.rule);
    let proposals = reply::refusals(decided).filter(is_outside).count();
    let Some(proposals) = u32::try_from(proposals).ok().filter(|count| *count > 0) else {
        return;
    };
    let market = event.charter.markets.at(event.market).key;
    core.node().figures().violations(market, proposals);
    core.node().violated(&Violation {
        charter: &event.charter,
        market: event.charter.markets.at(event.market),
        policy: policy.digest,
        version: &policy.version,
        proposals,
        now: decided.now,
    });
}
