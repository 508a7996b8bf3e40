//! `/v1/unsubscribe/{token}`: one click, without any other proof of who it is (RFC 8058), and a page for a person who follows
//! the link.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use hyper::body::Incoming;
use serde_json::json;

use crate::operate::{language_of, unsubscribe};
use crate::server::body;
use crate::server::desk::Desk;
use crate::server::problem::Problem;

/// Nothing of a body is needed; so much is read, so that whoever sends it hears of what became of it.
const BODY_BYTES: usize = 64 * 1024;

/// What the pages say, by language: the heading, the button, and that it is done. The first is for everybody else.
const WORDS: &[(&str, [&str; 3])] = &[
    (
        "en",
        [
            "Do you no longer want to receive these messages?",
            "Unsubscribe",
            "You will no longer receive these messages.",
        ],
    ),
    (
        "de",
        [
            "Möchten Sie diese Nachrichten nicht mehr erhalten?",
            "Abmelden",
            "Sie erhalten diese Nachrichten nicht mehr.",
        ],
    ),
    (
        "fr",
        [
            "Vous ne souhaitez plus recevoir ces messages ?",
            "Se désabonner",
            "Vous ne recevrez plus ces messages.",
        ],
    ),
    (
        "nl",
        [
            "Wilt u deze berichten niet meer ontvangen?",
            "Afmelden",
            "U ontvangt deze berichten niet meer.",
        ],
    ),
    (
        "es",
        [
            "¿No desea recibir más estos mensajes?",
            "Darse de baja",
            "Ya no recibirá estos mensajes.",
        ],
    ),
    (
        "pt",
        [
            "Não quer mais receber estas mensagens?",
            "Cancelar a inscrição",
            "Você não receberá mais estas mensagens.",
        ],
    ),
    (
        "it",
        [
            "Non desidera più ricevere questi messaggi?",
            "Annulla l’iscrizione",
            "Non riceverà più questi messaggi.",
        ],
    ),
    (
        "ja",
        [
            "このメッセージの受信を停止しますか？",
            "配信を停止する",
            "今後このメッセージは届きません。",
        ],
    ),
];

/// One request for the link.
#[derive(Clone, Copy)]
pub(super) struct Click<'a> {
    pub(super) token: &'a str,
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
}

impl Click<'_> {
    pub(super) async fn answer(
        self,
        desk: &Desk,
        body: Incoming,
    ) -> Result<Response<Bytes>, Problem> {
        if *self.method != Method::POST {
            return self.ask(desk).await;
        }
        // A withdrawal is never turned away for its form: whoever has the link and posts to it, whatever that is, means it.
        let _whatever = body::read(body, BODY_BYTES, desk.shared.limits.body).await;
        let answered = unsubscribe(desk.core(), self.token).await?;
        if self.wants_page() {
            let (language, [_, _, done]) = self.words(desk).await?;
            return Ok(page(language, &format!("<p>{done}</p>")));
        }
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
        Ok(response("application/json", said.to_string()))
    }

    /// A page with one button. To fetch it withdraws nothing: mail scanners and previews do that too.
    async fn ask(self, desk: &Desk) -> Result<Response<Bytes>, Problem> {
        let (language, [question, button, _]) = self.words(desk).await?;
        let form = format!(
            "<p>{question}</p><form method=\"post\"><button name=\"List-Unsubscribe\" value=\"One-Click\">{button}</button></form>"
        );
        let mut response = page(language, &form);
        if *self.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        Ok(response)
    }

    /// A browser that shows a page asks for one; a mail client's click does not.
    fn wants_page(self) -> bool {
        let accepts = self.headers.get_all(header::ACCEPT).iter();
        accepts
            .filter_map(|accept| accept.to_str().ok())
            .any(|accept| accept.contains("text/html"))
    }

    /// In the customer's language, where there are words for it.
    async fn words(self, desk: &Desk) -> Result<(&'static str, [&'static str; 3]), Problem> {
        let language = language_of(desk.core(), self.token).await?;
        let primary = language.split('-').next().unwrap_or_default();
        let known = WORDS
            .iter()
            .find(|(word, _)| primary.eq_ignore_ascii_case(word));
        Ok(known.or(WORDS.first()).copied().unwrap_or(("en", [""; 3])))
    }
}

fn page(language: &str, content: &str) -> Response<Bytes> {
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>✉</title></head><body>{content}</body></html>"
    );
    response("text/html; charset=utf-8", html)
}

/// The link is the proof: no answer to it is kept, framed, or told to the next page.
fn response(ty: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    for (name, value) in [
        (header::CONTENT_TYPE, ty),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
