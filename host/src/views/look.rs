//! What people and backends may look at: a customer, a decision. Each answer waits until what it shows is durable.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::action::{Action, Ruling, When};
use crate::cache::{self, Cache, CacheError};
use crate::charter::{Charter, Per};
use crate::context::{Reading, TimedValue};
use crate::customer::{Customer, IdentityKey, Named};
use crate::event::{Markets, Name, OWN_SOURCE};
use crate::evidence::disclosure::Shown;
use crate::evidence::{self, Body, Cancelled, DecisionRecord, Notes, Opened, PolicyInput};
use crate::ids::{CustomerId, DecisionId, Key, Text};
use crate::node::Node;
use crate::policy::{Manifest, Proposal, Timing};
use crate::reply::State;
use crate::store::{Failed, LogError, Refused};
use crate::value::{Plain, Values};
use crate::views::NoWords;
use crate::views::sight::Sight;

/// How a customer is looked up.
#[derive(Clone, Copy, Debug)]
pub enum Lookup {
    Id(CustomerId),
    Identity {
        key: IdentityKey,
        /// As it may have been kept before identities had a normal form.
        former: [Option<IdentityKey>; 2],
    },
}

impl Lookup {
    pub fn of_name(salt: &[u8; 32], charter: &Charter, name: &Name) -> Self {
        let identity = charter.identities.at(name.identity).key;
        let key = |value: &str| IdentityKey::of(salt, identity, value);
        Self::Identity {
            key: key(&name.value),
            former: [0, 1].map(|place| name.former.get(place).map(|former| key(former))),
        }
    }

