//! A host without doors: the real store in a temporary folder, the real sandbox, a fixed clock. Events go in as JSON,
//! replies come out as JSON.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kairos::clock::{Clock, Instant};
use kairos::customer::Customer;
use kairos::decide::{Answered, Undecided};
use kairos::event::{Caller, Door, Event, InvalidEvent, Markets, Name};
use kairos::ids::{Chance, CustomerId};
use kairos::node::{Core, Node, OpenError, Settings};
use kairos::operate::fire;
use kairos::reply::{Detail, Reply};
use kairos::store::Durability;
use kairos::telemetry::Telemetry;
use kairos::views::Lookup;
use serde_json::{Value, json};

/// The markets of the example that have a policy.
pub const POLICIES: [&str; 5] = ["gb", "de", "fr", "nl", "us"];

/// Noon of the day on which the real data begins.
pub const NOON: &str = "2010-12-01T12:00:00Z";

/// A host to talk to.
pub struct Desk {
    pub node: Arc<Node>,
    core: Core,
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    charter: PathBuf,
    telemetry: Telemetry,
    policy_micros: Cell<u64>,
}

/// Why an event was not decided.
#[derive(Debug)]
pub enum Rejected {
    Refused(InvalidEvent),
    Undecided(Undecided),
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Decides an event that was read already; under another charter than it was read under, it is not decided.
pub async fn decide(core: &Core, event: Event) -> Result<Answered, Undecided> {
    kairos::decide::decide(core, |_| Ok(event.clone())).await
}

impl Desk {
    /// The gift retailer's charter, without policies.
    pub fn retail() -> Self {
        Self::open(&root().join("examples/retail/charter"))
    }

    /// A charter of its own, as (file, text).
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let charter = folder.path().join("charter");
        write(&charter, files);
        Self::start(folder, charter, Durability::Sync, NOON)
    }

