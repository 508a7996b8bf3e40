//! How fast recorded evidence is walked and computed again, by the commands that people run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use kairos::clock::Stopwatch;
use kairos::decide::replay::reader;
use serde_json::{Value, json};

use crate::load::{self, Load};
use crate::server::Host;

/// What was measured.
pub struct Evidence {
    decisions: u64,
    records: u64,
    bytes: u64,
    verify_seconds: f64,
    rehearse_seconds: f64,
    threads: usize,
}

/// So many records should be verified a second.
const RECORDS_A_SECOND: f64 = 300_000.0;
/// So long a rehearsal of a hundred thousand decisions may take, in seconds, on two cores.
const REHEARSAL_SECONDS: f64 = 30.0;

/// Records so many decisions, and lets the commands loose on the folder beside the host.
pub fn measure(host: &Host, decisions: u64) -> Result<Evidence> {
    let running = host.start(&["--durability", "process"])?;
    let load = Load {
        events: Some(decisions),
        ..Load::default()
    };
    let figures = load::run(running.at, &load)?;
    ensure!(
        figures.refused == 0,
        "{} events were refused",
        figures.refused
    );
    let data = running.data().context("the host's folder")?;
    let (mut records, mut bytes) = (0, 0);
    reader(data)?.walk(&mut |met| {
        records += 1;
        bytes += met.content.len() as u64;
    })?;
    let verify_seconds = seconds(host, &[Path::new("verify"), data])?;
    let policy = host.policies.join("gb.wasm");
    let market = ["--market", "gb", "--json"].map(Path::new);
    let rehearse = [Path::new("rehearse"), data, Path::new("--policy"), &policy];
    let rehearse_seconds = seconds(host, &[&rehearse[..], &market].concat())?;
    Ok(Evidence {
        decisions,
        records,
        bytes,
        verify_seconds,
        rehearse_seconds,
        threads: std::thread::available_parallelism()?.get(),
    })
}

/// How long a command takes, from its start to its end.
fn seconds(host: &Host, words: &[&Path]) -> Result<f64> {
    let watch = Stopwatch::start();
    let output = Command::new(&host.kairos)
        .args(words)
        .output()
        .with_context(|| format!("running {words:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{words:?} failed: {said}");
    Ok(watch.elapsed().as_secs_f64())
}

impl Evidence {
    fn verified_a_second(&self) -> f64 {
        self.records as f64 / self.verify_seconds
    }

    fn rehearsal_of_a_hundred_thousand(&self) -> f64 {
        self.rehearse_seconds * 100_000.0 / self.decisions as f64
    }

    pub fn markdown(&self) -> String {
        format!(
            "| evidence | measured | goal |\n|---|---|---|\n\
             | `kairos verify`, records a second ({} records of {} bytes) | {:.0} | {RECORDS_A_SECOND:.0} |\n\
             | `kairos rehearse` of 100000 decisions, seconds on {} threads ({} decisions) | {:.1} | {REHEARSAL_SECONDS:.0} |\n",
            self.records,
            self.bytes / self.records.max(1),
            self.verified_a_second(),
            self.threads,
            self.decisions,
            self.rehearsal_of_a_hundred_thousand(),
        )
    }

    pub fn json(&self) -> Value {
        json!({
            "decisions": self.decisions, "records": self.records, "bytes": self.bytes,
            "verify_seconds": self.verify_seconds, "verified_a_second": self.verified_a_second(),
            "rehearse_seconds": self.rehearse_seconds, "threads": self.threads,
            "rehearsal_of_100000_seconds": self.rehearsal_of_a_hundred_thousand(),
        })
    }
}