    /// Whom it leads to.
    pub async fn named(self, cache: &Cache) -> Result<Option<Named>, CacheError> {
        match self {
            Self::Id(id) => Ok(Some(Named::Customer(id))),
            Self::Identity { key, former } => {
                for key in std::iter::once(key).chain(former.into_iter().flatten()) {
                    if let Some(named) = cache.find(key).await? {
                        return Ok(Some(named));
                    }
                }
                Ok(None)
            }
        }
    }
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    #[error("the log has failed")]
    Failed(#[from] Failed),
    #[error("what is known of the customer cannot be read")]
    Cache(#[from] CacheError),
    #[error("the evidence cannot be read")]
    Log(#[from] LogError),
    #[error("a record of the evidence cannot be read")]
    Evidence(#[from] evidence::Unreadable),
    #[error("it cannot be recorded who is shown this, so it is not shown: {0}")]
    Unrecorded(#[from] Refused),
    #[error("state `{state}` is of another host's log")]
    OtherLog { state: State },
    #[error("state `{state}` is ahead of this host")]
    NotYet { state: State },
}

/// What is shown of a customer.
#[derive(Clone, PartialEq, Debug)]
pub struct CustomerView {
    pub json: Json,
    /// What must be recorded when it is.
    pub shown: Shown,
}

/// Somebody who merged leads to whom they merged into, and that one may have merged since.
const MERGES: usize = 8;

impl Node {
    /// Waits until everything up to `state` is durable here.
    pub async fn at_least(&self, state: State) -> Result<(), Unseen> {
        if self.state(state.position).log != state.log {
            return Err(Unseen::OtherLog { state });
        }
        let log = self.store().log();
        if state.position >= log.end() {
            return Err(Unseen::NotYet { state });
        }
        Ok(log.until_durable(state.position).await?)
    }

    /// Everything that is known of a customer, as far as these markets may see it; `None` when nobody whom they ever heard of is
    /// known by that name. Where not all markets ask, this reads the log and is not for a thread that serves.
    pub async fn customer(
        &self,
        lookup: Lookup,
        markets: &Markets,
    ) -> Result<Option<CustomerView>, Unseen> {
        let known = self.known_to(lookup, markets).await?;
        Ok(known.map(|(version, shown)| CustomerView {
            json: self.show_customer(&version, markets),
            shown,
        }))
    }

    /// The customer of that name; of somebody who merged, whom they turned out to be.
    pub(super) async fn who_is(&self, lookup: Lookup) -> Result<Option<CustomerId>, CacheError> {
        let Some(Named::Customer(mut id)) = lookup.named(self.cache()).await? else {
            return Ok(None);
        };
        for _ in 0..MERGES {
            match self.cache().load::<Customer>(id).await? {
                Some(version) => match version.value.merged_into {
                    Some(other) => id = other,
                    None => return Ok(Some(id)),
                },
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    pub(super) fn show_customer(
        &self,
        version: &cache::State<Customer>,
        markets: &Markets,
    ) -> Json {
        let charter = &*self.charter();
        let customer = &version.value;
        let sight = Sight {
            charter,
            customer,
            markets,
            now: self.clock().now(),
        };
        let identities = customer.aliases.iter().map(|alias| {
            let value = match &alias.value {
                Some(value) => value.to_string(),
                None => format!("#{:?}", alias.key),
            };
            json!({ "identity": name_of(&charter.names.identities, |ix| charter.identities.at(ix).key, alias.identity),
                    "value": value, "since": alias.since.to_string() })
        });
        let consents = customer.consents.iter();
        let consents = consents.filter(|said| sight.shows_consent(said)).map(|said| {
            json!({
                "purpose": said.purpose.map_or(Json::from("all"), |key| name_of(&charter.names.purposes, |ix| charter.purposes.at(ix).key, key)),
                "channel": said.channel.map(|key| channel(charter, key)),
                "brand": said.brand.map(|key| brand(charter, key)),
                "market": said.market.map(|key| market(charter, key)),
                "state": said.state.word(),
                "source": source(charter, said.source),
                "at": said.at.to_string(),
                "proof": said.proof,
                "wording": said.wording,
            })
        });
        json!({
            "id": customer.id.to_string(),
            "state": self.state(version.encoded.position).to_string(),
            "revision": customer.revision,
            "since": customer.since.to_string(),
            "identities": identities.collect::<Vec<_>>(),
            "account": customer.account.map(|account| account.to_string()),
            "consents": consents.collect::<Vec<_>>(),
            "status": status(sight),
        })
    }

    /// The evidence of one decision, as far as these markets may see it; `None` when there is none of that id.
    pub async fn decision(
        self: &Arc<Self>,
        id: DecisionId,
        markets: &Markets,
    ) -> Result<Option<Json>, Unseen> {
        let Some(position) = self.cache().decision(id).await? else {
            return Ok(None);
        };
        let opened = self.part_of(self.opened(position).await?, markets)?;
        let decided = opened
            .body
            .decisions
            .iter()
            .find(|decided| decided.id == id);
        let policy = decided.and_then(|decided| decided.policy.as_ref());
        let words = match policy {
            Some(policy) => Some(self.words(policy.digest).await),
            None => None,
        };
        Ok(decided.map(|decided| {
            let mut shown = decision_json(&opened, decided, words.as_ref());
            if let Json::Object(shown) = &mut shown {
                let state = self.state(position).to_string();
                shown.insert("state".to_owned(), state.into());
            }
            shown
        }))
    }
}

/// A reason in words, as the policy that gave it wrote them.
struct Sentences<'a> {
    words: Option<&'a Result<Arc<Manifest>, NoWords>>,
    decided: &'a DecisionRecord,
}

impl Sentences<'_> {
    fn of(&self, code: &Text) -> Json {
        let manifest = self.words.and_then(|words| words.as_ref().ok());
        let reason = manifest.and_then(|manifest| manifest.reason(code));
        let sentences = reason.map(|reason| {
            let by_language = reason
                .sentences
                .iter()
                .map(|said| (said.language.to_string(), Json::from(said.text.as_str())));
            Json::Object(by_language.collect())
        });
        json!({ "code": code, "sentences": sentences })
    }

    fn proposals(&self) -> Vec<Json> {
        let pairs = self.decided.proposals.iter().zip(&self.decided.rulings);
        pairs
            .map(|(proposal, ruled)| self.proposal(proposal, ruled))
            .collect()
    }

    fn proposal(&self, proposal: &Proposal, ruled: &Ruling) -> Json {
        let verdict = match ruled {
            Ruling::Acts(id) => json!({ "verdict": "permit", "becomes": id.to_string() }),
            Ruling::Alternative => {
                json!({ "verdict": "permit", "becomes": null, "why": "another one of its key or slot ranks higher" })
            }
            Ruling::Refused { rule, why } => {
                json!({ "verdict": "refuse", "rule": rule, "why": why })
            }
        };
        json!({
            "action": proposal.action,
            "channel": proposal.channel,
            "timing": timing(proposal.timing),
            "parameters": Values(&proposal.parameters),
            "key": proposal.key,
            "score": proposal.score,
            "reason": (!proposal.reason.is_empty()).then(|| self.of(&proposal.reason)),
            "ruling": verdict,
        })
    }
}

fn timing(timing: Timing) -> Json {
    match timing {
        Timing::Now => json!("now"),
        Timing::After(span) => json!({ "after": span.to_string() }),
        Timing::At(instant) => json!({ "at": instant.to_string() }),
        Timing::Local { days, minute } => {
            json!({ "days": days, "local": format!("{:02}:{:02}", minute / 60, minute % 60) })
        }
    }
}

fn cancelled(cancelled: &Cancelled) -> Json {
    json!({
        "id": cancelled.id.to_string(),
        "action": cancelled.action,
        "because": cancelled.because,
    })
}

fn noted(noted: &Notes) -> Json {
    json!({
        "conflicts": noted.conflicts, "refused_writes": noted.refused_writes, "entered": noted.entered,
        "left": noted.left, "waits_for": noted.waits_for,
        "expired": noted.faded,
    })
}

fn shown<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

pub(super) fn told(body: &Body) -> Json {
    let event = &body.event;
    json!({
        "id": event.id, "source": event.source, "type": event.kind, "subject": event.subject, "visitor": event.visitor,
        "account": event.account, "channel": event.channel, "time": event.occurred_at.to_string(),
        "received": event.received_at.to_string(), "data": event.data.as_deref().map(Values), "dropped": event.dropped,
    })
}

fn known(asked: &PolicyInput) -> Json {
    let data = asked.data_names.iter().zip(&asked.signal.data);
    let data: Map<_, _> = data
        .map(|(name, value)| (name.to_string(), json!(value.as_ref().map(Plain))))
        .collect();
    let readings = asked.read_names.iter().zip(&asked.context.readings);
    let readings: Map<_, _> = readings
        .map(|(name, reading)| (name.to_string(), shown_reading(reading)))
        .collect();
    json!({
        "data": data, "readings": readings, "language": asked.context.language,
        "utc_offset_minutes": asked.context.utc_offset,
    })
}

fn shown_reading(reading: &Reading) -> Json {
    let stamped = |state: &str, TimedValue { value, as_of }: &TimedValue| json!({ "is": state, "value": Plain(value), "as_of": as_of.to_string() });
    match reading {
        Reading::Known(value) => stamped("known", value),
        Reading::Stale(value) => stamped("stale", value),
        Reading::Unknown => json!({ "is": "unknown" }),
        Reading::Withheld => json!({ "is": "withheld" }),
    }
}

fn action(action: &Action) -> Json {
    json!({
        "id": action.id.to_string(), "action": action.action, "channel": action.channel, "slot": action.slot,
        "parameters": Values(&action.parameters), "language": action.language,
        "due": match action.when { When::Answered => None, When::Due(due) => Some(due.to_string()) },
        "until": action.until.to_string(), "approve_until": action.approval.map(|until| until.to_string()),
    })
}

fn status(sight: Sight<'_>) -> Json {
    let (charter, status) = (sight.charter, &sight.customer.status);
    let windows = charter
        .windows
        .iter()
        .filter(|(_, window)| window.per == Per::Customer && sight.shows_use(&[window.purpose]));
    let windows: Map<_, _> = windows
        .map(|(_, window)| {
            let figure = status.windows.at(window, sight.now);
            (window.name.to_string(), json!(figure))
        })
        .collect();
    let items = status.items.iter().filter_map(|(key, items)| {
        let (_, list) = charter.items.iter().find(|(_, list)| list.key == key)?;
        let items: Map<_, _> = items
            .iter()
            .map(|(item, at)| (item.to_string(), json!(at.to_string())))
            .collect();
        let shown = sight.shows_use(&[list.purpose]);
        shown.then(|| (list.name.to_string(), Json::Object(items)))
    });
    let items = items.collect();
    json!({
        "fields": fields(sight), "windows": windows, "items": Json::Object(items),
        "segments": segments(sight), "stages": stages(sight), "waits_for": waits_for(sight),
        "contacts": contacts(sight), "pending": pending(sight),
    })
}

/// Where the value of a central field was told is for whoever sees all markets.
fn fields(sight: Sight<'_>) -> Json {
    let charter = sight.charter;
    let fields = sight.customer.status.fields.iter().filter_map(|(key, fact)| {
        let field = charter.fields.at(*charter.names.field_keys.get(&key)?);
        let is_stale = field.max_age.is_some_and(|age| fact.occurred_at.plus(age) < sight.now);
        let event = Some(&fact.event).filter(|_| sight.is_whole() || field.market.is_some());
        let shown = json!({
            "value": Plain(&fact.value), "unit": field.unit, "source": source(charter, fact.source),
            "occurred_at": fact.occurred_at.to_string(), "received_at": fact.received_at.to_string(), "stale": is_stale,
            "event": event, "charter": fact.charter,
        });
        sight.shows_field(field).then(|| (field.name.to_string(), shown))
    });
    Json::Object(fields.collect())
}

/// What was said in all markets counts against the caps of each; what exactly is for whoever sees all of them.
fn contacts(sight: Sight<'_>) -> Json {
    let contacts = sight.customer.status.contacts.iter().map(|contact| {
        let action = sight.is_whole().then(|| action_name(sight.charter, contact.action));
        json!({ "action": action, "channel": channel(sight.charter, contact.channel), "at": contact.at.to_string() })
    });
    contacts.collect()
}

fn pending(sight: Sight<'_>) -> Json {
    let pending = sight.customer.status.pending.iter();
    let own = pending.filter(|pending| sight.shows_market(pending.market));
    let shown = own.map(|pending| {
        json!({
            "id": pending.id.to_string(), "decision": pending.decision.to_string(),
            "action": action_name(sight.charter, pending.action),
            "channel": channel(sight.charter, pending.channel), "due": pending.due.to_string(),
            "until": pending.until.to_string(), "key": pending.key,
            "approve_until": pending.approval.map(|until| until.to_string()),
        })
    });
    shown.collect()
}

/// The segments that somebody is in, and since when.
fn segments(sight: Sight<'_>) -> Json {
    let segments = sight.customer.status.segments.iter();
    let segments = segments.filter_map(|(key, since)| {
        let mut known = sight.charter.segments.iter();
        let (_, segment) = known.find(|(_, one)| one.key == *key)?;
        let shown = sight.shows_use(&segment.purposes);
        shown.then(|| (segment.name.to_string(), json!(since.to_string())))
    });
    Json::Object(segments.collect())
}

fn stages(sight: Sight<'_>) -> Json {
    let stages = sight.customer.status.stages.iter().filter_map(|reached| {
        let mut known = sight.charter.stages.iter();
        let (_, stage) = known.find(|(_, one)| one.key == reached.stage)?;
        let step = stage.steps.iter().find(|step| step.key == reached.step)?;
        let shown = json!({ "step": step.name, "since": reached.since.to_string() });
        sight
            .shows_use(&stage.purposes)
            .then(|| (stage.name.to_string(), shown))
    });
    Json::Object(stages.collect())
}

/// The silences that are waited for.
fn waits_for(sight: Sight<'_>) -> Json {
    let charter = sight.charter;
    let timers = sight.customer.status.timers.iter();
    let own = timers.filter(|timer| sight.shows_market(timer.market));
    let shown = own.filter_map(|timer| {
        let moment = charter.names.moment_keys.get(&timer.moment)?;
        Some(json!({
            "moment": charter.moments.at(*moment).name, "market": market(charter, timer.market),
            "due": timer.due?.to_string(),
        }))
    });
    shown.collect()
}

fn action_name(charter: &Charter, key: Key) -> Json {
    name_of(&charter.names.actions, |ix| charter.actions.at(ix).key, key)
}

fn market(charter: &Charter, key: Key) -> Json {
    name_of(&charter.names.markets, |ix| charter.markets.at(ix).key, key)
}

fn channel(charter: &Charter, key: Key) -> Json {
    name_of(
        &charter.names.channels,
        |ix| charter.channels.at(ix).key,
        key,
    )
}

fn source(charter: &Charter, key: Key) -> Json {
    if key == Key::of("source", OWN_SOURCE) {
        return Json::from(OWN_SOURCE);
    }
    name_of(&charter.names.sources, |ix| charter.sources.at(ix).key, key)
}

fn brand(charter: &Charter, key: Key) -> Json {
    let market = charter
        .markets
        .iter()
        .find(|(_, market)| market.brand_key == key);
    market.map_or(Json::Null, |(_, market)| Json::from(market.brand.as_str()))
}

/// The name of what is stored under a key; null for what the charter no longer knows.
fn name_of<Ix: Copy>(
    names: &crate::ids::Map<Text, Ix>,
    key: impl Fn(Ix) -> Key,
    wanted: Key,
) -> Json {
    let found = names.iter().find(|(_, ix)| key(**ix) == wanted);
    found.map_or(Json::Null, |(name, _)| Json::from(name.as_str()))
}

/// One decision of a record, without what its policy means by its reasons.
pub(super) fn show_decision(opened: &Opened, decided: &DecisionRecord) -> Json {
    decision_json(opened, decided, None)
}

fn decision_json(
    opened: &Opened,
    decided: &DecisionRecord,
    words: Option<&Result<Arc<Manifest>, NoWords>>,
) -> Json {
    let sentences = Sentences { words, decided };
    json!({
        "id": decided.id.to_string(),
        "market": opened.body.event.market,
        "charter": { "version": opened.body.charter, "digest": opened.charter.to_string() },
        "policy": decided.policy.as_ref().map(|policy| {
            json!({
                "version": policy.version, "digest": policy.digest.to_string(),
                "missing": words.and_then(|words| words.as_ref().err()).map(ToString::to_string),
            })
        }),
        "customer": opened.body.customer.map(|customer| customer.to_string()),
        "account": opened.body.account.map(|account| account.to_string()),
        "event": told(&opened.body),
        "moment": decided.moment,
        "on": decided.on.as_ref().map(|derived| json!({ "type": derived.kind, "data": Values(&derived.data) })),
        "now": decided.now.to_string(),
        "known": decided.asked.as_ref().map(known),
        "outcome": decided.outcome.word(),
        "reason": decided.held.as_ref().map(|code| sentences.of(code)),
        "because": decided.because,
        "proposals": sentences.proposals(),
        "actions": decided.actions.iter().map(action).collect::<Vec<_>>(),
        "cancelled": opened.body.cancelled.iter().map(cancelled).collect::<Vec<_>>(),
        "noted": noted(&opened.body.noted),
        "replaced": shown(&decided.replaced),
        "cost": { "fuel": decided.fuel, "microseconds": decided.micros },
    })
}
