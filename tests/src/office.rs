//! An office in which people decide: a charter with actions that wait for them, and policies that propose what a test wants.

use kairos::clock::Span;
use kairos::ids::Text;
use kairos::policy::manifest::{Manifest, Moment};
use kairos::policy::{Decision, Proposal, Timing};
use kairos::value::Value;
use serde_json::{Value as Json, json};

use crate::desk::{self, Desk};
use crate::guest::{Guest, may_propose, reason};

/// The office's charter.
pub const CHARTER: &str = include_str!("office.toml");

/// The charter's folder, with one market's own file changed.
pub fn files(gb: &str) -> [(&str, &str); 2] {
    [("charter.toml", CHARTER), ("markets/gb.toml", gb)]
}

/// A host with the office's charter.
pub fn desk() -> Desk {
    Desk::with(&[("charter.toml", CHARTER)])
}

/// The same, with another text in place of one in the charter.
pub fn desk_with(text: &str, other: &str) -> Desk {
    assert!(CHARTER.contains(text), "`{text}` is not in the charter");
    Desk::with(&[("charter.toml", &CHARTER.replace(text, other))])
}

/// A policy that proposes the same after every order.
pub fn policy(proposals: &[Proposal]) -> Vec<u8> {
    let proposes = [
        may_propose("banner", &["web"]),
        may_propose("voucher", &["email"]),
    ];
    let insight = may_propose("insight", &["sales"]);
    let wants_insight = proposals
        .iter()
        .any(|proposal| proposal.action == "insight");
    let manifest = Manifest {
        name: "office".into(),
        version: "1.0.0".into(),
        owner: "marketing-gb".into(),
        worst_case: "a voucher too many".into(),
        moments: vec![Moment {
            name: "order_placed".into(),
            data: Vec::new(),
            reads: Vec::new(),
            proposes: proposes
                .into_iter()
                .chain(wants_insight.then_some(insight))
                .collect(),
        }],
        reasons: vec![reason("thanks")],
    };
    Guest {
        manifest,
        ..Guest::that_decides(Decision::Act(proposals.to_vec()))
    }
    .component()
}

/// One proposal, now.
pub fn proposal(action: &str, channel: &str, parameters: &[(&str, i64)]) -> Proposal {
    Proposal {
        action: action.into(),
        channel: channel.into(),
        timing: Timing::Now,
        lapses_after: None,
        key: None,
        parameters: parameters
            .iter()
            .map(|(name, value)| (Text::new(name), Value::Integer(*value)))
            .collect(),
        cancel_on: Vec::new(),
        score: 1.0,
        reason: "thanks".into(),
    }
}

pub fn banner(points: i64) -> Proposal {
    proposal("banner", "web", &[("points", points)])
}

/// A voucher of so many pence, for tomorrow.
pub fn voucher(pence: i64) -> Proposal {
    Proposal {
        timing: Timing::After(Span::from_days(1)),
        cancel_on: vec!["order.cancelled".into()],
        ..proposal("voucher", "email", &[("amount", pence)])
    }
}

/// An order at noon.
pub fn order(id: &str, subject: &str) -> Json {
    desk::event(id, "order.placed", subject, json!({ "order": id }))
}
