//! The path of one event, as one function that can be read aloud.

mod again;
mod approve;
mod ask;
mod changed;
mod fire;
mod record;
pub mod replay;
mod tally;
mod unsubscribe;
mod waiting;
mod whom;

use std::sync::Arc;

use crate::absorb::{Standing, absorb, has_elapsed};
use crate::cache::{CacheError, Change, Claim, Claimed, Earlier, Epoch, NotCommitted};
use crate::charter::BuiltIn;
use crate::clock::Instant;
use crate::event::{Event, EventKey};
use crate::evidence::{self, Opened};
use crate::ids::{DecisionId, Text};
use crate::keys::Keyring as _;
use crate::node::Core;
use crate::policy::Policies;
use crate::reply::Reply;
use crate::spending::Taken;
use crate::store::{Failed, LogError, Position, Refused};

use again::Again;
use approve::Recalled;
use ask::Turn;
use changed::Changed;
use record::{Draft, Outcome};
use waiting::Waits;
use whom::{Held, Whom};

pub use approve::{Approval, Fate, Judged, Settled, Unsettled, settle};
pub use fire::{Fired, fire};
pub use unsubscribe::{NotWithdrawn, unsubscribe};

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
    #[error("more is waiting to be written than the host may hold")]
    Busy,
    #[error("the evidence of event `{id}` would be larger than the log takes: {bytes} bytes")]
    TooLarge { id: Text, bytes: usize },
    #[error(
        "`{kind}` is about an account: name one in `account`, such as `company:4711`, for this customer belongs to none"
    )]
    NoAccount { kind: Text },
    #[error("the charter has changed since the event was checked")]
    CharterChanged,
    #[error("the action does not wait for a person")]
    NotWaiting,
    #[error("`{scope}` is stopped: {reason}; the action still waits")]
    Stopped { scope: Text, reason: Text },
    #[error("the silence was broken meanwhile")]
    Broken,
    #[error("a kill switch changed while the event was decided")]
    Switched,
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

/// Decides one event. Hanging up before the commit means that nothing happened; after it, that it all did.
pub async fn decide(core: &Core, event: Event) -> Result<Answered, Undecided> {
    run(core, event, None).await
}

/// The path. Where a person decided about a waiting action, what was `recalled` of it is judged once more, and nobody is asked.
async fn run(
    core: &Core,
    mut event: Event,
    recalled: Option<&Recalled>,
) -> Result<Answered, Undecided> {
    event.content = event.content.kept_under(core.node().salt());
    let claim = match claim(core, &event).await? {
        Claimed::First(claim) => claim,
        Claimed::Repeat(earlier) => return repeat(core, earlier).await,
        Claimed::Conflict => return Err(conflict(event)),
    };
    let Whom { changed, held } = Whom::of(core, &event).await?;
    let epoch = core.node().cache().epoch();
    let (draft, taken) = work_out(core, &event, claim.key(), recalled, changed)?;
    let (position, reply) = commit(core, &event, draft, (claim, held, epoch))?;
    taken.keep();
    core.node().store().log().until_durable(position).await?;
    Ok(Answered {
        reply,
        repeated: false,
    })
}

/// What comes of the event for those whom it is about, whose lines are held: absorbs, decides and writes it all down.
fn work_out(
    core: &Core,
    event: &Event,
    key: EventKey,
    recalled: Option<&Recalled>,
    mut changed: Changed,
) -> Result<(Draft, Taken), Undecided> {
    let policies = pinned(core, event)?;
    check_silence(event, &changed.standing)?;
    let now = now(core, event);
    let waits = Waits::of(&changed.standing);
    let planned = planned(&changed.standing);
    let mut absorbed = absorb(event, now, &mut changed.standing);
    absorbed.is_kept &= !changed.is_forgotten;
    if !absorbed.is_kept {
        absorbed = changed.unlearn(event, now)?;
    }
    let mut taken = Taken::from(core.node().spending());
    let standing = &mut changed.standing;
    let decisions = match recalled {
        None => Turn {
            tools: core.tools(),
            policies: &policies,
            event,
            now,
            stops: &core.node().stops(),
        }
        .ask(standing, &absorbed, &mut taken),
        Some(recalled) => Again {
            core,
            event,
            now,
            recalled,
        }
        .decide(standing, &mut absorbed, &mut taken)?,
    };
    if !absorbed.is_kept {
        changed.keep_what_was_done(&absorbed, &decisions);
    }
    let waiting = waits.changes(&changed.standing, &absorbed, &decisions);
    let forgotten = std::mem::take(&mut absorbed.forgotten);
    let draft = Draft::new(
        core,
        event,
        key,
        Outcome {
            planned,
            now,
            absorbed,
            decisions,
        },
        changed,
    );
    let mut draft = draft?;
    let states = &mut draft.record.states;
    states.spent = taken.amounts();
    states.waiting = waiting;
    states.forgotten = forgotten;
    Ok((draft, taken))
}

/// When customer and account are to be looked at again for what is no longer kept.
fn planned(standing: &Standing) -> [Option<Instant>; 2] {
    let customer = standing.customer.as_ref();
    let account = standing.account.as_ref();
    [
        customer.and_then(|customer| customer.status.fades),
        account.and_then(|account| account.status.fades),
    ]
}

fn conflict(event: Event) -> Undecided {
    Undecided::Conflict {
        id: event.id,
        source_name: event.source,
    }
}

/// The silence that the event tells of may have been broken while it waited in line.
fn check_silence(event: &Event, standing: &Standing) -> Result<(), Undecided> {
    let built_in = event.charter.events.at(event.kind).built_in;
    match built_in == Some(BuiltIn::SilenceElapsed) && !has_elapsed(event, standing) {
        true => Err(Undecided::Broken),
        false => Ok(()),
    }
}

/// Claims the pair of source and id, before any lock.
async fn claim(core: &Core, event: &Event) -> Result<Claimed, CacheError> {
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

/// The policies for the whole decision. Charter and policies are swapped together: what is asked is bound to the charter that
/// the event was checked against, or the event is checked again.
fn pinned(core: &Core, event: &Event) -> Result<Arc<Policies>, Undecided> {
    let node = core.node();
    match Arc::ptr_eq(&node.charter(), &event.charter) {
        true => node.catalog().bound_to(&event.charter),
        false => None,
    }
    .ok_or(Undecided::CharterChanged)
}

fn now(core: &Core, event: &Event) -> Instant {
    let clock = core.node().clock();
    clock.saw(event.occurred_at);
    clock.now()
}

/// Queues the record, installs the new states and gives way to the next in line: one step, with no await in it.
fn commit(
    core: &Core,
    event: &Event,
    draft: Draft,
    (claim, held, epoch): (Claim, Held, Epoch),
) -> Result<(Position, Reply), Undecided> {
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
        named: &named,
        hints: &hints,
        event: Some((header.event, earlier)),
        decisions: &ids,
        epoch,
    });
    let position = position.map_err(|why| match why {
        NotCommitted::Busy | NotCommitted::Log(Refused::Full { .. }) => Undecided::Busy,
        NotCommitted::Outdated => Undecided::Switched,
        NotCommitted::Log(Refused::TooLarge { bytes }) => Undecided::TooLarge {
            id: event.id.clone(),
            bytes,
        },
        NotCommitted::Log(Refused::Failed(failed)) => Undecided::Failed(failed),
    })?;
    drop((claim, held));
    tally::tally(core, event, &body);
    Ok((position, Reply::new(body, node.state(position))))
}
