//! Kill switches: put and lifted by people or the host itself, in the evidence, and heeded by the next decision (A25).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::{CacheError, Note};
use crate::charter::{Charter, did_you_mean};
use crate::encoding;
use crate::evidence::{Kind, WentLive};
use crate::ids::{Digest, Text};
use crate::limits::TEXT_BYTES;
use crate::node::{Node, Unusable};
use crate::stop::{Scope, Stop, Stops, Switch, Switched};
use crate::store::{Changes, Failed, Position, Refused, Space, View};

/// The fewest digits of a digest that name a policy.
const DIGITS: usize = 12;
/// How often a switch is tried again because the log is full: each time, what was pending has reached the disk.
const ATTEMPTS: usize = 64;

/// Why a kill switch was not moved.
#[derive(Debug, thiserror::Error)]
pub enum Unswitched {
    #[error(
        "`{0}` is no scope: it is `all`, `market:…`, `channel:…`, `moment:…`, `action:…` or `policy:sha256:…`"
    )]
    NoScope(Text),
    #[error("the charter knows no {sort} `{name}`{near}")]
    Unknown {
        sort: &'static str,
        name: Text,
        near: String,
    },
    #[error(
        "`{0}` is no policy's digest: it is `sha256:` and at least {DIGITS} of its digits, in lower case, as `GET /v1/markets` shows them"
    )]
    NoDigest(Text),
    #[error("no policy `{0}` is live or was: `GET /v1/markets` shows which are")]
    UnknownPolicy(Text),
    #[error("`{0}` names several policies: give more of its digits")]
    Ambiguous(Text),
    #[error("there is no stop `{0}`")]
    NotOn(Text),
    #[error("a stop needs a reason, which everybody will read: {{\"reason\": \"…\"}}")]
    NoReason,
    #[error("the reason is longer than {TEXT_BYTES} bytes")]
    LongReason,
    #[error("the log takes no record of it: nothing was switched")]
    Log(#[from] Refused),
    /// The switch may be lost at the next start.
    #[error("the log has failed: the host no longer acknowledges anything")]
    Failed(#[from] Failed),
}

/// Who moves the kill switches, and what their scopes may name.
pub(super) struct Switches {
    /// One writer at a time.
    switching: Mutex<()>,
    /// Policies that are or were live.
    policies: Mutex<BTreeSet<Digest>>,
}

/// Which way, of what, why and by whom.
#[derive(Clone, Debug)]
struct Order {
    scope: Scope,
    to: Switch,
    reason: Text,
    by: Text,
}

impl Switches {
    /// What the view knows.
    pub(super) fn recall(view: &View) -> Result<(Stops, Self), CacheError> {
        let mut stops = Vec::new();
        for pair in view.scan_after(Space::Stops, None) {
            let (_, value) = pair?;
            let stop: Stop = encoding::decode(&value).map_err(|source| CacheError::Unreadable {
                what: "stop",
                source,
            })?;
            stops.push(stop);
        }
        let mut policies = BTreeSet::new();
        for pair in view.scan_after(Space::Policies, None) {
            let (key, _) = pair?;
            policies.extend(<[u8; 32]>::try_from(key).map(Digest::from_bytes));
        }
        let this = Self {
            switching: Mutex::new(()),
            policies: Mutex::new(policies),
        };
        Ok((Stops::new(stops), this))
    }

    fn policies(&self) -> MutexGuard<'_, BTreeSet<Digest>> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// The kill switches that are on, as they are kept for good.
    pub async fn durable_stops(&self) -> Result<Arc<Stops>, Failed> {
        let stops = self.stops();
        let log = self.store().log();
        log.until_all(log.end()).await?;
        Ok(stops)
    }

    /// Stops what `scope` names, from the next decision on; returns once that survives a restart. One that is on already
    /// keeps its time and gets the new reason.
    pub async fn put_stop(&self, scope: &str, reason: &str, by: &str) -> Result<Stop, Unswitched> {
        if reason.trim().is_empty() {
            return Err(Unswitched::NoReason);
        }
        let order = Order {
            scope: self.scope(scope)?,
            to: Switch::On,
            reason: worded(reason)?,
            by: Text::new(by),
        };
        let (switched, position) = self.switch_patiently(&order).await?;
        self.store().log().until_durable(position).await?;
        let Switched {
            scope,
            reason,
            by,
            since,
            ..
        } = switched;
        Ok(Stop {
            scope,
            reason,
            by,
            at: since,
        })
    }

    /// Lifts a stop; returns it as it was, once that survives a restart.
    pub async fn lift_stop(&self, scope: &str, reason: &str, by: &str) -> Result<Stop, Unswitched> {
        let stop = self.stop_named(scope)?;
        let order = Order {
            scope: stop.scope.clone(),
            to: Switch::Off,
            reason: worded(reason)?,
            by: Text::new(by),
        };
        let (_, position) = self.switch_patiently(&order).await?;
        if let Scope::Policy(digest) = &stop.scope {
            self.alarms.forgive(digest);
        }
        self.store().log().until_durable(position).await?;
        Ok(stop)
    }

    /// Stops a policy on the host's own account, without waiting for the disk.
    pub(super) fn quarantine(&self, policy: Digest, reason: Text) -> Result<(), Unswitched> {
        let order = Order {
            scope: Scope::Policy(Text::new(policy.to_string())),
            to: Switch::On,
            reason,
            by: Text::new_static("kairos"),
        };
        self.switch(&order).map(|_| ())
    }

    /// A kill switch must not wait until there is less to do: it is tried again as the log gets on.
    async fn switch_patiently(&self, order: &Order) -> Result<(Switched, Position), Unswitched> {
        let mut last = Err(Unswitched::NotOn(order.scope.to_string().into()));
        for _ in 0..ATTEMPTS {
            last = self.switch(order);
            let Err(Unswitched::Log(Refused::Full { .. })) = last else {
                return last;
            };
            let log = self.store().log();
            log.until_all(log.end()).await?;
        }
        last
    }

    /// Records the switch and publishes it: one step.
    fn switch(&self, order: &Order) -> Result<(Switched, Position), Unswitched> {
        let one_at_a_time = &self.switches.switching;
        let _one_at_a_time = one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock().wall();
        let stops = self.stops();
        let before = stops.at(&order.scope);
        if before.is_none() && order.to == Switch::Off {
            return Err(Unswitched::NotOn(order.scope.to_string().into()));
        }
        let switched = Switched {
            scope: order.scope.clone(),
            to: order.to,
            reason: order.reason.clone(),
            by: order.by.clone(),
            at: now,
            since: before.map_or(now, |before| before.at),
        };
        let mut view = Changes::default();
        change(&mut view, &switched);
        let note = Note {
            kind: Kind::Stop.number(),
            record: encoding::encode(&switched),
            view,
        };
        let next = Arc::new(stops.with(&switched));
        let position = self.eras.change(
            |era| era.stops = next,
            |publish| self.cache.note_for_all(&note, publish),
        )?;
        tracing::warn!(scope = %order.scope, by = %order.by, reason = %order.reason, to = ?order.to, "a kill switch");
        Ok((switched, position))
    }

    /// The stop that is on under a name; a policy's may be shortened.
    fn stop_named(&self, name: &str) -> Result<Stop, Unswitched> {
        let scope = parsed(name)?;
        let stops = self.stops();
        if let Some(stop) = stops.at(&scope) {
            return Ok(stop.clone());
        }
        let not_on = || Unswitched::NotOn(shortened(name));
        let Scope::Policy(digits) = &scope else {
            return Err(not_on());
        };
        check_digest(digits)?;
        let named = |stop: &&Stop| match &stop.scope {
            Scope::Policy(digest) => digest.starts_with(digits.as_str()),
            _ => false,
        };
        let mut found = stops.iter().filter(named);
        match (found.next(), found.next()) {
            (Some(stop), None) => Ok(stop.clone()),
            (Some(_), Some(_)) => Err(Unswitched::Ambiguous(digits.clone())),
            (None, _) => Err(not_on()),
        }
    }

    /// A scope of which everything exists.
    fn scope(&self, name: &str) -> Result<Scope, Unswitched> {
        let scope = parsed(name)?;
        let charter = self.charter();
        match scope {
            Scope::Policy(digits) => self.policy_named(&digits).map(Scope::Policy),
            other => check(&charter, other),
        }
    }

    /// The whole digest of a policy that is or was live.
    fn policy_named(&self, digits: &Text) -> Result<Text, Unswitched> {
        check_digest(digits)?;
        let policies = self.switches.policies();
        let digests = policies.iter().map(ToString::to_string);
        let mut found = digests.filter(|digest| digest.starts_with(digits.as_str()));
        match (found.next(), found.next()) {
            (Some(digest), None) => Ok(Text::from(digest)),
            (Some(_), Some(_)) => Err(Unswitched::Ambiguous(digits.clone())),
            (None, _) => Err(Unswitched::UnknownPolicy(digits.clone())),
        }
    }

    /// Records that a policy went live.
    pub(super) fn record_policy(&self, live: &WentLive) -> Result<Position, Refused> {
        let mut view = Changes::default();
        add_policy(&mut view, live);
        let note = Note {
            kind: Kind::Policy.number(),
            record: encoding::encode(live),
            view,
        };
        let position = self.cache().note(&note)?;
        self.switches.policies().insert(live.digest);
        Ok(position)
    }
}

fn worded(reason: &str) -> Result<Text, Unswitched> {
    match reason.len() {
        0..=TEXT_BYTES => Ok(Text::new(reason.trim())),
        _ => Err(Unswitched::LongReason),
    }
}

fn parsed(name: &str) -> Result<Scope, Unswitched> {
    Scope::parse(name).ok_or_else(|| Unswitched::NoScope(shortened(name)))
}

fn shortened(name: &str) -> Text {
    name.chars().take(96).collect()
}

fn check_digest(digits: &Text) -> Result<(), Unswitched> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let hex = digits.strip_prefix("sha256:").unwrap_or_default();
    match (DIGITS..=64).contains(&hex.len()) && hex.bytes().all(is_hex) {
        true => Ok(()),
        false => Err(Unswitched::NoDigest(shortened(digits))),
    }
}

