//! A person decides about an action that waits (A28). It becomes an event of the host itself, and takes the path of every
//! event: claimed, so that it happens once; under the customer's line; in the evidence, with the person's name.

use std::sync::Arc;

use crate::action::{Action, Ruling, When};
use crate::cache::CacheError;
use crate::charter::{BuiltIn, Charter};
use crate::clock::Instant;
use crate::decide::{Approval, By, Judgement, Moot, REJECTED, Recall, Undecided, say};
use crate::event::{About, Caller, Event, EventKey, OWN_SOURCE, OwnEvent};
use crate::evidence::{self, Body, DecisionRecord};
use crate::ids::{ActionId, DecisionId, Text};
use crate::limits::TEXT_BYTES;
use crate::node::{Core, Node};
use crate::policy::Proposal;
use crate::reply::{Reply, State};
use crate::store::{Failed, LogError, Position};
use crate::value::Value;

/// How often it is looked at again because somebody else decided about it, or it ended, meanwhile.
const ATTEMPTS: usize = 4;

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
pub struct ApprovalResult {
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
pub enum SettleError {
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

impl From<CacheError> for SettleError {
    fn from(error: CacheError) -> Self {
        Self::Undecided(error.into())
    }
}

impl From<Failed> for SettleError {
    fn from(error: Failed) -> Self {
        Self::Undecided(error.into())
    }
}

impl From<LogError> for SettleError {
    fn from(error: LogError) -> Self {
        Self::Undecided(error.into())
    }
}

/// What the evidence has of a waiting action: what was proposed, where, and about whom.
struct Plan {
    recall: Recall,
    market: Text,
    about: About,
}

/// Takes a person's decision about a waiting action; returns once that is durable.
pub async fn settle(
    core: &Core,
    caller: &Caller,
    judgement: &Judgement,
) -> Result<ApprovalResult, SettleError> {
    if judgement.verdict == Approval::Reject && judgement.reason.trim().is_empty() {
        return Err(SettleError::NoReason);
    }
    if judgement.reason.len() > TEXT_BYTES {
        return Err(SettleError::LongReason);
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        if let Some(settled) = before(core.node(), caller, judgement).await? {
            return Ok(settled);
        }
        let plan = match recall(core.node(), caller, judgement).await {
            // Somebody decided between the two looks: what they said is the answer.
            Err(ended @ SettleError::Ended { .. }) => {
                return before(core.node(), caller, judgement).await?.ok_or(ended);
            }
            plan => plan?,
        };
        let said = say(core, By::Person(&plan.recall), |era| {
            event(core, &plan, &era.charter).ok_or(Undecided::Moot(Moot::NotWaiting))
        });
        match said.await {
            Ok(answered) => {
                let settled = read(judgement.action, &answered.reply, answered.repeated)?;
                core.node().figures().approval(settled.fate.word());
                return Ok(settled);
            }
            // Somebody else decided about it, or it ended: look again.
            Err(Undecided::Moot(Moot::NotWaiting) | Undecided::Conflict { .. })
                if attempt < ATTEMPTS => {}
            Err(other) => return Err(other.into()),
        }
    }
}

/// What was decided about it before.
async fn before(
    node: &Node,
    caller: &Caller,
    judgement: &Judgement,
) -> Result<Option<ApprovalResult>, SettleError> {
    let key = EventKey::of(node.salt(), OWN_SOURCE, &name(judgement.action));
    let Some(earlier) = node.cache().event(key, node.clock().wall())? else {
        return Ok(None);
    };
    let body = body(node, earlier.position).await?;
    may_speak(caller, &body.event.market)?;
    if body.event.kind != judgement.verdict.event() {
        let other = match judgement.verdict {
            Approval::Approve => Approval::Reject,
            Approval::Reject => Approval::Approve,
        };
        return Err(SettleError::Otherwise {
            id: judgement.action,
            done: other.done(),
            by: told(&body, "by"),
            at: body.event.occurred_at,
        });
    }
    let reply = Reply::new(body, node.state(earlier.position));
    read(judgement.action, &reply, true).map(Some)
}

/// What was proposed, if the action still waits.
async fn recall(node: &Node, caller: &Caller, judgement: &Judgement) -> Result<Plan, SettleError> {
    let id = judgement.action;
    let waiting = node.cache().waiting(id).await?;
    let waiting = waiting.ok_or(SettleError::Unknown(id))?;
    let position = node.cache().decision(waiting.decision).await?;
    let body = body(node, position.ok_or(SettleError::NoProposal(id))?).await?;
    may_speak(caller, &body.event.market)?;
    if let Some(because) = waiting.ended {
        return Err(SettleError::Ended { id, because });
    }
    if waiting.until < node.clock().now() {
        let until = waiting.until;
        return Err(SettleError::Expired { id, until });
    }
    let about = About {
        customer: body.customer,
        account: body.account,
    };
    let mut decisions = body.decisions.into_iter();
    let decided = decisions.find(|decided| decided.id == waiting.decision);
    let decided = decided.ok_or(SettleError::NoProposal(id))?;
    let proposal = proposal(&decided, id).ok_or(SettleError::NoProposal(id))?;
    let action = decided.actions.iter().find(|action| action.id == id);
    Ok(Plan {
        recall: Recall {
            judgement: judgement.clone(),
            by: caller.name.clone(),
            language: action.map_or_else(Text::default, |action| action.language.clone()),
            proposal: proposal.clone(),
            decided,
        },
        market: body.event.market,
        about,
    })
}

/// The proposal that became the action.
pub(super) fn proposal(decided: &DecisionRecord, id: ActionId) -> Option<&Proposal> {
    let pairs = decided.proposals.iter().zip(&decided.rulings);
    let mut became = pairs.filter(|(_, ruled)| **ruled == Ruling::Acts(id));
    became.next().map(|(proposal, _)| proposal)
}

/// What the host itself says of it.
fn event(core: &Core, plan: &Plan, charter: &Arc<Charter>) -> Option<Event> {
    let node = core.node();
    let judgement = &plan.recall.judgement;
    let own = OwnEvent {
        charter,
        market: *charter.names.markets.get(&plan.market)?,
        kind: judgement.verdict.kind(),
        id: name(judgement.action),
        about: plan.about,
        channel: None,
        occurred_at: node.clock().now(),
        received_at: node.clock().wall(),
        data: vec![
            ("action", Value::Text(judgement.action.to_string().into())),
            ("by", Value::Text(plan.recall.by.clone())),
            ("reason", Value::Text(judgement.reason.clone())),
        ],
    };
    own.event()
}

/// The id of the event: a second decision about the same action is the same event.
fn name(action: ActionId) -> Text {
    Text::from(format!("approval:{action}"))
}

fn may_speak(caller: &Caller, market: &Text) -> Result<(), SettleError> {
    if caller.speaks_for(market) {
        return Ok(());
    }
    Err(SettleError::NotYours(market.clone()))
}

async fn body(node: &Node, position: Position) -> Result<Body, SettleError> {
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
fn read(id: ActionId, reply: &Reply, repeated: bool) -> Result<ApprovalResult, SettleError> {
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
        (None, None) => return Err(SettleError::NoProposal(id)),
    };
    Ok(ApprovalResult {
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

impl ApprovalResult {
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
