//! What was true when something was decided: the charter, the policy, whom it was about.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::absorb::Parties;
use crate::cache::{StateAfter, States};
use crate::charter::{Charter, MarketIx};
use crate::customer::{Account, Customer};
use crate::decide::replay::{Apart, Charters};
use crate::encoding;
use crate::event::{About, Event, Name, OWN_SOURCE};
use crate::evidence::{self, DecisionRecord, EventRecord, Header, Opened, Unreadable};
use crate::ids::{AccountId, CustomerId, Digest, Text};
use crate::keys::{Keyring, Locked, Subject};
use crate::node::kept;
use crate::policy::{Active, Engines, Policies};
use crate::store::{LogError, Position, Record};

/// So many policies, each bound to a charter, are held at most.
const POLICIES: usize = 64;

/// Charters and policies of the past, each compiled once.
pub struct Archive {
    pub charters: Charters,
    engines: Arc<Engines>,
    policies: Mutex<HashMap<(Digest, Digest, Text), Arc<Policies>>>,
}

/// What is to be tried in the place of what was.
#[derive(Clone, Default)]
pub struct Instead {
    pub charter: Option<Arc<Charter>>,
    /// One market's policy: its component.
    pub policy: Option<(Text, Arc<[u8]>)>,
}

/// The archive, with the log that leads to what was known before.
pub struct Past<'a> {
    pub archive: &'a Archive,
    /// Nothing where all is to be as it was.
    pub instead: &'a Instead,
    pub read: &'a (dyn Fn(Position) -> Result<Record, LogError> + Sync),
    pub keys: &'a (dyn Keyring + Sync),
    /// Whose sandboxes policies are asked in.
    pub sandbox: usize,
}

/// Why something cannot be computed again: what is missing, and where it belongs.
#[derive(Debug, thiserror::Error)]
pub enum NoPast {
    #[error("no record says which files charter {0} was made of")]
    Charter(Digest),
    #[error(
        "`{name}` of charter {charter} is not kept: put the file with the digest {digest} into `{folder}`"
    )]
    File {
        name: Text,
        charter: Digest,
        digest: Digest,
        folder: String,
        source: std::io::Error,
    },
    #[error("charter {charter} no longer compiles: {complaints}")]
    Compile { charter: Digest, complaints: String },
    #[error(
        "policy {digest} of market `{market}` is not kept: put its component into `{folder}` under that digest"
    )]
    Policy {
        digest: Digest,
        market: Text,
        folder: String,
        source: std::io::Error,
    },
    #[error("policy {digest} does not load: {why}")]
    Load { digest: Digest, why: String },
    #[error("the charter of that time knows no {what}")]
    Unknown { what: String },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Evidence(#[from] evidence::Unreadable),
    #[error("what was known before cannot be read")]
    State(#[from] encoding::Undecodable),
}

impl NoPast {
    /// Whether whoever it was about was erased, or it is no longer kept.
    pub fn apart(&self) -> Option<Apart> {
        match self {
            Self::Evidence(Unreadable::Locked(Locked::Erased)) => Some(Apart::Erased),
            Self::Evidence(Unreadable::Locked(Locked::Expired { .. })) => Some(Apart::Expired),
            _ => None,
        }
    }
}

impl Archive {
    pub fn new(data: &Path, engines: &Arc<Engines>) -> Self {
        Self {
            charters: Charters::new(data),
            engines: Arc::clone(engines),
            policies: Mutex::default(),
        }
    }

    /// The policy that answered, bound to the charter of that time.
    fn policy(
        &self,
        charter: &Charter,
        market: &Text,
        digest: Digest,
        wasm: impl FnOnce() -> Result<Vec<u8>, NoPast>,
    ) -> Result<Arc<Policies>, NoPast> {
        let key = (charter.digest, digest, market.clone());
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = policies.get(&key) {
            return Ok(Arc::clone(known));
        }
        let wasm = wasm()?;
        let loaded = Active::check(&self.engines, market, &wasm, charter)
            .and_then(|active| Policies::of_one(active, charter));
        let loaded = loaded.map_err(|refused| NoPast::Load {
            digest,
            why: refused.to_string(),
        })?;
        let loaded = Arc::new(loaded);
        if policies.len() >= POLICIES {
            policies.clear();
        }
        policies.insert(key, Arc::clone(&loaded));
        Ok(loaded)
    }
}

impl Past<'_> {
    /// The charter of that time, or the one to be tried.
    pub(super) fn charter(&self, digest: Digest) -> Result<Arc<Charter>, NoPast> {
        match &self.instead.charter {
            Some(charter) => Ok(Arc::clone(charter)),
            None => self.archive.charters.get(digest),
        }
    }

    /// The charter of that time.
    pub(super) fn charter_then(&self, digest: Digest) -> Result<Arc<Charter>, NoPast> {
        self.archive.charters.get(digest)
    }

    /// What answers in the event's market: what is to be tried, else what did; nothing where no policy did.
    pub(super) fn policies(
        &self,
        charter: &Charter,
        opened: &Opened,
    ) -> Result<Arc<Policies>, NoPast> {
        let market = &opened.body.event.market;
        if let Some((of, wasm)) = &self.instead.policy
            && of == market
        {
            let digest = Digest::of(wasm);
            return self
                .archive
                .policy(charter, market, digest, || Ok(wasm.to_vec()));
        }
        let mut decisions = opened.body.decisions.iter();
        let used = decisions.find_map(|decided: &DecisionRecord| decided.policy.as_ref());
        let Some(policy) = used else {
            return Ok(Arc::new(Policies::none(charter)));
        };
        let digest = policy.digest;
        self.archive.policy(charter, market, digest, || {
            kept::read(self.archive.charters.data(), digest).map_err(|source| NoPast::Policy {
                digest,
                market: market.clone(),
                folder: self.archive.charters.folder(),
                source,
            })
        })
    }

    /// What was known before the event: the record before it holds the state, and who is new begins with this one.
    pub(super) fn standing(&self, opened: &Opened) -> Result<Parties, NoPast> {
        let body = &opened.body;
        let customers = opened.states.customers.iter();
        let accounts = opened.states.accounts.iter();
        let mut customers = customers.filter(|after| Some(after.id) == body.customer);
        let mut accounts = accounts.filter(|after| Some(after.id) == body.account);
        Ok(Parties {
            customer: customers
                .next()
                .map(|after| self.customer(&opened.header, after))
                .transpose()?,
            account: accounts
                .next()
                .map(|after| self.account(&opened.header, after))
                .transpose()?,
        })
    }

    fn customer(
        &self,
        header: &Header,
        after: &StateAfter<CustomerId>,
    ) -> Result<Customer, NoPast> {
        let subject = Subject::Customer(after.id);
        let now: Customer = self.state(header, subject, &after.state)?;
        let states = |states: &States| found(&states.customers, after.id);
        let before = self.before(subject, after.previous, states)?;
        let mut before = before.unwrap_or_else(|| Customer::new(now.id, now.draw, now.since));
        // Names and company are settled before anything is decided.
        before.aliases = now.aliases;
        before.account = now.account;
        before.merged = now.merged;
        Ok(before)
    }

    fn account(&self, header: &Header, after: &StateAfter<AccountId>) -> Result<Account, NoPast> {
        let subject = Subject::Account(after.id);
        let now: Account = self.state(header, subject, &after.state)?;
        let states = |states: &States| found(&states.accounts, after.id);
        let before = self.before(subject, after.previous, states)?;
        let mut before = before.unwrap_or_else(|| Account::new(now.id, now.since));
        before.aliases = now.aliases;
        Ok(before)
    }

    /// The state that the record before left; `None` of somebody new.
    fn before<T: DeserializeOwned>(
        &self,
        subject: Subject,
        previous: Option<Position>,
        state: impl Fn(&States) -> Option<Bytes>,
    ) -> Result<Option<T>, NoPast> {
        let Some(position) = previous else {
            return Ok(None);
        };
        let bytes = (self.read)(position)?.bytes;
        let (header, states) = evidence::open_outside(&bytes)?;
        let state = state(&states).map(|state| self.state(&header, subject, &state));
        state.transpose()
    }

    fn state<T: DeserializeOwned>(
        &self,
        header: &Header,
        subject: Subject,
        sealed: &[u8],
    ) -> Result<T, NoPast> {
        let state = evidence::open_state(self.keys, header, subject, sealed)?;
        Ok(encoding::decode(&state)?)
    }

    pub(super) fn opened(&self, position: Position) -> Result<Opened, NoPast> {
        Ok(evidence::open(&(self.read)(position)?.bytes, self.keys)?)
    }
}

