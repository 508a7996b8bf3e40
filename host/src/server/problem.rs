//! The one place where an error becomes a status: RFC 9457 problems.

mod charter;
mod erased;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::decide::{Moot, Undecided};
use crate::event::{InvalidEvent, Role};
use crate::node::NotReady;
use crate::operate::{SettleError, SwitchError, UnsubscribeError};
use crate::server::body::Unread;
use crate::store::{self, Failed};
use crate::views::Unseen;

/// An answer that says what was wrong and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem(Box<Said>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    status: StatusCode,
    /// The last part of the type's URI; it never changes.
    kind: &'static str,
    title: &'static str,
    detail: String,
    pointer: Option<String>,
    /// What a program can read of it, under names of this kind of problem.
    members: Map<String, Json>,
    header: Option<(header::HeaderName, HeaderValue)>,
    /// Nothing more can be read from this connection.
    ends_connection: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Json>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Said {
            status,
            kind,
            title,
            detail: detail.into(),
            pointer: None,
            members: Map::new(),
            header: None,
            ends_connection: false,
        }))
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    fn with(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    fn at(mut self, pointer: Option<&str>) -> Self {
        self.0.pointer = pointer.map(str::to_owned);
        self
    }

    fn listing(mut self, name: &str, list: Vec<Json>) -> Self {
        self.0.members.insert(name.to_owned(), Json::Array(list));
        self
    }

    fn retry_after(self, seconds: u32) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Appends the JSON body.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let body = Body {
            r#type: format!("/problems/{}", self.0.kind),
            title: self.0.title,
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            pointer: self.0.pointer.as_deref(),
            members: &self.0.members,
        };
        let written = serde_json::to_writer(into, &body);
        debug_assert!(written.is_ok(), "a problem is plain data");
    }

    pub(super) fn response(&self) -> Response<Bytes> {
        let mut body = Vec::with_capacity(256);
        self.write(&mut body);
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some((name, value)) = &self.0.header {
            headers.insert(name.clone(), value.clone());
        }
        if self.0.ends_connection {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    pub(super) fn unknown_route(path: &str) -> Self {
        let path: String = path.chars().take(128).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown-route",
            "There is nothing here",
            format!(
                "`{path}` is no route of this host; events go to `/v1/markets/<market>/events`"
            ),
        )
    }

    pub(super) fn wrong_method(method: &Method, allow: &HeaderValue) -> Self {
        let allowed = allow.to_str().unwrap_or_default();
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong-method",
            "The route does not take this method",
            format!("`{method}` is not taken here, only {allowed}"),
        )
        .with(header::ALLOW, allow.clone())
    }

    pub(super) fn unknown_content_type(found: &str) -> Self {
        let found: String = found.chars().take(64).collect();
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown-content-type",
            "The body is of a type that is not read here",
            format!(
                "`content-type` is `{found}`, and must be `application/cloudevents+json`, \
                 `application/cloudevents-batch+json`, or `application/json` with `ce-` headers"
            ),
        )
    }

    pub(super) fn encoded_body() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoded-body",
            "Compressed bodies are not read",
            "send the body without `content-encoding`",
        )
    }

    pub(super) fn binary_without_headers() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "not-an-event",
            "The body is not an event",
            "`application/json` is the binary form, with the attributes as `ce-` headers, and `ce-specversion` is \
             missing; an event that is one JSON object is `application/cloudevents+json`",
        )
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "The request does not say what it must",
            detail,
        )
    }

    pub(super) fn unknown(what: &str, id: &str) -> Self {
        let id: String = id.chars().take(64).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown",
            "It is not known here",
            format!("there is no {what} `{id}`"),
        )
    }

    pub(super) fn no_token(detail: &'static str) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "no-token",
            "A token is needed",
            detail,
        )
        .with(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"kairos\""),
        )
    }

    pub(super) fn not_allowed(role: Role) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-allowed",
            "The token does not carry the role",
            format!("this needs the role `{}`", role.name()),
        )
    }

    pub(super) fn not_yours(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-yours",
            "The caller may not say this",
            detail,
        )
    }

    pub(super) fn identity_in_path(namespace: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "identity-in-path",
            "Such an identity never stands in a path",
            format!(
                "a `{namespace}` is kept only as a hash, and paths are written into logs: use \
                 `POST /v1/customers/find` with {{\"subject\":\"{namespace}:…\"}}, or send a consent as an event"
            ),
        )
    }

    /// `what_now` says what is not known, and how to find out.
    pub(super) fn too_slow(what_now: &'static str) -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "too-slow",
            "The answer took too long",
            what_now,
        )
        .retry_after(1)
    }

    pub(super) fn too_much() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "too-much",
            "There is too much to read for one answer",
            "ask for a later `since`, or run `kairos report` on the data folder: a host may run there meanwhile",
        )
    }

    pub(super) fn still_reading() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "still-reading",
            "The host is still reading its evidence",
            "what was live when is read once, and goes on where it stopped: ask again",
        )
        .retry_after(1)
    }

    pub(super) fn stopping() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "The host is stopping",
            "ask another host",
        )
        .retry_after(1)
    }
}

