//! `…/explanation`: a decision, or an event without one, in plain words.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::IntoResponse;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::event::{Caller, EventKey};
use crate::evidence::explain::{Explanation, Texts};
use crate::ids::{DecisionId, Text};
use crate::server::ServerParts;
use crate::server::decisions;
use crate::server::problem::Problem;
use crate::server::routes::{RouteResult, Segment, segment};
use crate::views::{Question, Unseen};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplanationQuery {
    language: Option<String>,
    source: Option<Text>,
    event: Option<Text>,
}

type QueryResult = Result<Query<ExplanationQuery>, QueryRejection>;

/// `GET /v1/decisions/{id}/explanation`
pub(super) async fn of_decision(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
    id: Segment,
    query: QueryResult,
) -> RouteResult {
    let id = segment(id)?;
    let asked = read(query)?;
    let unknown = || Problem::unknown("decision", &id);
    let place = decisions::place(&shared, &caller, &id).await?;
    let decision = DecisionId::parse(&id).ok_or_else(unknown)?;
    let explained = explain(
        &shared,
        (&caller, &Question::Decision(decision)),
        (&headers, &asked),
    )
    .await?;
    let explained = explained.ok_or_else(unknown)?;
    Ok((place.shown.map(Extension), explained).into_response())
}

/// `GET /v1/explanation?source=…&event=…`: everything that was decided about an event, also that nothing was.
pub(super) async fn of_event(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
    query: QueryResult,
) -> RouteResult {
    let asked = read(query)?;
    let (Some(source), Some(id)) = (asked.source.clone(), asked.event.clone()) else {
        return Err(Problem::bad_request(
            "name the event by both: `?source=shop/gb&event=inv-1`",
        ));
    };
    let unknown = Problem::unknown("event", &id);
    let node = &shared.node;
    let key = EventKey::of(node.salt(), &source, &id);
    let earlier = node.cache().event(key, node.clock().wall());
    let shown = match earlier.map_err(Unseen::from)? {
        Some(earlier) => decisions::may_see(&shared, &caller, earlier.position).await?,
        None => None,
    };
    let question = Question::Event { source, id };
    let explained = explain(&shared, (&caller, &question), (&headers, &asked)).await?;
    let explained = explained.ok_or(unknown)?;
    Ok((shown.map(Extension), explained).into_response())
}

fn read(query: QueryResult) -> Result<ExplanationQuery, Problem> {
    let Query(asked) = query.map_err(|_| {
        Problem::bad_request("the query may have `language`, and of an event `source` and `event`")
    })?;
    let known = || Texts::languages().any(|known| asked.language.as_deref() == Some(known));
    if asked.language.is_some() && !known() {
        let languages: Vec<&str> = Texts::languages().collect();
        return Err(Problem::bad_request(format!(
            "`language` must be one of {}",
            languages.join(", ")
        )));
    }
    Ok(asked)
}

async fn explain(
    shared: &ServerParts,
    (caller, question): (&Caller, &Question),
    (headers, asked): (&HeaderMap, &ExplanationQuery),
) -> Result<Option<axum::response::Response>, Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let accepted = text(header::ACCEPT_LANGUAGE).unwrap_or_default();
    let languages: Vec<&str> = match &asked.language {
        Some(language) => vec![language],
        None => accepted
            .split(',')
            .filter_map(|language| language.split(';').next())
            .map(str::trim)
            .filter(|language| !language.is_empty())
            .collect(),
    };
    let explained = shared.node.explain(question, &languages, &caller.markets);
    let Some(explained) = explained.await? else {
        return Ok(None);
    };
    let wants_text = text(header::ACCEPT).is_some_and(|accept| accept.starts_with("text/plain"));
    Ok(Some(match (wants_text, question) {
        (true, _) => {
            let texts: Vec<String> = explained.iter().map(ToString::to_string).collect();
            let format = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (format, texts.join("\n")).into_response()
        }
        (false, Question::Decision(_)) => Json(explained.first().map(shown)).into_response(),
        (false, Question::Event { .. }) => {
            let explained: Vec<Value> = explained.iter().map(shown).collect();
            Json(json!({ "explanations": explained })).into_response()
        }
    }))
}

fn shown(explanation: &Explanation) -> Value {
    let parts = explanation
        .parts
        .iter()
        .map(|part| json!({ "part": part.name, "title": part.title, "sentences": part.sentences }));
    json!({ "language": explanation.language, "parts": parts.collect::<Vec<_>>() })
}
