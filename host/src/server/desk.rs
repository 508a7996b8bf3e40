//! Where requests are answered on one core.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::clock::Stopwatch;
use crate::decide::{Answered, decide};
use crate::era::Era;
use crate::event::{Caller, Door, Event, InvalidEvent, Role};
use crate::evidence::disclosure::{Reader, Shown};
use crate::ids::{Chance, Text};
use crate::limits::REQUEST_BUDGET_MS;
use crate::node::Core;
use crate::reply::{Detail, State};
use crate::server::figures::RouteKind;
use crate::server::problem::Problem;
use crate::server::routes::{Audience, Destination, Found};
use crate::server::{ServerParts, approvals, body, consents, events, routes, unsubscribe};

/// An answer on its way out: whole bytes, or what axum made.
pub(super) type Answer = Response<Either<Full<Bytes>, Body>>;

/// What all events of one request share.
#[derive(Clone, Copy)]
pub(super) struct Visit<'a> {
    pub(super) caller: &'a Caller,
    pub(super) market: &'a str,
    /// The browser says `Sec-GPC: 1` for its user.
    pub(super) is_gpc: bool,
}

/// One core's part of the server.
pub(super) struct Desk {
    pub(super) shared: Arc<ServerParts>,
    core: Core,
    chance: RefCell<Chance>,
    /// What axum serves, by the route's place in the table.
    routers: Vec<axum::Router>,
}

impl Desk {
    pub(super) fn new(shared: Arc<ServerParts>, core: Core, chance: Chance) -> Self {
        Self {
            chance: RefCell::new(chance),
            routers: routes::routers(&shared),
            shared,
            core,
        }
    }

    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    /// Answers one request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        let watch = Stopwatch::start();
        let (head, body) = request.into_parts();
        let (kind, answer) = match Found::of(&head.method, head.uri.path()) {
            Ok(found) => (found.route.kind(), self.in_time(found, &head, body).await),
            Err(nowhere) => (RouteKind::Other, whole(nowhere.response())),
        };
        let figures = &self.shared.figures;
        figures.answered(kind, answer.status(), watch.elapsed());
        answer
    }

    async fn in_time(&self, found: Found<'_>, head: &Parts, body: Incoming) -> Answer {
        let budget = Duration::from_millis(REQUEST_BUDGET_MS);
        match timeout(budget, self.dispatch(found, head, body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(problem)) => whole(problem.response()),
            Err(_) => whole(Problem::too_slow(found.route.unanswered()).response()),
        }
    }

    /// Nobody is heard, and nothing is read of a body, before it is known who is speaking and that they may.
    async fn dispatch(
        &self,
        found: Found<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Answer, Problem> {
        let headers = &head.headers;
        let caller = self.shared.guard.admit(found.route, headers)?;
        if found.route.audience != Audience::Anyone {
            self.wait_for_state(headers).await?;
        }
        let caller = &caller;
        let [first, second] = found.segments;
        let answered = match found.route.leads_to() {
            Destination::Events => {
                let post = events::Post {
                    caller,
                    market: first,
                    headers,
                };
                post.answer(self, body).await
            }
            Destination::Consent => {
                let put = consents::Put {
                    caller,
                    subject: first,
                    purpose: second,
                    headers,
                };
                put.answer(self, body).await
            }
            Destination::Approval(verdict) => {
                let post = approvals::Post {
                    caller,
                    action: first,
                    verdict,
                };
                post.answer(self, body).await
            }
            Destination::Unsubscribe => {
                let click = unsubscribe::Click {
                    token: first,
                    method: &head.method,
                    headers,
                };
                click.answer(self, body).await
            }
            Destination::Axum { body_bytes, .. } => {
                let body = body::read(body, body_bytes, self.shared.limits.body).await?;
                let mut request = Request::from_parts(head.clone(), Body::from(body));
                request.extensions_mut().insert(Arc::clone(caller));
                return self.serve(found, caller, request).await;
            }
        };
        answered.map(whole)
    }

    /// Lets axum answer. What it shows of a customer leaves once it is recorded who is shown it.
    async fn serve(
        &self,
        found: Found<'_>,
        caller: &Caller,
        request: Request<Body>,
    ) -> Result<Answer, Problem> {
        let route = found.route;
        let router = self.routers.get(found.place);
        let router = router.ok_or_else(|| Problem::unknown_route(route.path))?;
        let answered = router.clone().oneshot(request).await;
        let response = answered.unwrap_or_else(|never| match never {});
        if let Some(shown) = response.extensions().get::<Shown>() {
            let reader = Reader {
                by: caller.name.clone(),
                route: Text::from(format!("{} {}", route.method, route.path)),
            };
            self.shared.node.disclose(*shown, &reader).await?;
        }
        Ok(response.map(Either::Right))
    }

    /// Waits until this host knows the state that the caller has seen elsewhere; only somebody who is known may make it wait.
    async fn wait_for_state(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(state) = headers.get("kairos-at-least") else {
            return Ok(());
        };
        let state = state.to_str().ok().and_then(State::parse);
        let state = state.ok_or_else(|| {
            Problem::bad_request(
                "`kairos-at-least` is no state of a reply, such as `0a1b2c3d.4711`",
            )
        })?;
        Ok(self.shared.node.at_least(state).await?)
    }

    /// An id for an event whose caller gave none.
    pub(super) fn draw_id(&self, what: &str) -> Text {
        let chance: [u8; 16] = self.chance.borrow_mut().bytes();
        format!("{what}-{:032x}", u128::from_le_bytes(chance)).into()
    }

    /// Reads and decides one event, under the charter that is in force when it is decided.
    pub(super) async fn decide(
        &self,
        visit: Visit<'_>,
        read: impl Fn(&Door<'_>) -> Result<Event, InvalidEvent>,
    ) -> Result<Answered, Problem> {
        let clock = self.shared.node.clock();
        let event = |era: &Era| -> Result<Event, Problem> {
            Ok(read(&Door {
                charter: &era.charter,
                clock,
                caller: visit.caller,
                market: visit.market,
                is_gpc: visit.is_gpc,
            })?)
        };
        decide(&self.core, event).await
    }
}

/// How much the caller wants to hear, and may.
pub(super) fn detail(caller: &Caller, headers: &HeaderMap) -> Detail {
    let asks = headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|preference| preference.trim() == "kairos=explain");
    if asks && caller.may(Role::Evidence) {
        Detail::Explained
    } else {
        Detail::Plain
    }
}

/// The response to one decided event.
pub(super) fn reply(answered: &Answered, detail: Detail) -> Response<Bytes> {
    let mut body = Vec::with_capacity(1_024);
    answered.reply.write(detail, &mut body);
    let mut response = Response::new(Bytes::from(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if answered.repeated {
        headers.insert("kairos-repeated", HeaderValue::from_static("true"));
    }
    if detail == Detail::Explained {
        headers.insert(
            "preference-applied",
            HeaderValue::from_static("kairos=explain"),
        );
    }
    response
}

fn whole(response: Response<Bytes>) -> Answer {
    response.map(|body| Either::Left(Full::new(body)))
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        self.response().map(Body::from).into_response()
    }
}
