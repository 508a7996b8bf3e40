//! What is counted on the path: registered once, so that counting is one addition.

use std::sync::Arc;

use arc_swap::ArcSwap;
use metrics::{Counter, Gauge, Histogram};

use crate::boundary::NAMES;
use crate::charter::Charter;
use crate::evidence::Outcome;
use crate::ids::{Key, Map, Text};
use crate::telemetry::Telemetry;

/// The counters of one host.
pub struct Figures {
    telemetry: Telemetry,
    /// By market, of the charter that is live and of those before: what is in flight under one is counted still.
    markets: ArcSwap<Map<Key, OfMarket>>,
    refusals: Vec<(&'static str, Counter)>,
    /// By action, likewise.
    breakers: ArcSwap<Map<Text, Gauge>>,
    /// By field, likewise.
    fields: ArcSwap<Map<Text, OfField>>,
    repeats: Counter,
    scheduled: Counter,
    approvals: [(&'static str, Counter); 3],
    policy_seconds: Histogram,
}

#[derive(Clone)]
struct OfMarket {
    signals: Counter,
    outcomes: [Counter; Outcome::ALL.len()],
    faults: Counter,
    violations: Counter,
    dropped: Counter,
}

/// What one field is counted for.
#[derive(Clone)]
struct OfField {
    conflicts: Counter,
    refused_writes: Counter,
}

impl OfMarket {
    fn new(telemetry: &Telemetry, market: &str) -> Self {
        Self {
            signals: telemetry.counter("kairos_signals_total", &[("market", market)]),
            outcomes: Outcome::ALL.map(|outcome| {
                let labels = [("market", market), ("outcome", outcome.word())];
                telemetry.counter("kairos_decisions_total", &labels)
            }),
            faults: telemetry.counter("kairos_policy_faults_total", &[("market", market)]),
            violations: telemetry.counter("kairos_policy_violations_total", &[("market", market)]),
            dropped: telemetry.counter("kairos_dropped_total", &[("market", market)]),
        }
    }
}

impl Figures {
    pub fn new(telemetry: &Telemetry, charter: &Charter) -> Self {
        let of_rule = |rule: &'static str| {
            (
                rule,
                telemetry.counter("kairos_refusals_total", &[("rule", rule)]),
            )
        };
        let figures = Self {
            telemetry: telemetry.clone(),
            markets: ArcSwap::default(),
            refusals: NAMES.iter().map(|rule| of_rule(rule)).collect(),
            breakers: ArcSwap::default(),
            fields: ArcSwap::default(),
            repeats: telemetry.counter("kairos_repeats_total", &[]),
            approvals: ["approved", "rejected", "dropped"].map(|result| {
                let labels = [("result", result)];
                (result, telemetry.counter("kairos_approvals_total", &labels))
            }),
            scheduled: telemetry.counter("kairos_scheduled_total", &[]),
            policy_seconds: telemetry.histogram("kairos_policy_seconds", &[]),
        };
        figures.follow(charter);
        figures
    }

    /// Registers the markets, actions and fields that a new charter adds.
    pub fn follow(&self, charter: &Charter) {
        let mut markets = Map::clone(&self.markets.load());
        for (_, market) in charter.markets.iter() {
            markets
                .entry(market.key)
                .or_insert_with(|| OfMarket::new(&self.telemetry, &market.name));
        }
        self.markets.store(Arc::new(markets));
        let mut breakers = Map::clone(&self.breakers.load());
        for (_, action) in charter.actions.iter() {
            breakers.entry(action.name.clone()).or_insert_with(|| {
                let labels = [("action", action.name.as_str())];
                self.telemetry.gauge("kairos_breaker_open", &labels)
            });
        }
        self.breakers.store(Arc::new(breakers));
        let mut fields = Map::clone(&self.fields.load());
        for (_, field) in charter.fields.iter() {
            fields.entry(field.name.clone()).or_insert_with(|| {
                let labels = [("field", field.name.as_str())];
                let counter = |name| self.telemetry.counter(name, &labels);
                OfField {
                    conflicts: counter("kairos_field_conflicts_total"),
                    refused_writes: counter("kairos_refused_writes_total"),
                }
            });
        }
        self.fields.store(Arc::new(fields));
    }

    fn of(&self, market: Key, count: impl FnOnce(&OfMarket)) {
        if let Some(of) = self.markets.load().get(&market) {
            count(of);
        }
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

    pub fn signal(&self, market: Key) {
        self.of(market, |of| of.signals.increment(1));
    }

    pub fn decision(&self, market: Key, outcome: Outcome) {
        self.of(market, |of| {
            if let Some(counter) = of.outcomes.get(outcome as usize) {
                counter.increment(1);
            }
        });
    }

    pub fn fault(&self, market: Key) {
        self.of(market, |of| of.faults.increment(1));
    }

    pub fn violations(&self, market: Key, proposals: u32) {
        self.of(market, |of| of.violations.increment(proposals.into()));
    }

    /// An event was decided and forgotten: nobody gave a basis to keep it.
    pub fn dropped(&self, market: Key) {
        self.of(market, |of| of.dropped.increment(1));
    }

    /// A field where a source said something else than what stands (A17).
    pub fn conflict(&self, field: &str) {
        if let Some(of) = self.fields.load().get(field) {
            of.conflicts.increment(1);
        }
    }

    /// A field that a source may not write, or not so (C01).
    pub fn refused_write(&self, field: &str) {
        if let Some(of) = self.fields.load().get(field) {
            of.refused_writes.increment(1);
        }
    }

    /// Whether an action's breaker is open: 1, or 0.
    pub fn breaker(&self, action: &str) -> Gauge {
        let breakers = self.breakers.load();
        breakers.get(action).cloned().unwrap_or_else(Gauge::noop)
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
