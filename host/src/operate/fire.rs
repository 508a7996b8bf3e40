//! What is due by itself: silences that have lasted long enough, and values that are no longer kept. Each becomes an event of the
//! host itself, and is decided with what is true then.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::cache::{CacheError, Hint};
use crate::charter::{BuiltIn, Charter};
use crate::clock::Instant;
use crate::customer::{Account, Customer, Timer};
use crate::decide::{Answered, Undecided, decide};
use crate::event::{About, Event, OwnEvent};
use crate::evidence;
use crate::ids::{CustomerId, Key, Text};
use crate::keys::Subject;
use crate::node::Core;
use crate::operate::EraseError;
use crate::value::Value;
use crate::views::Lookup;

/// How many are decided at a time: enough to share a sync of the log.
const AT_ONCE: usize = 64;
/// By what somebody is erased whose names are no longer kept.
const RETENTION: &str = "retention";

/// What was done about silences that were due.
#[derive(Debug, Default)]
pub struct DueEvents {
    pub answered: Vec<Answered>,
    /// Of how many somebody had to look; zero when nothing is due.
    pub looked_at: usize,
}

/// Looks at what is due by now, at most so many; what cannot be decided stays due, and the first reason is told.
pub async fn fire(core: &Core) -> Result<DueEvents, Undecided> {
    let cache = core.node().cache();
    let now = core.node().clock().now();
    let hints = cache.take_due(now, AT_ONCE);
    let mut fired = DueEvents {
        answered: Vec::new(),
        looked_at: hints.len(),
    };
    let mut failed = None;
    let looks = hints.iter().map(|hint| look(core, *hint, now));
    for (hint, looked) in hints.iter().zip(all(looks).await) {
        match looked {
            Ok(answered) => {
                fired.answered.extend(answered);
                cache.forget_hint(*hint);
            }
            Err(undecided) => {
                cache.put_back(*hint);
                failed.get_or_insert(undecided);
            }
        }
    }
    match failed {
        None => Ok(fired),
        Some(undecided) => Err(undecided),
    }
}

/// Says what the hint means, if it still does.
async fn look(core: &Core, hint: Hint, now: Instant) -> Result<Vec<Answered>, Undecided> {
    let mut answered = Vec::new();
    match (hint.whose, hint.silence) {
        (Subject::Customer(customer), Some(moment)) => {
            for timer in due(core, (customer, moment, hint.due), now).await? {
                let event = |charter: &_| silence(core, (customer, &timer), charter);
                answered.extend(say(core, event).await?);
            }
        }
        (whose, _) => match fades(core, whose, hint.due).await? {
            Fades::Values { market } => {
                let event = |charter: &_| expiry(core, (whose, market, hint.due), charter);
                answered.extend(say(core, event).await?);
            }
            Fades::Everything(id) => erase(core, id).await?,
            Fades::Nothing => {}
        },
    }
    Ok(answered)
}

/// The silences that are meant, in every market where they are waited for.
async fn due(
    core: &Core,
    (customer, moment, due): (CustomerId, Key, Instant),
    now: Instant,
) -> Result<Vec<Timer>, CacheError> {
    let state = core.node().cache().load::<Customer>(customer).await?;
    let Some(state) = state.filter(|state| state.value.merged_into.is_none()) else {
        return Ok(Vec::new());
    };
    let timers = state.value.status.timers.iter();
    let is_meant = |timer: &&Timer| timer.moment == moment && timer.due == Some(due) && due <= now;
    Ok(timers.filter(is_meant).cloned().collect())
}

/// What of somebody is no longer kept.
enum Fades {
    /// It is not as it was planned any more.
    Nothing,
    /// With the market in which they were last heard of.
    Values { market: Key },
    /// Nothing would lead to them any more.
    Everything(CustomerId),
}