impl From<InvalidEvent> for Problem {
    fn from(refused: InvalidEvent) -> Self {
        let (status, kind, title) = match &refused {
            InvalidEvent::Malformed { .. } => (
                StatusCode::BAD_REQUEST,
                "malformed-json",
                "The body is not JSON",
            ),
            InvalidEvent::NotAnEvent(_) => (
                StatusCode::BAD_REQUEST,
                "not-an-event",
                "The body is not an event",
            ),
            InvalidEvent::UnknownMarket { .. } => (
                StatusCode::NOT_FOUND,
                "unknown-market",
                "The market is not known",
            ),
            InvalidEvent::UnknownEvent { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "unknown-event",
                "The kind of event is not known",
            ),
            InvalidEvent::Unfit(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-event",
                "The event is not as the charter defines it",
            ),
            InvalidEvent::NotYours(_) => (
                StatusCode::FORBIDDEN,
                "not-yours",
                "The caller may not say this",
            ),
            InvalidEvent::TooMany { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-many-events",
                "The batch holds too many events",
            ),
        };
        Self::new(status, kind, title, refused.to_string()).at(refused.pointer())
    }
}

impl From<Undecided> for Problem {
    fn from(undecided: Undecided) -> Self {
        let detail = undecided.to_string();
        match undecided {
            Undecided::Conflict { .. } => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "The same id came with other content",
                detail,
            ),
            Undecided::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The host cannot take more now",
                detail,
            )
            .retry_after(1),
            Undecided::TooLarge { .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The evidence of the event would be too large",
                detail,
            ),
            Undecided::NoAccount { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-event",
                "The event is not as the charter defines it",
                detail,
            )
            .at(Some("/account")),
            Undecided::Moot(Moot::NotWaiting) => Self::new(
                StatusCode::CONFLICT,
                "not-waiting",
                "The action does not wait for a person",
                detail,
            ),
            Undecided::Moot(Moot::Broken) => Self::new(
                StatusCode::CONFLICT,
                "broken",
                "The silence was broken",
                detail,
            ),
            Undecided::Moot(Moot::Stopped { .. }) => {
                Self::new(StatusCode::CONFLICT, "stopped", "It is stopped", detail)
            }
            Undecided::Failed(_) => Self::log_failed(detail),
            Undecided::Evidence(ref unreadable) if unreadable.is_gone() => Self::gone(unreadable),
            Undecided::Cache(_) | Undecided::Log(_) | Undecided::Evidence(_) => {
                Self::unreadable(&undecided)
            }
        }
    }
}

impl From<UnsubscribeError> for Problem {
    fn from(not_withdrawn: UnsubscribeError) -> Self {
        let detail = not_withdrawn.to_string();
        match not_withdrawn {
            UnsubscribeError::Undecided(undecided) => undecided.into(),
            UnsubscribeError::Forged => Self::new(
                StatusCode::NOT_FOUND,
                "unknown-link",
                "The link is not known here",
                detail,
            ),
            UnsubscribeError::Gone => Self::new(
                StatusCode::GONE,
                "nothing-to-withdraw",
                "There is nothing to withdraw any more",
                detail,
            ),
        }
    }
}

