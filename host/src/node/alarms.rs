//! What the host tells people about at once: policies that propose what they may not, actions that have reached too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::Gauge;

use crate::charter::{Action, Charter, Market};
use crate::clock::Instant;
use crate::ids::{Digest, Key, Text};
use crate::node::Node;
use crate::spending::What;

/// What is counted and noticed in the hour at hand; after a restart, anew.
#[derive(Default)]
pub(crate) struct Alarms {
    /// By market and policy.
    violations: Mutex<HashMap<(Key, Digest), Hour>>,
    /// By action: breakers that are open.
    breakers: Arc<Breakers>,
}

/// A figure of one hour.
#[derive(Clone, Copy, Debug)]
struct Hour {
    number: i64,
    count: u32,
}

/// Actions whose reach in an hour is used up.
#[derive(Default)]
pub(super) struct Breakers(Mutex<HashMap<Key, Open>>);

struct Open {
    hour: i64,
    gauge: Gauge,
}

/// What a policy did that it may not.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'a> {
    pub charter: &'a Charter,
    pub market: &'a Market,
    pub policy: Digest,
    pub version: &'a Text,
    /// So many proposals outside of its manifest or its frame.
    pub proposals: u32,
    pub now: Instant,
}

impl Alarms {
    pub(super) fn breakers(&self) -> &Arc<Breakers> {
        &self.breakers
    }

    /// Starts to count a policy's violations anew.
    pub(crate) fn forgive(&self, digest: &str) {
        self.violations()
            .retain(|(_, policy), _| policy.to_string() != digest);
    }

    fn violations(&self) -> MutexGuard<'_, HashMap<(Key, Digest), Hour>> {
        self.violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts, and returns how many there are in this hour.
    fn count(&self, violated: &Violation<'_>) -> u32 {
        let number = hour(violated.now);
        let mut violations = self.violations();
        violations.retain(|_, hour| hour.number >= number - 1);
        let key = (violated.market.key, violated.policy);
        let hour = violations.entry(key).or_insert(Hour { number, count: 0 });
        if hour.number != number {
            *hour = Hour { number, count: 0 };
        }
        hour.count = hour.count.saturating_add(violated.proposals);
        hour.count
    }
}

impl Node {
    /// Counts what a policy proposed outside of its manifest or its frame. Beyond the charter's number, the policy is put into
    /// quarantine: from the next decision on the market's fallback answers, until the stop is lifted (A06, A32).
    pub fn violated(&self, violated: &Violation<'_>) {
        let count = self.alarms.count(violated);
        let Violation {
            charter, market, ..
        } = violated;
        if count <= market.limits.violations_per_hour
            || self.stops().of_policy(violated.policy).is_some()
        {
            return;
        }
        let (owner, on_call) = (charter.reached(&market.owner), &market.on_call);
        let reason =
            format!("{count} proposals outside of its manifest or frame in one hour; tell {owner}");
        let (market, version) = (&market.name, violated.version);
        match self.quarantine(violated.policy, Text::from(reason)) {
            Ok(()) => {
                tracing::error!(%market, %version, count, %owner, %on_call, "a policy is in quarantine: the fallback answers");
            }
            // The next violation tries again.
            Err(error) => {
                tracing::error!(%market, %version, count, %owner, %on_call, %error, "a policy cannot be put into quarantine");
            }
        }
    }

    /// An action was refused because it has reached as many as it may in an hour: once an hour, its owner is told (A29).
    pub fn reach_used_up(&self, charter: &Charter, action: &Action, now: Instant) {
        let hour = hour(now);
        let mut open = self.alarms.breakers.open();
        if open
            .get(&action.key)
            .is_some_and(|breaker| breaker.hour >= hour)
        {
            return;
        }
        let gauge = self.figures().breaker(&action.name);
        gauge.set(1.0);
        open.insert(action.key, Open { hour, gauge });
        drop(open);
        let owner = charter.reached(&action.owner);
        tracing::warn!(action = %action.name, %owner, "the breaker is open: the action has reached as many as it may in an hour");
    }
}

impl Breakers {
    fn open(&self) -> MutexGuard<'_, HashMap<Key, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the breakers of earlier hours.
    pub(super) fn close(&self, now: Instant) {
        self.open().retain(|_, breaker| {
            let stays = breaker.hour >= hour(now);
            if !stays {
                breaker.gauge.set(0.0);
            }
            stays
        });
    }
}

fn hour(now: Instant) -> i64 {
    now.millis().div_euclid(What::ActionPerHour.millis())
}
