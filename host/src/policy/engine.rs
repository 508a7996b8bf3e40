//! One engine and one pool of sandboxes per core, and the clock that interrupts what runs too long.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy,
};

use crate::limits::POLICY_MEMORY_BYTES;
use crate::policy::compiled::{CodeFolder, Unsafe};

/// How often running policies are looked at, in milliseconds: the grain of their time limit.
pub(super) const TICK_MS: u64 = 1;
/// A policy's own stack, in bytes; what overflows is a trap, while the host's own stack overflowing ends the process.
const STACK_BYTES: usize = 256 * 1024;
/// A sandbox's memory up to this size is wiped in place instead of given back, which would cost a page fault per page.
const RESIDENT_BYTES: usize = 2 * 1024 * 1024;
/// What one slot of the pool reserves: all that a 32-bit memory can address, and the guard behind it.
const SLOT_BYTES: u64 = (4 << 30) + (32 << 20);
/// How much address space all pools may reserve together: a quarter of what a process has.
const ADDRESS_SPACE_BYTES: u64 = 32 << 40;
pub(super) const CORE_INSTANCES: u32 = 4;
pub(super) const MEMORIES: u32 = 1;
pub(super) const TABLES: u32 = 2;
pub(super) const TABLE_ELEMENTS: usize = 10_000;
const COMPONENT_BYTES: usize = 256 * 1024;
const BACKTRACE_FRAMES: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN;

/// How many engines there are, and how much they hold.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that ask policies; each has an engine of its own.
    pub cores: usize,
    /// How many markets there may be: each keeps a warm sandbox on every core.
    pub markets: usize,
    /// How many calls one core may have under way at once; loading a policy counts as one.
    pub calls_per_core: usize,
    /// The folder for compiled code; compiled anew at every start where none.
    pub cache: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cores: 1,
            markets: 50,
            calls_per_core: 4,
            cache: None,
        }
    }
}

/// Why the engines could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Unstartable {
    #[error(
        "the sandboxes of {cores} cores and {markets} markets do not fit: raise `ulimit -v`, or serve fewer cores"
    )]
    NoEngine {
        cores: usize,
        markets: usize,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("there must be at least one core")]
    NoCore,
    #[error("the folder for compiled policies cannot be used")]
    Cache(#[source] Unsafe),
    #[error("the thread that watches policies did not start")]
    Ticker(#[source] std::io::Error),
}

/// The engines of all cores.
pub struct Engines {
    engines: Vec<Engine>,
    compiled: Option<CodeFolder>,
    _ticker: Ticker,
}

impl Engines {
    /// Reserves the sandboxes of every core and starts the clock that interrupts them.
    pub fn new(settings: &Settings) -> Result<Self, Unstartable> {
        if settings.cores == 0 {
            return Err(Unstartable::NoCore);
        }
        let config = config(settings);
        let engines = (0..settings.cores)
            .map(|_| Engine::new(&config))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|failure| Unstartable::NoEngine {
                cores: settings.cores,
                markets: settings.markets,
                source: failure.into(),
            })?;
        let compiled = settings
            .cache
            .as_deref()
            .map(CodeFolder::open)
            .transpose()
            .map_err(Unstartable::Cache)?;
        let ticker = Ticker::start(engines.clone()).map_err(Unstartable::Ticker)?;
        Ok(Self {
            engines,
            compiled,
            _ticker: ticker,
        })
    }

    pub fn cores(&self) -> usize {
        self.engines.len()
    }

    pub(super) fn of_each_core(&self) -> &[Engine] {
        &self.engines
    }

    pub(super) fn compiled(&self) -> Option<&CodeFolder> {
        self.compiled.as_ref()
    }
}

fn config(settings: &Settings) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)))
        .memory_init_cow(true)
        .max_wasm_stack(STACK_BYTES)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true);
    // A policy needs none of these, and each has had its holes.
    config
        .concurrency_support(false)
        .shared_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let wanted = settings.markets + settings.calls_per_core;
    let fits = ADDRESS_SPACE_BYTES / SLOT_BYTES / settings.cores.max(1) as u64;
    let slots = u32::try_from(fits.min(wanted as u64).max(1)).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(TABLES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .max_memory_size(POLICY_MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .max_component_instance_size(COMPONENT_BYTES)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(TABLE_ELEMENTS * size_of::<usize>())
        .max_unused_warm_slots(slots)
        // Nothing is ever given back, so nothing is gained by doing it together: the slot that is still in the caches is next.
        .decommit_batch_size(1)
        .pagemap_scan(Enabled::No);
    pool
}

/// The clock of the time limits. An own thread of the operating system: a policy that spins cannot keep it waiting.
struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engines: Vec<Engine>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("kairos-epochs".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(TICK_MS));
                    engines.iter().for_each(Engine::increment_epoch);
                }
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of that thread has been reported already.
            let _ = thread.join();
        }
    }
}
