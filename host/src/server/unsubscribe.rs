//! `POST /v1/unsubscribe/{token}`: one click, without any other proof of who it is (RFC 8058).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use hyper::body::Incoming;
use serde_json::json;

use crate::operate::unsubscribe;
use crate::server::body;
use crate::server::desk::Desk;
use crate::server::problem::Problem;

/// The body that the standard asks for, and its type.
const ONE_CLICK: &[u8] = b"List-Unsubscribe=One-Click";
const FORM: &str = "application/x-www-form-urlencoded";
const BODY_BYTES: usize = 256;

/// One such request, its body still on the way.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) token: &'a str,
    pub(super) headers: &'a HeaderMap,
}

impl Post<'_> {
    pub(super) async fn answer(
        self,
        desk: &Desk,
        body: Incoming,
    ) -> Result<Response<Bytes>, Problem> {
        let body = body::read(body, BODY_BYTES, desk.shared.limits.body).await?;
        let ty = self.headers.get(header::CONTENT_TYPE);
        let ty = ty.and_then(|ty| ty.to_str().ok()).unwrap_or_default();
        let essence = ty.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(FORM) || body.trim_ascii() != ONE_CLICK {
            return Err(Problem::bad_request(format!(
                "one click is a POST of `List-Unsubscribe=One-Click` as `{FORM}`"
            )));
        }
        let answered = unsubscribe(desk.core(), self.token).await?;
        let told = answered.reply.body();
        let datum = |name: &str| {
            let mut data = told.event.data.iter().flatten();
            data.find(|(known, _)| known == name)
                .map(|(_, value)| json!(crate::value::Plain(value)))
        };
        // Nothing of what was decided: whoever clicks may be anyone who has the mail.
        let said = json!({
            "state": answered.reply.state().to_string(),
            "withdrawn": { "purpose": datum("purpose"), "channels": datum("channels") },
        });
        let mut response = Response::new(Bytes::from(said.to_string()));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(response)
    }
}
