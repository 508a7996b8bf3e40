//! `POST /v1/markets/{market}/events`: one event in either form, or a batch.

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use hyper::body::Incoming;

use crate::event::{Caller, Event, split};
use crate::limits::{BATCH_BODY_BYTES, EVENT_BODY_BYTES};
use crate::server::desk::{self, Desk, Visit};
use crate::server::problem::Problem;
use crate::server::{batch, body};

/// One such request, its body still on the way.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) caller: &'a Caller,
    pub(super) market: &'a str,
    pub(super) headers: &'a HeaderMap,
}

/// The three forms of CloudEvents over HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Structured,
    Binary,
    Batch,
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::encoded_body());
        }
        let ty = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = ty.split(';').next().unwrap_or_default().trim();
        let is = |known: &str| essence.eq_ignore_ascii_case(known);
        // `application/cloudevents` begins the batch's type too: only the whole name tells.
        if is("application/cloudevents+json") {
            Ok(Self::Structured)
        } else if is("application/cloudevents-batch+json") {
            Ok(Self::Batch)
        } else if !is("application/json") {
            Err(Problem::unknown_content_type(ty))
        } else if headers.contains_key("ce-specversion") {
            Ok(Self::Binary)
        } else {
            Err(Problem::binary_without_headers())
        }
    }

    fn most_bytes(self) -> usize {
        match self {
            Self::Structured | Self::Binary => EVENT_BODY_BYTES,
            Self::Batch => BATCH_BODY_BYTES,
        }
    }
}

impl Post<'_> {
    pub(super) async fn answer(
        self,
        desk: &Desk,
        body: Incoming,
    ) -> Result<Response<Bytes>, Problem> {
        let form = Form::of(self.headers)?;
        let body = body::read(body, form.most_bytes(), desk.shared.limits.body).await?;
        let detail = desk::detail(self.caller, self.headers);
        let visit = Visit {
            caller: self.caller,
            market: self.market,
            is_gpc: says_gpc(self.headers),
        };
        let answered = match form {
            Form::Structured => desk.decide(visit, |door| Event::parse(door, &body)).await?,
            Form::Binary => {
                desk.decide(visit, |door| {
                    Event::parse_binary(door, attributes(self.headers), &body)
                })
                .await?
            }
            Form::Batch => {
                let events = split(&body)?;
                return Ok(batch::answer(desk, visit, &events, detail).await);
            }
        };
        Ok(desk::reply(&answered, detail))
    }
}

/// What the browser says for its user: the header in its only form.
fn says_gpc(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all("sec-gpc").iter();
    said.any(|value| value.as_bytes() == b"1")
}

fn attributes(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().strip_prefix("ce-")?, value.as_bytes())))
}
