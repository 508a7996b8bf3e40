//! The example policies, built when a test first needs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Parser;
use kairos::cli::{Ending, Kairos};

use crate::desk::{POLICIES, root};

/// The compiled policy of one of the example markets.
///
/// Builds it where it is missing or older than its sources, so that a test runs on a fresh clone. Tests run in several
/// processes: a lock file lets one of them build.
pub fn policy(market: &str) -> Vec<u8> {
    let folder = root().join("target/policies");
    fs::create_dir_all(&folder).expect("a folder for policies");
    let lock = fs::File::create(folder.join(".lock")).expect("a lock file");
    lock.lock().expect("the lock on building policies");
    let built = folder.join(format!("{market}.wasm"));
    if !is_fresh(&built, market) {
        build(market, &built);
    }
    fs::read(&built).expect("a built policy")
}

/// The folder that holds all of them, built.
pub fn folder() -> PathBuf {
    for market in POLICIES {
        policy(market);
    }
    root().join("target/policies")
}

/// As `kairos policy build` does it.
fn build(market: &str, built: &Path) {
    let source = root().join("policies-wasm").join(market);
    let args = ["kairos", "policy", "build"].map(Into::into);
    let args = args.into_iter().chain([
        source.into_os_string(),
        "-o".into(),
        built.as_os_str().to_owned(),
    ]);
    let ending = Kairos::parse_from(args).run();
    assert!(
        matches!(ending, Ok(Ending::Done)),
        "building the policy of `{market}` failed: {ending:?}"
    );
}

fn is_fresh(built: &Path, market: &str) -> bool {
    let Ok(built) = fs::metadata(built).and_then(|file| file.modified()) else {
        return false;
    };
    let sources = [
        root().join("policies-wasm").join(market).join("src"),
        root().join("guest-sdk/rust/src"),
        root().join("wit"),
    ];
    sources.into_iter().all(|folder| newest(folder) <= built)
}

fn newest(folder: PathBuf) -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let modified = match path.is_dir() {
            true => self::newest(path),
            false => entry
                .metadata()
                .and_then(|file| file.modified())
                .unwrap_or(newest),
        };
        newest = newest.max(modified);
    }
    newest
}
