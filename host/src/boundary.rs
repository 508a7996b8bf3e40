//! What no policy can cross: the rules, in their order. A policy only proposes; what acts has a permit, and only this
//! module makes one.
//!
//! First each proposal is judged alone, by the rules in their order; the first that objects names the verdict. What is left
//! is arbitrated: the most important first, each within the caps, its hours and its budget.

mod stops;
mod declared;
mod granted;
mod timing;
mod parameters;
mod consent;
mod arbitration;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::absorb::Seen;
use crate::charter::{ActionIx, ChannelIx, Charter, Frame, Market, MomentIx, OnPending};
use crate::clock::Instant;
use crate::ids::Text;
use crate::policy::{Active, Proposal};
use crate::spending::{Charge, Spending};
use crate::stop::Stops;

/// The rules that judge a proposal alone, in the order in which they are asked; the first that objects names the verdict.
pub const RULES: [(&str, Rule); 6] = [
    ("stops", stops::judge),
    ("declared", declared::judge),
    ("granted", granted::judge),
    ("timing", timing::judge),
    ("parameters", parameters::judge),
    ("consent", consent::judge),
];

/// One rule: a pure function that objects in words for a marketer, or has nothing against it.
pub type Rule = fn(&Case<'_>, &Candidate<'_>) -> Option<Objection>;

/// What a rule has against a proposal.
#[derive(Clone, PartialEq, Debug)]
pub struct Objection(String);

/// What is being decided.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub seen: Seen<'a>,
    pub moment: MomentIx,
    pub by: Author<'a>,
    pub stops: &'a Stops,
    pub spending: &'a Spending,
}

/// Who proposed.
#[derive(Clone, Copy)]
pub enum Author<'a> {
    Policy(&'a Active),
    /// The market's safe default, as the charter has it.
    Fallback,
    /// A person who approved what a policy proposed earlier.
    Approver,
}

impl<'a> Case<'a> {
    fn charter(&self) -> &'a Charter {
        &self.seen.event.charter
    }

    fn market(&self) -> &'a Market {
        self.charter().markets.at(self.seen.event.market)
    }
}

/// A proposal of which the action and the channel exist.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    pub proposal: &'a Proposal,
    pub action: ActionIx,
    pub channel: ChannelIx,
}

/// Leave to act, and when.
#[derive(Clone, Debug)]
pub struct Permit {
    proposal: Proposal,
    action: ActionIx,
    channel: ChannelIx,
    due: Instant,
    until: Instant,
    moved: Vec<Moved>,
    approval: Option<Instant>,
    on_pending: OnPending,
    charges: Vec<Charge>,
}

impl Permit {
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    pub fn action(&self) -> ActionIx {
        self.action
    }

    pub fn channel(&self) -> ChannelIx {
        self.channel
    }

    pub fn due(&self) -> Instant {
        self.due
    }

    /// Not worth doing after this.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Which rules moved it to another time than was asked for, in their order.
    pub fn moved(&self) -> &[Moved] {
        &self.moved
    }

    /// Until when a person must have approved it; `None` where nobody need.
    pub fn approval(&self) -> Option<Instant> {
        self.approval
    }

    /// What it does to one of its kind that waits.
    pub fn on_pending(&self) -> OnPending {
        self.on_pending
    }

    /// What was taken for it of budgets and reach: given back where it does not come about.
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }
}

/// A rule moved an action to another time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moved {
    pub rule: Text,
    pub to: Instant,
    /// In words for a marketer.
    pub why: Text,
}

/// Which rule objected, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    pub rule: &'static str,
    pub why: Text,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.why)
    }
}

/// The boundary's answer to one proposal.
#[derive(Clone, Debug)]
pub enum Verdict {
    Permit(Permit),
    /// Permitted for later than was asked: `Permit::moved` says by which rules.
    Defer(Permit),
    /// Permitted, and another proposal of the same key or slot ranks higher.
    Yield,
    Refuse(Refusal),
}

/// Judges proposals; verdicts in their order. What is unknown is refused.
pub fn judge(case: &Case<'_>, proposals: &[Proposal]) -> Vec<Verdict> {
    let alone = proposals
        .iter()
        .map(|proposal| judge_alone(case, proposal))
        .collect();
    arbitration::arbitrate(case, alone)
}

/// By every rule that needs no other proposal.
fn judge_alone<'a>(case: &Case<'_>, proposal: &'a Proposal) -> Result<Candidate<'a>, Refusal> {
    let names = &case.charter().names;
    let (action, channel) = (
        names.actions.get(&proposal.action),
        names.channels.get(&proposal.channel),
    );
    let (Some(&action), Some(&channel)) = (action, channel) else {
        let why = Text::new(format!(
            "the charter knows no `{}` over `{}`",
            proposal.action, proposal.channel
        ));
        return Err(Refusal {
            rule: "declared",
            why,
        });
    };
    let candidate = Candidate {
        proposal,
        action,
        channel,
    };
    let objection = RULES
        .iter()
        .find_map(|(rule, judge)| Some((*rule, judge(case, &candidate)?)));
    match objection {
        Some((rule, Objection(why))) => Err(Refusal {
            rule,
            why: Text::new(why),
        }),
        None => Ok(candidate),
    }
}

impl Candidate<'_> {
    fn frame<'a>(&self, case: &Case<'a>) -> Option<&'a Frame> {
        case.market().frame(self.action)
    }
}
