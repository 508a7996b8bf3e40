//! `/v1/charter` and `/v1/markets/{market}/charter`: what is live, who decides it, and how it changes.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::IntoResponse;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use crate::charter::who::{Unanswered, who};
use crate::event::Caller;
use crate::ids::{Digest, Text};
use crate::node::Node;
use crate::operate::{Change, ChangeError, Changed, Expects};
use crate::server::beside::beside;
use crate::server::problem::Problem;
use crate::server::routes::{RouteResult, Segment, segment};
use crate::server::{ServerParts, archive};

const TAR: &str = "application/x-tar";
const TOML: &str = "application/toml";

/// `GET /v1/charter`: what is live, for programs, or as the files that it is made of, and the tag that a change of it may
/// name.
pub(super) async fn show(
    State(shared): State<Arc<ServerParts>>,
    headers: HeaderMap,
) -> RouteResult {
    let wants_files = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains(TAR));
    let node = Arc::clone(&shared.node);
    if !wants_files {
        let charter = node.charter();
        let tag = [(header::ETAG, etag(charter.digest))];
        let told = beside(move || node.told(&charter)).await?;
        return Ok((tag, Json(told)).into_response());
    }
    let packed = beside(move || {
        let (files, digest) = node.live_files()?;
        let tar = archive::write(&files).map_err(ChangeError::Kept)?;
        Ok::<_, ChangeError>((tar, digest))
    });
    let (tar, digest) = packed.await??;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(TAR)),
        (header::ETAG, etag(digest)),
    ];
    Ok((headers, tar).into_response())
}

/// `GET /v1/charter/{kind}/{name}`: who decides it.
pub(super) async fn decides(
    State(shared): State<Arc<ServerParts>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> RouteResult {
    let Path((kind, name)) =
        path.map_err(|_| Problem::bad_request("the path is not percent-encoded text"))?;
    let charter = shared.node.charter();
    let now = shared.node.clock().now();
    let decides = beside(move || {
        let decides = who(&charter, &format!("{kind}.{name}"), now)?;
        Ok::<_, Unanswered>(decides.json())
    });
    Ok(Json(decides.await??).into_response())
}

/// `POST /v1/charter`: the platform's version, for every market; with `if-match`, only where that is what is live.
pub(super) async fn load(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
    body: Bytes,
) -> RouteResult {
    check_type(&headers, TAR)?;
    let change = Change::Central {
        files: archive::read(&body)?,
        expects: expects(&headers),
    };
    let changed = change_charter(&shared.node, change, caller.name.clone()).await?;
    let tag = [(header::ETAG, etag(changed.digest))];
    Ok((tag, Json(told(&shared.node, &changed))).into_response())
}

/// `PUT /v1/markets/{market}/charter`: a region's own choice, alone.
pub(super) async fn choose(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
    market: Segment,
    body: Bytes,
) -> RouteResult {
    let market = segment(market)?;
    if !caller.speaks_for(&market) {
        return Err(Problem::not_this_market(&market));
    }
    check_type(&headers, TOML)?;
    let text = String::from_utf8(body.to_vec())
        .map_err(|_| Problem::bad_request("the body is not text in UTF-8"))?;
    let tag = etag(Digest::of(text.as_bytes()));
    let change = Change::Market {
        market: Text::new(market),
        text,
        expects: expects(&headers),
    };
    let changed = change_charter(&shared.node, change, caller.name.clone()).await?;
    let headers = [(header::ETAG, tag)];
    Ok((headers, Json(told(&shared.node, &changed))).into_response())
}

/// `GET /v1/markets/{market}/charter`: the market's own file, and the tag that a change of it must name.
pub(super) async fn choice(State(shared): State<Arc<ServerParts>>, market: Segment) -> RouteResult {
    let market = segment(market)?;
    let (text, digest) = shared
        .node
        .market_choice(&market)
        .ok_or_else(|| Problem::unknown("choice of market", &market))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(TOML)),
        (header::ETAG, etag(digest)),
    ];
    Ok((headers, text.to_string()).into_response())
}

async fn change_charter(node: &Arc<Node>, change: Change, by: Text) -> Result<Changed, Problem> {
    let node = Arc::clone(node);
    Ok(beside(move || node.change_charter(change, &by)).await??)
}

fn told(node: &Node, changed: &Changed) -> serde_json::Value {
    let approved = changed.approved.iter().map(|approved| {
        json!({ "section": approved.section.word(), "by": approved.by, "digest": approved.digest.to_string() })
    });
    json!({
        "version": changed.version,
        "digest": changed.digest.to_string(),
        "changed": changed.files,
        "approved": approved.collect::<Vec<_>>(),
        "state": changed.position.map(|position| node.state(position).to_string()),
    })
}

fn check_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::encoded_body());
    }
    let found = headers
        .get(header::CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or("?"));
    let sort = found.split(';').next().unwrap_or_default().trim();
    if sort.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(Problem::wrong_type(found, wanted))
    }
}

/// What `if-match` says.
fn expects(headers: &HeaderMap) -> Expects {
    let mut tags = headers.get_all(header::IF_MATCH).iter().peekable();
    if tags.peek().is_none() {
        return Expects::Nothing;
    }
    let tags: Vec<&str> = tags
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    if tags.contains(&"*") {
        return Expects::Something;
    }
    let strong = |tag: &&str| Digest::parse(tag.strip_prefix('"')?.strip_suffix('"')?);
    Expects::OneOf(tags.iter().filter_map(strong).collect())
}

fn etag(digest: Digest) -> HeaderValue {
    HeaderValue::try_from(format!("\"{digest}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}
