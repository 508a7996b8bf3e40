//! `/v1/markets`: who owns which market, and which policy decides there.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::ids::Text;
use crate::server::ServerParts;
use crate::server::problem::Problem;
use crate::server::routes::{RouteResult, Segment, segment};

/// `GET /v1/markets`
pub(super) async fn list(State(shared): State<Arc<ServerParts>>) -> RouteResult {
    Ok(Json(shared.node.markets()).into_response())
}

/// `GET /v1/markets/{market}`: one of them, as the list shows it.
pub(super) async fn show(State(shared): State<Arc<ServerParts>>, market: Segment) -> RouteResult {
    let market = Text::new(segment(market)?);
    let shown = shared.node.market(&market);
    let shown = shown.ok_or_else(|| Problem::unknown("market", &market))?;
    Ok(Json(shown).into_response())
}
