//! `PUT /v1/customers/{subject}/consents/{purpose}`: becomes an event.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::Incoming;

use crate::event::{Caller, ConsentHead, ConsentRequest, Event, Name};
use crate::ids::{CustomerId, Text};
use crate::limits::EVENT_BODY_BYTES;
use crate::server::body;
use crate::server::desk::{self, Desk, Visit};
use crate::server::path::percent_decoded;
use crate::server::problem::Problem;

/// One such request, its body still on the way.
#[derive(Clone, Copy)]
pub(super) struct Put<'a> {
    pub(super) caller: &'a Caller,
    pub(super) subject: &'a str,
    pub(super) purpose: &'a str,
    pub(super) headers: &'a HeaderMap,
}

impl Put<'_> {
    pub(super) async fn answer(
        self,
        desk: &Desk,
        body: Incoming,
    ) -> Result<Response<Bytes>, Problem> {
        let body = body::read(body, EVENT_BODY_BYTES, desk.shared.limits.body).await?;
        // Some write what marks the order of bytes in front of their text.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
        let decoded = |segment| {
            percent_decoded(segment)
                .map(Text::from)
                .ok_or_else(|| Problem::bad_request("the path is not percent-encoded text"))
        };
        let subject = decoded(self.subject)?;
        let purpose = decoded(self.purpose)?;
        check_subject(desk, &subject)?;
        let head = ConsentHead::parse(body)?;
        let market = market(desk, self.caller, &head)?;
        let mut request = ConsentRequest {
            id: match header(self.headers, "ce-id") {
                Some(id) => id,
                None => desk.draw_id("consent"),
            },
            source: header(self.headers, "ce-source"),
            time: header(self.headers, "ce-time"),
            subject,
            purpose,
            head,
            body,
        };
        let visit = Visit {
            caller: self.caller,
            market: &market,
            is_gpc: false,
        };
        let decide = async |request: &ConsentRequest<'_>| {
            desk.decide(visit, |door| Event::consent(door, request))
                .await
        };
        let mut answered = decide(&request).await;
        let is_taken = answered
            .as_ref()
            .is_err_and(|problem| problem.status() == StatusCode::CONFLICT);
        if is_taken && request.head.is_withdrawal() {
            // Another event has the id that the caller gave: that is no reason to turn a withdrawal away.
            request.id = desk.draw_id("consent");
            answered = decide(&request).await;
        }
        let answered = answered?;
        Ok(desk::reply(
            &answered,
            desk::detail(self.caller, self.headers),
        ))
    }
}

/// Where it was said. Withdrawing is wide: where that is not told, any market takes it for all.
fn market(desk: &Desk, caller: &Caller, head: &ConsentHead) -> Result<Text, Problem> {
    let charter = desk.shared.node.charter();
    let said = head.market();
    if !head.is_withdrawal()
        || said
            .as_ref()
            .is_ok_and(|market| charter.names.markets.contains_key(*market))
    {
        return Ok(said?.clone());
    }
    let mut markets = charter.markets.iter().map(|(_, market)| &market.name);
    match markets.find(|market| caller.speaks_for(market)) {
        Some(market) => Ok(market.clone()),
        None => Ok(said?.clone()),
    }
}

fn check_subject(desk: &Desk, subject: &str) -> Result<(), Problem> {
    if CustomerId::parse(subject).is_some() {
        return Err(Problem::bad_request(
            "a consent names its customer as a source does, `namespace:value`, not by Kairos' own id",
        ));
    }
    let charter = desk.shared.node.charter();
    let name = Name::parse(&charter, subject)?;
    let identity = charter.identities.at(name.identity);
    if identity.hashed {
        Err(Problem::identity_in_path(&identity.name))
    } else {
        Ok(())
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<Text> {
    headers.get(name)?.to_str().ok().map(Text::new)
}
