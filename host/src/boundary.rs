//! What no policy can cross: the rules, in their order. A policy only proposes; what acts has a permit, and only this
//! module makes one.
//!
//! First each proposal is judged alone, by the rules in their order; the first that objects names the verdict. What is left
//! is arbitrated: the most important first, each within the caps, its hours and its budget.

mod stops;
mod declared;
mod granted;
mod automation;
mod timing;
mod parameters;
mod consent;
mod suppressions;
mod message_class;
mod cool_down;
mod eligibility;
mod arbitration;
mod times;
mod load;
mod delay;
mod caps;
mod pressure;
mod hours;
mod budget;
mod reach;

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::absorb::Situation;
use crate::charter::{
    Action, ActionIx, Channel, ChannelIx, Charter, Class, Frame, Market, MomentIx, OnPending,
    Target,
};
use crate::clock::Instant;
use crate::customer::Status;
use crate::ids::{ActionId, Text};
use crate::policy::{Active, Proposal};
use crate::spending::{Charge, Purse};
use crate::stop::Stops;

use arbitration::Arbitration;
use load::Load;

/// The rules that judge a proposal alone, in the order in which they are asked; the first that objects names the verdict.
const RULES: [(&str, Rule); 11] = [
    ("stops", stops::judge),
    ("declared", declared::judge),
    ("granted", granted::judge),
    ("automation", automation::judge),
    ("timing", timing::judge),
    ("parameters", parameters::judge),
    ("consent", consent::judge),
    ("suppressions", suppressions::judge),
    ("message-class", message_class::judge),
    ("cool-down", cool_down::judge),
    ("eligibility", eligibility::judge),
];

/// The rules that may move an action to a later time, asked again until none of them moves it further. What is owed to the
/// customer, they let pass.
const TIME_RULES: [(&str, TimeRule); 3] = [
    ("caps", caps::judge),
    ("pressure", pressure::judge),
    ("hours", hours::judge),
];

/// Every rule by its name, in the order in which they are asked.
pub const NAMES: [&str; 17] = [
    "stops",
    "declared",
    "granted",
    "automation",
    "timing",
    "parameters",
    "consent",
    "suppressions",
    "message-class",
    "cool-down",
    "eligibility",
    "delay",
    "caps",
    "pressure",
    "hours",
    "budget",
    "reach",
];

/// One rule: a pure function that objects in words for a marketer, or has nothing against it.
type Rule = fn(&Case<'_>, &Candidate<'_>) -> Option<Objection>;

/// One rule about time: a pure function of what else is decided, and of when the action would act.
type TimeRule = fn(&Arbitration<'_>, &Load<'_>, Instant) -> TimeRuling;

/// What a rule about time says of an instant.
enum TimeRuling {
    /// It may be then.
    Stands,
    /// Not then: at the earliest at a later one.
    Moves(Instant, Objection),
    Never(Objection),
}

/// What a rule has against a proposal.
#[derive(Clone, PartialEq, Debug)]
pub struct Objection(String);

/// What is being decided.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub seen: Situation<'a>,
    pub moment: MomentIx,
    pub by: Author<'a>,
    pub stops: &'a Stops,
}

/// Who proposed.
#[derive(Clone, Copy)]
pub enum Author<'a> {
    Policy(&'a Active),
    /// The market's safe default, as the charter has it.
    Fallback,
    /// A person who approved what a policy proposed earlier. The action that waited is taken out of the status first: it
    /// would count against itself. It is no new decision: delays count from when it was first decided, and it is not
    /// worth doing for longer than was said then.
    Approver {
        decided: Instant,
        until: Instant,
    },
}

impl<'a> Case<'a> {
    fn charter(&self) -> &'a Charter {
        &self.seen.event.charter
    }

    /// When it was first decided.
    fn decided(&self) -> Instant {
        match self.by {
            Author::Approver { decided, .. } => decided,
            Author::Policy(_) | Author::Fallback => self.seen.now,
        }
    }

    /// As the deviations that hold now make it.
    fn market(&self) -> &'a Market {
        let Situation { event, now, .. } = self.seen;
        self.charter().market(event.market, now)
    }
}

/// A proposal of which the action and the channel exist.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    pub proposal: &'a Proposal,
    pub action: ActionIx,
    pub channel: ChannelIx,
}

/// Leave to act, and when: only this module makes one, and whoever acts on it uses it up.
#[derive(Clone, Debug)]
pub struct Permit(Leave);

/// What a permit says.
#[derive(Clone, Debug)]
pub struct Leave {
    pub proposal: Proposal,
    pub action: ActionIx,
    pub channel: ChannelIx,
    pub due: Instant,
    /// Not worth doing after this.
    pub until: Instant,
    /// Which rules moved it to another time than was asked for, in their order.
    pub moved: Vec<Postponement>,
    /// Until when a person must have approved it; `None` where nobody need.
    pub approval: Option<Instant>,
    /// What it does to one of its kind that waits.
    pub on_pending: OnPending,
    /// Waiting actions of lower precedence that give way to it, so that every cap is kept.
    pub displaced: Vec<ActionId>,
    /// What it uses up of the bounds on reach and budget.
    pub charges: Vec<Charge>,
}

impl Permit {
    pub fn use_up(self) -> Leave {
        self.0
    }
}

impl Deref for Permit {
    type Target = Leave;

    fn deref(&self) -> &Leave {
        &self.0
    }
}

/// A rule moved an action to another time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Postponement {
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

/// Judges proposals; verdicts in their order. What is unknown is refused. What they use up is taken from the purse.
pub fn judge(case: &Case<'_>, proposals: &[Proposal], purse: &mut Purse) -> Vec<Verdict> {
    let alone = proposals
        .iter()
        .map(|proposal| judge_alone(case, proposal))
        .collect();
    arbitration::arbitrate(case, alone, purse)
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

    fn kind<'a>(&self, case: &Case<'a>) -> &'a Action {
        case.charter().actions.at(self.action)
    }

    fn way<'a>(&self, case: &Case<'a>) -> &'a Channel {
        case.charter().channels.at(self.channel)
    }

    fn class(&self, case: &Case<'_>) -> Class {
        self.kind(case).class
    }

    /// What is known of whom it is for.
    fn status<'a>(&self, case: &Case<'a>) -> Option<&'a Status> {
        let standing = case.seen.standing;
        match self.kind(case).to {
            Target::Customer => standing.customer.as_ref().map(|customer| &customer.status),
            Target::Account => standing.account.as_ref().map(|account| &account.status),
        }
    }
}
