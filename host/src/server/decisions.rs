//! `/v1/decisions`: recorded decisions by what they are about, and one of them computed again.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::IntoResponse;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::boundary::NAMES;
use crate::clock::Instant;
use crate::decide::replay::{History, Tally};
use crate::event::{Caller, Markets, Name};
use crate::evidence::disclosure::Shown;
use crate::evidence::query::{self, Filter, Whom};
use crate::evidence::{self, Outcome};
use crate::ids::{CustomerId, DecisionId, Key, Text};
use crate::node::Node;
use crate::server::ServerParts;
use crate::server::beside::Patience;
use crate::server::problem::Problem;
use crate::server::routes::{RouteResult, Segment, segment};
use crate::store::Position;
use crate::views::{Cursor, Found, Unseen};

/// How many are on a page, where the caller does not say; and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;
const NDJSON: &str = "application/x-ndjson";

/// What was live when; read when it is first asked for.
#[derive(Default)]
pub(super) struct HistoryCache(Mutex<Option<History>>);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionsQuery {
    customer: Option<Text>,
    market: Option<Text>,
    moment: Option<Text>,
    action: Option<Text>,
    rule: Option<Text>,
    outcome: Option<Text>,
    policy: Option<Text>,
    from: Option<Text>,
    to: Option<Text>,
    limit: Option<usize>,
    cursor: Option<Text>,
}

/// How many lines a page has.
pub(super) fn page_of(limit: Option<usize>) -> Result<usize, Problem> {
    let at_most = limit.unwrap_or(PAGE);
    if (1..=LARGEST_PAGE).contains(&at_most) {
        return Ok(at_most);
    }
    let detail = format!("`limit` must be between 1 and {LARGEST_PAGE}");
    Err(Problem::bad_request(detail))
}

/// `GET /v1/decisions`: a page of them, the oldest first, and where to go on.
pub(super) async fn list(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
    asked: Result<Query<DecisionsQuery>, QueryRejection>,
) -> RouteResult {
    let Query(asked) = asked.map_err(|_| {
        Problem::bad_request(
            "a list takes `customer`, `market`, `moment`, `action`, `rule`, `outcome`, `policy`, `from`, `to`, `limit` and `cursor`, each once",
        )
    })?;
    let at_most = page_of(asked.limit)?;
    let cursor = asked.cursor.as_deref();
    let cursor = cursor
        .map(|text| cursor_of(&shared.node, text))
        .transpose()?;
    let is_of_one = asked.customer.is_some();
    let query = query_of(&shared, &caller, asked)?;
    let log = shared.node.store().log();
    log.until_all(log.end()).await?;
    let node = Arc::clone(&shared.node);
    let found = shared.readers.read(move |patience| {
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => node.first_cursor(query.filter.since)?,
        };
        node.decisions(&query, (cursor, at_most), &|| patience.is_over())
    });
    let Found {
        lines,
        next,
        is_more,
    } = found.await??;
    let shown = lines.iter().find_map(shown_in).filter(|_| is_of_one);
    let shown = shown.map(Extension);
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains(NDJSON)) {
        let lines = lines.iter().map(|line| format!("{line}\n"));
        let headers = [
            ("content-type", NDJSON.to_owned()),
            ("kairos-next", next.to_string()),
            ("kairos-more", is_more.to_string()),
        ];
        return Ok((shown, headers, lines.collect::<String>()).into_response());
    }
    let page = json!({ "decisions": lines, "next": next.to_string(), "more": is_more });
    Ok((shown, Json(page)).into_response())
}

/// Whose data a line shows.
fn shown_in(line: &Value) -> Option<Shown> {
    let text = |name| line.get(name).and_then(Value::as_str);
    Some(Shown {
        customer: CustomerId::parse(text("customer")?)?,
        market: Key::of("market", text("market")?),
    })
}

