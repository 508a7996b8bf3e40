//! The ledger of silence: what was not done, by what held it back, for each market, moment and action.

use std::collections::BTreeMap;

use crate::action::Ruling;
use crate::evidence::{DecisionRecord, Outcome};
use crate::ids::Text;

/// So many different lines; what comes then is counted together.
const LINES: usize = 5_000;
/// The longest reason that is shown, in characters.
const BY: usize = 120;

/// One sort of silence.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Silence {
    pub(super) market: Text,
    /// Empty where there was none: a signal.
    pub(super) moment: Text,
    /// Empty where nothing was proposed.
    pub(super) action: Text,
    pub(super) why: Why,
    /// The rule, the policy's reason, the kind of event, …
    pub(super) by: Text,
}

/// What kind of silence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Why {
    Refused,
    GaveWay,
    Held,
    Blocked,
    Stopped,
    Fallback,
    Cancelled,
    Replaced,
    Unapproved,
    Signal,
}

impl Why {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::GaveWay => "gave_way",
            Self::Held => "held",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Fallback => "fallback",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
            Self::Unapproved => "unapproved",
            Self::Signal => "signal",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Refused => "proposals that a rule refused",
            Self::GaveWay => "proposals that were permitted and gave way to a better one",
            Self::Held => "decisions in which nothing was proposed, by the policy's reason",
            Self::Blocked => "decisions for which not enough was known",
            Self::Stopped => "decisions under a kill switch",
            Self::Fallback => {
                "decisions in which the policy could not answer, and nothing was done"
            }
            Self::Cancelled => "planned actions that were cancelled before they acted",
            Self::Replaced => "planned actions in whose place another one came",
            Self::Unapproved => "planned actions that nobody approved in time",
            Self::Signal => "events that were no moment: noted, and nobody was asked",
        }
    }
}

#[derive(Default)]
pub(super) struct Ledger {
    lines: BTreeMap<Silence, u64>,
}

impl Ledger {
    pub(super) fn lines(&self) -> impl Iterator<Item = (&Silence, u64)> {
        self.lines.iter().map(|(silence, count)| (silence, *count))
    }

    pub(super) fn add(&mut self, mut silence: Silence) {
        if silence.by.chars().count() > BY {
            silence.by = silence.by.chars().take(BY).collect::<String>().into();
        }
        if self.lines.len() >= LINES && !self.lines.contains_key(&silence) {
            silence.by = Text::new_static("(others)");
        }
        *self.lines.entry(silence).or_default() += 1;
    }

    /// What a decision did not do.
    pub(super) fn decision(&mut self, market: &Text, decided: &DecisionRecord) {
        let mut say = |action: &Text, why, by: Text| {
            self.add(Silence {
                market: market.clone(),
                moment: decided.moment.clone(),
                action: action.clone(),
                why,
                by,
            });
        };
        for (proposal, ruled) in decided.proposals.iter().zip(&decided.rulings) {
            match ruled {
                Ruling::Acts(_) => {}
                Ruling::Alternative => say(&proposal.action, Why::GaveWay, "arbitration".into()),
                Ruling::Refused { rule, .. } => say(&proposal.action, Why::Refused, rule.clone()),
            }
        }
        let why = match decided.outcome {
            Outcome::Act | Outcome::Refused => return,
            Outcome::Fallback if !decided.actions.is_empty() => return,
            Outcome::Hold => Why::Held,
            Outcome::Blocked => Why::Blocked,
            Outcome::Stopped => Why::Stopped,
            Outcome::Fallback => Why::Fallback,
        };
        let by = decided.held.clone().or_else(|| decided.because.clone());
        say(&Text::default(), why, by.unwrap_or_default());
    }
}

/// Why a planned action was cancelled, without what a person wrote.
pub(super) fn because(because: &Text) -> Text {
    let is_plain = ["superseded: ", "consent: "]
        .iter()
        .any(|known| because.starts_with(known));
    match because.split_once(':') {
        Some((sort, _)) if !is_plain => Text::new(sort),
        _ => because.clone(),
    }
}
