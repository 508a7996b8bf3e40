//! `GET /v1/report`: what came of decisions, and of silence.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::IntoResponse;
use http::{HeaderMap, header};
use serde::Deserialize;

use crate::event::Caller;
use crate::ids::Text;
use crate::node::Node;
use crate::report::{Ask, Gathering, Report};
use crate::server::ServerParts;
use crate::server::beside::Patience;
use crate::server::decisions::{market, time};
use crate::server::problem::Problem;
use crate::server::routes::RouteResult;
use crate::views::Unseen;

/// How far back a report goes where the caller does not say.
const SINCE: &str = "7d";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    since: Option<Text>,
    until: Option<Text>,
    market: Option<Text>,
}

/// As JSON; with `accept: text/csv`, one line for each market and figure.
pub(super) async fn show(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
    asked: Result<Query<ReportQuery>, QueryRejection>,
) -> RouteResult {
    let Query(asked) = asked.map_err(|_| {
        Problem::bad_request(
            "a report takes `since`, `until` and `market`, such as `?since=7d&market=de`",
        )
    })?;
    let now = shared.node.clock().now();
    let since = asked.since.as_deref().unwrap_or(SINCE);
    let ask = Ask {
        since: time("since", Some(since), now)?,
        until: time("until", asked.until.as_deref(), now)?,
        market: market(&shared, &caller, asked.market)?,
    };
    let log = shared.node.store().log();
    log.until_all(log.end()).await?;
    let node = Arc::clone(&shared.node);
    let report = shared
        .readers
        .read(move |patience| report(&node, ask, patience))
        .await??;
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/csv")) {
        let format = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
        return Ok((format, report.csv()).into_response());
    }
    Ok(Json(report.json()).into_response())
}

fn report(node: &Node, ask: Ask, patience: &Patience) -> Result<Report, Problem> {
    let charter = node.charter();
    let from = node.begins(ask.begins(&charter))?;
    let mut gathering = Gathering::new(ask, charter);
    let log = node.store().log();
    // What is recorded meanwhile is for the next report.
    let end = log.end();
    for record in log.records(from) {
        let (position, record) = record.map_err(Unseen::from)?;
        if position >= end {
            break;
        }
        gathering.meet((record.kind, &record.bytes), node.cache());
        if patience.is_over() {
            return Err(Problem::too_much());
        }
    }
    Ok(gathering.finish(node.clock()))
}
