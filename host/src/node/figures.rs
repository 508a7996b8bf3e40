//! What is counted on the path: registered once, so that counting is one addition.

use metrics::{Counter, Gauge, Histogram};

use crate::boundary::NAMES;
use crate::charter::{Charter, MarketIx, table::Index};
use crate::evidence::Outcome;
use crate::ids::Text;
use crate::telemetry::Telemetry;

/// The counters of one host.
pub struct Figures {
    markets: Vec<OfMarket>,
    refusals: Vec<(&'static str, Counter)>,
    breakers: Vec<(Text, Gauge)>,
    fields: Vec<OfField>,
    repeats: Counter,
    scheduled: Counter,
    approvals: [(&'static str, Counter); 3],
    policy_seconds: Histogram,
}

struct OfMarket {
    signals: Counter,
    outcomes: [Counter; Outcome::ALL.len()],
    faults: Counter,
    violations: Counter,
    dropped: Counter,
}

/// What one field is counted for.
struct OfField {
    name: Text,
    conflicts: Counter,
    refused_writes: Counter,
}

impl Figures {
    pub fn new(telemetry: &Telemetry, charter: &Charter) -> Self {
        let of_market = |market: &str| OfMarket {
            signals: telemetry.counter("kairos_signals_total", &[("market", market)]),
            outcomes: Outcome::ALL.map(|outcome| {
                let labels = [("market", market), ("outcome", outcome.word())];
                telemetry.counter("kairos_decisions_total", &labels)
            }),
            faults: telemetry.counter("kairos_policy_faults_total", &[("market", market)]),
            violations: telemetry.counter("kairos_policy_violations_total", &[("market", market)]),
            dropped: telemetry.counter("kairos_dropped_total", &[("market", market)]),
        };
        let of_field = |field: &Text| {
            let labels = [("field", field.as_str())];
            OfField {
                name: field.clone(),
                conflicts: telemetry.counter("kairos_field_conflicts_total", &labels),
                refused_writes: telemetry.counter("kairos_refused_writes_total", &labels),
            }
        };
        let of_rule = |rule: &'static str| {
            (
                rule,
                telemetry.counter("kairos_refusals_total", &[("rule", rule)]),
            )
        };
        Self {
            markets: charter
                .markets
                .iter()
                .map(|(_, market)| of_market(&market.name))
                .collect(),
            refusals: NAMES.iter().map(|rule| of_rule(rule)).collect(),
            fields: charter
                .fields
                .iter()
                .map(|(_, field)| of_field(&field.name))
                .collect(),
            breakers: charter
                .actions
                .iter()
                .map(|(_, action)| {
                    let labels = [("action", action.name.as_str())];
                    let gauge = telemetry.gauge("kairos_breaker_open", &labels);
                    (action.name.clone(), gauge)
                })
                .collect(),
            repeats: telemetry.counter("kairos_repeats_total", &[]),
            approvals: ["approved", "rejected", "dropped"].map(|result| {
                let labels = [("result", result)];
                (result, telemetry.counter("kairos_approvals_total", &labels))
            }),
            scheduled: telemetry.counter("kairos_scheduled_total", &[]),
            policy_seconds: telemetry.histogram("kairos_policy_seconds", &[]),
        }
    }

    fn of(&self, market: MarketIx) -> Option<&OfMarket> {
        self.markets.get(usize::from(market.number()))
    }

    pub fn repeat(&self) {
        self.repeats.increment(1);
    }

    pub fn scheduled(&self, actions: usize) {
        self.scheduled
            .increment(u64::try_from(actions).unwrap_or(u64::MAX));
    }

    /// A person decided about a waiting action; `result` is `approved`, `rejected` or `dropped`.
    pub fn approval(&self, result: &str) {
        if let Some((_, counter)) = self.approvals.iter().find(|(name, _)| *name == result) {
            counter.increment(1);
        }
    }

    pub fn signal(&self, market: MarketIx) {
        if let Some(of) = self.of(market) {
            of.signals.increment(1);
        }
    }

    pub fn decision(&self, market: MarketIx, outcome: Outcome) {
        let counter = self
            .of(market)
            .and_then(|of| of.outcomes.get(outcome as usize));
        if let Some(counter) = counter {
            counter.increment(1);
        }
    }

    pub fn fault(&self, market: MarketIx) {
        if let Some(of) = self.of(market) {
            of.faults.increment(1);
        }
    }

    pub fn violations(&self, market: MarketIx, proposals: u32) {
        if let Some(of) = self.of(market) {
            of.violations.increment(proposals.into());
        }
    }

    /// An event was decided and forgotten: nobody gave a basis to keep it.
    pub fn dropped(&self, market: MarketIx) {
        if let Some(of) = self.of(market) {
            of.dropped.increment(1);
        }
    }

    /// A field where a source said something else than what stands (A17).
    pub fn conflict(&self, field: &str) {
        if let Some(of) = self.fields.iter().find(|of| of.name == field) {
            of.conflicts.increment(1);
        }
    }

    /// A field that a source may not write, or not so (C01).
    pub fn refused_write(&self, field: &str) {
        if let Some(of) = self.fields.iter().find(|of| of.name == field) {
            of.refused_writes.increment(1);
        }
    }

    /// Whether an action's breaker is open: 1, or 0.
    pub fn breaker(&self, action: &str) -> Gauge {
        let known = self.breakers.iter().find(|(name, _)| name == action);
        known.map_or_else(Gauge::noop, |(_, gauge)| gauge.clone())
    }

    pub fn refusal(&self, rule: &str) {
        if let Some((_, counter)) = self.refusals.iter().find(|(name, _)| *name == rule) {
            counter.increment(1);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub fn policy(&self, micros: u64) {
        self.policy_seconds.record(micros as f64 / 1e6);
    }
}
