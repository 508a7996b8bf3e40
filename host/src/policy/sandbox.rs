//! One call into a policy: a fresh store and a fresh instance, every resource bounded, every failure named.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmtime::component::{Instance, InstancePre};
use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Store, Trap};

use crate::charter::Limits;
use crate::clock::Stopwatch;
use crate::ids::Text;
use crate::limits::{PATIENT_BUDGET_MS, POLICY_FUEL, POLICY_MEMORY_BYTES, POLICY_TEXT_BYTES};
use crate::policy::Fault;
use crate::policy::engine::{CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES, TICK_MS};

/// The most that a policy may hand over in one call, in bytes of the host's memory: lifting never allocates more.
const ANSWER_BYTES: usize = 512 * 1024;
/// A policy has no resources; an instance with a table of them is hostile.
const HANDLES: usize = 64;

/// What came of one call.
pub(super) struct Run<R> {
    pub(super) outcome: Result<R, Fault>,
    pub(super) fuel: u64,
    pub(super) micros: u64,
}

/// Runs `body` in a fresh instance.
pub(super) fn call<R>(
    policy: &InstancePre<Bounds>,
    limits: &Limits,
    body: impl FnOnce(&mut Store<Bounds>, &Instance) -> wasmtime::Result<R>,
) -> Run<R> {
    let watch = Stopwatch::start();
    let allowed = limits.fuel.min(POLICY_FUEL);
    let mut store = Store::new(policy.engine(), Bounds::of(limits));
    let called = catch_unwind(AssertUnwindSafe(|| {
        prepare(&mut store, limits, allowed)?;
        let instance = policy.instantiate(&mut store)?;
        body(&mut store, &instance)
    }));
    let outcome = match called {
        Ok(result) => result.map_err(|error| fault_of(&error)),
        Err(_panic) => Err(Fault::Trapped {
            why: Text::new_static("the sandbox itself failed"),
        }),
    };
    // A store that has trapped is never used again: it goes with this call.
    let left = store.get_fuel().unwrap_or(0);
    drop(store);
    Run {
        outcome,
        fuel: allowed.saturating_sub(left),
        micros: u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX),
    }
}

fn prepare(store: &mut Store<Bounds>, limits: &Limits, fuel: u64) -> wasmtime::Result<()> {
    store.limiter(|bounds| bounds);
    store.set_fuel(fuel)?;
    let millis = limits.time.millis().min(PATIENT_BUDGET_MS);
    // One more: the tick under way counts as a whole one.
    store.set_epoch_deadline(millis.div_ceil(TICK_MS) + 1);
    store.set_hostcall_fuel(ANSWER_BYTES);
    store.set_max_component_handles(HANDLES);
    Ok(())
}

fn fault_of(error: &wasmtime::Error) -> Fault {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return fault_of_trap(*trap);
    }
    if error.is::<OverMemory>() {
        return Fault::OutOfMemory;
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Fault::NoRoom;
    }
    // No trap of its own, so the canonical interface was broken: a bad pointer, a bad discriminant, too much.
    Fault::Nonsense {
        what: clipped(&error.root_cause().to_string()),
    }
}

fn fault_of_trap(trap: Trap) -> Fault {
    match trap {
        Trap::OutOfFuel => Fault::OutOfFuel,
        Trap::Interrupt => Fault::OutOfTime,
        Trap::AllocationTooLarge => Fault::OutOfMemory,
        Trap::InvalidChar
        | Trap::InvalidDiscriminant
        | Trap::ListOutOfBounds
        | Trap::StringOutOfBounds
        | Trap::UnalignedPointer => Fault::Nonsense {
            what: clipped(&trap.to_string()),
        },
        other => Fault::Trapped {
            why: clipped(&other.to_string()),
        },
    }
}

/// As much of a text as a policy may return.
pub(super) fn clipped(text: &str) -> Text {
    let end = text.floor_char_boundary(POLICY_TEXT_BYTES);
    Text::new(text.get(..end).unwrap_or_default())
}

/// What one instance may grow to.
pub(super) struct Bounds {
    memory_bytes: usize,
}

/// Thrown where a policy would grow over its bounds; so the fault has a type and not only words.
#[derive(Debug, thiserror::Error)]
#[error("more memory than allowed")]
struct OverMemory;

impl Bounds {
    fn of(limits: &Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes.min(POLICY_MEMORY_BYTES),
        }
    }
}

impl ResourceLimiter for Bounds {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        within(desired, self.memory_bytes, maximum)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(OverMemory.into())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        within(desired, TABLE_ELEMENTS, maximum)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(OverMemory.into())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

/// A policy that asks for too much is ended at once: what it would do without the memory is nobody's business.
fn within(desired: usize, allowed: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
    if desired > allowed || maximum.is_some_and(|maximum| desired > maximum) {
        return Err(OverMemory.into());
    }
    Ok(true)
}
