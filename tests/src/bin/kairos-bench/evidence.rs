//! How fast recorded evidence is walked and computed again, by the commands that people run.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use kairos::clock::Stopwatch;

use crate::load::{self, Load};
use crate::server::{self, Host, Log, PROCESSORS};

/// What was measured.
pub struct Evidence {
    decisions: u64,
    log: Log,
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
        events: decisions,
        seconds: f64::INFINITY,
        ..Load::default()
    };
    let figures = load::run(running.at, &load)?;
    ensure!(
        figures.refused == 0,
        "{} events were refused",
        figures.refused
    );
    let data = running.data().context("the host's folder")?;
    let log = running.log()?;
    let verify_seconds = seconds(host, &[Path::new("verify"), data])?;
    let policy = host.policies.join("gb.wasm");
    let market = ["--market", "gb", "--json"].map(Path::new);
    let rehearse = [Path::new("rehearse"), data, Path::new("--policy"), &policy];
    let rehearse_seconds = seconds(host, &[&rehearse[..], &market].concat())?;
    Ok(Evidence {
        decisions,
        log,
        verify_seconds,
        rehearse_seconds,
        threads: *PROCESSORS,
    })
}

/// How long a command takes, from its start to its end.
fn seconds(host: &Host, words: &[&Path]) -> Result<f64> {
    let watch = Stopwatch::start();
    let output = server::on_first(*PROCESSORS, &host.kairos)
        .args(words)
        .output()
        .with_context(|| format!("running {words:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{words:?} failed: {said}");
    Ok(watch.elapsed().as_secs_f64())
}

impl Evidence {
    pub fn markdown(&self) -> String {
        let Self {
            decisions, threads, ..
        } = self;
        format!(
            "| evidence | measured | goal |\n|---|---|---|\n\
             | `kairos verify`, records a second ({} records of {} bytes) | {:.0} | {RECORDS_A_SECOND:.0} |\n\
             | `kairos rehearse` of 100000 decisions, seconds on {threads} threads ({decisions} decisions) | {:.1} | \
             {REHEARSAL_SECONDS:.0} |\n",
            self.log.records,
            self.log.bytes / self.log.records.max(1),
            self.log.records as f64 / self.verify_seconds,
            self.rehearse_seconds * 100_000.0 / *decisions as f64,
        )
    }
}
