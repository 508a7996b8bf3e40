//! `/v1/stops`: kill switches, put and lifted by callers with the role `operate`, seen by every caller (A25).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::event::{Caller, Markets};
use crate::ids::Text;
use crate::server::ServerParts;
use crate::server::problem::Problem;
use crate::server::routes::{RouteResult, Segment, segment};
use crate::stop::{Scope, Stop};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: Text,
}

impl Why {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(body)
            .map_err(|_| Problem::bad_request("the body must be {\"reason\": \"…\"}"))
    }
}

pub(super) async fn list(State(shared): State<Arc<ServerParts>>) -> RouteResult {
    let stops = shared.node.durable_stops().await?;
    let stops: Vec<Value> = stops.iter().map(shown).collect();
    Ok(Json(json!({ "stops": stops })).into_response())
}

pub(super) async fn put(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    scope: Segment,
    body: Bytes,
) -> RouteResult {
    let StopRequest { scope, why, by } = asked(&caller, scope, &body)?;
    let stop = shared.node.put_stop(&scope, &why.reason, &by).await?;
    Ok(Json(shown(&stop)).into_response())
}

pub(super) async fn lift(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    scope: Segment,
    body: Bytes,
) -> RouteResult {
    let StopRequest { scope, why, by } = asked(&caller, scope, &body)?;
    let stop = shared.node.lift_stop(&scope, &why.reason, &by).await?;
    Ok(Json(shown(&stop)).into_response())
}

/// What somebody who may wants to stop or lift.
struct StopRequest {
    scope: String,
    why: Why,
    by: Text,
}

fn asked(caller: &Caller, scope: Segment, body: &[u8]) -> Result<StopRequest, Problem> {
    let scope = segment(scope)?;
    let why = Why::read(body)?;
    check(caller, &scope)?;
    Ok(StopRequest {
        scope,
        why,
        by: caller.name.clone(),
    })
}

/// Who speaks for some markets stops only those.
fn check(caller: &Caller, scope: &str) -> Result<(), Problem> {
    let Markets::Some(own) = &caller.markets else {
        return Ok(());
    };
    match Scope::parse(scope) {
        Some(Scope::Market(market)) if caller.speaks_for(&market) => Ok(()),
        _ => {
            let own: Vec<String> = own.iter().map(|own| format!("`market:{own}`")).collect();
            Err(Problem::not_yours(format!(
                "this token may stop and lift only {}",
                own.join(", ")
            )))
        }
    }
}

fn shown(stop: &Stop) -> Value {
    json!({
        "scope": stop.scope.to_string(), "reason": stop.reason, "by": stop.by, "at": stop.at.to_string(),
    })
}
