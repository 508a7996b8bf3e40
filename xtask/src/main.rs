//! The project's own commands: `cargo xtask demo | test | bench | policies`. Each only runs other programs.
#![expect(clippy::print_stderr, reason = "says what it runs")]

mod place;
mod program;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Parser;

use crate::place::Place;
use crate::program::{cargo, succeeds};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", after_help = "Example: cargo xtask demo --once")]
enum Xtask {
    /// Start a host with the example charter and policies, send it two weeks of real orders, show what it decided.
    Demo {
        /// End the host instead of leaving it running until Ctrl-C.
        #[arg(long)]
        once: bool,
    },
    /// Run all tests.
    Test,
    /// Measure.
    Bench {
        /// Passed on to `kairos-bench all`, such as `--rounds 3 --seconds 2 --wide 100000 --recovery 100000`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Build the markets' policies into `target/policies`.
    Policies,
}

const WASM_TARGET: &str = "wasm32-unknown-unknown";
const BUNDLED_DATA: &str = "examples/online-retail/data/2010-12-01--14.csv.gz";
const CHARTER: &str = "examples/retail/charter";

fn main() -> anyhow::Result<()> {
    let place = Place::find();
    match Xtask::parse() {
        Xtask::Demo { once } => {
            policies(&place)?;
            let events = events(&place)?;
            demo(&place, &events, once.then_some("--once"))
        }
        Xtask::Test => {
            policies(&place)?;
            test(&place)
        }
        Xtask::Bench { rest } => {
            policies(&place)?;
            bench(&place, &rest)
        }
        Xtask::Policies => policies(&place),
    }
}

/// Builds every folder of `policies-wasm` that is a package.
fn policies(place: &Place) -> anyhow::Result<()> {
    add_wasm_target(place)?;
    program::run(cargo(place).args(["build", "--locked", "--workspace", "--bins"]))?;
    let built = place.target("policies");
    fs::create_dir_all(&built).with_context(|| format!("cannot make `{}`", built.display()))?;
    for folder in policy_folders(&place.root("policies-wasm"))? {
        let name = folder.file_name().unwrap_or_default();
        let wasm = built.join(name).with_extension("wasm");
        let mut build = place.command(place.binary("kairos"));
        build.args(["policy", "build"]).arg(&folder);
        program::run(build.arg("-o").arg(wasm))?;
    }
    Ok(())
}

fn policy_folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn add_wasm_target(place: &Place) -> anyhow::Result<()> {
    let sysroot = program::output(place.command("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET);
    if library.is_dir() {
        return Ok(());
    }
    eprintln!(
        "policies are built for {WASM_TARGET}, which is not installed: adding it with rustup"
    );
    let added = succeeds(place.command("rustup").args(["target", "add", WASM_TARGET]));
    ensure!(
        added,
        "the target could not be added; type `rustup target add {WASM_TARGET}`, or install it with the Rust that you use, and try again"
    );
    Ok(())
}

/// Uses nextest where it is installed; it does not run the examples in the documentation, so those follow.
fn test(place: &Place) -> anyhow::Result<()> {
    if succeeds(program::quiet(cargo(place).args(["nextest", "--version"]))) {
        program::run(cargo(place).args(["nextest", "run", "--workspace", "--locked"]))?;
        return program::run(cargo(place).args(["test", "--workspace", "--locked", "--doc"]));
    }
    program::run(cargo(place).args(["test", "--workspace", "--locked"]))
}

/// The pieces in process, then everything over HTTP against a bare server; the report is left in `docs/figures.md`.
fn bench(place: &Place, rest: &[String]) -> anyhow::Result<()> {
    program::run(cargo(place).args(["build", "--release", "--locked", "--workspace", "--bins"]))?;
    program::run(cargo(place).args(["bench", "--locked", "--workspace", "--benches"]))?;
    let mut all = place.command(place.release("kairos-bench"));
    all.arg("all").arg("--kairos").arg(place.release("kairos"));
    all.arg("--charter").arg(place.root(CHARTER));
    all.arg("--policies").arg(place.target("policies"));
    all.arg("--criterion").arg(place.target("criterion"));
    program::run(all.args(rest))
}

/// Turns the bundled transactions into events.
fn events(place: &Place) -> anyhow::Result<PathBuf> {
    program::run(cargo(place).args(["build", "--locked", "--workspace", "--bins"]))?;
    let folder = place.target("demo");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let events = folder.join("events.ndjson");
    let file =
        File::create(&events).with_context(|| format!("cannot write `{}`", events.display()))?;
    let mut convert = place.command(place.binary("online-retail"));
    program::run(convert.arg(BUNDLED_DATA).stdout(file))?;
    Ok(events)
}

/// Becomes the demo, so that Ctrl-C reaches nothing else.
fn demo(place: &Place, events: &Path, once: Option<&str>) -> anyhow::Result<()> {
    let mut demo = place.command(place.binary("kairos"));
    let options = [
        ("--charter", place.root(CHARTER)),
        ("--policies", place.target("policies")),
        ("--events", events.to_owned()),
    ];
    demo.arg("demo");
    for (name, value) in &options {
        demo.args([OsStr::new(name), value.as_os_str()]);
    }
    program::become_it(demo.args(once))
}
