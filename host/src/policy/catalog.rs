//! Which policy is active in which market: loaded as a whole, swapped at once, read without a lock.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::charter::table::Index;
use crate::charter::{ActionIx, ChannelIx, Charter, Limits, MarketIx, MomentIx};
use crate::context::{Context, Inputs, Signal};
use crate::ids::{Digest, Text};
use crate::policy::binding::{self, Binding};
use crate::policy::{Answer, Asked, Engines, Fault, Manifest, Reason, Refused, component, v1_0};

/// The active policies of all markets.
pub struct Catalog {
    engines: Arc<Engines>,
    /// By market. What is being asked keeps its version until it has answered.
    published: ArcSwap<Vec<Option<Arc<Active>>>>,
    /// One writer at a time.
    publishing: Mutex<()>,
}

/// A policy that was checked, compiled for every core, and bound to a charter.
pub struct Active {
    pub market: Text,
    pub manifest: Manifest,
    /// As the evidence names it: `1.2.0+sha256:0123456789ab`.
    pub version: Text,
    pub digest: Digest,
    /// The charter that it is bound to: its indices are only good there.
    pub charter: Digest,
    binding: Binding,
    /// By core.
    policies: Vec<v1_0::Policy>,
    /// Their clock runs as long as there is a policy to interrupt.
    _engines: Arc<Engines>,
}

impl Catalog {
    pub fn new(engines: Arc<Engines>) -> Self {
        Self {
            engines,
            published: ArcSwap::default(),
            publishing: Mutex::new(()),
        }
    }

    pub fn engines(&self) -> &Arc<Engines> {
        &self.engines
    }

    /// Checks `wasm`, loads it into every core, binds it to the charter and makes it the market's policy.
    ///
    /// Slow: call it outside of the serving path. After a refusal the market keeps the policy that it had.
    pub fn load(
        &self,
        market: &str,
        wasm: &[u8],
        charter: &Charter,
    ) -> Result<Arc<Active>, Refused> {
        let (index, active) = Active::prepare(&self.engines, market, wasm, charter)?;
        let active = Arc::new(active);
        self.publish(|slots| {
            // Under an earlier charter the market may have had another place.
            forget(slots, market);
            let place = usize::from(index.number());
            if slots.len() <= place {
                slots.resize(place + 1, None);
            }
            if let Some(slot) = slots.get_mut(place) {
                *slot = Some(Arc::clone(&active));
            }
        });
        Ok(active)
    }

    /// Leaves the market without a policy.
    pub fn retire(&self, market: &str) {
        self.publish(|slots| forget(slots, market));
    }

    pub fn active(&self, market: MarketIx) -> Option<Arc<Active>> {
        self.published
            .load()
            .get(usize::from(market.number()))?
            .clone()
    }

    fn publish(&self, change: impl FnOnce(&mut Vec<Option<Arc<Active>>>)) {
        let _one_at_a_time = self
            .publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut next = Vec::clone(&self.published.load());
        change(&mut next);
        self.published.store(Arc::new(next));
    }
}

fn forget(slots: &mut [Option<Arc<Active>>], market: &str) {
    for slot in slots {
        if slot.as_ref().is_some_and(|active| active.market == market) {
            *slot = None;
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
        Self::prepare(engines, market, wasm, charter).map(|(_, active)| active)
    }

    fn prepare(
        engines: &Arc<Engines>,
        name: &str,
        wasm: &[u8],
        charter: &Charter,
    ) -> Result<(MarketIx, Self), Refused> {
        let index = binding::market_named(charter, name)?;
        let market = charter.markets.at(index);
        let digest = Digest::of(wasm);
        let loaded = component::load(engines, wasm, digest)?;
        if loaded.memory_bytes > market.limits.memory_bytes as u64 {
            return Err(Refused::Memory {
                market: market.name.clone(),
                declared: loaded.memory_bytes,
                allowed: market.limits.memory_bytes,
            });
        }
        let manifest = match loaded.policies.first() {
            Some(policy) => policy.describe(&market.limits).map_err(Refused::Describe)?,
            None => return Err(Refused::DoesNotFit("there is no core".into())),
        };
        let binding = Binding::of(&manifest, charter, market).map_err(Refused::Manifest)?;
        let active = Self {
            market: market.name.clone(),
            version: version(&manifest, digest),
            manifest,
            digest,
            charter: charter.digest,
            binding,
            policies: loaded.policies,
            _engines: Arc::clone(engines),
        };
        Ok((index, active))
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
    pub fn ask(&self, core: usize, limits: &Limits, signal: &Signal, context: &Context) -> Asked {
        match self.policies.get(core) {
            Some(policy) => policy.decide(limits, &self.manifest, signal, context),
            None => Asked {
                answer: Answer::Fault(Fault::NoRoom),
                fuel: 0,
                micros: 0,
            },
        }
    }
}

fn version(manifest: &Manifest, digest: Digest) -> Text {
    const SHORT: usize = "sha256:".len() + 12;
    let digest = digest.to_string();
    let short = digest.get(..SHORT).unwrap_or(&digest);
    Text::from(format!("{}+{short}", manifest.version))
}
