//! Counts what was answered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::answer::{Answer, Decision, Problem, Reply};
use super::lines::{EventLine, Origin};
use crate::ids::Text;

/// What became of the events that were sent.
#[derive(Default, Debug)]
pub(in crate::cli) struct Tally {
    pub(super) accepted: u64,
    pub(super) repeated: u64,
    pub(super) simulated: u64,
    pub(super) retries: u64,
    pub(super) rejected: BTreeMap<String, Rejections>,
    /// By market, then by outcome; an event without a decision is a `signal`.
    pub(super) outcomes: BTreeMap<Text, BTreeMap<Text, u64>>,
    pub(super) actions: BTreeMap<Text, Uses>,
    /// By rule.
    pub(super) refusals: BTreeMap<Text, u64>,
    /// By outcome and reason, of holds and fallbacks.
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) round_trips: Vec<Duration>,
    pub(in crate::cli) firsts: Firsts,
}

/// Events that were refused for one reason.
#[derive(Serialize, PartialEq, Eq, Clone, Debug)]
pub(super) struct Rejections {
    pub(super) count: u64,
    pub(super) first_line: u64,
    pub(super) first_detail: String,
}

/// How often an action was answered in the reply, and scheduled for later.
#[derive(Serialize, Default, PartialEq, Eq, Clone, Copy, Debug)]
pub(super) struct Uses {
    pub(super) answered: u64,
    pub(super) scheduled: u64,
}

/// The first decision in the file of three sorts, whatever the order of the answers.
#[derive(Default, Debug)]
pub(in crate::cli) struct Firsts {
    pub(in crate::cli) acted: Option<Sample>,
    pub(in crate::cli) held: Option<Sample>,
    /// Every proposal was refused.
    refused: Option<Sample>,
    /// Some of the proposals were.
    refused_in_part: Option<Sample>,
}

/// A decision, and the event that it is about.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Sample {
    line: u64,
    pub(in crate::cli) event: Text,
    pub(in crate::cli) kind: Text,
    pub(in crate::cli) market: Text,
    pub(in crate::cli) decision: Decision,
}

impl Tally {
    /// Counts the answer to one event.
    pub(super) fn answered(&mut self, event: &EventLine, answer: Answer) {
        let Some(reply) = answer.reply.filter(|_| (200..300).contains(&answer.status)) else {
            self.reject(event, answer.status, &answer.problem.unwrap_or_default());
            return;
        };
        if answer.repeated {
            self.repeated += 1;
        } else {
            self.accepted += 1;
        }
        if matches!(event.origin, Origin::Simulated { .. }) {
            self.simulated += 1;
        }
        self.replied(event, &reply);
    }

    pub(super) fn reject(&mut self, event: &EventLine, status: u16, problem: &Problem) {
        let rejection = Rejections {
            count: 1,
            first_line: event.origin.line(),
            first_detail: problem.detail.to_string(),
        };
        let reason = format!("{status} {}", problem.name());
        add_rejections(&mut self.rejected, reason, rejection);
    }

    pub(super) fn answered_in(&mut self, round_trip: Duration) {
        self.round_trips.push(round_trip);
    }

    fn replied(&mut self, event: &EventLine, reply: &Reply) {
        let outcomes = self.outcomes.entry(event.market.clone()).or_default();
        if reply.decisions.is_empty() {
            *outcomes.entry(Text::new_static("signal")).or_default() += 1;
        }
        for decision in &reply.decisions {
            *outcomes.entry(decision.outcome.clone()).or_default() += 1;
            for action in &decision.actions {
                self.actions
                    .entry(action.action.clone())
                    .or_default()
                    .answered += 1;
            }
            for action in &decision.scheduled {
                self.actions
                    .entry(action.action.clone())
                    .or_default()
                    .scheduled += 1;
            }
            for refusal in &decision.refused {
                *self.refusals.entry(refusal.rule.clone()).or_default() += 1;
            }
            if let Some(reason) = decision.reason.as_ref().or(decision.because.as_ref()) {
                let reason = format!("{}: {reason}", decision.outcome);
                *self.reasons.entry(reason).or_default() += 1;
            }
            self.firsts.see(event, decision);
        }
    }

    /// Adds what another connection counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.repeated += other.repeated;
        self.simulated += other.simulated;
        self.retries += other.retries;
        for (reason, rejections) in other.rejected {
            add_rejections(&mut self.rejected, reason, rejections);
        }
        for (market, outcomes) in other.outcomes {
            add_counts(self.outcomes.entry(market).or_default(), outcomes);
        }
        for (action, uses) in other.actions {
            let sum = self.actions.entry(action).or_default();
            sum.answered += uses.answered;
            sum.scheduled += uses.scheduled;
        }
        add_counts(&mut self.refusals, other.refusals);
        add_counts(&mut self.reasons, other.reasons);
        self.round_trips.extend(other.round_trips);
        self.firsts.merge(other.firsts);
    }

    pub(super) fn rejections(&self) -> u64 {
        self.rejected.values().map(|one| one.count).sum()
    }

    /// Events that a host answered: accepted, repeated or rejected.
    pub(super) fn answers(&self) -> u64 {
        self.accepted + self.repeated + self.rejections()
    }

    /// The round trip that `percent` of the batches did not exceed.
    pub(super) fn round_trip(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.round_trips.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }
}

/// Adds to a reason's count; the example is the one that stands first in the file.
pub(super) fn add_rejections(
    into: &mut BTreeMap<String, Rejections>,
    reason: String,
    more: Rejections,
) {
    match into.get_mut(&reason) {
        None => {
            into.insert(reason, more);
        }
        Some(known) => {
            let count = known.count + more.count;
            if more.first_line < known.first_line {
                *known = more;
            }
            known.count = count;
        }
    }
}

fn add_counts<K: Ord>(into: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *into.entry(key).or_default() += count;
    }
}

impl Firsts {
    /// A decision of which the boundary refused something: everything, where there is one.
    pub(in crate::cli) fn refused(&self) -> Option<&Sample> {
        self.refused.as_ref().or(self.refused_in_part.as_ref())
    }

    fn see(&mut self, event: &EventLine, decision: &Decision) {
        match decision.outcome.as_str() {
            "act" => see_first(&mut self.acted, event, decision),
            "hold" => see_first(&mut self.held, event, decision),
            "refused" => see_first(&mut self.refused, event, decision),
            _ => {}
        }
        if !decision.refused.is_empty() {
            see_first(&mut self.refused_in_part, event, decision);
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.acted, other.acted),
            (&mut self.held, other.held),
            (&mut self.refused, other.refused),
            (&mut self.refused_in_part, other.refused_in_part),
        ] {
            let earlier =
                |theirs: &Sample| mine.as_ref().is_none_or(|mine| theirs.line < mine.line);
            if theirs.as_ref().is_some_and(earlier) {
                *mine = theirs;
            }
        }
    }
}

fn see_first(place: &mut Option<Sample>, event: &EventLine, decision: &Decision) {
    let line = event.origin.line();
    if place.as_ref().is_none_or(|first| line < first.line) {
        *place = Some(Sample {
            line,
            event: event.id.clone(),
            kind: event.kind.clone(),
            market: event.market.clone(),
            decision: decision.clone(),
        });
    }
}

#[cfg(test)]
mod tests;
