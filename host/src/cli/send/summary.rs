//! What came of a sending, as a table for people and as JSON for machines.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::feed::FeedCount;
use super::tally::{Rejections, Tally};
use crate::cli::Ending;
use crate::ids::Text;

/// Everything that is known at the end.
#[derive(Debug)]
pub(in crate::cli) struct Summary {
    pub(super) fed: FeedCount,
    pub(in crate::cli) tally: Tally,
    pub(super) took: Duration,
    /// Why a connection gave up.
    pub(super) gave_up: Option<String>,
}

/// The outcomes in the order in which they are shown; one that is not among them comes after.
const OUTCOMES: [&str; 7] = [
    "act", "hold", "refused", "blocked", "stopped", "fallback", "signal",
];

impl Summary {
    /// Done only when every line was an event, and every event was accepted or repeated.
    pub(in crate::cli) fn ending(&self) -> Ending {
        let complete = self.fed.malformed.is_empty()
            && self.fed.broken.is_none()
            && self.gave_up.is_none()
            && self.tally.rejected.is_empty()
            && self.unanswered() == 0;
        if complete {
            Ending::Done
        } else {
            Ending::Found
        }
    }

    fn unanswered(&self) -> u64 {
        (self.fed.events + self.fed.simulated).saturating_sub(self.tally.answers())
    }

    fn malformed(&self) -> u64 {
        self.fed.malformed.values().map(|one| one.count).sum()
    }

    fn events_per_second(&self) -> f64 {
        let seconds = self.took.as_secs_f64();
        if seconds > 0.0 {
            self.tally.answers() as f64 / seconds
        } else {
            0.0
        }
    }

    pub(super) fn json(&self) -> Value {
        let millis = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1_000.0);
        json!({
            "events": self.fed.events,
            "simulated_consents": self.fed.simulated,
            "accepted": self.tally.accepted,
            "repeated": self.tally.repeated,
            "rejected": self.tally.rejections(),
            "rejected_by_reason": self.tally.rejected,
            "malformed": self.malformed(),
            "malformed_by_reason": self.fed.malformed,
            "unanswered": self.unanswered(),
            "ended_early": self.ended_early(),
            "outcomes": self.tally.outcomes,
            "actions": self.tally.actions,
            "refusals": self.tally.refusals,
            "reasons": self.tally.reasons,
            "seconds": self.took.as_secs_f64(),
            "events_per_second": self.events_per_second(),
            "batches": self.tally.round_trips.len(),
            "retries": self.tally.retries,
            "p50_ms": millis(self.tally.round_trip(50)),
            "p99_ms": millis(self.tally.round_trip(99)),
        })
    }

    fn ended_early(&self) -> Option<&String> {
        self.gave_up.as_ref().or(self.fed.broken.as_ref())
    }

    fn events(&self) -> Table {
        let mut table = Table::new();
        let mut row = |what: &str, count: u64, note: String| {
            table.add_row([what.to_owned(), count.to_string(), note]);
        };
        row("events", self.fed.events, String::new());
        if self.fed.simulated > 0 {
            let note = "SIMULATED: not in the file, made up by --simulate-consent";
            row("+ consents", self.fed.simulated, note.to_owned());
        }
        row("accepted", self.tally.accepted, String::new());
        let note = if self.tally.repeated > 0 {
            "known before; answered with the first reply, nothing changed"
        } else {
            ""
        };
        row("repeated", self.tally.repeated, note.to_owned());
        row("rejected", self.tally.rejections(), String::new());
        rejections(&mut row, &self.tally.rejected);
        if !self.fed.malformed.is_empty() {
            row("malformed lines", self.malformed(), "not sent".to_owned());
            rejections(&mut row, &self.fed.malformed);
        }
        if self.unanswered() > 0 {
            row("unanswered", self.unanswered(), String::new());
        }
        table
    }

    /// One row a market, one column an outcome that was seen.
    fn outcomes(&self) -> Table {
        let seen = |outcome: &str| {
            let mut markets = self.tally.outcomes.values();
            markets.any(|outcomes| outcomes.contains_key(outcome))
        };
        let all = self.tally.outcomes.values().flat_map(BTreeMap::keys);
        let mut others: Vec<&str> = all
            .map(Text::as_str)
            .filter(|outcome| !OUTCOMES.contains(outcome))
            .collect();
        others.sort_unstable();
        others.dedup();
        let columns: Vec<&str> = OUTCOMES
            .into_iter()
            .filter(|outcome| seen(outcome))
            .chain(others)
            .collect();
        let mut table = Table::new();
        table.set_header(std::iter::once("market").chain(columns.iter().copied()));
        for (market, outcomes) in &self.tally.outcomes {
            let count = |outcome: &&str| outcomes.get(*outcome).copied().unwrap_or(0).to_string();
            table.add_row(std::iter::once(market.to_string()).chain(columns.iter().map(count)));
        }
        table
    }

    fn actions(&self) -> Table {
        let mut table = Table::new();
        table.set_header(["action", "answered", "scheduled"]);
        for (action, uses) in &self.tally.actions {
            let counts = [uses.answered.to_string(), uses.scheduled.to_string()];
            table.add_row(std::iter::once(action.to_string()).chain(counts));
        }
        table
    }

    fn speed(&self) -> String {
        let show = |time: Option<Duration>| match time {
            Some(time) => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
            None => "-".to_owned(),
        };
        format!(
            "{:.0} events/s over {:.2} s; {} batches, round trip p50 {}, p99 {}; {} sent again",
            self.events_per_second(),
            self.took.as_secs_f64(),
            self.tally.round_trips.len(),
            show(self.tally.round_trip(50)),
            show(self.tally.round_trip(99)),
            self.tally.retries,
        )
    }
}