/// Whether the charter knows what the scope names.
fn check(charter: &Charter, scope: Scope) -> Result<Scope, Unswitched> {
    let names = &charter.names;
    let unknown = |sort, name: &Text, known: Vec<&Text>| Unswitched::Unknown {
        sort,
        name: shortened(name),
        near: did_you_mean(name, known.into_iter().map(Text::as_str)),
    };
    match &scope {
        Scope::Market(name) if !names.markets.contains_key(name) => {
            Err(unknown("market", name, names.markets.keys().collect()))
        }
        Scope::Channel(name) if !names.channels.contains_key(name) => {
            Err(unknown("channel", name, names.channels.keys().collect()))
        }
        Scope::Moment(name) if !names.moments.contains_key(name) => {
            Err(unknown("moment", name, names.moments.keys().collect()))
        }
        Scope::Action(name) if !names.actions.contains_key(name) => {
            Err(unknown("action", name, names.actions.keys().collect()))
        }
        Scope::All
        | Scope::Market(_)
        | Scope::Channel(_)
        | Scope::Moment(_)
        | Scope::Action(_)
        | Scope::Policy(_) => Ok(scope),
    }
}

/// What a switch changes in the view.
pub(super) fn change(changes: &mut Changes, switched: &Switched) {
    let key = switched.scope.to_string();
    match switched.stop() {
        Some(stop) => changes.put(Space::Stops, key.as_bytes(), encoding::encode(&stop)),
        None => changes.remove(Space::Stops, key.as_bytes()),
    }
}

/// What a policy that went live changes in the view.
pub(super) fn add_policy(changes: &mut Changes, live: &WentLive) {
    changes.put(
        Space::Policies,
        live.digest.as_bytes(),
        encoding::encode(live),
    );
}

/// The policies that went live, the newest last.
pub(super) fn policies(view: &View) -> Result<Vec<WentLive>, Unusable> {
    let mut policies = Vec::new();
    for pair in view.scan_after(Space::Policies, None) {
        let (_, value) = pair?;
        policies.push(encoding::decode::<WentLive>(&value)?);
    }
    policies.sort_by_key(|live| live.at);
    Ok(policies)
}
