//! What the caller hears: JSON, read off the evidence, so that a repeat gets the first reply word for word.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::action::{Action, Ruling, When};
use crate::evidence::{Body, Cancelled, DecisionRecord, DerivedEvent};
use crate::store::Position;
use crate::value::Values;

/// Where a token to unsubscribe is taken: what stands after it (RFC 8058).
pub const UNSUBSCRIBE: &str = "/v1/unsubscribe/";

/// How much a reply tells. Reasons and refusals are about the customer, and shops pass replies on to browsers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    Plain,
    Explained,
}

/// A reply to one event.
#[derive(Clone, Debug)]
pub struct Reply {
    body: Body,
    state: State,
}

/// A place in the history of one host's log: a caller who hands it back sees at least what it saw then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// The first bytes of the log's id.
    pub log: u32,
    pub position: Position,
}

impl State {
    /// Reads `<log>.<position>`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (log, position) = text.split_once('.')?;
        Some(Self {
            log: u32::from_str_radix(log, 16).ok()?,
            position: Position::from_u64(position.parse().ok()?),
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}.{}", self.log, self.position.as_u64())
    }
}

impl Reply {
    pub fn new(body: Body, state: State) -> Self {
        Self { body, state }
    }

    pub fn body(&self) -> &Body {
        &self.body
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Appends the reply as JSON.
    pub fn write(&self, detail: Detail, into: &mut Vec<u8>) {
        let written = serde_json::to_writer(
            &mut *into,
            &ReplyView {
                reply: self,
                detail,
            },
        );
        debug_assert!(written.is_ok(), "a reply is always JSON");
    }
}

struct ReplyView<'a> {
    reply: &'a Reply,
    detail: Detail,
}

impl Serialize for ReplyView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let body = &self.reply.body;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", &body.event.id)?;
        map.serialize_entry("market", &body.event.market)?;
        map.serialize_entry("charter", &body.charter)?;
        map.serialize_entry("state", &Text(self.reply.state))?;
        let decisions = List(body.decisions.iter().map(|decided| DecisionView {
            decided,
            detail: self.detail,
        }));
        map.serialize_entry("decisions", &decisions)?;
        if !body.cancelled.is_empty() {
            let cancelled = body.cancelled.iter().map(|cancelled| CancellationView {
                cancelled,
                detail: self.detail,
            });
            map.serialize_entry("cancelled", &List(cancelled))?;
        }
        map.end()
    }
}

/// Why it will not act may tell of the customer's consent, so only the explained reply says it.
struct CancellationView<'a> {
    cancelled: &'a Cancelled,
    detail: Detail,
}

impl Serialize for CancellationView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &Text(self.cancelled.id))?;
        map.serialize_entry("action", &self.cancelled.action)?;
        if self.detail == Detail::Explained {
            map.serialize_entry("because", &self.cancelled.because)?;
        }
        map.end()
    }
}

/// The derived event that a decision is about.
struct DerivedView<'a>(&'a DerivedEvent);

impl Serialize for DerivedView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.0.kind)?;
        map.serialize_entry("data", &Values(&self.0.data))?;
        map.end()
    }
}

struct DecisionView<'a> {
    decided: &'a DecisionRecord,
    detail: Detail,
}

impl Serialize for DecisionView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decided = self.decided;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &Text(decided.id))?;
        map.serialize_entry("moment", &decided.moment)?;
        if let Some(derived) = &decided.on {
            map.serialize_entry("on", &DerivedView(derived))?;
        }
        map.serialize_entry("outcome", decided.outcome.word())?;
        if let Some(policy) = &decided.policy {
            map.serialize_entry("policy", &policy.version)?;
        }
        let answered = decided
            .actions
            .iter()
            .filter(|action| action.when == When::Answered);
        let is_waiting = |action: &&Action| action.approval.is_some();
        let scheduled = decided
            .actions
            .iter()
            .filter(|action| action.when != When::Answered && !is_waiting(action));
        let waiting = decided.actions.iter().filter(is_waiting);
        map.serialize_entry(
            "actions",
            &List(answered.map(|action| ShownAction {
                action,
                detail: self.detail,
            })),
        )?;
        map.serialize_entry(
            "scheduled",
            &List(scheduled.map(|action| ShownAction {
                action,
                detail: self.detail,
            })),
        )?;
        if waiting.clone().next().is_some() {
            map.serialize_entry(
                "waiting",
                &List(waiting.map(|action| ShownAction {
                    action,
                    detail: self.detail,
                })),
            )?;
        }
        if self.detail == Detail::Explained {
            explain(decided, &mut map)?;
        }
        map.end()
    }
}

fn explain<M: SerializeMap>(decided: &DecisionRecord, map: &mut M) -> Result<(), M::Error> {
    if let Some(code) = &decided.held {
        map.serialize_entry("reason", code)?;
    }
    if let Some(because) = &decided.because {
        map.serialize_entry("because", because)?;
    }
    let refused = refusals(decided);
    if refused.clone().next().is_some() {
        map.serialize_entry("refused", &List(refused))?;
    }
    Ok(())
}

/// One refused proposal.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Refused<'a> {
    pub action: &'a str,
    pub channel: &'a str,
    pub rule: &'a str,
    pub reason: &'a str,
}

/// What the boundary refused of a decision's proposals.
pub fn refusals(decided: &DecisionRecord) -> impl Iterator<Item = Refused<'_>> + Clone {
    decided
        .proposals
        .iter()
        .zip(&decided.rulings)
        .filter_map(|(proposal, ruled)| match ruled {
            Ruling::Refused { rule, why } => Some(Refused {
                action: &proposal.action,
                channel: &proposal.channel,
                rule,
                reason: why,
            }),
            Ruling::Acts(_) | Ruling::Alternative => None,
        })
}

struct ShownAction<'a> {
    action: &'a Action,
    detail: Detail,
}

impl Serialize for ShownAction<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let action = self.action;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &Text(action.id))?;
        map.serialize_entry("action", &action.action)?;
        map.serialize_entry("channel", &action.channel)?;
        if let Some(slot) = &action.slot {
            map.serialize_entry("slot", slot)?;
        }
        if let When::Due(due) = action.when {
            map.serialize_entry("due", &Text(due))?;
        }
        map.serialize_entry("parameters", &Values(&action.parameters))?;
        map.serialize_entry("language", &action.language)?;
        map.serialize_entry("until", &Text(action.until))?;
        if let Some(token) = &action.unsubscribe {
            map.serialize_entry("unsubscribe", &format_args!("{UNSUBSCRIBE}{token}"))?;
        }
        if let Some(approval) = action.approval {
            map.serialize_entry("approve_until", &Text(approval))?;
        }
        if self.detail == Detail::Explained && !action.reason.is_empty() {
            map.serialize_entry("reason", &action.reason)?;
        }
        map.end()
    }
}

/// Anything that is shown as text.
pub struct Text<T>(pub T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Anything that is shown as a list.
pub struct List<I>(pub I);

impl<I> Serialize for List<I>
where
    I: Iterator<Item: Serialize> + Clone,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}
