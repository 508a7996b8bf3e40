//! What the promises share: a host on a temporary folder and a free port, and a client that can also misbehave.

pub mod desk;
pub mod guest;
pub mod office;
pub mod policies;
pub mod small_charter;
pub mod trial;

/// Runs a command to its end; the exit status and all that it said.
pub fn run(binary: &str, words: &[&str]) -> (i32, String) {
    let command = std::process::Command::new(binary).args(words).output();
    let output = command.expect("a process");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("text");
    (output.status.code().expect("an end"), said)
}

use kairos::clock::{Clock, Instant};
use kairos::node::{Node, OpenError};
use kairos::server::{self, Access, Limits, Server};
use kairos::settings::{ClockChoice, Durability, Serve, Size};
use kairos::telemetry::Telemetry;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
/// How long a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
/// The retail example's charter.
pub fn retail_charter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/retail/charter")
}
/// What `kairos serve --open` would be told, with `folder` for data and policies.
pub fn serve(folder: &Path) -> Serve {
    Serve {
        keys: None,
        rotate_keys_every: kairos::clock::Span::from_days(1),
        charter: retail_charter(),
        policies: folder.join("policies"),
        data: folder.join("data"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        open: true,
        tokens: None,
        clock: ClockChoice::System,
        cores: std::num::NonZeroUsize::new(2),
        durability: Durability::Process,
        cache_bytes: Size(16 << 20),
        pending_bytes: Size(16 << 20),
    }
}
/// Limits that a test can wait for.
pub fn short_limits() -> Limits {
    Limits {
        head: Duration::from_millis(400),
        body: Duration::from_millis(400),
        stall: Duration::from_millis(400),
        ..Limits::default()
    }
}
/// A running host; it stops when it is dropped.
pub struct Host {
    pub address: SocketAddr,
    pub node: Arc<Node>,
    server: Option<Server>,
    folder: Arc<TempDir>,
    charter: PathBuf,
}
/// A folder that a host runs on, and its charter.
#[derive(Clone, Debug)]
pub struct Place {
    folder: Arc<TempDir>,
    charter: PathBuf,
    /// Where its clock stands still.
    still: Option<Instant>,
}
impl Place {
    /// Starts a host there that is open to anyone.
    pub fn start(&self) -> Result<Host, OpenError> {
        self.start_for(Access::Open)
    }
    fn start_for(&self, access: Access) -> Result<Host, OpenError> {
        let serve = Serve {
            charter: self.charter.clone(),
            ..serve(self.folder.path())
        };
        let settings = server::Settings {
            access,
            limits: short_limits(),
            ..serve.server()
        };
        let telemetry = Arc::new(Telemetry::new());
        let mut node = serve.node();
        if let Some(now) = self.still {
            node.clock = Clock::fixed(now);
        }
        let node = Node::open(node, &telemetry)?;
        let server = Server::start(Arc::clone(&node), telemetry, &settings).expect("a server");
        Ok(Host {
            address: server.address(),
            node,
            server: Some(server),
            folder: Arc::clone(&self.folder),
            charter: self.charter.clone(),
        })
    }
    /// Writes a file of the charter's folder; without a text, takes it away.
    pub fn put_in_charter(&self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => desk::write(&self.charter, &[(name, text)]),
            None => std::fs::remove_file(self.charter.join(name)).expect("a file"),
        }
    }
}
impl Host {
    /// Starts a host that is open to anyone.
    pub fn open() -> Self {
        Self::start(|_| Access::Open)
    }
    /// Starts a host; `access` may put files into its folder.
    pub fn start(access: impl FnOnce(&Path) -> Access) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::on(folder, retail_charter(), access)
    }
    /// Starts a host that is open to anyone, with a charter of its own, as (file, text).
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let charter = folder.path().join("charter");
        desk::write(&charter, files);
        Self::on(folder, charter, |_| Access::Open)
    }
    /// The same, but let in is whom `access` says, which may put files into its folder.
    pub fn of(files: &[(&str, &str)], access: impl FnOnce(&Path) -> Access) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let charter = folder.path().join("charter");
        desk::write(&charter, files);
        Self::on(folder, charter, access)
    }
    /// Stops in order and starts again on the same folder, open to anyone.
    pub fn restart(self) -> Self {
        let place = self.place();
        drop(self);
        place.start().unwrap_or_else(|error| panic!("{error}"))
    }
    /// Where it runs: a host can be started there again once this one is dropped.
    pub fn place(&self) -> Place {
        let clock = self.node.clock();
        Place {
            folder: Arc::clone(&self.folder),
            charter: self.charter.clone(),
            still: matches!(clock, Clock::Fixed(_)).then(|| clock.now()),
        }
    }
    fn on(folder: TempDir, charter: PathBuf, access: impl FnOnce(&Path) -> Access) -> Self {
        let access = access(folder.path());
        let place = Place {
            folder: Arc::new(folder),
            charter,
            still: None,
        };
        place.start_for(access).expect("a node")
    }
    /// The retail example with its policies, on a clock that stands still until it is set.
    pub fn retail(now: &str) -> Self {
        let host = Self::still(&retail_charter(), now);
        for market in desk::POLICIES {
            host.policy(market, &policies::policy(market));
        }
        host
    }
    /// Any charter, without policies, on a clock that stands still until it is set.
    pub fn still(charter: &Path, now: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let serve = serve(folder.path());
        let settings = kairos::node::Settings {
            charter: charter.to_owned(),
            clock: Clock::fixed(Instant::parse(now).expect("a time")),
            ..serve.node()
        };
        let telemetry = Arc::new(Telemetry::new());
        let node = Node::open(settings, &telemetry).unwrap_or_else(|error| panic!("{error}"));
        let server =
            Server::start(Arc::clone(&node), telemetry, &serve.server()).expect("a server");
        Self {
            address: server.address(),
            node,
            server: Some(server),
            folder: Arc::new(folder),
            charter: charter.to_owned(),
        }
    }
    /// Makes a policy live.
    pub fn policy(&self, market: &str, wasm: &[u8]) {
        self.node
            .load_policy(market, wasm)
            .unwrap_or_else(|error| panic!("`{market}` is refused: {error}"));
    }
    /// Sets the clock.
    pub fn at(&self, now: &str) {
        let now = Instant::parse(now).expect("a time");
        self.node.clock().set(now);
    }
    /// Posts one event in the structured form and asks for reasons.
    pub fn explained(&self, market: &str, event: &serde_json::Value) -> serde_json::Value {
        self.explained_with(market, event, &[])
    }
    /// The same, with more headers.
    pub fn explained_with(
        &self,
        market: &str,
        event: &serde_json::Value,
        more: &[(&str, &str)],
    ) -> serde_json::Value {
        let mut headers = vec![
            ("content-type", "application/cloudevents+json"),
            ("prefer", "kairos=explain"),
        ];
        headers.extend(more);
        let answer = self.ask(&Request {
            method: "POST",
            path: &format!("/v1/markets/{market}/events"),
            headers: &headers,
            body: event.to_string().as_bytes(),
        });
        assert_eq!(answer.status, 200, "{event}: {}", answer.body);
        answer.json()
    }
    /// What is known of a customer, such as `crm:17850`.
    pub fn customer(&self, subject: &str) -> serde_json::Value {
        self.get(&format!("/v1/customers/{subject}")).json()
    }
    /// Asks until `found` finds what it looks for in a customer: something that the host does by itself.
    pub fn until<T>(&self, subject: &str, found: impl Fn(&serde_json::Value) -> Option<T>) -> T {
        let patience = kairos::clock::Stopwatch::start();
        loop {
            let customer = self.customer(subject);
            if let Some(found) = found(&customer) {
                return found;
            }
            assert!(patience.elapsed() < PATIENCE, "never: {customer:#}");
            std::thread::yield_now();
        }
    }
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
    /// Stops in order, and waits for it.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
    pub fn connect(&self) -> Caller {
        Caller::connect(self.address)
    }
    /// Asks once, over a connection of its own.
    pub fn ask(&self, request: &Request<'_>) -> Answer {
        self.connect().ask(request)
    }
    /// Posts one event in the structured form.
    pub fn post(&self, market: &str, event: &str) -> Answer {
        self.ask(&Request {
            method: "POST",
            path: &format!("/v1/markets/{market}/events"),
            headers: &[("content-type", "application/cloudevents+json")],
            body: event.as_bytes(),
        })
    }
    /// Asks with a JSON body, or with none where it is null, and with a token where there is one.
    pub fn call(&self, method: &str, path: &str, body: &serde_json::Value, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let body = match body.is_null() {
            true => String::new(),
            false => body.to_string(),
        };
        self.ask(&Request {
            method,
            path,
            headers: &headers,
            body: body.as_bytes(),
        })
    }
    pub fn get(&self, path: &str) -> Answer {
        self.ask(&Request {
            path,
            ..Request::default()
        })
    }
}
impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}
/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}
impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            method: "GET",
            path: "/",
            headers: &[],
            body: b"",
        }
    }
}
/// One connection.
#[derive(Debug)]
pub struct Caller(TcpStream);
impl Caller {
    pub fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("a connection");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Self(socket)
    }
    pub fn ask(&mut self, request: &Request<'_>) -> Answer {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: kairos\r\n",
            request.method, request.path
        );
        for (name, value) in request.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !request.body.is_empty() {
            head += &format!("content-length: {}\r\n", request.body.len());
        }
        self.say(format!("{head}\r\n"));
        self.say(request.body);
        self.hear().expect("an answer")
    }
    /// Sends bytes as they are.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("a host that reads");
    }
    /// Waits for the next answer; `None` where the host closed the connection instead.
    pub fn hear(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read(&mut byte) {
                Ok(0) => return None,
                Ok(_) => head.push(byte[0]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer came: {error}"),
            }
        }
        let head = String::from_utf8(head).expect("text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut answer = Answer {
            status: status.expect("a status").parse().expect("a status"),
            headers,
            body: String::new(),
        };
        let length = answer.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().expect("a length")];
        self.0.read_exact(&mut body).expect("the body");
        answer.body = String::from_utf8(body).expect("text");
        Some(answer)
    }
}
/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}
impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
    /// A problem in one line: `422 unknown-event /type: the charter …`; of anything else, the status.
    pub fn told(&self) -> String {
        if self.header("content-type") != Some("application/problem+json") {
            return self.status.to_string();
        }
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("title").is_empty());
        let kind = text("type");
        let kind = kind.strip_prefix("/problems/").expect("a stable type");
        let pointer = text("pointer");
        let space = if pointer.is_empty() { "" } else { " " };
        format!("{} {kind}{space}{pointer}: {}", self.status, text("detail"))
    }
}