/// A recorded event as it was checked, by a charter's indices.
pub fn retold(charter: &Arc<Charter>, opened: &Opened) -> Result<Event, NoPast> {
    let EventRecord {
        kind, market, data, ..
    } = &opened.body.event;
    let told = &opened.body.event;
    let unknown = |what: &str, name: &str| NoPast::Unknown {
        what: format!("{what} `{name}`"),
    };
    let names = &charter.names;
    let index = *names
        .events
        .get(kind)
        .ok_or_else(|| unknown("event", kind))?;
    let market: MarketIx = *names
        .markets
        .get(market)
        .ok_or_else(|| unknown("market", market))?;
    let defined = charter.events.at(index);
    let data = data.as_deref().unwrap_or_default();
    let data = defined.data.iter().map(|(_, datum)| {
        let mut told = data.iter();
        let found = told.find(|(name, _)| *name == datum.name);
        found.map(|(_, value)| value.clone())
    });
    let sources = charter.sources.iter();
    let source = sources
        .filter(|(_, own)| told.source != OWN_SOURCE && own.covers(&told.source))
        .max_by_key(|(_, own)| own.name.len());
    let name = |shown: &Option<Text>| name(charter, shown.as_ref()?);
    Ok(Event {
        charter: Arc::clone(charter),
        market,
        kind: index,
        id: told.id.clone(),
        source: told.source.clone(),
        source_ix: source.map(|(source, _)| source),
        subject: name(&told.subject),
        visitor: name(&told.visitor),
        account: name(&told.account),
        about: About {
            customer: opened.body.customer,
            account: opened.body.account,
        },
        is_gpc: told.gpc,
        channel: told.channel.clone(),
        occurred_at: told.occurred_at,
        received_at: told.received_at,
        data: data.collect(),
        dropped: told.dropped,
        content: opened.header.content,
    })
}

fn found<Id: Copy + PartialEq>(states: &[StateAfter<Id>], id: Id) -> Option<Bytes> {
    let mut states = states.iter();
    states
        .find(|after| after.id == id)
        .map(|after| after.state.clone())
}

/// A name as the evidence shows it; of a hashed identity the hash, which is enough to tell that there is one.
fn name(charter: &Charter, shown: &str) -> Option<Name> {
    let (identity, value) = shown.split_once(':')?;
    Some(Name {
        identity: *charter.names.identities.get(identity)?,
        value: Text::new(value),
        former: Vec::new(),
    })
}
