//! A person decides about an action that waits (A28). It becomes an event of the host itself, and takes the path of every
//! event: claimed, so that it happens once; under the customer's line; in the evidence, with the person's name.

use crate::action::{Action, Ruled, When};
use crate::cache::CacheError;
use crate::charter::BuiltIn;
use crate::clock::Instant;
use crate::decide::{Answered, Undecided, run};
use crate::event::{About, Caller, EventKey, OWN_SOURCE, OwnEvent};
use crate::evidence::{self, Body, Decided};
use crate::ids::{ActionId, DecisionId, Text};
use crate::limits::TEXT_BYTES;
use crate::node::{Core, Node};
use crate::policy::Proposal;
use crate::reply::{Reply, State};
use crate::store::{Failed, LogError, Position};
use crate::value::Value;

/// How often it is tried again because something changed meanwhile.
const ATTEMPTS: usize = 4;

/// Why a rejected action no longer waits: who rejected it, and in which words, stands with the event alone, for those are
/// about a person.
pub(super) const REJECTED: &str = "rejected";

/// What a person decided about a waiting action.
#[derive(Clone, Debug)]
pub struct Judged {
    pub action: ActionId,
    pub verdict: Approval,
    /// In the person's words; may be empty for an approval.
    pub reason: Text,
}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approval {
    Approve,
    Reject,
}

impl Approval {
    pub fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }

    fn kind(self) -> BuiltIn {
        match self {
            Self::Approve => BuiltIn::ActionApproved,
            Self::Reject => BuiltIn::ActionRejected,
        }
    }

    /// How the kind of event is called in every charter.
    fn event(self) -> &'static str {
        match self {
            Self::Approve => "action.approved",
            Self::Reject => "action.rejected",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Settled {
    pub action: ActionId,
    pub name: Text,
    pub market: Text,
    pub by: Text,
    pub reason: Text,
    pub fate: Fate,
    pub state: State,
    /// Whether it was decided before in the same way, and this is the first answer again.
    pub repeated: bool,
}

/// What became of the action.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is pending, by a decision of its own.
    Approved {
        action: Box<Action>,
        decision: DecisionId,
    },
    Rejected,
    /// A rule refused it as things stand now, whatever was decided about it.
    Dropped {
        rule: Text,
        why: Text,
    },
}

impl Fate {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::Rejected => "rejected",
            Self::Dropped { .. } => "dropped",
        }
    }
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    #[error("no action `{0}` waits for a person: it never did, or that was over a day ago")]
    Unknown(ActionId),
    #[error("the token does not speak for market `{0}`")]
    NotYours(Text),
    #[error("action `{id}` no longer waits: {because}")]
    Ended { id: ActionId, because: Text },
    #[error("action `{id}` has expired: it could be approved until {until}")]
    Expired { id: ActionId, until: Instant },
    #[error("action `{id}` was {done} before by `{by}`, at {at}")]
    Otherwise {
        id: ActionId,
        done: &'static str,
        by: Text,
        at: Instant,
    },
    #[error("rejecting needs a reason: {{\"reason\": \"…\"}}")]
    NoReason,
    #[error("the reason is longer than {TEXT_BYTES} bytes")]
    LongReason,
    #[error("the evidence does not hold what was proposed for action `{0}`")]
    NoProposal(ActionId),
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

impl From<CacheError> for Unsettled {
    fn from(error: CacheError) -> Self {
        Self::Undecided(error.into())
    }
}

impl From<Failed> for Unsettled {
    fn from(error: Failed) -> Self {
        Self::Undecided(error.into())
    }
}

impl From<LogError> for Unsettled {
    fn from(error: LogError) -> Self {
        Self::Undecided(error.into())
    }
}

/// What a policy proposed when the action was planned, as the evidence has it.
pub(super) struct Recalled {
    pub judged: Judged,
    /// The caller's name.
    pub by: Text,
    pub proposal: Proposal,
    pub decided: Decided,
    pub language: Text,
    market: Text,
    about: About,
}

/// Takes a person's decision about a waiting action; returns once that is durable.
pub async fn settle(core: &Core, caller: &Caller, judged: &Judged) -> Result<Settled, Unsettled> {
    if judged.verdict == Approval::Reject && judged.reason.trim().is_empty() {
        return Err(Unsettled::NoReason);
    }
    if judged.reason.len() > TEXT_BYTES {
        return Err(Unsettled::LongReason);
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        if let Some(settled) = before(core.node(), caller, judged).await? {
            return Ok(settled);
        }
        let recalled = match recall(core.node(), caller, judged).await {
            // Somebody decided between the two looks: what they said is the answer.
            Err(ended @ Unsettled::Ended { .. }) => {
                return before(core.node(), caller, judged).await?.ok_or(ended);
            }
            recalled => recalled?,
        };
        match say(core, &recalled).await {
            Ok(answered) => {
                let settled = read(judged.action, &answered.reply, answered.repeated)?;
                core.node().figures().approval(settled.fate.word());
                return Ok(settled);
            }
            // Somebody else decided about it, it ended, or what it rests on changed: look again.
            Err(
                Undecided::NotWaiting
                | Undecided::Conflict { .. }
                | Undecided::CharterChanged
                | Undecided::Switched,
            ) if attempt < ATTEMPTS => {}
            Err(other) => return Err(other.into()),
        }
    }
}

