//! The actions that wait for a person, of all customers, with what a person must know to decide (A28).

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::action::{Action, When};
use crate::cache::{Enough, Waiting};
use crate::evidence;
use crate::ids::{ActionId, Key, Text};
use crate::node::Node;
use crate::value::Values;
use crate::views::Unseen;

/// Which of them, and how many.
#[derive(Clone, Debug)]
pub struct Page {
    /// Only of these markets; `None` for all.
    pub markets: Option<Vec<Key>>,
    /// Only after this one.
    pub after: Option<ActionId>,
    pub at_most: usize,
}

impl Node {
    /// A page of what waits, the oldest first; `next` is where the next page begins, where there is one.
    pub async fn approvals(self: &Arc<Self>, page: Page) -> Result<Json, Unseen> {
        let log = self.store().log();
        log.until_all(log.end()).await?;
        let node = Arc::clone(self);
        let page = tokio::task::spawn_blocking(move || node.page(&page));
        page.await.map_err(|_| crate::cache::CacheError::CutOff)?
    }

    fn page(&self, page: &Page) -> Result<Json, Unseen> {
        let now = self.clock().now();
        let mut found: Vec<(ActionId, Waiting)> = Vec::new();
        self.cache().visit_waiting(page.after, |id, waiting| {
            let markets = page.markets.as_ref();
            let is_theirs = markets.is_none_or(|markets| markets.contains(&waiting.market));
            if is_theirs && waiting.ended.is_none() && waiting.until >= now {
                found.push((id, waiting.clone()));
            }
            match found.len() > page.at_most {
                true => Enough::Yes,
                false => Enough::No,
            }
        })?;
        let is_more = found.len() > page.at_most;
        found.truncate(page.at_most);
        let next = found
            .last()
            .filter(|_| is_more)
            .map(|(id, _)| id.to_string());
        let mut shown = Vec::with_capacity(found.len());
        for (id, waiting) in &found {
            shown.extend(self.shown(*id, waiting)?);
        }
        Ok(json!({ "approvals": shown, "next": next }))
    }

    /// As the evidence has it; `None` where its decision is not known here.
    fn shown(&self, id: ActionId, waiting: &Waiting) -> Result<Option<Json>, Unseen> {
        let Some(position) = self.cache().decision_now(waiting.decision)? else {
            return Ok(None);
        };
        let opened = evidence::open(&self.store().log().read(position)?.bytes, self.cache());
        let body = match opened {
            Err(unreadable) if unreadable.is_gone() => return Ok(None),
            opened => opened?.body,
        };
        let mut decisions = body.decisions.iter();
        let Some(decided) = decisions.find(|decided| decided.id == waiting.decision) else {
            return Ok(None);
        };
        let Some(action) = decided.actions.iter().find(|action| action.id == id) else {
            return Ok(None);
        };
        let policy = decided.policy.as_ref().map(|policy| &policy.version);
        Ok(Some(json!({
            "id": id.to_string(),
            "action": action.action,
            "channel": action.channel,
            "parameters": Values(&action.parameters),
            "language": action.language,
            "due": due(action),
            "until": action.until.to_string(),
            "approve_until": waiting.until.to_string(),
            "market": body.event.market,
            "moment": decided.moment,
            "decision": decided.id.to_string(),
            "decided": decided.now.to_string(),
            "policy": policy,
            "reason": Some(&action.reason).filter(|reason| !reason.is_empty()),
            "customer": body.customer.map(|customer| customer.to_string()),
            "account": body.account.map(|account| account.to_string()),
        })))
    }

    /// The stable key of a market; `None` where the charter knows none of that name.
    pub fn market_key(&self, market: &Text) -> Option<Key> {
        let charter = self.charter();
        let market = charter.names.markets.get(market)?;
        Some(charter.markets.at(*market).key)
    }
}

fn due(action: &Action) -> Option<String> {
    match action.when {
        When::Answered => None,
        When::Due(due) => Some(due.to_string()),
    }
}
