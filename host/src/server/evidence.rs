//! `/v1/evidence`: what the host states about its log, for whoever keeps it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde_json::json;

use crate::ids::to_hex;
use crate::node::checkpoints::SignedCheckpoint;
use crate::server::ServerParts;
use crate::server::routes::RouteResult;

/// `GET /v1/evidence`: which log it is, and with which key its checkpoints are signed.
pub(super) async fn show(State(shared): State<Arc<ServerParts>>) -> RouteResult {
    let (node, log) = (&shared.node, shared.node.store().log());
    let (chain, end) = log.tip();
    Ok(Json(json!({
        "log": to_hex(&log.id()),
        "records": chain.records,
        "first": log.first().as_u64(),
        "end": end.as_u64(),
        "key": node.checkpoints().public().to_string(),
    }))
    .into_response())
}

/// `GET /v1/evidence/checkpoint`: everything that was recorded so far, signed: to be kept by somebody else.
pub(super) async fn checkpoint(State(shared): State<Arc<ServerParts>>) -> RouteResult {
    let (node, log) = (&shared.node, shared.node.store().log());
    let SignedCheckpoint { text, position, .. } = node.checkpoints().sign(log, node.clock())?;
    log.until_durable(position).await?;
    let format = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((format, text.to_string()).into_response())
}