fn rejections(row: &mut impl FnMut(&str, u64, String), by_reason: &BTreeMap<String, Rejections>) {
    for (reason, rejections) in by_reason {
        let mut note = format!("first in line {}", rejections.first_line);
        if !rejections.first_detail.is_empty() {
            note = format!("{note}: {}", rejections.first_detail);
        }
        row(&format!("  {reason}"), rejections.count, note);
    }
}

fn counts<K: fmt::Display>(header: &str, counts: &BTreeMap<K, u64>) -> Table {
    let mut table = Table::new();
    table.set_header([header, "count"]);
    for (name, count) in counts {
        table.add_row([name.to_string(), count.to_string()]);
    }
    table
}

/// Tables one below the other; those without rows are left out.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = [
            self.events(),
            self.outcomes(),
            self.actions(),
            counts("refused by the boundary, by rule", &self.tally.refusals),
            counts("reason", &self.tally.reasons),
        ];
        for mut table in tables {
            if table.is_empty() {
                continue;
            }
            table.load_preset(presets::UTF8_BORDERS_ONLY);
            // The table without a header ends with a column of notes, which read from the left.
            let notes = usize::from(table.header().is_none());
            for column in 1..table.column_count() - notes {
                if let Some(column) = table.column_mut(column) {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
            writeln!(f, "{table}\n")?;
        }
        if let Some(why) = self.ended_early() {
            writeln!(f, "ended early: {why}")?;
        }
        write!(f, "{}", self.speed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let mut summary = Summary {
            fed: FeedCount {
                events: 10,
                simulated: 2,
                ..FeedCount::default()
            },
            tally: Tally::default(),
            took: Duration::from_secs(2),
            gave_up: None,
        };
        summary.tally.accepted = 11;
        summary.tally.repeated = 1;
        let outcomes = [("hold", 4), ("postponed", 1), ("act", 3)];
        let outcomes = outcomes.map(|(name, count)| (Text::new(name), count));
        summary.tally.outcomes.insert("gb".into(), outcomes.into());
        summary
    }

    #[test]
    fn anything_that_was_not_answered_well_is_found() {
        let problem = Rejections {
            count: 1,
            first_line: 3,
            first_detail: "`total` is missing".into(),
        };
        let found = |change: fn(&mut Summary, Rejections)| {
            let mut summary = summary();
            change(&mut summary, problem.clone());
            summary.ending()
        };
        let rejected = found(|summary, problem| {
            summary.tally.accepted -= 1;
            summary.tally.rejected.insert("422 x".into(), problem);
        });
        let malformed = found(|summary, problem| {
            summary.fed.malformed.insert("not JSON".into(), problem);
        });
        let unanswered = found(|summary, _| summary.tally.accepted -= 1);
        let broken = found(|summary, _| summary.fed.broken = Some("cut".into()));
        let gave_up = found(|summary, _| summary.gave_up = Some("busy".into()));
        assert_eq!(
            [rejected, malformed, unanswered, broken, gave_up],
            [Ending::Found; 5]
        );
        assert_eq!(summary().ending(), Ending::Done);
    }

    #[test]
    fn the_table_labels_what_is_simulated_and_names_new_outcomes() {
        let text = summary().to_string();
        assert!(text.contains("SIMULATED"), "{text}");
        let act = text.find("act").unwrap();
        assert!(act < text.find("hold").unwrap());
        assert!(text.contains("postponed"));
        assert!(text.contains("6 events/s over 2.00 s"), "{text}");
    }

    #[test]
    fn machines_get_the_same_figures() {
        let json = summary().json();
        assert_eq!(json["events"], 10);
        assert_eq!(json["simulated_consents"], 2);
        assert_eq!(json["outcomes"]["gb"]["hold"], 4);
        assert_eq!(json["p99_ms"], Value::Null);
    }
}
