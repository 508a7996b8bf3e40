//! `/healthz`, `/readyz` and `/metrics`: how the host is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde_json::json;

use crate::clock::Clock;
use crate::operate::PolicyGap;
use crate::server::ServerParts;
use crate::server::problem::Problem;
use crate::server::routes::RouteResult;

pub(super) async fn alive() -> &'static str {
    "alive\n"
}

pub(super) async fn readiness(State(shared): State<Arc<ServerParts>>) -> RouteResult {
    if *shared.stopping.borrow() {
        return Err(Problem::stopping());
    }
    shared.node.is_ready()?;
    let clock = match shared.node.clock() {
        Clock::System => "system",
        Clock::Events(_) => "events: the latest time seen in an event, not the time of day",
        Clock::Fixed(_) => "fixed",
    };
    let charter = &shared.node.charter().version;
    let mut ready = json!({ "ready": true, "clock": clock, "charter": charter });
    let gaps = shared.node.policy_gaps();
    if let (false, Some(ready)) = (gaps.is_empty(), ready.as_object_mut()) {
        // A market that decides with what it had, or cannot decide, is no reason to send nobody here.
        let told =
            |gap: &PolicyGap| json!({ "market": gap.market, "file": gap.why, "live": gap.live });
        ready.insert("policies".to_owned(), gaps.iter().map(told).collect());
    }
    Ok(Json(ready).into_response())
}

pub(super) async fn metrics(State(shared): State<Arc<ServerParts>>) -> RouteResult {
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((format, shared.telemetry.render()).into_response())
}
