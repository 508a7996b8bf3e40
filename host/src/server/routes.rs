//! Every route that needs no core, by axum.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{HeaderMap, Uri, header};

use crate::clock::Clock;
use crate::event::Role;
use crate::ids::DecisionId;
use crate::server::problem::Problem;
use crate::server::{
    ServerParts, approvals, charters, customers, decisions, evidence, explanations, report, stops,
};

pub(super) type RouteResult = Result<Response, Problem>;
pub(super) type Segment = Result<Path<String>, PathRejection>;

pub(super) fn router(shared: Arc<ServerParts>) -> Router {
    Router::new()
        .route("/v1/decisions", get(decisions::list))
        .route("/v1/decisions/{id}", get(decision))
        .route("/v1/decisions/{id}/replay", post(decisions::replay))
        .route(
            "/v1/decisions/{id}/explanation",
            get(explanations::of_decision),
        )
        .route("/v1/explanation", get(explanations::of_event))
        .route("/v1/markets", get(markets))
        .route("/v1/report", get(report::show))
        .route("/v1/evidence", get(evidence::show))
        .route("/v1/evidence/checkpoint", get(evidence::checkpoint))
        .route("/v1/approvals", get(approvals::list))
        .route("/v1/stops", get(stops::list))
        .route("/v1/stops/{scope}", put(stops::put).delete(stops::lift))
        .merge(charters::router())
        .merge(customers::router())
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .fallback(unknown)
        .with_state(shared)
}

async fn decision(
    State(shared): State<Arc<ServerParts>>,
    headers: HeaderMap,
    id: Segment,
) -> RouteResult {
    let caller = shared.guard.admit_as(Role::Evidence, &headers)?;
    let id = segment(id)?;
    let unknown = || Problem::unknown("decision", &id);
    decisions::position(&shared, &caller, &id).await?;
    let decision = DecisionId::parse(&id).ok_or_else(unknown)?;
    let view = shared.node.decision(decision).await?.ok_or_else(unknown)?;
    Ok(Json(view).into_response())
}

async fn markets(State(shared): State<Arc<ServerParts>>, headers: HeaderMap) -> RouteResult {
    shared.guard.admit(&headers)?;
    Ok(Json(shared.node.markets()).into_response())
}

async fn health() -> &'static str {
    "alive\n"
}

async fn readiness(State(shared): State<Arc<ServerParts>>) -> RouteResult {
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
    let ready = serde_json::json!({ "ready": true, "clock": clock, "charter": charter });
    Ok(Json(ready).into_response())
}

async fn metrics(State(shared): State<Arc<ServerParts>>, headers: HeaderMap) -> RouteResult {
    shared.guard.admit_as(Role::Operate, &headers)?;
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((format, shared.telemetry.render()).into_response())
}

async fn unknown(uri: Uri) -> Problem {
    Problem::unknown_route(uri.path())
}

pub(super) fn segment(extracted: Segment) -> Result<String, Problem> {
    extracted
        .map(|Path(segment)| segment)
        .map_err(|_| Problem::bad_request("the path is not percent-encoded text"))
}