    /// The same on a host that is busy as soon as anything is ahead of its view.
    pub fn busy_with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let charter = folder.path().join("charter");
        write(&charter, files);
        Self::start_with(folder, charter, NOON, |settings| {
            settings.cache.ahead_bytes = 0;
        })
    }

    /// The same with a log in small segments.
    pub fn small_with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let charter = folder.path().join("charter");
        write(&charter, files);
        Self::start_with(folder, charter, NOON, |settings| {
            settings.store.segment_bytes = 1 << 20;
        })
    }

    /// A host on a folder that holds `charter` and `data`.
    pub fn on(folder: tempfile::TempDir) -> Self {
        let charter = folder.path().join("charter");
        Self::start(folder, charter, Durability::Sync, NOON)
    }

    /// The gift retailer's charter on a host that does not wait for the disk, for benchmarks.
    pub fn retail_in_memory() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let charter = root().join("examples/retail/charter");
        Self::start(folder, charter, Durability::Process, NOON)
    }

    pub fn open(charter: &Path) -> Self {
        Self::start(
            tempfile::tempdir().expect("a temporary folder"),
            charter.to_owned(),
            Durability::Sync,
            NOON,
        )
    }

    fn start(
        folder: tempfile::TempDir,
        charter: PathBuf,
        durability: Durability,
        now: &str,
    ) -> Self {
        Self::start_with(folder, charter, now, |settings| {
            settings.store.durability = durability;
        })
    }

    fn start_with(
        folder: tempfile::TempDir,
        charter: PathBuf,
        now: &str,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings {
            charter: charter.clone(),
            data: folder.path().join("data"),
            clock: Clock::fixed(Instant::parse(now).expect("a time")),
            cores: 1,
            ..Settings::default()
        };
        change(&mut settings);
        let telemetry = Telemetry::new();
        let node = Node::open(settings, &telemetry)
            .unwrap_or_else(|error| panic!("the host does not open: {error}"));
        // A host that starts again draws other ids.
        let life = node.store().opened().log.end.as_u64();
        let mut seed = b"desk".to_vec();
        if life > 0 {
            seed.extend(life.to_le_bytes());
        }
        let core = Core::new(Arc::clone(&node), 0, Chance::from_seed(&seed));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // What is asked of the view first is answered first.
            .max_blocking_threads(1)
            .build()
            .expect("a runtime");
        Self {
            node,
            core,
            runtime,
            folder,
            charter,
            telemetry,
            policy_micros: Cell::new(0),
        }
    }

    /// Closes the host and opens it again on the same folder.
    pub fn restart(self) -> Self {
        let Self {
            node,
            core,
            runtime,
            folder,
            charter,
            telemetry: _,
            policy_micros: _,
        } = self;
        let now = node.clock().now().to_string();
        drop(core);
        node.close();
        drop((node, runtime));
        Self::start(folder, charter, Durability::Sync, &now)
    }

    /// The same with another charter.
    pub fn restart_with(self, files: &[(&str, &str)]) -> Self {
        write(&self.charter, files);
        self.restart()
    }

    /// The same on a folder that lost its view, which the log rebuilds.
    pub fn restart_without_view(self) -> Self {
        self.node.close();
        std::fs::remove_dir_all(self.data().join("view")).expect("a view");
        self.restart()
    }

    /// Whether a host starts on a copy of the folder as it stands on the disk now.
    pub fn try_after_a_crash(&self) -> Result<(), OpenError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&self.data(), &folder.path().join("data"));
        let settings = Settings {
            charter: self.charter.clone(),
            data: folder.path().join("data"),
            ..Settings::default()
        };
        let node = Node::open(settings, &Telemetry::new())?;
        node.close();
        Ok(())
    }

    /// A host on a copy of the folder as it stands on the disk now: what a crash would leave.
    pub fn after_a_crash(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&self.data(), &folder.path().join("data"));
        let charter = folder.path().join("charter");
        copy(&self.charter, &charter);
        let now = self.node.clock().now().to_string();
        Self::start(folder, charter, Durability::Sync, &now)
    }

    /// Decides about every silence that has lasted long enough by now; the explained replies.
    pub fn tick(&self) -> Vec<Value> {
        let mut replies = Vec::new();
        loop {
            let fired = self
                .runtime
                .block_on(fire(&self.core))
                .expect("what is due is decided");
            if fired.looked_at == 0 {
                return replies;
            }
            let answered = fired.answered.iter();
            replies.extend(answered.map(|answered| explained(&answered.reply)));
        }
    }

    /// Waits for something that the host does.
    pub fn wait<T>(&self, done: impl Future<Output = T>) -> T {
        self.runtime.block_on(done)
    }

    pub fn core(&self) -> &Core {
        &self.core
    }

    /// What the host tells about itself, for Prometheus.
    pub fn figures(&self) -> String {
        self.telemetry.render()
    }

    /// Moves the clock.
    pub fn at(&self, now: &str) {
        self.node.clock().set(Instant::parse(now).expect("a time"));
    }

    /// Makes a policy live.
    pub fn policy(&self, market: &str, wasm: &[u8]) {
        self.node
            .load_policy(market, wasm)
            .unwrap_or_else(|error| panic!("`{market}` is refused: {error}"));
    }

    /// Reads an event as it comes in at the door.
    pub fn read(&self, market: &str, event: &[u8]) -> Result<Event, InvalidEvent> {
        let charter = self.node.charter();
        let caller = Caller::open();
        let door = Door {
            charter: &charter,
            clock: self.node.clock(),
            caller: &caller,
            market,
            is_gpc: false,
        };
        Event::parse(&door, event)
    }

    /// Sends one event as bytes; the plain reply as bytes.
    pub fn answer(&self, market: &str, event: &[u8]) -> Vec<u8> {
        let event = self.read(market, event).expect("an event");
        let answered = self
            .runtime
            .block_on(decide(&self.core, event))
            .expect("a decision");
        let spent = answered
            .reply
            .body()
            .decisions
            .first()
            .map_or(0, |decided| decided.micros);
        self.policy_micros.set(spent);
        let mut bytes = Vec::with_capacity(1_024);
        answered.reply.write(Detail::Plain, &mut bytes);
        bytes
    }

    /// How long the policy of the last answer took, in microseconds.
    pub fn policy_micros_of_last(&self) -> u64 {
        self.policy_micros.get()
    }

    /// A customer as the host keeps it.
    pub fn customer_state(&self, subject: &str) -> Customer {
        let id = self
            .customer(subject)
            .and_then(|view| CustomerId::parse(view["id"].as_str()?));
        let version = self
            .runtime
            .block_on(self.node.cache().load::<Customer>(id.expect("a customer")));
        version
            .expect("a readable customer")
            .expect("a customer")
            .value
    }

    /// Sends one event; the explained reply.
    pub fn try_send(&self, market: &str, event: &Value) -> Result<(Value, bool), Rejected> {
        let event = self.read(market, event.to_string().as_bytes());
        let event = event.map_err(Rejected::Refused)?;
        let answered = self
            .runtime
            .block_on(decide(&self.core, event))
            .map_err(Rejected::Undecided)?;
        Ok((explained(&answered.reply), answered.repeated))
    }

    pub fn send(&self, market: &str, event: &Value) -> Value {
        match self.try_send(market, event) {
            Ok((reply, _)) => reply,
            Err(error) => panic!("{event} is rejected: {error:?}"),
        }
    }

    /// What is known of a customer, such as `crm:17850`.
    pub fn customer(&self, subject: &str) -> Option<Value> {
        let charter = self.node.charter();
        let name = Name::lookup(&charter, subject).expect("a subject");
        let lookup = Lookup::of_name(self.node.salt(), &charter, &name);
        self.runtime
            .block_on(self.node.customer(lookup, &Markets::All))
            .expect("a readable customer")
            .map(|view| view.json)
    }

    /// The evidence of a decision.
    pub fn decision(&self, id: &str) -> Option<Value> {
        let id = kairos::ids::DecisionId::parse(id)?;
        self.runtime
            .block_on(self.node.decision(id, &Markets::All))
            .expect("a readable decision")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

fn explained(reply: &Reply) -> Value {
    let mut bytes = Vec::new();
    reply.write(Detail::Explained, &mut bytes);
    serde_json::from_slice(&bytes).expect("a reply is JSON")
}

/// Writes the files of a charter.
pub fn write(charter: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = charter.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            // What is removed meanwhile would be gone after a crash too.
            false => drop(std::fs::copy(entry.path(), target)),
        }
    }
}

/// An event of the shop about a CRM number, at noon, with the given data.
pub fn event(id: &str, kind: &str, subject: &str, data: Value) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "shop/gb", "type": kind, "subject": subject, "time": NOON,
            "channel": "web", "data": data })
}

/// An order over so many pounds.
pub fn order(id: &str, subject: &str, pounds: u32) -> Value {
    let data = json!({ "order": id, "total": { "amount": format!("{pounds}.00"), "currency": "GBP" },
                       "skus": ["85123A", "71053"], "quantities": [6, 6] });
    event(id, "order.placed", subject, data)
}

/// A customer's consent to marketing by mail.
pub fn consent(id: &str, subject: &str, state: &str) -> Value {
    let kind = if ["denied", "withdrawn"].contains(&state) {
        "consent.withdrawn"
    } else {
        "consent.given"
    };
    event(
        id,
        kind,
        subject,
        json!({ "purpose": "marketing", "state": state, "channels": ["email"] }),
    )
}
