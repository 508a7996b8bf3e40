//! The path of one event, as one function that can be read aloud.

mod after;
mod before;
mod lock;
mod question;
mod recall;
mod record;
pub mod replay;
mod tally;
mod waits;

use std::sync::Arc;

use crate::cache::{CacheError, Change, Claim, ClaimAnswer, CommitError, Earlier};
use crate::charter::Charter;
use crate::clock::Instant;
use crate::era::Era;
use crate::event::{Event, EventKey};
use crate::evidence::{self, Opened};
use crate::ids::{Chance, DecisionId, Text};
use crate::keys::Keyring as _;
use crate::node::Core;
use crate::reply::Reply;
use crate::spending::Purse;
use crate::store::{Failed, LogError, Position, Refused};

use lock::{Locks, lock};
use record::Draft;

pub use after::{By, Given};
pub(crate) use recall::REJECTED;
pub use recall::{Approval, Judgement, Recall};

/// How often an event is tried again because its era was over before it was committed.
const ATTEMPTS: usize = 4;

/// The reply to one event.
#[derive(Debug)]
pub struct Answered {
    pub reply: Reply,
    /// Whether the event came before, and this is the first reply again.
    pub repeated: bool,
}

/// Why there is no reply. In every case the event has not happened, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Undecided {
    #[error(
        "event `{id}` of `{source_name}` came before with other content, or for another market"
    )]
    Conflict { id: Text, source_name: Text },
    #[error("more is waiting to be written, or changes at once, than the host may hold")]
    Busy,
    #[error("the evidence of event `{id}` would be larger than the log takes: {bytes} bytes")]
    TooLarge { id: Text, bytes: usize },
    #[error(
        "`{kind}` is about an account: name one in `account`, such as `company:4711`, for this customer belongs to none"
    )]
    NoAccount { kind: Text },
    #[error(transparent)]
    Moot(#[from] Moot),
    /// The event may have happened: after a restart, sending it again tells.
    #[error("the log has failed: the host no longer acknowledges anything")]
    Failed(#[from] Failed),
    #[error("what is known of the customer cannot be read")]
    Cache(#[from] CacheError),
    #[error("the evidence cannot be read")]
    Log(#[from] LogError),
    #[error("a record of the evidence cannot be read")]
    Evidence(#[from] evidence::Unreadable),
}

/// Why nothing is left to be decided of what the host itself says.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Moot {
    #[error("the silence was broken meanwhile")]
    Broken,
    #[error("the action does not wait for a person")]
    NotWaiting,
    #[error("`{scope}` is stopped: {reason}; the action still waits")]
    Stopped { scope: Text, reason: Text },
}

/// Why one attempt came to nothing.
enum Setback {
    /// What it rests on is over: it is tried again.
    Outdated,
    /// It came before, and said something else.
    Differs(Box<Event>, Earlier),
    Undecided(Undecided),
}

impl<E: Into<Undecided>> From<E> for Setback {
    fn from(why: E) -> Self {
        Self::Undecided(why.into())
    }
}

/// Decides what `read` makes of an event under the charter of the era: again where that is over before the commit. Hanging up
/// before the commit means that nothing happened; after it, that it all did.
pub async fn decide<E: From<Undecided>>(
    core: &Core,
    read: impl Fn(&Era) -> Result<Event, E>,
) -> Result<Answered, E> {
    say(core, By::Policy, read).await
}

/// The same; a policy or a person decides.
pub async fn say<E: From<Undecided>>(
    core: &Core,
    by: By<'_>,
    read: impl Fn(&Era) -> Result<Event, E>,
) -> Result<Answered, E> {
    for _ in 0..ATTEMPTS {
        let event = match read(&core.node().era()) {
            Ok(event) => event,
            Err(refused) => {
                let charters = core.node().charters_before();
                let repeated = repeat_under(core, charters, &read).await?;
                return repeated.ok_or(refused);
            }
        };
        match attempt(core, event, by).await {
            Ok(answered) => return Ok(answered),
            Err(Setback::Outdated) => {}
            Err(Setback::Differs(event, earlier)) => {
                let repeated = repeat_under(core, charter_of(core, earlier), &read).await?;
                return repeated.ok_or_else(|| conflict(*event).into());
            }
            Err(Setback::Undecided(why)) => return Err(why.into()),
        }
    }
    Err(Undecided::Busy.into())
}

/// The path.
async fn attempt(core: &Core, mut event: Event, by: By<'_>) -> Result<Answered, Setback> {
    event.content = event.content.kept_under(core.node().salt());
    let claim = match claim(core, &event).await? {
        ClaimAnswer::First(claim) => claim,
        ClaimAnswer::Repeat(earlier) => return Ok(repeat(core, earlier).await?),
        ClaimAnswer::Conflict(earlier) => {
            return Err(Setback::Differs(Box::new(event), earlier));
        }
    };
    let (before, locks) = lock(core, &event).await?;
    let era = core.node().era();
    let now = now(core, &event);
    let after = era.decide(&event, before, by, given(core, now, &mut core.chance()))?;
    let draft = Draft::of(core, &event, claim.key(), after)?;
    let (position, reply) = commit(core, &era, &event, draft, (claim, locks))?;
    core.node().store().log().until_durable(position).await?;
    Ok(Answered {
        reply,
        repeated: false,
    })
}

/// Claims the pair of source and id, before any lock.
async fn claim(core: &Core, event: &Event) -> Result<ClaimAnswer, CacheError> {
    let node = core.node();
    let key = EventKey::of(node.salt(), &event.source, &event.id);
    let market = event.charter.markets.at(event.market).key;
    node.cache()
        .claim(key, event.content, market, node.clock().wall())
        .await
}

/// The first reply again, read off its record.
async fn repeat(core: &Core, earlier: Earlier) -> Result<Answered, Undecided> {
    let node = core.node();
    node.figures().repeat();
    node.store().log().until_durable(earlier.position).await?;
    let record = node.store().log().read(earlier.position)?;
    let opened = evidence::open(&record.bytes, node.cache())?;
    Ok(Answered {
        reply: Reply::new(opened.body, node.state(earlier.position)),
        repeated: true,
    })
}

/// The charter under which the event came first.
fn charter_of(core: &Core, earlier: Earlier) -> Option<Arc<Charter>> {
    let node = core.node();
    let record = node.store().log().read(earlier.position).ok()?;
    let opened = evidence::open(&record.bytes, node.cache()).ok()?;
    let is_another = opened.charter != node.charter().digest;
    is_another
        .then(|| node.past_charter(opened.charter))
        .flatten()
}

/// The same bytes are always a repeat, also where the charter now reads them in another way or refuses them: what was dropped as
/// undeclared when they came first does not count now. `None` where they did not come before under one of these charters.
async fn repeat_under<E: From<Undecided>>(
    core: &Core,
    charters: impl IntoIterator<Item = Arc<Charter>>,
    read: &impl Fn(&Era) -> Result<Event, E>,
) -> Result<Option<Answered>, E> {
    let node = core.node();
    let era = node.era();
    for charter in charters {
        let past = Era {
            charter,
            ..Era::clone(&era)
        };
        let Ok(event) = read(&past) else { continue };
        let key = EventKey::of(node.salt(), &event.source, &event.id);
        let earlier = node.cache().event(key, node.clock().wall());
        let earlier = earlier.map_err(Undecided::from)?.filter(|earlier| {
            earlier.content == event.content.kept_under(node.salt())
                && earlier.market == event.charter.markets.at(event.market).key
        });
        if let Some(earlier) = earlier {
            return Ok(Some(repeat(core, earlier).await?));
        }
    }
    Ok(None)
}

fn conflict(event: Event) -> Undecided {
    Undecided::Conflict {
        id: event.id,
        source_name: event.source,
    }
}

fn now(core: &Core, event: &Event) -> Instant {
    let clock = core.node().clock();
    clock.saw(event.occurred_at);
    clock.now()
}

/// What this core gives a decision.
fn given<'a>(core: &'a Core, now: Instant, chance: &'a mut Chance) -> Given<'a> {
    Given {
        now,
        chance,
        purse: Purse::of(core.node().cache().spending()),
        sandbox: core.number(),
        salt: core.node().salt(),
        patience: None,
    }
}

/// Queues the record, installs the new states and gives way to the next in line: one step, with no await in it.
fn commit(
    core: &Core,
    era: &Era,
    event: &Event,
    draft: Draft,
    held: (Claim, Locks),
) -> Result<(Position, Reply), Setback> {
    let node = core.node();
    let Draft {
        kind,
        record,
        customers,
        accounts,
        named,
        hints,
        key,
        salt,
        purse,
    } = draft;
    let mut bytes = core.record();
    let dictionary = node.cache().dictionary();
    evidence::seal(&record, (&key, salt), dictionary, &mut bytes);
    let Opened {
        header,
        body,
        states,
        ..
    } = record;
    let ids: Vec<DecisionId> = body.decisions.iter().map(|decided| decided.id).collect();
    let earlier = Earlier {
        content: header.content,
        market: header.market,
        at: header.arrived_at,
        position: Position::default(),
    };
    let position = node.cache().commit(Change {
        kind: kind.number(),
        record: &bytes,
        customers,
        accounts,
        states: &states,
        purse: &purse,
        named: &named,
        hints: &hints,
        event: Some((header.event, earlier)),
        decisions: &ids,
        era: era.number,
    });
    let position = position.map_err(|why| match why {
        CommitError::Outdated => Setback::Outdated,
        CommitError::Busy | CommitError::Log(Refused::Full { .. }) => Undecided::Busy.into(),
        CommitError::Log(Refused::TooLarge { bytes }) => Undecided::TooLarge {
            id: event.id.clone(),
            bytes,
        }
        .into(),
        CommitError::Log(Refused::Failed(failed)) => Undecided::Failed(failed).into(),
    })?;
    drop(held);
    tally::tally(core, event, &body);
    Ok((position, Reply::new(body, node.state(position))))
}
