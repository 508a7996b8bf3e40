//! Which policy is active in which market.

use std::sync::Arc;

use crate::charter::table::Index;
use crate::charter::{ActionIx, ChannelIx, Charter, Limits, Market, MarketIx, MomentIx};
use crate::clock::Span;
use crate::context::{Context, Inputs, Signal};
use crate::ids::{Digest, Text};
use crate::limits::{PATIENT_BUDGET_MS, POLICY_FUEL, POLICY_MEMORY_BYTES};
use crate::policy::binding::{self, Binding};
use crate::policy::{
    Answer, Consultation, Engines, Fault, Manifest, Reason, Refused, component, v1_0,
};

/// The policies of all markets at one instant, all bound to one charter.
#[derive(Clone)]
pub struct Policies {
    charter: Digest,
    /// By market.
    slots: Vec<Option<Arc<Active>>>,
}

/// A policy that was checked, compiled for every core, and bound to a charter.
pub struct Active {
    pub market: Text,
    pub manifest: Arc<Manifest>,
    /// As the evidence names it: `1.2.0+sha256:0123456789ab`.
    pub version: Text,
    pub digest: Digest,
    /// The charter that it is bound to: its indices are only good there.
    pub charter: Digest,
    binding: Binding,
    compiled: Arc<SharedCode>,
}

/// A policy with its place in the charter that it is bound to: nothing can keep it from going live there.
pub struct PlacedPolicy {
    place: MarketIx,
    active: Active,
}

impl PlacedPolicy {
    /// As the evidence names it.
    pub fn version(&self) -> &Text {
        &self.active.version
    }

    pub fn active(&self) -> &Active {
        &self.active
    }
}

/// A policy's code on every core, whatever charter it is bound to.
struct SharedCode {
    /// What it starts with.
    memory_bytes: u64,
    /// By core.
    policies: Vec<v1_0::Policy>,
    /// Their clock runs as long as there is a policy to interrupt.
    _engines: Arc<Engines>,
}

/// A live policy that another charter has no room for.
#[derive(Debug)]
pub struct StrandedPolicy {
    pub market: Text,
    pub version: Text,
    pub why: Refused,
}

impl Policies {
    pub fn active(&self, market: MarketIx) -> Option<&Arc<Active>> {
        self.slots.get(usize::from(market.number()))?.as_ref()
    }

    /// No policy at all, under a charter.
    pub fn none(charter: &Charter) -> Self {
        Self {
            charter: charter.digest,
            slots: Vec::new(),
        }
    }

    /// One policy alone, under the charter that it is bound to.
    pub fn of_one(active: Active, charter: &Charter) -> Result<Self, Refused> {
        Ok(Self::none(charter).with(active.fitted(charter)?))
    }

    /// These, with one made its market's. What is bound to another charter goes.
    #[must_use]
    pub fn with(&self, fitted: PlacedPolicy) -> Self {
        let PlacedPolicy { place, active } = fitted;
        let mut next = self.clone();
        if next.charter != active.charter {
            next.charter = active.charter;
            next.slots.clear();
        }
        next.put(place, Arc::new(active));
        next
    }

    /// All of them bound to another charter; or those that it would strand.
    pub fn rebound(&self, charter: &Charter) -> Result<Self, Vec<StrandedPolicy>> {
        let mut next = Self::none(charter);
        let mut stranded = Vec::new();
        for active in self.slots.iter().flatten() {
            let place = binding::market_named(charter, &active.market);
            match place.and_then(|place| Ok((place, active.rebound(charter)?))) {
                Ok((place, active)) => next.put(place, Arc::new(active)),
                Err(why) => stranded.push(StrandedPolicy {
                    market: active.market.clone(),
                    version: active.version.clone(),
                    why,
                }),
            }
        }
        if stranded.is_empty() {
            Ok(next)
        } else {
            Err(stranded)
        }
    }

    fn put(&mut self, market: MarketIx, active: Arc<Active>) {
        let place = usize::from(market.number());
        if self.slots.len() <= place {
            self.slots.resize(place + 1, None);
        }
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(active);
        }
    }
}

