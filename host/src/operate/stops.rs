//! Kill switches: put and lifted by people, in the evidence, and heeded by the next decision (A25).

use std::sync::Arc;

use crate::charter::{Charter, did_you_mean};
use crate::ids::Text;
use crate::limits::TEXT_BYTES;
use crate::node::Node;
use crate::node::switches::Order;
use crate::stop::{Scope, Stop, Stops, Switch, SwitchRecord};
use crate::store::{Failed, Position, Refused};

/// The fewest digits of a digest that name a policy.
const DIGITS: usize = 12;
/// How often a switch is tried again because the log is full: each time, what was pending has reached the disk.
const ATTEMPTS: usize = 64;

/// Why a kill switch was not moved.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
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
    pub async fn put_stop(&self, scope: &str, reason: &str, by: &str) -> Result<Stop, SwitchError> {
        if reason.trim().is_empty() {
            return Err(SwitchError::NoReason);
        }
        let order = Order {
            scope: self.scope(scope)?,
            to: Switch::On,
            reason: worded(reason)?,
            by: Text::new(by),
        };
        let (switched, position) = self.switch_patiently(&order).await?;
        self.store().log().until_durable(position).await?;
        let SwitchRecord {
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
    pub async fn lift_stop(
        &self,
        scope: &str,
        reason: &str,
        by: &str,
    ) -> Result<Stop, SwitchError> {
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

    /// A kill switch must not wait until there is less to do: it is tried again as the log gets on.
    async fn switch_patiently(
        &self,
        order: &Order,
    ) -> Result<(SwitchRecord, Position), SwitchError> {
        let not_on = || SwitchError::NotOn(order.scope.to_string().into());
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.switch(order) {
                Err(Refused::Full { .. }) if attempt < ATTEMPTS => {}
                switched => return switched?.ok_or_else(not_on),
            }
            let log = self.store().log();
            log.until_all(log.end()).await?;
        }
    }

    /// The stop that is on under a name; a policy's may be shortened.
    fn stop_named(&self, name: &str) -> Result<Stop, SwitchError> {
        let scope = parsed(name)?;
        let stops = self.stops();
        if let Some(stop) = stops.at(&scope) {
            return Ok(stop.clone());
        }
        let not_on = || SwitchError::NotOn(shortened(name));
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
            (Some(_), Some(_)) => Err(SwitchError::Ambiguous(digits.clone())),
            (None, _) => Err(not_on()),
        }
    }

    /// A scope of which everything exists.
    fn scope(&self, name: &str) -> Result<Scope, SwitchError> {
        let scope = parsed(name)?;
        let charter = self.charter();
        match scope {
            Scope::Policy(digits) => self.policy_named(&digits).map(Scope::Policy),
            other => check(&charter, other),
        }
    }

    /// The whole digest of a policy that is or was live.
    fn policy_named(&self, digits: &Text) -> Result<Text, SwitchError> {
        check_digest(digits)?;
        let policies = self.switches.policies();
        let digests = policies.iter().map(ToString::to_string);
        let mut found = digests.filter(|digest| digest.starts_with(digits.as_str()));
        match (found.next(), found.next()) {
            (Some(digest), None) => Ok(Text::from(digest)),
            (Some(_), Some(_)) => Err(SwitchError::Ambiguous(digits.clone())),
            (None, _) => Err(SwitchError::UnknownPolicy(digits.clone())),
        }
    }
}

fn worded(reason: &str) -> Result<Text, SwitchError> {
    match reason.len() {
        0..=TEXT_BYTES => Ok(Text::new(reason.trim())),
        _ => Err(SwitchError::LongReason),
    }
}

fn parsed(name: &str) -> Result<Scope, SwitchError> {
    Scope::parse(name).ok_or_else(|| SwitchError::NoScope(shortened(name)))
}

fn shortened(name: &str) -> Text {
    name.chars().take(96).collect()
}

fn check_digest(digits: &Text) -> Result<(), SwitchError> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let hex = digits.strip_prefix("sha256:").unwrap_or_default();
    match (DIGITS..=64).contains(&hex.len()) && hex.bytes().all(is_hex) {
        true => Ok(()),
        false => Err(SwitchError::NoDigest(shortened(digits))),
    }
}

/// Whether the charter knows what the scope names.
fn check(charter: &Charter, scope: Scope) -> Result<Scope, SwitchError> {
    let names = &charter.names;
    let unknown = |sort, name: &Text, known: Vec<&Text>| SwitchError::Unknown {
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
