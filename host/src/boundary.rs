//! What no policy can cross: the rules, in their order. A policy only proposes; what acts has a permit, and only this
//! module makes one.

mod declared;
mod granted;
mod timing;
mod parameters;
mod consent;

use std::fmt;

use crate::absorb::Seen;
use crate::charter::{ActionIx, ChannelIx, Charter, Market, MomentIx};
use crate::ids::Text;
use crate::policy::{Active, Proposal};

/// The rules, in the order in which they are asked; the first that objects names the verdict.
pub const RULES: [(&str, Rule); 5] = [
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
}

/// Who proposed.
#[derive(Clone, Copy)]
pub enum Author<'a> {
    Policy(&'a Active),
    /// The market's safe default, as the charter has it.
    Fallback,
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

/// Leave to act.
#[derive(Clone, Debug)]
pub struct Permit {
    proposal: Proposal,
    action: ActionIx,
    channel: ChannelIx,
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
    Refuse(Refusal),
}

/// Judges one proposal. What is unknown is refused.
pub fn judge(case: &Case<'_>, proposal: &Proposal) -> Verdict {
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
        return Verdict::Refuse(Refusal {
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
        Some((rule, Objection(why))) => Verdict::Refuse(Refusal {
            rule,
            why: Text::new(why),
        }),
        None => Verdict::Permit(Permit {
            proposal: proposal.clone(),
            action,
            channel,
        }),
    }
}
