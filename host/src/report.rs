//! What came of decisions, and of silence, over a time (A43, A45, C07, C25, C28): the figures of the charter, how often
//! customers were reached, what was held back, what was regretted, and what was not done, by which rule.
//!
//! The log is walked once, in order. What is remembered on the way is bounded: actions are followed for a time and up to a
//! number, and how often customers were reached is taken of a sample of them where there are too many.

mod figures;
mod folder;
mod followed;
mod gather;
mod ledger;
mod outcomes;
mod pressure;
mod shares;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::charter::{Charter, Measured};
use crate::clock::{Instant, Span};
use crate::ids::Text;

pub use figures::{CSV_HEAD, Figure, Group, Scope};
pub use folder::{NoReport, of_folder};
pub use gather::Gathering;

/// How long an action is followed after it acted, where no figure of the charter asks for longer.
pub const FOLLOWED: Span = Span::from_days(30);
/// How long after an action a complaint that names none is about it, where the charter does not say.
pub const REGRET_WITHIN: Span = Span::from_days(7);
/// How many actions are followed at a time; the oldest is let go first.
pub const FOLLOWED_ACTIONS: usize = 500_000;

/// What a report is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ask {
    /// At or after; without it, everything.
    pub since: Option<Instant>,
    /// Before. What came of its actions later still counts.
    pub until: Option<Instant>,
    /// Only this market; without it, every one, and all together.
    pub market: Option<Text>,
}

impl Ask {
    fn covers(&self, at: Instant) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    fn wants(&self, market: &str) -> bool {
        self.market.as_ref().is_none_or(|wanted| wanted == market)
    }

    /// Whether the charter knows the market that is asked for.
    pub fn check(&self, charter: &Charter) -> Result<(), NoReport> {
        let Some(market) = &self.market else {
            return Ok(());
        };
        if charter.names.markets.contains_key(market) {
            return Ok(());
        }
        let mut known: Vec<&str> = charter.names.markets.keys().map(Text::as_str).collect();
        known.sort_unstable();
        Err(NoReport::NoMarket {
            market: market.to_string(),
            known: known.join(", "),
        })
    }

    /// Where to begin: an action from before may be followed into the time that is asked for.
    pub fn begins(&self, charter: &Charter) -> Option<Instant> {
        self.since.map(|since| since.minus(horizon(charter)))
    }
}

/// How long an action is followed.
pub fn horizon(charter: &Charter) -> Span {
    let kpis = charter.kpis.iter().filter_map(|kpi| match kpi.measured {
        Measured::Outcome { within, .. } => Some(within),
        Measured::Share { .. } => None,
    });
    let outcomes = charter.events.iter();
    let outcomes = outcomes.filter_map(|(_, kind)| kind.outcome?.within);
    kpis.chain(outcomes).fold(FOLLOWED, Span::max)
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    pub ask: Ask,
    /// The charter whose figures these are.
    pub charter: Arc<Charter>,
    /// Up to when it is known what came of actions.
    pub now: Instant,
    pub figures: Vec<Figure>,
    /// Events and decisions that were counted.
    pub events: u64,
    pub decisions: u64,
    /// Records that cannot be read, such as those of erased customers.
    pub unreadable: u64,
    /// Actions that were let go before their time, because there were too many to follow.
    pub let_go: u64,
    /// How often customers were reached is measured of one in so many.
    pub one_in: u64,
}

impl Report {
    /// For machines.
    pub fn json(&self) -> Json {
        let shown = |at: Option<Instant>| at.map(|at| at.to_string());
        json!({
            "since": shown(self.ask.since), "until": shown(self.ask.until), "known_until": self.now.to_string(),
            "market": self.ask.market, "charter": self.charter.version, "events": self.events,
            "decisions": self.decisions, "unreadable": self.unreadable, "let_go": self.let_go,
            "pressure_of_one_in": self.one_in,
            "figures": self.figures.iter().map(Figure::json).collect::<Vec<_>>(),
        })
    }

    /// One line for each market and figure.
    pub fn csv(&self) -> String {
        let lines = self.figures.iter().map(Figure::csv);
        let lines: Vec<String> = std::iter::once(CSV_HEAD.to_owned()).chain(lines).collect();
        lines.join("\n") + "\n"
    }
}
