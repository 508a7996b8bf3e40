//! `kairos policy build`: from a Rust crate to a component that a host loads.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::ids::Digest;
use crate::limits;

const TARGET: &str = "wasm32-unknown-unknown";
/// What a component must export to be a policy.
const INTERFACE: &str = "kairos:policy/policy@1.0.0";
/// The policy's stack. Every call starts with a fresh one, and the linker's own megabyte doubles what a call costs.
const STACK_BYTES: u32 = 32 * 1024;
/// Small, fast, and a panic is a trap; said here too, so that a workspace of a policy's own needs no profile.
const PROFILE: [&str; 7] = [
    "profile.policy.inherits='release'",
    "profile.policy.opt-level=3",
    "profile.policy.lto='fat'",
    "profile.policy.codegen-units=1",
    "profile.policy.panic='abort'",
    "profile.policy.debug=false",
    "profile.policy.strip=true",
];

/// Build a policy's crate into a component.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  kairos policy build policies-wasm/gb -o policies/gb.wasm")]
pub(super) struct Args {
    /// The folder of the policy's crate.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where to write the component; `<name of the folder>.wasm` here, if not given.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Say what was built as JSON.
    #[arg(long)]
    json: bool,
}

/// Why a policy was not built.
#[derive(Debug, thiserror::Error)]
enum NotBuilt {
    #[error("`{folder}` has no `Cargo.toml`: name the folder of a policy's crate")]
    NoCrate { folder: String },
    #[error("`{program}` does not start: install Rust from https://rustup.rs and try again")]
    NoProgram {
        program: &'static str,
        source: io::Error,
    },
    #[error(
        "the target `{TARGET}` is missing and could not be added: type `rustup target add {TARGET}`"
    )]
    NoTarget,
    #[error("the crate does not compile: cargo says why above")]
    NotCompiled,
    #[error("cargo built no WebAssembly module: is the crate a library?")]
    NoModule,
    #[error("`{file}` cannot be read")]
    Unreadable { file: String, source: io::Error },
    #[error("`{file}` cannot be written")]
    Unwritable { file: String, source: io::Error },
    #[error("the module is no policy: {why}: does the crate say `kairos_sdk::policy!`?")]
    NoPolicy { why: String },
    #[error("the policy imports {names}: a policy may import nothing")]
    Imports { names: String },
    #[error("the policy does not export `{INTERFACE}`: does the crate say `kairos_sdk::policy!`?")]
    NoExport,
    #[error(
        "the policy has {bytes} bytes, and a host takes at most {}",
        limits::POLICY_FILE_BYTES
    )]
    TooLarge { bytes: u64 },
}

/// Builds the policy, checks that it asks for nothing, and writes it.
pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let folder = crate_folder(&args.folder)?;
    have_target(&folder)?;
    let module = compile(&folder)?;
    let component = componentize(&module)?;
    verify(&component)?;
    let output = args.output.clone().unwrap_or_else(|| {
        let name = folder.file_name().unwrap_or(OsStr::new("policy"));
        Path::new(name).with_extension("wasm")
    });
    write(&output, &component)?;
    report(args, &output, &component);
    Ok(Ending::Done)
}

fn crate_folder(folder: &Path) -> Result<PathBuf, NotBuilt> {
    folder
        .canonicalize()
        .ok()
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .ok_or_else(|| NotBuilt::NoCrate {
            folder: folder.display().to_string(),
        })
}

/// Adds the target with rustup where the crate's toolchain lacks it.
fn have_target(folder: &Path) -> Result<(), NotBuilt> {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null());
    let found = answer("rustc", &mut rustc)?;
    let libraries = String::from_utf8_lossy(&found.stdout);
    if found.status.success() && Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    eprintln!("The target `{TARGET}` is missing: adding it with rustup.");
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => Err(NotBuilt::NoTarget),
    }
}

/// Compiles the crate as a module; what cargo has to say goes to standard error.
fn compile(folder: &Path) -> Result<Vec<u8>, NotBuilt> {
    let mut cargo = Command::new("cargo");
    for setting in PROFILE {
        cargo.args(["--config", setting]);
    }
    cargo
        .args(["rustc", "--lib", "--crate-type", "cdylib"])
        .args(["--profile", "policy", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--", "-C"])
        .arg(format!("link-arg=-zstack-size={STACK_BYTES}"))
        .current_dir(folder)
        .stderr(Stdio::inherit());
    let built = answer("cargo", &mut cargo)?;
    if !built.status.success() {
        return Err(NotBuilt::NotCompiled);
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let file = messages
        .lines()
        .rev()
        .find_map(module_file)
        .ok_or(NotBuilt::NoModule)?;
    std::fs::read(&file).map_err(|source| NotBuilt::Unreadable { file, source })
}

fn answer(program: &'static str, command: &mut Command) -> Result<Output, NotBuilt> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .map_err(|source| NotBuilt::NoProgram { program, source })
}

/// The module that one of cargo's messages names.
fn module_file(message: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    if message.get("reason")? != "compiler-artifact" {
        return None;
    }
    let files = message.get("filenames")?.as_array()?;
    files
        .iter()
        .filter_map(serde_json::Value::as_str)
        .find(|file| Path::new(file).extension() == Some(OsStr::new("wasm")))
        .map(str::to_owned)
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, NotBuilt> {
    wit_component::ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| NotBuilt::NoPolicy {
            why: format!("{error:#}"),
        })
}

/// Checks what a host would check first: nothing imported, the interface exported, not too large.
fn verify(component: &[u8]) -> Result<(), NotBuilt> {
    let bytes = u64::try_from(component.len()).unwrap_or(u64::MAX);
    if bytes > limits::POLICY_FILE_BYTES {
        return Err(NotBuilt::TooLarge { bytes });
    }
    let engine = wasmtime::Engine::default();
    let compiled = Component::new(&engine, component).map_err(|error| NotBuilt::NoPolicy {
        why: format!("{error:#}"),
    })?;
    let shape = compiled.component_type();
    let imports: Vec<_> = shape
        .imports(&engine)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !imports.is_empty() {
        return Err(NotBuilt::Imports {
            names: imports.join(", "),
        });
    }
    match shape.get_export(&engine, INTERFACE) {
        Some(found) if matches!(found.ty, ComponentItem::ComponentInstance(_)) => Ok(()),
        Some(_) | None => Err(NotBuilt::NoExport),
    }
}

/// Writes beside the file and renames, so that a host that watches the folder never reads half a policy.
fn write(output: &Path, component: &[u8]) -> Result<(), NotBuilt> {
    let unwritable = |source| NotBuilt::Unwritable {
        file: output.display().to_string(),
        source,
    };
    if let Some(folder) = output.parent() {
        std::fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let beside = output.with_extension("wasm.new");
    std::fs::write(&beside, component).map_err(unwritable)?;
    std::fs::rename(&beside, output).map_err(unwritable)
}

fn report(args: &Args, output: &Path, component: &[u8]) {
    let file = output.display().to_string();
    let digest = Digest::of(component);
    if args.json {
        let built = serde_json::json!({
            "file": file,
            "bytes": component.len(),
            "digest": digest.to_string(),
        });
        say!("{built}");
    } else {
        say!(
            "{file}: {} bytes, imports nothing, {digest}",
            component.len()
        );
    }
}
