//! `/v1/customers`: what is known of somebody, all of it, and nothing any more.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use serde_json::json;

use crate::event::{Caller, Markets, Name};
use crate::ids::{CustomerId, Text};
use crate::node::Node;
use crate::operate::Gone;
use crate::server::ServerParts;
use crate::server::beside::look;
use crate::server::problem::Problem;
use crate::server::routes::{RouteResult, Segment, segment};
use crate::views::{CustomerView, Lookup};

/// `GET /v1/customers/{subject}`
pub(super) async fn show(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    subject: Segment,
) -> RouteResult {
    let subject = segment(subject)?;
    let lookup = lookup(&shared, &subject)?;
    found(&shared, &caller, lookup, &subject).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    subject: Text,
}

/// `POST /v1/customers/find`: names that are personal travel in the body.
pub(super) async fn find(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Bytes,
) -> RouteResult {
    let find: Find = serde_json::from_slice(&body)
        .map_err(|_| Problem::bad_request("the body must be {\"subject\": \"namespace:value\"}"))?;
    let name = Name::lookup(&shared.node.charter(), &find.subject)?;
    let lookup = named(&shared, &name);
    found(&shared, &caller, lookup, &find.subject).await
}

/// `GET /v1/customers/{subject}/export`
pub(super) async fn export(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    subject: Segment,
) -> RouteResult {
    let subject = segment(subject)?;
    let lookup = lookup(&shared, &subject)?;
    let markets = caller.markets.clone();
    let exporting = move |node: Arc<Node>| async move { node.export(lookup, &markets).await };
    let exported = look(&shared, exporting).await?;
    let exported = exported.ok_or_else(|| Problem::unknown("customer", &subject))?;
    let attachment = [(
        header::CONTENT_DISPOSITION,
        "attachment; filename=\"customer.json\"",
    )];
    let CustomerView { json, shown } = exported;
    Ok((Extension(shown), attachment, Json(json)).into_response())
}

/// `DELETE /v1/customers/{subject}`
pub(super) async fn erase(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    subject: Segment,
) -> RouteResult {
    let subject = segment(subject)?;
    let lookup = lookup(&shared, &subject)?;
    let Gone { proof, position } = shared.node.erase(lookup, &caller.name).await?;
    let by = proof.at.plus(shared.rotate_keys_every);
    Ok(Json(json!({
        "erased": proof.customers.iter().map(CustomerId::to_string).collect::<Vec<_>>(),
        "at": proof.at.to_string(),
        "by": proof.by,
        "proof": position.as_u64(),
        "state": shared.node.state(position).to_string(),
        "keys_destroyed_by": by.to_string(),
    }))
    .into_response())
}

/// An id of the host's own, or a name as events tell it; names that are personal do not stand in a path.
pub(super) fn lookup(shared: &ServerParts, subject: &str) -> Result<Lookup, Problem> {
    if let Some(id) = CustomerId::parse(subject) {
        return Ok(Lookup::Id(id));
    }
    let charter = shared.node.charter();
    let name = Name::lookup(&charter, subject)?;
    let identity = charter.identities.at(name.identity);
    if identity.hashed {
        return Err(Problem::identity_in_path(&identity.name));
    }
    Ok(named(shared, &name))
}

fn named(shared: &ServerParts, name: &Name) -> Lookup {
    Lookup::of_name(shared.node.salt(), &shared.node.charter(), name)
}

async fn found(
    shared: &ServerParts,
    caller: &Caller,
    lookup: Lookup,
    subject: &str,
) -> Result<Response, Problem> {
    let view = match &caller.markets {
        Markets::All => shared.node.customer(lookup, &Markets::All).await?,
        some => {
            let some = some.clone();
            look(shared, move |node: Arc<Node>| async move {
                node.customer(lookup, &some).await
            })
            .await?
        }
    };
    let view = view.ok_or_else(|| Problem::unknown("customer", subject))?;
    let CustomerView { json, shown } = view;
    Ok((Extension(shown), Json(json)).into_response())
}
