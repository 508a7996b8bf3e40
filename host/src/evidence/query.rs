//! Which decisions: by customer, market, moment, action, rule, outcome, policy and time.

use serde_json::{Value as Json, json};

use crate::action::Ruling;
use crate::clock::Instant;
use crate::evidence::{Body, DecisionRecord, Header, Opened};
use crate::ids::{CustomerId, DecisionId, Key, Text};
use crate::store::Position;

/// Which records, by what their headers tell; what is not said does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    pub decision: Option<DecisionId>,
    pub market: Option<Text>,
    /// The decision's time: at or after.
    pub since: Option<Instant>,
    /// Before.
    pub until: Option<Instant>,
}

/// What is looked for in them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    pub filter: Filter,
    pub customer: Option<Whom>,
    pub moment: Option<Text>,
    /// One that acts.
    pub action: Option<Text>,
    /// One that refused something.
    pub rule: Option<Text>,
    pub outcome: Option<Text>,
    /// A version such as `1.2.0`, or the beginning of a digest such as `sha256:0123`.
    pub policy: Option<Text>,
}

/// A customer, by the host's id or by a name that the event told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    Id(CustomerId),
    /// `crm:17850`
    Name(Text),
}

impl Whom {
    /// `None` for what is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(id) = CustomerId::parse(text) {
            return Some(Self::Id(id));
        }
        let (namespace, name) = text.split_once(':')?;
        (!namespace.is_empty() && !name.is_empty()).then(|| Self::Name(Text::new(text)))
    }

    fn is_in(&self, body: &Body) -> bool {
        match self {
            Self::Id(id) => body.customer == Some(*id),
            Self::Name(name) => [&body.event.subject, &body.event.visitor]
                .into_iter()
                .flatten()
                .any(|told| told == name),
        }
    }
}

impl Filter {
    /// Whether a record holds decisions that are meant.
    pub fn lets_through(&self, header: &Header) -> bool {
        let market = self.market.as_ref().map(|market| Key::of("market", market));
        let mut decisions = header.decisions.iter();
        !header.decisions.is_empty()
            && market.is_none_or(|market| market == header.market)
            && self.since.is_none_or(|since| header.at >= since)
            && self.until.is_none_or(|until| header.at < until)
            && self
                .decision
                .is_none_or(|wanted| decisions.any(|(id, _)| *id == wanted))
    }
}

impl Query {
    /// The decisions of a record that are looked for, one line each.
    pub fn found<'a>(
        &'a self,
        position: Position,
        opened: &'a Opened,
    ) -> impl Iterator<Item = Json> + 'a {
        let body = &opened.body;
        let is_about = self.customer.as_ref().is_none_or(|whom| whom.is_in(body));
        let decisions = body.decisions.iter();
        let wanted = decisions.filter(move |decided| is_about && self.wants(decided));
        wanted.map(move |decided| line(position, opened, decided))
    }

    fn wants(&self, decided: &DecisionRecord) -> bool {
        let is = |wanted: &Option<Text>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&self.moment, &decided.moment)
            && is(&self.outcome, decided.outcome.word())
            && self.action.as_ref().is_none_or(|wanted| {
                let mut actions = decided.actions.iter();
                actions.any(|action| action.action == *wanted)
            })
            && self
                .rule
                .as_ref()
                .is_none_or(|wanted| refusals(decided).any(|(_, rule)| rule == wanted))
            && self.policy.as_ref().is_none_or(|wanted| {
                let policy = decided.policy.as_ref();
                policy.is_some_and(|policy| {
                    policy.version.starts_with(wanted.as_str())
                        || policy.digest.to_string().starts_with(wanted.as_str())
                })
            })
    }
}

/// What was refused, and by which rule.
fn refusals(decided: &DecisionRecord) -> impl Iterator<Item = (&Text, &Text)> {
    let pairs = decided.proposals.iter().zip(&decided.rulings);
    pairs.filter_map(|(proposal, ruled)| match ruled {
        Ruling::Refused { rule, .. } => Some((&proposal.action, rule)),
        Ruling::Acts(_) | Ruling::Alternative => None,
    })
}

fn line(position: Position, opened: &Opened, decided: &DecisionRecord) -> Json {
    let body = &opened.body;
    let actions = decided.actions.iter().map(|action| {
        json!({ "id": action.id.to_string(), "action": action.action, "channel": action.channel })
    });
    let refused = refusals(decided);
    let refused = refused.map(|(action, rule)| json!({ "action": action, "rule": rule }));
    json!({
        "position": position.as_u64(),
        "id": decided.id.to_string(),
        "at": decided.now.to_string(),
        "market": body.event.market,
        "event": { "source": body.event.source, "id": body.event.id, "type": body.event.kind },
        "moment": decided.moment,
        "outcome": decided.outcome.word(),
        "charter": body.charter,
        "policy": decided.policy.as_ref().map(|policy| &policy.version),
        "customer": body.customer.map(|customer| customer.to_string()),
        "actions": actions.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
        "fuel": decided.fuel,
        "microseconds": decided.micros,
    })
}
