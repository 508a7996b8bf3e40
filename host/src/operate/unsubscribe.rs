//! One click on the way out of a message (RFC 8058): becomes the host's own event, and holds from then on everywhere.

use std::sync::Arc;

use crate::action::WayOut;
use crate::cache::CacheError;
use crate::charter::{BuiltIn, Charter};
use crate::clock::Instant;
use crate::customer::Customer;
use crate::decide::{Answered, Undecided, decide};
use crate::event::{About, Content, Event, OwnEvent};
use crate::ids::Text;
use crate::node::Core;
use crate::value::Value;

/// What proves such a withdrawal.
const PROOF: &str = "RFC 8058";
/// How often somebody may have turned out to be somebody else.
const MERGES: usize = 8;

/// Why nothing was withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum UnsubscribeError {
    #[error("the link is none of this host's: it was cut short, changed, or made by another host")]
    Forged,
    #[error(
        "there is nothing left that the link is about: its customer was erased, or the charter no longer has its purpose"
    )]
    Gone,
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

/// Withdraws what `token` is about; returns once that is durable. The second click gets the first one's answer.
pub async fn unsubscribe(core: &Core, token: &str) -> Result<Answered, UnsubscribeError> {
    let way = WayOut::parse(core.node().salt(), token).ok_or(UnsubscribeError::Forged)?;
    let customer = customer(core, &way).await.map_err(Undecided::from)?;
    let given = last_given(&way, &customer.ok_or(UnsubscribeError::Gone)?);
    decide(core, |era| {
        event(core, (&way, given), &era.charter).ok_or(UnsubscribeError::Gone)
    })
    .await
}

/// In which language whom `token` is about is spoken to: their own, or the first of the market.
pub async fn language_of(core: &Core, token: &str) -> Result<Text, UnsubscribeError> {
    let way = WayOut::parse(core.node().salt(), token).ok_or(UnsubscribeError::Forged)?;
    let charter = core.node().charter();
    let customer = customer(core, &way).await.map_err(Undecided::from)?;
    let own = customer.and_then(|customer| {
        let field = charter.fields.at(charter.customer.language?);
        match &customer.status.fields.at(field.key)?.value {
            Value::Text(language) => Some(language.clone()),
            _ => None,
        }
    });
    let of_market = || {
        let market = charter.names.market_keys.get(&way.market)?;
        charter.markets.at(*market).languages.first().cloned()
    };
    Ok(own.or_else(of_market).unwrap_or_default())
}

/// When the customer allowed it last: a click after that is a new one.
fn last_given(way: &WayOut, customer: &Customer) -> Option<Instant> {
    let about = customer.consents.iter().filter(|said| {
        said.purpose == Some(way.purpose)
            && said.channel.is_none_or(|channel| channel == way.channel)
            && !said.state.is_refusal()
    });
    about.map(|said| said.at).max()
}

/// Whom the link was made for, or whom they turned out to be.
async fn customer(core: &Core, way: &WayOut) -> Result<Option<Customer>, CacheError> {
    let mut id = way.customer;
    for _ in 0..MERGES {
        let Some(state) = core.node().cache().load::<Customer>(id).await? else {
            return Ok(None);
        };
        match state.value.merged_into {
            Some(other) => id = other,
            None => return Ok(Some(state.value)),
        }
    }
    Ok(None)
}

fn event(
    core: &Core,
    (way, given): (&WayOut, Option<Instant>),
    charter: &Arc<Charter>,
) -> Option<Event> {
    let node = core.node();
    let names = &charter.names;
    let purpose = &charter
        .purposes
        .at(*names.purpose_keys.get(&way.purpose)?)
        .name;
    let channel = &charter
        .channels
        .at(*names.channel_keys.get(&way.channel)?)
        .name;
    // Withdrawing is wide: where the market is gone, any other tells it as well.
    let own = names.market_keys.get(&way.market).copied();
    let market = own.or_else(|| charter.markets.iter().map(|(market, _)| market).next())?;
    let since = given.map_or(0, Instant::millis);
    let id = Text::from(format!(
        "unsubscribe:{}:{purpose}:{channel}:{}:{since}",
        way.customer,
        charter.markets.at(market).name
    ));
    let now = node.clock().now();
    let occurred_at = given.map_or(now, |given| given.max(now));
    let own = OwnEvent {
        charter,
        market,
        kind: BuiltIn::ConsentWithdrawn,
        id,
        about: About {
            customer: Some(way.customer),
            account: None,
        },
        channel: None,
        occurred_at,
        // Of the two the earlier counts, and what was given may be later than a clock that stepped back.
        received_at: node.clock().wall().max(occurred_at),
        data: vec![
            ("purpose", Value::Text(purpose.clone())),
            ("channels", Value::Texts([channel.clone()].into())),
            ("proof", Value::Text(Text::new_static(PROOF))),
        ],
    };
    let mut event = own.event()?;
    // Two clicks say the same, whenever they come.
    let digest = blake3::hash(event.id.as_bytes());
    event.content = Content(*digest.as_bytes().first_chunk()?);
    Some(event)
}
