//! One connection to a host, opened again when it breaks.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::Failure;
use crate::cli::say::say;

/// How long one request may take, its connection included.
const REQUEST_S: u64 = 30;
/// The largest answer, in bytes: a full batch with everything explained.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

const TAR: &str = "application/x-tar";

/// Which host a command speaks to, and as whom.
#[derive(clap::Args, Clone, Debug)]
pub(in crate::cli) struct To {
    /// Where the host is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A file that holds the caller's token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Which host is asked, and how its answer is told.
#[derive(clap::Args, Debug)]
pub(in crate::cli) struct Asking {
    #[command(flatten)]
    pub(in crate::cli) to: To,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Asking {
    /// Tells the answer in these words, or as it is.
    pub(in crate::cli) fn tell(&self, answer: &Value, words: impl FnOnce(&Value) -> String) {
        if self.json {
            say!("{answer:#}")
        } else {
            say!("{}", words(answer))
        }
    }
}

/// A text as it is, nothing for null, anything else as JSON.
pub(in crate::cli) fn word(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

impl To {
    pub(in crate::cli) fn new(url: String, token_file: Option<PathBuf>) -> Self {
        Self { url, token_file }
    }

    /// Posts a tar, where there is a tag only onto what has it; what the host refuses is an error in the host's words, with
    /// everything that it lists.
    pub(in crate::cli) fn send_tar(
        &self,
        path: &str,
        tar: Vec<u8>,
        onto: Option<&str>,
    ) -> Result<Value, Refusal> {
        let mut request = self
            .target()?
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, TAR);
        if let Some(tag) = onto {
            request = request.header(header::IF_MATCH, tag);
        }
        let request = request.body(Full::from(tar)).map_err(Failure::from)?;
        let response = self.exchange(request)?;
        let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        match response.status {
            status if status.is_success() => Ok(said),
            StatusCode::PRECONDITION_FAILED => {
                Err(Refusal::Overtaken(refusal(response.status, &said)))
            }
            status => Err(Refusal::Other(listed(status, &said).into())),
        }
    }

    /// Fetches a tar, and its tag where it has one.
    pub(in crate::cli) fn fetch_tar(&self, path: &str) -> Result<(Bytes, Option<String>), Failure> {
        let request = self
            .target()?
            .request(Method::GET, path)
            .header(header::ACCEPT, TAR)
            .body(Full::default())?;
        let response = self.exchange(request)?;
        if response.status.is_success() {
            return Ok((response.body, response.tag));
        }
        let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        Err(refusal(response.status, &said).into())
    }

    fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response, Failure> {
        let mut connection = Connection::to(self.target()?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(runtime.block_on(connection.send(request))?)
    }

    pub(in crate::cli) fn target(&self) -> Result<Target, Failure> {
        let target = Target::parse(&self.url)?;
        let Some(file) = &self.token_file else {
            return Ok(target);
        };
        let token = std::fs::read_to_string(file)
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
        Ok(target.with_token(&token)?)
    }

    /// Asks once and waits; what the host refuses is an error in the host's words.
    pub(in crate::cli) fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut connection = Connection::to(self.target()?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let response = runtime.block_on(connection.ask(method, path, body))?;
        let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status.is_success() {
            Ok(said)
        } else {
            Err(refusal(response.status, &said).into())
        }
    }
}

fn refusal(status: StatusCode, problem: &Value) -> String {
    match problem.get("detail").and_then(Value::as_str) {
        Some(detail) => detail.to_owned(),
        None => format!("the host answered with status {status}"),
    }
}

/// A refusal with every complaint of a charter, one to a line.
fn listed(status: StatusCode, problem: &Value) -> String {
    let complaints = problem.get("complaints").and_then(Value::as_array);
    let lines = complaints.into_iter().flatten().map(|one| {
        let line = one.get("line").and_then(Value::as_u64).unwrap_or(1);
        format!(
            "\n{}:{line}: {}: {}",
            word(one, "file"),
            word(one, "key"),
            word(one, "what")
        )
    });
    refusal(status, problem) + &lines.collect::<String>()
}

/// One segment of a path, percent-encoded.
pub(in crate::cli) fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut path, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                path.push(char::from(byte));
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
        path
    })
}

/// Where a host is, and what it needs to know of the caller.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Target {
    host: String,
    port: u16,
    /// The path before `/v1`, without a slash at its end.
    prefix: String,
    authority: HeaderValue,
    token: Option<HeaderValue>,
}

/// A URL or token that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum InvalidTarget {
    #[error("`{0}` is no URL such as `http://127.0.0.1:8080`")]
    Url(String),
    #[error(
        "`{0}` asks for TLS, which `kairos` does not speak; ask the host itself, or through a local tunnel"
    )]
    Tls(String),
    #[error("the token holds characters that no token has")]
    Token,
}

/// A request that got no whole answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Lost {
    #[error("cannot connect to {to}")]
    NotConnected { to: String, source: std::io::Error },
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    #[error("the answer did not arrive whole")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no answer in {REQUEST_S} s")]
    Late,
}

/// Why the host did not take what was sent.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Refusal {
    /// In the host's words: there is something else than the caller saw.
    #[error("{0}")]
    Overtaken(String),
    #[error(transparent)]
    Other(#[from] Failure),
}

