//! Kill switches: who stopped what, and why. Kept by name, so that they outlive any charter and any policy.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::ids::{Digest, Text};

/// One kill switch that is on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stop {
    pub scope: Scope,
    pub reason: Text,
    /// The caller who gave the reason, or `kairos` for the host itself.
    pub by: Text,
    /// Since when it is on.
    pub at: Instant,
}

/// A kill switch that was put or lifted, as the evidence keeps it (A25).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SwitchRecord {
    pub scope: Scope,
    pub to: Switch,
    /// Empty where it was lifted without one.
    pub reason: Text,
    pub by: Text,
    pub at: Instant,
    /// Since when it is on, or was; one that is on already keeps its time and gets the new reason.
    pub since: Instant,
}

/// Which way a kill switch was moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Switch {
    On,
    Off,
}

impl SwitchRecord {
    /// The kill switch as it is afterwards; `None` where it is off.
    pub fn stop(&self) -> Option<Stop> {
        (self.to == Switch::On).then(|| Stop {
            scope: self.scope.clone(),
            reason: self.reason.clone(),
            by: self.by.clone(),
            at: self.since,
        })
    }
}

/// What a kill switch is for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Scope {
    All,
    Market(Text),
    Channel(Text),
    Moment(Text),
    Action(Text),
    /// A policy by its digest, at least twelve digits of it: `sha256:0123456789ab`. The market's fallback answers instead.
    Policy(Text),
}

impl Scope {
    /// Reads `all`, `market:de`, `channel:email`, `moment:…`, `action:…` or `policy:sha256:…`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        let (sort, name) = text.split_once(':').filter(|(_, name)| !name.is_empty())?;
        let name = Text::new(name);
        Some(match sort {
            "market" => Self::Market(name),
            "channel" => Self::Channel(name),
            "moment" => Self::Moment(name),
            "action" => Self::Action(name),
            "policy" => Self::Policy(name),
            _ => return None,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Market(name) => write!(f, "market:{name}"),
            Self::Channel(name) => write!(f, "channel:{name}"),
            Self::Moment(name) => write!(f, "moment:{name}"),
            Self::Action(name) => write!(f, "action:{name}"),
            Self::Policy(digest) => write!(f, "policy:{digest}"),
        }
    }
}

/// Every kill switch that is on, the oldest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stops(Vec<Stop>);

impl Stops {
    pub fn new(mut stops: Vec<Stop>) -> Self {
        stops.sort_by(|one, other| (one.at, &one.scope).cmp(&(other.at, &other.scope)));
        Self(stops)
    }

    /// The same after one was put or lifted.
    pub fn with(&self, switched: &SwitchRecord) -> Self {
        let others = self.0.iter().filter(|stop| stop.scope != switched.scope);
        Self::new(others.cloned().chain(switched.stop()).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Stop> {
        self.0.iter()
    }

    pub fn at(&self, scope: &Scope) -> Option<&Stop> {
        self.0.iter().find(|stop| stop.scope == *scope)
    }

    /// What stops every decision of a moment in a market.
    pub fn of_decision(&self, market: &str, moment: &str) -> Option<&Stop> {
        self.0.iter().find(|stop| match &stop.scope {
            Scope::All => true,
            Scope::Market(name) => name == market,
            Scope::Moment(name) => name == moment,
            Scope::Channel(_) | Scope::Action(_) | Scope::Policy(_) => false,
        })
    }

    /// What stops an action over a channel.
    pub fn of_action(&self, action: &str, channel: &str) -> Option<&Stop> {
        self.0.iter().find(|stop| match &stop.scope {
            Scope::Action(name) => name == action,
            Scope::Channel(name) => name == channel,
            Scope::All | Scope::Market(_) | Scope::Moment(_) | Scope::Policy(_) => false,
        })
    }

    /// What stops a policy.
    pub fn of_policy(&self, digest: Digest) -> Option<&Stop> {
        let mut stops = self
            .0
            .iter()
            .filter_map(|stop| match &stop.scope {
                Scope::Policy(named) => Some((stop, named)),
                _ => None,
            })
            .peekable();
        stops.peek()?;
        let digest = digest.to_string();
        stops
            .find(|(_, named)| digest.starts_with(named.as_str()))
            .map(|(stop, _)| stop)
    }
}