pub(super) fn cursor_of(node: &Node, text: &str) -> Result<Cursor, Problem> {
    let cursor = Cursor::parse(text)
        .ok_or_else(|| Problem::bad_request("`cursor` must be the `next` of the page before"))?;
    let log = node.store().log();
    if cursor.log != node.state(log.first()).log {
        return Err(Problem::bad_request(
            "`cursor` is of another host's log: begin without one",
        ));
    }
    if cursor.position > log.end() {
        return Err(Problem::bad_request(
            "`cursor` is behind the end of the log: begin without one",
        ));
    }
    Ok(cursor)
}

fn query_of(
    shared: &ServerParts,
    caller: &Caller,
    asked: DecisionsQuery,
) -> Result<query::Query, Problem> {
    let one_of = |name: &str, found: &Option<Text>, known: &[&str]| match found {
        Some(found) if !known.contains(&found.as_str()) => Err(Problem::bad_request(format!(
            "`{name}` must be one of {}",
            known.join(", ")
        ))),
        _ => Ok(()),
    };
    one_of("rule", &asked.rule, &NAMES)?;
    one_of("outcome", &asked.outcome, &Outcome::ALL.map(Outcome::word))?;
    let now = shared.node.clock().now();
    let customer = asked.customer.as_deref();
    Ok(query::Query {
        filter: Filter {
            decision: None,
            market: market(shared, caller, asked.market)?,
            since: time("from", asked.from.as_deref(), now)?,
            until: time("to", asked.to.as_deref(), now)?,
        },
        customer: customer.map(|whom| whom_of(shared, whom)).transpose()?,
        moment: asked.moment,
        action: asked.action,
        rule: asked.rule,
        outcome: asked.outcome,
        policy: asked.policy,
    })
}

/// The market that is asked for, as far as the caller speaks for it.
pub(super) fn market(
    shared: &ServerParts,
    caller: &Caller,
    asked: Option<Text>,
) -> Result<Option<Text>, Problem> {
    let charter = shared.node.charter();
    if let Some(market) = &asked
        && !charter.names.markets.contains_key(market)
    {
        let mut known: Vec<&str> = charter.names.markets.keys().map(Text::as_str).collect();
        known.sort_unstable();
        return Err(Problem::bad_request(format!(
            "`market` must be one of {}",
            known.join(", ")
        )));
    }
    match (asked, &caller.markets) {
        (Some(market), _) if caller.speaks_for(&market) => Ok(Some(market)),
        (Some(market), _) => Err(Problem::not_yours(format!(
            "the token does not speak for market `{market}`"
        ))),
        (None, Markets::All) => Ok(None),
        (None, Markets::Some(own)) => match own.as_slice() {
            [one] => Ok(Some(one.clone())),
            _ => Err(Problem::bad_request(
                "the token speaks for some markets: name one of them in `market`",
            )),
        },
    }
}

/// A time, or a time so long before now.
pub(super) fn time(
    name: &str,
    text: Option<&str>,
    now: Instant,
) -> Result<Option<Instant>, Problem> {
    let read = |text| {
        Instant::parse_or_ago(text, now).ok_or_else(|| {
            Problem::bad_request(format!(
                "`{name}` must be a time such as `2026-11-01T00:00:00Z`, or a duration such as `7d`: so long ago"
            ))
        })
    };
    text.map(read).transpose()
}

/// As the evidence tells of them: what is kept only as a hash is never looked up by a path.
fn whom_of(shared: &ServerParts, text: &str) -> Result<Whom, Problem> {
    let whom = Whom::parse(text).ok_or_else(|| {
        Problem::bad_request(
            "`customer` must be an id of this host, or a name as events tell it, such as `crm:17850`",
        )
    })?;
    if let Whom::Id(_) = whom {
        return Ok(whom);
    }
    let charter = shared.node.charter();
    let name = Name::lookup(&charter, text)?;
    let identity = charter.identities.at(name.identity);
    if identity.hashed {
        Err(Problem::identity_in_path(&identity.name))
    } else {
        Ok(Whom::Name(Text::from(format!(
            "{}:{}",
            identity.name, name.value
        ))))
    }
}