/// A whole answer.
#[derive(Debug)]
pub(in crate::cli) struct Response {
    pub(in crate::cli) status: StatusCode,
    /// What `ETag` says.
    pub(in crate::cli) tag: Option<String>,
    /// What `Retry-After` asks for.
    pub(in crate::cli) retry_after: Option<Duration>,
    pub(in crate::cli) body: Bytes,
}

impl Target {
    pub(in crate::cli) fn parse(url: &str) -> Result<Self, InvalidTarget> {
        let invalid = || InvalidTarget::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(InvalidTarget::Tls(url.to_owned())),
            Some(_) | None => return Err(invalid()),
        }
        let authority = uri.authority().ok_or_else(invalid)?;
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() || authority.as_str().contains('@') || uri.query().is_some() {
            return Err(invalid());
        }
        Ok(Self {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            authority: HeaderValue::try_from(authority.as_str()).map_err(|_| invalid())?,
            token: None,
        })
    }

    pub(in crate::cli) fn with_token(mut self, token: &str) -> Result<Self, InvalidTarget> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| InvalidTarget::Token)?;
        value.set_sensitive(true);
        self.token = Some(value);
        Ok(self)
    }

    fn events(&self, market: &str, body: String) -> Result<Request<Full<Bytes>>, http::Error> {
        self.request(Method::POST, &format!("/v1/markets/{market}/events"))
            .header(header::CONTENT_TYPE, "application/cloudevents-batch+json")
            .header("prefer", "kairos=explain")
            .body(Full::from(body))
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(header::HOST, &self.authority);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token);
        }
        request
    }
}

/// A connection that is opened when it is needed.
#[derive(Debug)]
pub(in crate::cli) struct Connection {
    target: Target,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(in crate::cli) fn to(target: Target) -> Self {
        Self { target, open: None }
    }

    /// Posts a batch for one market; after an error the next request connects anew.
    pub(in crate::cli) async fn post(
        &mut self,
        market: &str,
        body: String,
    ) -> Result<Response, Lost> {
        let request = self.target.events(market, body)?;
        self.send(request).await
    }

    /// Asks once, with a JSON body where there is one.
    pub(in crate::cli) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Lost> {
        let mut request = self.target.request(method, path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::from(body))?;
        self.send(request).await
    }

    /// Whether the host says that it is ready.
    pub(in crate::cli) async fn is_ready(&mut self) -> bool {
        let request = self.target.request(Method::GET, "/readyz");
        match request.body(Full::default()) {
            Ok(request) => self
                .send(request)
                .await
                .is_ok_and(|answer| answer.status.is_success()),
            Err(_) => false,
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response, Lost> {
        let whole = timeout(Duration::from_secs(REQUEST_S), self.exchange(request));
        let answer = whole.await.unwrap_or(Err(Lost::Late));
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Response, Lost> {
        let mut sender = match self.open.take() {
            Some(open) if !open.is_closed() => open,
            Some(_) | None => self.connect().await?,
        };
        sender.ready().await?;
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES);
        let body = body.collect().await.map_err(Lost::Body)?.to_bytes();
        self.open = Some(sender);
        Ok(Response {
            status: parts.status,
            tag: tag(parts.headers.get(header::ETAG)),
            retry_after: retry_after(parts.headers.get(header::RETRY_AFTER)),
            body,
        })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Lost> {
        let Target { host, port, .. } = &self.target;
        let stream = TcpStream::connect((host.as_str(), *port))
            .await
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|source| Lost::NotConnected {
                to: format!("{host}:{port}"),
                source,
            })?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its error also reaches whoever waits for the answer.
        tokio::spawn(async move { connection.await.ok() });
        Ok(sender)
    }
}

/// Seconds; a date, which the header also allows, is left to the client's own pace.
fn retry_after(value: Option<&HeaderValue>) -> Option<Duration> {
    let seconds = value?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn tag(value: Option<&HeaderValue>) -> Option<String> {
    Some(value?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_reached_is_refused_with_what_would_be_right() {
        for url in [
            "",
            "127.0.0.1:8080",
            "/v1",
            "ftp://a",
            "http://",
            "http://u:p@a",
            "http://a?b",
        ] {
            let refused = Target::parse(url);
            assert!(matches!(refused, Err(InvalidTarget::Url(_))), "{url}");
        }
        assert!(matches!(
            Target::parse("https://a"),
            Err(InvalidTarget::Tls(_))
        ));
        let target = Target::parse("http://a").unwrap();
        assert!(target.with_token("a\nb").is_err());
    }

    #[test]
    fn a_request_names_the_market_and_the_token() {
        let target = Target::parse("http://[::1]:80/kairos/").unwrap();
        let target = target.with_token("secret\n").unwrap();
        let request = target.events("gb", "[]".into()).unwrap();
        assert_eq!(request.uri(), "/kairos/v1/markets/gb/events");
        assert_eq!(request.headers()["authorization"], "Bearer secret");
        assert_eq!(request.headers()["host"], "[::1]:80");
        assert_eq!(target.host, "::1");
        assert!(!format!("{target:?}").contains("secret"));
    }

    #[test]
    fn only_seconds_count_as_retry_after() {
        let read = |text| retry_after(Some(&HeaderValue::from_static(text)));
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read("-1"), None);
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert_eq!(retry_after(None), None);
    }
}
