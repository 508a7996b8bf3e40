//! Who owns what, who must sign what, and where a market may do what others may not.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::charter::actions::ActionIx;
use crate::charter::events::EventIx;
use crate::charter::expression::Condition;
use crate::charter::markets::{Market, MarketIx, PublicKey};
use crate::clock::{Instant, Span};
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
            "retention",
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

impl Deviation {
    /// When it ends: as the day after `expires` begins in the market.
    pub fn ends(&self, zone: &TimeZone) -> Instant {
        let end = self
            .expires
            .tomorrow()
            .and_then(|day| day.to_zoned(zone.clone()));
        end.map_or(Instant::from_millis(i64::MAX), |end| {
            Instant::from_millis(end.timestamp().as_millisecond())
        })
    }
}

/// A market while deviations widen it. What it is without them stands in `Charter::markets`.
#[derive(Debug)]
pub struct Extension {
    pub of: MarketIx,
    /// The first of them to end ends then.
    pub until: Instant,
    pub market: Market,
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
