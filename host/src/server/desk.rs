//! Where requests are answered on one core.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::clock::Stopwatch;
use crate::decide::{Answered, decide};
use crate::era::Era;
use crate::event::{Caller, Door, Event, InvalidEvent, Role};
use crate::ids::{Chance, Text};
use crate::limits::{CHARTER_BODY_BYTES, EVENT_BODY_BYTES, REQUEST_BUDGET_MS};
use crate::node::Core;
use crate::reply::{Detail, State};
use crate::server::path::Target;
use crate::server::problem::Problem;
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
    routes: axum::Router,
}

impl Desk {
    pub(super) fn new(shared: Arc<ServerParts>, core: Core, chance: Chance) -> Self {
        Self {
            chance: RefCell::new(chance),
            routes: routes::router(Arc::clone(&shared)),
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
        let target = Target::of(head.uri.path());
        let budget = Duration::from_millis(REQUEST_BUDGET_MS);
        let answer = match timeout(budget, self.dispatch(target, &head, body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(problem)) => whole(problem.response()),
            Err(_) => whole(Problem::too_slow(target.unanswered(&head.method)).response()),
        };
        let figures = &self.shared.figures;
        figures.answered(target.kind(), answer.status(), watch.elapsed());
        answer
    }

    async fn dispatch(
        &self,
        target: Target<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Answer, Problem> {
        let Parts {
            method, headers, ..
        } = head;
        let admit = |role| self.shared.guard.admit_as(role, headers);
        let answered = match target {
            Target::Events { market } => {
                allow(method, &Method::POST)?;
                let caller = admit(Role::Decide)?;
                self.wait_for_state(headers).await?;
                let post = events::Post {
                    caller: &caller,
                    market,
                    headers,
                };
                post.answer(self, body).await
            }
            Target::Consent { subject, purpose } => {
                allow(method, &Method::PUT)?;
                let caller = admit(Role::Consent)?;
                self.wait_for_state(headers).await?;
                let put = consents::Put {
                    caller: &caller,
                    subject,
                    purpose,
                    headers,
                };
                put.answer(self, body).await
            }
            Target::Charter => {
                // Only somebody who is known may send so much.
                self.shared.guard.admit(headers)?;
                return self.route(head, body, CHARTER_BODY_BYTES).await;
            }
            Target::Approval { action, verdict } => {
                allow(method, &Method::POST)?;
                let caller = admit(Role::Approve)?;
                self.wait_for_state(headers).await?;
                let post = approvals::Post {
                    caller: &caller,
                    action,
                    verdict,
                };
                post.answer(self, body).await
            }
            Target::Unsubscribe { token } => {
                if *method != Method::GET && *method != Method::HEAD {
                    allow(method, &Method::POST)?;
                }
                let click = unsubscribe::Click {
                    token,
                    method,
                    headers,
                };
                click.answer(self, body).await
            }
            Target::Other => {
                self.wait_for_state(headers).await?;
                return self.route(head, body, EVENT_BODY_BYTES).await;
            }
        };
        answered.map(whole)
    }

    /// Lets axum find the route.
    async fn route(&self, head: &Parts, body: Incoming, most: usize) -> Result<Answer, Problem> {
        let body = body::read(body, most, self.shared.limits.body).await?;
        let request = Request::from_parts(head.clone(), Body::from(body));
        let answered = self.routes.clone().oneshot(request).await;
        let response = answered.unwrap_or_else(|never| match never {});
        match response.headers().get(header::ALLOW) {
            Some(allowed) if response.status() == StatusCode::METHOD_NOT_ALLOWED => Ok(whole(
                Problem::wrong_method(&head.method, allowed).response(),
            )),
            _ => Ok(response.map(Either::Right)),
        }
    }

    /// Waits until this host knows the state that the caller has seen elsewhere.
    async fn wait_for_state(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(state) = headers.get("kairos-at-least") else {
            return Ok(());
        };
        // Only somebody who is known may make the host wait.
        self.shared.guard.admit(headers)?;
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

fn allow(method: &Method, allowed: &Method) -> Result<(), Problem> {
    if method == allowed {
        return Ok(());
    }
    let allow = HeaderValue::from_str(allowed.as_str())
        .unwrap_or_else(|_| HeaderValue::from_static("POST"));
    Err(Problem::wrong_method(method, &allow))
}

fn whole(response: Response<Bytes>) -> Answer {
    response.map(|body| Either::Left(Full::new(body)))
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        self.response().map(Body::from).into_response()
    }
}