/// What was decided about it before.
async fn before(
    node: &Node,
    caller: &Caller,
    judged: &Judged,
) -> Result<Option<Settled>, Unsettled> {
    let key = EventKey::of(node.salt(), OWN_SOURCE, &name(judged.action));
    let Some(earlier) = node.cache().event(key, node.clock().wall())? else {
        return Ok(None);
    };
    let body = body(node, earlier.position).await?;
    may_speak(caller, &body.event.market)?;
    if body.event.kind != judged.verdict.event() {
        let other = match judged.verdict {
            Approval::Approve => Approval::Reject,
            Approval::Reject => Approval::Approve,
        };
        return Err(Unsettled::Otherwise {
            id: judged.action,
            done: other.done(),
            by: told(&body, "by"),
            at: body.event.occurred_at,
        });
    }
    let reply = Reply::new(body, node.state(earlier.position));
    read(judged.action, &reply, true).map(Some)
}

/// What was proposed, if the action still waits.
async fn recall(node: &Node, caller: &Caller, judged: &Judged) -> Result<Recalled, Unsettled> {
    let id = judged.action;
    let waiting = node.cache().waiting(id).await?;
    let waiting = waiting.ok_or(Unsettled::Unknown(id))?;
    let position = node.cache().decision(waiting.decision).await?;
    let body = body(node, position.ok_or(Unsettled::NoProposal(id))?).await?;
    may_speak(caller, &body.event.market)?;
    if let Some(because) = waiting.ended {
        return Err(Unsettled::Ended { id, because });
    }
    if waiting.until < node.clock().now() {
        let until = waiting.until;
        return Err(Unsettled::Expired { id, until });
    }
    let about = About {
        customer: body.customer,
        account: body.account,
    };
    let mut decisions = body.decisions.into_iter();
    let decided = decisions.find(|decided| decided.id == waiting.decision);
    let decided = decided.ok_or(Unsettled::NoProposal(id))?;
    let proposal = proposal(&decided, id).ok_or(Unsettled::NoProposal(id))?;
    let action = decided.actions.iter().find(|action| action.id == id);
    Ok(Recalled {
        judged: judged.clone(),
        by: caller.name.clone(),
        language: action.map_or_else(Text::default, |action| action.language.clone()),
        proposal: proposal.clone(),
        decided,
        market: body.event.market,
        about,
    })
}

/// The proposal that became the action.
pub(super) fn proposal(decided: &Decided, id: ActionId) -> Option<&Proposal> {
    let pairs = decided.proposals.iter().zip(&decided.rulings);
    let mut became = pairs.filter(|(_, ruled)| **ruled == Ruled::Acts(id));
    became.next().map(|(proposal, _)| proposal)
}

/// Says it as the host's own event, and decides.
async fn say(core: &Core, recalled: &Recalled) -> Result<Answered, Undecided> {
    let node = core.node();
    let charter = node.charter();
    let judged = &recalled.judged;
    let market = charter.names.markets.get(&recalled.market).copied();
    let now = node.clock().now();
    let own = OwnEvent {
        charter: &charter,
        market: market.ok_or(Undecided::NotWaiting)?,
        kind: judged.verdict.kind(),
        id: name(judged.action),
        about: recalled.about,
        channel: None,
        occurred_at: now,
        received_at: node.clock().wall(),
        data: vec![
            ("action", Value::Text(judged.action.to_string().into())),
            ("by", Value::Text(recalled.by.clone())),
            ("reason", Value::Text(judged.reason.clone())),
        ],
    };
    let event = own.event().ok_or(Undecided::NotWaiting)?;
    run(core, event, Some(recalled)).await
}

/// The id of the event: a second decision about the same action is the same event.
fn name(action: ActionId) -> Text {
    Text::from(format!("approval:{action}"))
}

fn may_speak(caller: &Caller, market: &Text) -> Result<(), Unsettled> {
    match caller.speaks_for(market) {
        true => Ok(()),
        false => Err(Unsettled::NotYours(market.clone())),
    }
}

async fn body(node: &Node, position: Position) -> Result<Body, Unsettled> {
    let log = node.store().log();
    log.until_durable(position).await?;
    let opened =
        evidence::open(&log.read(position)?.bytes, node.cache()).map_err(Undecided::from)?;
    Ok(opened.body)
}

fn told(body: &Body, name: &str) -> Text {
    let mut data = body.event.data.iter().flatten();
    match data.find(|(known, _)| known == name) {
        Some((_, Value::Text(text))) => text.clone(),
        _ => Text::default(),
    }
}

/// Reads the outcome off the evidence.
fn read(id: ActionId, reply: &Reply, repeated: bool) -> Result<Settled, Unsettled> {
    let body = reply.body();
    let acts = body.decisions.iter().find_map(|decided| {
        let action = decided.actions.iter().find(|action| action.id == id)?;
        Some((action, decided.id))
    });
    let gone = body.cancelled.iter().find(|cancelled| cancelled.id == id);
    let (name, fate) = match (acts, gone) {
        (Some((action, decision)), _) => {
            let fate = Fate::Approved {
                action: Box::new(action.clone()),
                decision,
            };
            (action.action.clone(), fate)
        }
        (None, Some(gone)) if gone.because == REJECTED => (gone.action.clone(), Fate::Rejected),
        (None, Some(gone)) => {
            let (rule, why) = gone.because.split_once(": ").unwrap_or_default();
            let (rule, why) = (Text::new(rule), Text::new(why));
            (gone.action.clone(), Fate::Dropped { rule, why })
        }
        (None, None) => return Err(Unsettled::NoProposal(id)),
    };
    Ok(Settled {
        action: id,
        name,
        market: body.event.market.clone(),
        by: told(body, "by"),
        reason: told(body, "reason"),
        fate,
        state: reply.state(),
        repeated,
    })
}

impl Settled {
    /// When an approved action acts.
    pub fn due(&self) -> Option<Instant> {
        match &self.fate {
            Fate::Approved { action, .. } => match action.when {
                When::Due(due) => Some(due),
                When::Answered => None,
            },
            Fate::Rejected | Fate::Dropped { .. } => None,
        }
    }
}
