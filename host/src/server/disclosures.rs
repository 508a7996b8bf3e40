//! `GET /v1/disclosures`: who looked at what is known of a customer (C33).

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use crate::clock::{Clock, Instant};
use crate::event::Caller;
use crate::ids::{CustomerId, Text};
use crate::node::Node;
use crate::server::ServerParts;
use crate::server::beside::look;
use crate::server::customers;
use crate::server::decisions::{cursor_of, market, page_of, time};
use crate::server::problem::Problem;
use crate::server::routes::RouteResult;
use crate::views::{Disclosures, Found};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisclosuresQuery {
    customer: Option<Text>,
    market: Option<Text>,
    from: Option<Text>,
    to: Option<Text>,
    limit: Option<usize>,
    cursor: Option<Text>,
}

/// A page of them, the oldest first, and where to go on.
pub(super) async fn list(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    asked: Result<Query<DisclosuresQuery>, QueryRejection>,
) -> RouteResult {
    let Query(asked) = asked.map_err(|_| {
        Problem::bad_request(
            "a list takes `customer`, `market`, `from`, `to`, `limit` and `cursor`, each once",
        )
    })?;
    let at_most = page_of(asked.limit)?;
    let now = shared.node.clock().wall();
    let cursor = asked.cursor.as_deref();
    let cursor = cursor.map(|text| cursor_of(&shared.node, text));
    let cursor = cursor.transpose()?;
    let wanted = Disclosures {
        customers: customers_of(&shared, &caller, asked.customer.as_deref()).await?,
        market: market(&shared, &caller, asked.market)?,
        since: time("from", asked.from.as_deref(), now)?,
        until: time("to", asked.to.as_deref(), now)?,
    };
    let log = shared.node.store().log();
    log.until_all(log.end()).await?;
    let node = Arc::clone(&shared.node);
    let found = shared.readers.read(move |patience| {
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => node.first_cursor(begins(&node, &wanted))?,
        };
        node.disclosures(&wanted, (cursor, at_most), &|| patience.is_over())
    });
    let Found {
        lines,
        next,
        is_more,
    } = found.await??;
    let page = json!({ "disclosures": lines, "next": next.to_string(), "more": is_more });
    Ok(Json(page).into_response())
}

/// Places in the log are found by the times of decisions, which differ from when somebody looked where the clock is of old events.
fn begins(node: &Node, wanted: &Disclosures) -> Option<Instant> {
    match node.clock() {
        Clock::System | Clock::Fixed(_) => wanted.since,
        Clock::Events(_) => None,
    }
}

/// Under which ids the customer was known who is asked for.
async fn customers_of(
    shared: &ServerParts,
    caller: &Caller,
    subject: Option<&str>,
) -> Result<Option<Vec<CustomerId>>, Problem> {
    let Some(subject) = subject else {
        return Ok(None);
    };
    let lookup = customers::lookup(shared, subject)?;
    let markets = caller.markets.clone();
    let ids = move |node: Arc<Node>| async move { node.ids_of(lookup, &markets).await };
    let ids = look(shared, ids).await?;
    ids.map(Some)
        .ok_or_else(|| Problem::unknown("customer", subject))
}
