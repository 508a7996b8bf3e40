//! From a policy's file to code on every core: what it is, what it imports and exports, compiled within bounds.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use wasmparser::{ElementItems, ElementSectionReader, Payload};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::ids::{Digest, Text};
use crate::limits::POLICY_FILE_BYTES;
use crate::policy::engine::{Engines, TABLE_ELEMENTS, TABLES};
use crate::policy::{Refused, v1_0};

/// The newest interface that this host speaks.
const NEWEST: &str = "kairos:policy/policy@1.0.0";
const NEWEST_MINOR: u64 = 0;
/// How long a policy may be compiled, in seconds; a policy in Rust needs well under one.
const COMPILE_SECONDS: u64 = 120;
/// The compiler's own stack, in bytes: deep nesting in a policy must not overflow it.
const COMPILER_STACK_BYTES: usize = 32 * 1024 * 1024;
/// A page of WebAssembly.
const PAGE_BYTES: u64 = 64 * 1024;
const MODULES: u32 = 32;
const COMPONENTS: u32 = 16;
const INSTANCES_OF_MODULES: u32 = 64;
const INSTANCES_OF_COMPONENTS: u32 = 16;
/// More than this no table can hold, and compiling a million takes minutes.
const ENTRIES: u32 = TABLES * TABLE_ELEMENTS as u32;
const MAGIC: &[u8] = b"\0asm";
const CORE: &[u8] = &[1, 0, 0, 0];
const COMPONENT: &[u8] = &[0x0d, 0, 1, 0];

/// A policy's code, ready on every core.
pub(super) struct PolicyCode {
    /// By core.
    pub(super) policies: Vec<v1_0::Policy>,
    /// The memory that it starts with, in bytes.
    pub(super) memory_bytes: u64,
}

/// Checks and compiles `wasm` for every core.
pub(super) fn load(engines: &Engines, wasm: &[u8], digest: Digest) -> Result<PolicyCode, Refused> {
    check_file(wasm)?;
    check_parts(wasm)?;
    let Some(first) = engines.of_each_core().first() else {
        return Err(Refused::DoesNotFit("there is no core".into()));
    };
    let kept = engines.compiled().and_then(|kept| kept.find(digest, first));
    let is_new = kept.is_none();
    let code = match kept {
        Some(code) => code,
        None => compile(first, wasm)?,
    };
    let component = revive(first, &code)?;
    let interface = check_world(first, &component)?;
    let policies = engines
        .of_each_core()
        .iter()
        .map(|engine| v1_0::Policy::new(engine, &revive(engine, &code)?, &interface))
        .collect::<Result<_, _>>()?;
    if let (true, Some(kept)) = (is_new, engines.compiled()) {
        kept.keep(digest, first, &code);
    }
    Ok(PolicyCode {
        policies,
        memory_bytes: component
            .resources_required()
            .and_then(|needs| needs.max_initial_memory_size)
            .map_or(0, |pages| pages.saturating_mul(PAGE_BYTES)),
    })
}

fn check_file(wasm: &[u8]) -> Result<(), Refused> {
    let bytes = wasm.len() as u64;
    if bytes > POLICY_FILE_BYTES {
        return Err(Refused::TooLarge { bytes });
    }
    match wasm.strip_prefix(MAGIC) {
        Some(rest) if rest.starts_with(COMPONENT) => Ok(()),
        Some(rest) if rest.starts_with(CORE) => Err(Refused::CoreModule),
        Some(_) => Err(Refused::Damaged("an unknown version of WebAssembly".into())),
        None => Err(Refused::NotWasm),
    }
}

/// Counts what the compiler would unroll: nested components that instantiate each other twice per level take a few bytes
/// each, and all memory of the host. With these bounds the worst is a few thousand instances.
fn check_parts(wasm: &[u8]) -> Result<(), Refused> {
    let mut parts = [
        ("core modules", MODULES, 0_u32),
        ("nested components", COMPONENTS, 0),
        ("instances of core modules", INSTANCES_OF_MODULES, 0),
        ("instances of components", INSTANCES_OF_COMPONENTS, 0),
        ("entries for tables", ENTRIES, 0),
    ];
    let [modules, components, core_instances, instances, elements] = &mut parts;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let ((.., sum), more) = match payload.map_err(|failure| Refused::Damaged(failure.into()))? {
            Payload::ModuleSection { .. } => (&mut *modules, 1),
            Payload::ComponentSection { .. } => (&mut *components, 1),
            Payload::InstanceSection(section) => (&mut *core_instances, section.count()),
            Payload::ComponentInstanceSection(section) => (&mut *instances, section.count()),
            Payload::ElementSection(section) => (&mut *elements, entries(section)?),
            _ => continue,
        };
        // What a section says of itself is not to be trusted.
        *sum = sum.saturating_add(more);
    }
    match parts.into_iter().find(|(_, most, count)| count > most) {
        Some((what, most, count)) => Err(Refused::TooManyParts { what, count, most }),
        None => Ok(()),
    }
}

