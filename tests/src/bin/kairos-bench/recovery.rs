//! How long a host takes from its start to being ready, after its end at full load with much in its log.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kairos::clock::Stopwatch;

use crate::load::{self, Load};
use crate::server::{Host, Log};

/// What was measured.
pub struct Recovery {
    pub log: Log,
    pub seconds: f64,
}

/// How long the last load has run when the host is ended.
const UNDER_LOAD: Duration = Duration::from_secs(3);
/// Nobody waits longer for the events before.
const LOADING_SECONDS: f64 = 600.0;

/// Records so many events, ends the host with `kill -9` while more come in, and starts it again.
pub fn measure(host: &Host, events: u64) -> Result<Recovery> {
    let running = host.start(&["--durability", "process"])?;
    let load = Load {
        events,
        seconds: LOADING_SECONDS,
        ..Load::default()
    };
    let figures = load::run(running.at, &load)?;
    ensure!(figures.refused == 0, "refused: {}", figures.line());
    let at = running.at;
    let more = Load {
        first: events,
        ..load
    };
    // It ends with an error, when the host hangs up.
    let last = std::thread::spawn(move || load::run(at, &more).is_err());
    std::thread::sleep(UNDER_LOAD);
    let log = running.log()?;
    let data = running.crash()?.context("the host's folder")?;
    let was_cut_off = last.join().unwrap_or(true);
    ensure!(was_cut_off, "the load was over before the host was ended");
    let watch = Stopwatch::start();
    let _again = host.start_on(data, &["--durability", "process"])?;
    Ok(Recovery {
        log,
        seconds: watch.elapsed().as_secs_f64(),
    })
}

impl Recovery {
    pub fn markdown(&self) -> String {
        format!(
            "Ready {:.2} s after `kill -9` at full load, with {} records ({} MiB) in the log.\n",
            self.seconds,
            self.log.records,
            self.log.bytes >> 20
        )
    }
}