/// Where the record of a decision is, and whose data it shows.
pub(super) struct Place {
    position: Position,
    pub(super) shown: Option<Shown>,
}

/// Finds a decision, if the caller may see it: a token for some markets hears of no other.
pub(super) async fn place(
    shared: &ServerParts,
    caller: &Caller,
    id: &str,
) -> Result<Place, Problem> {
    let unknown = || Problem::unknown("decision", id);
    let decision = DecisionId::parse(id).ok_or_else(unknown)?;
    let position = shared.node.cache().decision(decision).await;
    let position = position.map_err(Unseen::from)?.ok_or_else(unknown)?;
    let shown = may_see(shared, caller, position).await?;
    Ok(Place { position, shown })
}

/// Whose data a record shows, if the caller speaks for its market; its header tells that without a key.
pub(super) async fn may_see(
    shared: &ServerParts,
    caller: &Caller,
    position: Position,
) -> Result<Option<Shown>, Problem> {
    let log = shared.node.store().log();
    log.until_durable(position).await?;
    let record = log.read(position).map_err(Unseen::from)?;
    let header = evidence::open_header(&record.bytes).map_err(Unseen::from)?;
    let shown = Shown::of(&header);
    if caller.markets == Markets::All {
        return Ok(shown);
    }
    let charter = shared.node.charter();
    let market = charter.names.market_keys.get(&header.market);
    match market.map(|market| &charter.markets.at(*market).name) {
        Some(market) if caller.speaks_for(market) => Ok(shown),
        Some(market) => Err(Problem::not_yours(format!(
            "the token does not speak for market `{market}`"
        ))),
        None => Err(Problem::not_yours(
            "the charter no longer has the market of this decision: ask with a token for all markets",
        )),
    }
}

/// `GET /v1/decisions/{id}`
pub(super) async fn show(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    id: Segment,
) -> RouteResult {
    let id = segment(id)?;
    let unknown = || Problem::unknown("decision", &id);
    let place = place(&shared, &caller, &id).await?;
    let decision = DecisionId::parse(&id).ok_or_else(unknown)?;
    let view = shared.node.decision(decision, &caller.markets).await?;
    let view = view.ok_or_else(unknown)?;
    Ok((place.shown.map(Extension), Json(view)).into_response())
}

/// `POST /v1/decisions/{id}/replay`: computed again with the policy and the charter of that time, and compared.
pub(super) async fn replay(
    State(shared): State<Arc<ServerParts>>,
    Extension(caller): Extension<Arc<Caller>>,
    id: Segment,
) -> RouteResult {
    let Place { position, shown } = place(&shared, &caller, &segment(id)?).await?;
    let (node, known) = (Arc::clone(&shared.node), Arc::clone(&shared.history));
    let replayed = shared
        .readers
        .read(move |patience| known.replay(&node, position, patience));
    let tally = replayed.await??.json();
    Ok((shown.map(Extension), Json(tally)).into_response())
}

impl HistoryCache {
    fn replay(
        &self,
        node: &Node,
        position: Position,
        patience: &Patience,
    ) -> Result<Tally, Problem> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let history = match known.take() {
            Some(history) => history,
            None => History::new(node.data()).map_err(|error| {
                tracing::error!(%error, "no sandboxes to compute decisions again");
                Problem::unfinished()
            })?,
        };
        let history = known.insert(history);
        let log = node.store().log();
        let is_whole = history.read_on(log, &|| patience.is_over());
        if !is_whole.map_err(Unseen::from)? {
            return Err(Problem::still_reading());
        }
        Ok(history
            .replay((log, node.cache()), position)
            .map_err(Unseen::from)?)
    }
}
