//! The kill switches: moved by people or by the host itself, recorded and published in one step (A25).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::{CacheError, Note};
use crate::encoding;
use crate::evidence::{Kind, WentLive};
use crate::ids::{Digest, Text};
use crate::node::{Node, Unusable};
use crate::stop::{Scope, Stop, Stops, Switch, SwitchRecord};
use crate::store::{Changes, Position, Refused, Space, View};

/// Who moves the kill switches, and what their scopes may name.
pub(crate) struct Switches {
    /// One writer at a time.
    switching: Mutex<()>,
    /// Policies that are or were live.
    policies: Mutex<BTreeSet<Digest>>,
}

/// Which way, of what, why and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) scope: Scope,
    pub(crate) to: Switch,
    pub(crate) reason: Text,
    pub(crate) by: Text,
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

    pub(crate) fn policies(&self) -> MutexGuard<'_, BTreeSet<Digest>> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// Stops a policy on the host's own account, without waiting for the disk.
    pub(super) fn quarantine(&self, policy: Digest, reason: Text) -> Result<(), Refused> {
        let order = Order {
            scope: Scope::Policy(Text::new(policy.to_string())),
            to: Switch::On,
            reason,
            by: Text::new_static("kairos"),
        };
        self.switch(&order).map(|_| ())
    }

    /// Records the switch and publishes it: one step. `None` where what is to be lifted is not on.
    pub(crate) fn switch(
        &self,
        order: &Order,
    ) -> Result<Option<(SwitchRecord, Position)>, Refused> {
        let one_at_a_time = &self.switches.switching;
        let _one_at_a_time = one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock().wall();
        let stops = self.stops();
        let before = stops.at(&order.scope);
        if before.is_none() && order.to == Switch::Off {
            return Ok(None);
        }
        let switched = SwitchRecord {
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
        Ok(Some((switched, position)))
    }

    /// Records that a policy went live.
    pub(crate) fn record_policy(&self, live: &WentLive) -> Result<Position, Refused> {
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

/// What a switch changes in the view.
pub(super) fn change(changes: &mut Changes, switched: &SwitchRecord) {
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
pub(crate) fn policies(view: &View) -> Result<Vec<WentLive>, Unusable> {
    let mut policies = Vec::new();
    for pair in view.scan_after(Space::Policies, None) {
        let (_, value) = pair?;
        policies.push(encoding::decode::<WentLive>(&value)?);
    }
    policies.sort_by_key(|live| live.at);
    Ok(policies)
}