impl From<Unseen> for Problem {
    fn from(unseen: Unseen) -> Self {
        let detail = unseen.to_string();
        match unseen {
            Unseen::Failed(_) => Self::log_failed(detail),
            Unseen::Unrecorded(refused) => refused.into(),
            Unseen::OtherLog { .. } | Unseen::NotYet { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-yet",
                "The host does not know that state yet",
                detail,
            )
            .retry_after(1),
            Unseen::Evidence(ref unreadable) if unreadable.is_gone() => Self::gone(unreadable),
            Unseen::Cache(_) | Unseen::Log(_) | Unseen::Evidence(_) => Self::unreadable(&unseen),
        }
    }
}

impl From<SwitchError> for Problem {
    fn from(unswitched: SwitchError) -> Self {
        let detail = unswitched.to_string();
        match unswitched {
            SwitchError::NoScope(_)
            | SwitchError::Unknown { .. }
            | SwitchError::NoDigest(_)
            | SwitchError::UnknownPolicy(_)
            | SwitchError::Ambiguous(_) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unknown-scope",
                "There is nothing of that name to stop",
                detail,
            ),
            SwitchError::NotOn(_) => Self::new(
                StatusCode::NOT_FOUND,
                "unknown",
                "It is not known here",
                detail,
            ),
            SwitchError::NoReason | SwitchError::LongReason => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "no-reason",
                "A reason is needed",
                detail,
            ),
            SwitchError::Failed(_) => Self::log_failed(detail),
            SwitchError::Log(refused) => refused.into(),
        }
    }
}

impl From<store::Refused> for Problem {
    fn from(refused: store::Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            store::Refused::Failed(_) => Self::log_failed(detail),
            store::Refused::Full { .. } | store::Refused::TooLarge { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The host cannot take more now",
                detail,
            )
            .retry_after(1),
        }
    }
}

impl From<SettleError> for Problem {
    fn from(unsettled: SettleError) -> Self {
        let detail = unsettled.to_string();
        let (status, kind, title) = match unsettled {
            SettleError::Undecided(undecided) => return undecided.into(),
            SettleError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown", "It is not known here"),
            SettleError::NotYours(_) => return Self::not_yours(detail),
            SettleError::Ended { .. } => (
                StatusCode::GONE,
                "ended",
                "The action does not wait any more",
            ),
            SettleError::Expired { .. } => (
                StatusCode::GONE,
                "expired",
                "The time to approve it is over",
            ),
            SettleError::Otherwise { .. } => (
                StatusCode::CONFLICT,
                "decided-otherwise",
                "Somebody decided otherwise",
            ),
            SettleError::NoReason | SettleError::LongReason => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "no-reason",
                "A reason is needed",
            ),
            SettleError::NoProposal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "unreadable",
                "What is stored does not read",
            ),
        };
        Self::new(status, kind, title, detail)
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::log_failed(failed.to_string())
    }
}

impl Problem {
    fn log_failed(detail: String) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "log-failed",
            "The host cannot keep what it decides",
            detail,
        )
    }

    /// What went wrong inside is for whoever runs the host, not for the caller.
    fn unreadable(error: &dyn std::error::Error) -> Self {
        let source = error.source().map(ToString::to_string);
        tracing::error!(%error, source, "what is stored does not read");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unreadable",
            "What is stored does not read",
            error.to_string(),
        )
    }
}

impl From<NotReady> for Problem {
    fn from(not_ready: NotReady) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not-ready",
            "The host is not ready",
            not_ready.to_string(),
        )
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        let (status, kind, title) = match &unread {
            Unread::TooLarge { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
            ),
            Unread::TooSlow { .. } => (
                StatusCode::REQUEST_TIMEOUT,
                "slow-body",
                "The body did not come in time",
            ),
            Unread::Broken(_) => (
                StatusCode::BAD_REQUEST,
                "broken-body",
                "The body did not come whole",
            ),
        };
        let mut problem = Self::new(status, kind, title, unread.to_string());
        problem.0.ends_connection = true;
        problem
    }
}