fn entries(section: ElementSectionReader<'_>) -> Result<u32, Refused> {
    section.into_iter().try_fold(0_u32, |sum, element| {
        let element = element.map_err(|failure| Refused::Damaged(failure.into()))?;
        let count = match element.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => expressions.count(),
        };
        Ok(sum.saturating_add(count))
    })
}

fn check_world(engine: &Engine, component: &Component) -> Result<Text, Refused> {
    let world = component.component_type();
    let imports: Vec<_> = world
        .imports(engine)
        .map(|(name, _)| Text::new(name))
        .collect();
    if !imports.is_empty() {
        return Err(Refused::Imports { names: imports });
    }
    let exports: Vec<_> = world
        .exports(engine)
        .map(|(name, _)| Text::new(name))
        .collect();
    let Some((interface, minor)) = exports
        .iter()
        .find_map(|name| Some((name.clone(), minor_of(name)?)))
    else {
        return Err(Refused::NoPolicy {
            wanted: NEWEST,
            found: exports,
        });
    };
    if minor > NEWEST_MINOR {
        return Err(Refused::Newer {
            found: interface,
            known: NEWEST,
        });
    }
    Ok(interface)
}

/// The `y` of `kairos:policy/policy@1.y.z`.
fn minor_of(export: &str) -> Option<u64> {
    let mut version = export.strip_prefix("kairos:policy/policy@1.")?.split('.');
    let minor = version.next()?.parse().ok()?;
    version.next()?.parse::<u64>().ok()?;
    version.next().is_none().then_some(minor)
}

/// Compiles on a thread of its own. One that takes too long is left behind, and holds its place until it ends.
fn compile(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>, Refused> {
    let bound = Duration::from_secs(COMPILE_SECONDS);
    let too_slow = || Refused::TooSlow {
        seconds: COMPILE_SECONDS,
    };
    let place = COMPILERS.take(bound).ok_or_else(too_slow)?;
    let (engine, wasm) = (engine.clone(), Arc::<[u8]>::from(wasm));
    let (done, result) = sync_channel(1);
    std::thread::Builder::new()
        .name("kairos-compile".to_owned())
        .stack_size(COMPILER_STACK_BYTES)
        .spawn(move || {
            let code = engine.precompile_component(&wasm);
            drop(place);
            // Nobody listens any more when it took too long.
            let _ = done.send(code);
        })
        .map_err(|failure| Refused::CompilerFailed(failure.into()))?;
    match result.recv_timeout(bound) {
        Ok(Ok(code)) => Ok(code),
        Ok(Err(failure)) => Err(Refused::Damaged(failure.into())),
        Err(RecvTimeoutError::Timeout) => Err(too_slow()),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Refused::CompilerFailed("the compiler panicked".into()))
        }
    }
}

/// How many compilations run at once in this process, those that were given up included.
static COMPILERS: Places = Places {
    free: Mutex::new(2),
    freed: Condvar::new(),
};

struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

struct Place(&'static Places);

impl Places {
    fn take(&'static self, patience: Duration) -> Option<Place> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, waited) = self
            .freed
            .wait_timeout_while(free, patience, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *free -= 1;
        Some(Place(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

/// INVARIANT: `code` was compiled by this process, or carries the seal of this host's key over exactly these bytes.
#[expect(
    unsafe_code,
    reason = "machine code is believed; only what this host compiled comes here"
)]
fn revive(engine: &Engine, code: &[u8]) -> Result<Component, Refused> {
    // SAFETY: see the invariant; both ways to get such bytes are in this module and in `compiled`.
    unsafe { Component::deserialize(engine, code) }
        .map_err(|failure| Refused::DoesNotFit(failure.into()))
}