impl Active {
    /// Checks and compiles `wasm` for `market` without making it anybody's policy.
    pub fn check(
        engines: &Arc<Engines>,
        market: &str,
        wasm: &[u8],
        charter: &Charter,
    ) -> Result<Self, Refused> {
        let market = charter.widest(binding::market_named(charter, market)?);
        let digest = Digest::of(wasm);
        let loaded = component::load(engines, wasm, digest)?;
        check_memory(loaded.memory_bytes, market)?;
        let manifest = match loaded.policies.first() {
            Some(policy) => policy
                .describe(&patient(&market.limits))
                .map_err(Refused::Describe)?,
            None => return Err(Refused::DoesNotFit("there is no core".into())),
        };
        let binding = Binding::of(&manifest, charter, market).map_err(Refused::Manifest)?;
        Ok(Self {
            market: market.name.clone(),
            version: version(&manifest, digest),
            manifest: Arc::new(manifest),
            digest,
            charter: charter.digest,
            binding,
            compiled: Arc::new(SharedCode {
                memory_bytes: loaded.memory_bytes,
                policies: loaded.policies,
                _engines: Arc::clone(engines),
            }),
        })
    }

    /// What a policy of any time says of itself, whatever charter it was bound to. Slow: outside of the serving path.
    pub fn describe(engines: &Engines, wasm: &[u8]) -> Result<Manifest, Refused> {
        /// As much as a charter may ever allow.
        const WIDEST: Limits = Limits {
            fuel: POLICY_FUEL,
            time: Span::from_millis(PATIENT_BUDGET_MS),
            memory_bytes: POLICY_MEMORY_BYTES,
            violations_per_hour: 0,
            real_time_moments: 0,
            local_fields: 0,
        };
        let loaded = component::load(engines, wasm, Digest::of(wasm))?;
        match loaded.policies.first() {
            Some(policy) => policy.describe(&WIDEST).map_err(Refused::Describe),
            None => Err(Refused::DoesNotFit("there is no core".into())),
        }
    }

    /// The same policy and the same compiled code, by another charter's indices.
    pub fn rebound(&self, charter: &Charter) -> Result<Self, Refused> {
        let market = charter.widest(binding::market_named(charter, &self.market)?);
        check_memory(self.compiled.memory_bytes, market)?;
        let binding = Binding::of(&self.manifest, charter, market).map_err(Refused::Manifest)?;
        Ok(Self {
            market: self.market.clone(),
            version: self.version.clone(),
            manifest: Arc::clone(&self.manifest),
            digest: self.digest,
            charter: charter.digest,
            binding,
            compiled: Arc::clone(&self.compiled),
        })
    }

    /// With its place in the charter; bound to that first, where it is bound to another.
    pub fn fitted(self, charter: &Charter) -> Result<PlacedPolicy, Refused> {
        let active = match self.charter == charter.digest {
            true => self,
            false => self.rebound(charter)?,
        };
        let place = binding::market_named(charter, &active.market)?;
        Ok(PlacedPolicy { place, active })
    }

    /// What the policy is given at `moment`; `None` where it does not handle it.
    pub fn inputs(&self, moment: MomentIx) -> Option<&Inputs> {
        self.binding
            .inputs
            .iter()
            .find(|inputs| inputs.moment == moment)
    }

    /// Every moment that the policy handles.
    pub fn all_inputs(&self) -> &[Inputs] {
        &self.binding.inputs
    }

    /// Whether its manifest declares that action over that channel at that moment.
    pub fn may_propose(&self, moment: MomentIx, action: ActionIx, channel: ChannelIx) -> bool {
        self.binding
            .proposes
            .binary_search(&(moment, action, channel))
            .is_ok()
    }

    pub fn reason(&self, code: &str) -> Option<&Reason> {
        self.manifest.reason(code)
    }

    /// Asks the policy, in a fresh sandbox of `core`.
    pub fn ask(
        &self,
        core: usize,
        limits: &Limits,
        signal: &Signal,
        context: &Context,
    ) -> Consultation {
        match self.compiled.policies.get(core) {
            Some(policy) => policy.decide(limits, &self.manifest, signal, context),
            None => Consultation {
                answer: Answer::Fault(Fault::NoRoom),
                fuel: 0,
                micros: 0,
            },
        }
    }
}

fn check_memory(declared: u64, market: &Market) -> Result<(), Refused> {
    if declared <= market.limits.memory_bytes as u64 {
        return Ok(());
    }
    Err(Refused::Memory {
        market: market.name.clone(),
        declared,
        allowed: market.limits.memory_bytes,
    })
}

fn version(manifest: &Manifest, digest: Digest) -> Text {
    const SHORT: usize = "sha256:".len() + 12;
    let digest = digest.to_string();
    let short = digest.get(..SHORT).unwrap_or(&digest);
    Text::from(format!("{}+{short}", manifest.version))
}

/// Nobody waits for what a policy says of itself: how busy the machine is must not refuse it, and fuel bounds it all the same.
fn patient(limits: &Limits) -> Limits {
    Limits {
        time: Span::from_millis(PATIENT_BUDGET_MS),
        ..*limits
    }
}