async fn fades(core: &Core, whose: Subject, due: Instant) -> Result<Fades, Undecided> {
    let (cache, now) = (core.node().cache(), core.node().clock().now());
    let (fades, position) = match whose {
        Subject::Customer(id) => match cache.load::<Customer>(id).await? {
            Some(state)
                if state.value.status.fades == Some(due)
                    && state.value.has_lost_all_names(&core.node().charter(), now) =>
            {
                return Ok(Fades::Everything(id));
            }
            Some(state) => (state.value.status.fades, state.encoded.position),
            None => return Ok(Fades::Nothing),
        },
        Subject::Account(id) => match cache.load::<Account>(id).await? {
            Some(state) => (state.value.status.fades, state.encoded.position),
            None => return Ok(Fades::Nothing),
        },
        Subject::Market(_) | Subject::Period(_) => return Ok(Fades::Nothing),
    };
    if fades != Some(due) {
        return Ok(Fades::Nothing);
    }
    let record = core.node().store().log().read(position)?;
    let market = evidence::open_header(&record.bytes)?.market;
    Ok(Fades::Values { market })
}

/// Somebody whose last name is no longer kept is kept no longer.
async fn erase(core: &Core, id: CustomerId) -> Result<(), Undecided> {
    match core.node().erase(Lookup::Id(id), RETENTION).await {
        Ok(_) | Err(EraseError::Unknown | EraseError::Before) => Ok(()),
        Err(EraseError::Cache(error)) => Err(error.into()),
        Err(EraseError::Failed(failed)) => Err(failed.into()),
        Err(EraseError::Busy | EraseError::Log(_)) => Err(Undecided::Busy),
    }
}

/// Why nothing came of what was due.
enum Unsaid {
    /// The charter no longer knows it.
    Unknown,
    Undecided(Undecided),
}

impl From<Undecided> for Unsaid {
    fn from(why: Undecided) -> Self {
        Self::Undecided(why)
    }
}

/// `None` where nothing came of it: a silence was broken meanwhile, or the charter no longer knows it.
async fn say(
    core: &Core,
    event: impl Fn(&Arc<Charter>) -> Option<Event>,
) -> Result<Option<Answered>, Undecided> {
    let said = decide(core, |era| event(&era.charter).ok_or(Unsaid::Unknown));
    match Box::pin(said).await {
        Ok(answered) => Ok(Some(answered)),
        Err(Unsaid::Unknown | Unsaid::Undecided(Undecided::Moot(_))) => Ok(None),
        Err(Unsaid::Undecided(why)) => Err(why),
    }
}

/// The same expiry is the same event.
fn expiry(
    core: &Core,
    (whose, market, due): (Subject, Key, Instant),
    charter: &Arc<Charter>,
) -> Option<Event> {
    // Wherever it is told, it holds for all.
    let own = charter.names.market_keys.get(&market).copied();
    let market = own.or_else(|| charter.markets.iter().map(|(market, _)| market).next())?;
    let (about, id) = match whose {
        Subject::Customer(id) => (
            About {
                customer: Some(id),
                account: None,
            },
            id.to_string(),
        ),
        Subject::Account(id) => (
            About {
                customer: None,
                account: Some(id),
            },
            id.to_string(),
        ),
        Subject::Market(_) | Subject::Period(_) => return None,
    };
    let own = OwnEvent {
        charter,
        market,
        kind: BuiltIn::DataExpired,
        id: Text::from(format!("expiry:{id}:{}", due.millis())),
        about,
        channel: None,
        occurred_at: due,
        received_at: core.node().clock().wall(),
        data: Vec::new(),
    };
    own.event()
}

/// The same silence is the same event, whoever finds it due, and however often.
fn silence(
    core: &Core,
    (customer, timer): (CustomerId, &Timer),
    charter: &Arc<Charter>,
) -> Option<Event> {
    let market = *charter.names.market_keys.get(&timer.market)?;
    let moment = *charter.names.moment_keys.get(&timer.moment)?;
    let (due, moment) = (timer.due?, &charter.moments.at(moment).name);
    let name = &charter.markets.at(market).name;
    let own = OwnEvent {
        charter,
        market,
        kind: BuiltIn::SilenceElapsed,
        id: Text::from(format!(
            "silence:{customer}:{moment}:{name}:{}",
            due.millis()
        )),
        about: About {
            customer: Some(customer),
            account: None,
        },
        channel: timer.channel.clone(),
        occurred_at: due,
        received_at: core.node().clock().wall(),
        data: vec![("moment", Value::Text(moment.clone()))],
    };
    own.event()
}

/// Waits for all of them, and gives what came of each, in order.
async fn all<F: Future>(work: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = work.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|cx| {
        let waiting = running.iter_mut().zip(&mut outputs);
        for (future, output) in waiting.filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(cx) {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
