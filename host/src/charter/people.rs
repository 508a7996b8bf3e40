//! Who owns what, who must sign what, and where a market may do what others may not.

use jiff::civil::Date;

use crate::charter::actions::ActionIx;
use crate::charter::events::EventIx;
use crate::charter::expression::Condition;
use crate::charter::markets::{MarketIx, PublicKey};
use crate::clock::Span;
use crate::ids::Text;

/// One of the people, or teams, of the platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    pub name: Text,
    pub mail: Text,
    /// What their signatures are checked with; `None` for someone who signs nothing.
    pub key: Option<PublicKey>,
}

/// Whose signatures a changed section needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    pub section: Text,
    /// Names of people, all of whom must sign.
    pub people: Vec<Text>,
}

/// Sections that one entry of [approvals] covers by one name, unless they are named themselves.
pub const APPROVAL_GROUPS: [(&str, &[&str]); 4] = [
    (
        "fields",
        &[
            "fields",
            "events",
            "windows",
            "items",
            "segments",
            "stages",
            "sources",
            "identities",
            "customer",
        ],
    ),
    (
        "purposes",
        &[
            "purposes",
            "laws",
            "calendars",
            "suppressions",
            "cool-downs",
        ],
    ),
    (
        "actions",
        &["actions", "moments", "channels", "caps", "pressure"],
    ),
    ("markets", &["markets", "deviations"]),
];

/// Whose signatures a change of `section` needs: of those named for it, else of those named for the group it is in.
pub fn approvers<'a>(approvals: &'a [Approval], section: &str) -> &'a [Text] {
    let named = |name: &str| approvals.iter().find(|approval| approval.section == name);
    let group = || {
        APPROVAL_GROUPS
            .iter()
            .find(|(_, sections)| sections.contains(&section))
            .and_then(|(name, _)| named(name))
    };
    named(section)
        .or_else(group)
        .map_or(&[], |approval| &approval.people)
}

/// The only way to widen: one market, approved, and it ends (C03).
#[derive(Clone, PartialEq, Debug)]
pub struct Deviation {
    pub market: MarketIx,
    /// Dotted path of what deviates, such as `actions.company_insight.caps`.
    pub what: Text,
    /// The deviating value, as the charter writes it.
    pub is: Text,
    /// `charter.toml:412`
    pub place: Text,
    pub why: Text,
    pub approved_by: Vec<Text>,
    pub expires: Date,
}

/// One figure for reports (C25).
#[derive(Debug)]
pub struct Kpi {
    pub name: Text,
    /// `None` for a central one, which means the same everywhere.
    pub market: Option<MarketIx>,
    pub measured: Measured,
    pub meaning: Text,
    pub owner: Text,
}

/// How a figure comes about.
#[derive(Debug)]
pub enum Measured {
    /// The share of an action that led to an outcome in time.
    Outcome {
        outcome: Text,
        within: Span,
        per_action: ActionIx,
    },
    /// The share of an event for which a condition holds.
    Share { of: EventIx, condition: Condition },
}
