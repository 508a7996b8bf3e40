//! `/v1/approvals` and `/v1/actions/{id}/approve` and `…/reject`: actions that wait for a person (A28).

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::decide::{Approval, Judgement};
use crate::event::{Caller, Markets};
use crate::ids::{ActionId, Key, Text};
use crate::limits::EVENT_BODY_BYTES;
use crate::operate::{ApprovalResult, Fate, settle};
use crate::server::desk::Desk;
use crate::server::path::percent_decoded;
use crate::server::problem::Problem;
use crate::server::routes::RouteResult;
use crate::server::{ServerParts, body};
use crate::views::Page;

/// How many are on a page, where the caller does not say; and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalsQuery {
    market: Option<Text>,
    cursor: Option<Text>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    asked: Result<Query<ApprovalsQuery>, QueryRejection>,
) -> RouteResult {
    let Query(asked) = asked.map_err(|_| {
        Problem::bad_request(
            "a list takes `market`, `cursor` and `limit`, such as `?market=de&limit=50`",
        )
    })?;
    let after = match &asked.cursor {
        None => None,
        Some(cursor) => Some(ActionId::parse(cursor).ok_or_else(|| {
            Problem::bad_request("`cursor` must be the `next` of the page before")
        })?),
    };
    let at_most = asked.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&at_most) {
        let detail = format!("`limit` must be between 1 and {LARGEST_PAGE}");
        return Err(Problem::bad_request(detail));
    }
    let page = Page {
        markets: markets(&shared, &caller, asked.market.as_ref())?,
        after,
        at_most,
    };
    Ok(Json(shared.node.approvals(page).await?).into_response())
}

/// The markets that are asked for and that the caller speaks for; `None` for all.
fn markets(
    shared: &ServerParts,
    caller: &Caller,
    asked: Option<&Text>,
) -> Result<Option<Vec<Key>>, Problem> {
    let key = |market: &Text| shared.node.market_key(market);
    match (asked, &caller.markets) {
        (Some(market), _) => {
            let key = key(market).ok_or_else(|| Problem::unknown("market", market))?;
            if caller.speaks_for(market) {
                Ok(Some(vec![key]))
            } else {
                Err(Problem::not_yours(format!(
                    "the token does not speak for market `{market}`"
                )))
            }
        }
        (None, Markets::All) => Ok(None),
        (None, Markets::Some(own)) => Ok(Some(own.iter().filter_map(key).collect())),
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: Text,
}

/// One decision of a person, its body still on the way.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) caller: &'a Caller,
    /// Still percent-encoded.
    pub(super) action: &'a str,
    pub(super) verdict: Approval,
}

impl Post<'_> {
    pub(super) async fn answer(
        self,
        desk: &Desk,
        body: Incoming,
    ) -> Result<Response<Bytes>, Problem> {
        let body = body::read(body, EVENT_BODY_BYTES, desk.shared.limits.body).await?;
        let why: Why = if body.is_empty() {
            Why::default()
        } else {
            serde_json::from_slice(&body)
                .map_err(|_| Problem::bad_request("the body must be {\"reason\": \"…\"}"))?
        };
        let id = percent_decoded(self.action).unwrap_or_default();
        let action = ActionId::parse(&id).ok_or_else(|| Problem::unknown("action", &id))?;
        let judged = Judgement {
            action,
            verdict: self.verdict,
            reason: why.reason,
        };
        let settled = settle(desk.core(), self.caller, &judged).await?;
        Ok(response(&settled))
    }
}

fn response(settled: &ApprovalResult) -> Response<Bytes> {
    let body = Bytes::from(shown(settled).to_string());
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if settled.repeated {
        headers.insert("kairos-repeated", HeaderValue::from_static("true"));
    }
    response
}

fn shown(settled: &ApprovalResult) -> Value {
    let mut shown = json!({
        "id": settled.action.to_string(),
        "action": settled.name,
        "market": settled.market,
        "result": settled.fate.word(),
        "by": settled.by,
        "reason": settled.reason,
        "state": settled.state.to_string(),
    });
    let more = match &settled.fate {
        Fate::Approved { action, decision } => json!({
            "decision": decision.to_string(),
            "due": settled.due().map(|due| due.to_string()),
            "until": action.until.to_string(),
        }),
        Fate::Rejected => Value::Null,
        Fate::Dropped { rule, why } => json!({ "rule": rule, "why": why }),
    };
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}
