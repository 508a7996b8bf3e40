//! Everything, in turn, as the one report that the repository keeps.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use kairos::clock::Clock;

use crate::contest::{Contest, Lane, Turn};
use crate::evidence::{self, Evidence};
use crate::inside::{self, InTurn, Job};
use crate::memory::{self, OfCustomers, OfMarkets};
use crate::path::{self, Case, Durability, Paced, Plan, Setting};
use crate::recovery::{self, Recovery};
use crate::{report, server, stages};

/// How much of everything else is measured.
#[derive(clap::Args, Clone, Debug)]
pub struct Extent {
    /// Events that each thread decides in process, in a round.
    #[arg(long, default_value_t = 50_000)]
    inside: u64,
    /// Events in the log of the host that is ended with `kill -9`.
    #[arg(long, default_value_t = 1_000_000)]
    recovery: u64,
    /// Decisions that are verified and rehearsed.
    #[arg(long, default_value_t = 100_000)]
    decisions: u64,
    /// Customers for the memory figures.
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
    customers: Vec<u64>,
    /// Where criterion leaves its figures.
    #[arg(long, default_value = "target/criterion")]
    criterion: PathBuf,
}

/// Everything that was measured.
pub struct Report {
    plan: Plan,
    closed: Vec<Contest>,
    open: Vec<Contest>,
    inside: InTurn,
    recovery: Recovery,
    evidence: Evidence,
    customers: Vec<OfCustomers>,
    markets: Vec<OfMarkets>,
    stages: String,
}

/// Runs everything, on the first host of the plan.
pub fn measure(plan: Plan, extent: &Extent) -> Result<Report> {
    let host = plan.hosts().next().context("a host")?;
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for durability in [Durability::Process, Durability::Sync] {
        let case = Case::Warm;
        for contest in path::measure(&plan, Setting { case, durability }, Paced::Too)? {
            match contest.pace {
                None => closed.push(contest),
                Some(_) => open.push(contest),
            }
        }
    }
    for case in [Case::New, Case::Wide, Case::Signal, Case::Markets] {
        let durability = Durability::Process;
        closed.extend(path::measure(
            &plan,
            Setting { case, durability },
            Paced::Not,
        )?);
    }
    let customers = extent.customers.iter();
    let customers = customers.map(|customers| memory::of_customers(&host, *customers));
    let markets = [1, 200].map(|markets| memory::of_markets(&host, markets));
    let job = Job {
        threads: 1,
        events: extent.inside,
    };
    Ok(Report {
        customers: customers.collect::<Result<_>>()?,
        markets: markets.into_iter().collect::<Result<_>>()?,
        inside: inside::in_turn(&plan, job)?,
        recovery: recovery::measure(&host, extent.recovery)?,
        evidence: evidence::measure(&host, extent.decisions)?,
        stages: stages::markdown(&extent.criterion)?,
        closed,
        open,
        plan,
    })
}

impl Report {
    pub fn markdown(&self) -> Result<String> {
        Ok(format!(
            "# Figures\n\n{}\n## Goals\n\n{}\n## Over HTTP, as fast as it goes\n\n{}\n## Over HTTP, at a fixed rate\n\n{OPEN}\n\n{}\n\
             ## In process\n\n{INSIDE}\n\n{}\n### By stage\n\n{}\n## After a crash\n\n{}\n## On the evidence\n\n{}\n## Memory\n\n{}",
            self.head()?,
            self.goals(),
            report::table(&self.closed),
            report::table(&self.open),
            self.inside.markdown(),
            self.stages,
            self.recovery.markdown(),
            self.evidence.markdown(),
            self.memory(),
        ))
    }

    fn head(&self) -> Result<String> {
        let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
        let model = cpu.lines().find(|line| line.starts_with("model name"));
        let model = model
            .and_then(|line| line.split_once(": "))
            .map_or("", |(_, model)| model);
        let pinned = match server::are_pinned() {
            true => {
                "the servers share the first processor, the client has the last; whoever is not measured stands still"
            }
            false => "servers and client **could not be pinned** to a processor each",
        };
        Ok(format!(
            "Written by `cargo xtask bench`. Commit {}, measured {} on {} processors ({model}), Linux {}.\n\n\
             The other side is a bare hyper server on one thread that parses the same JSON and answers as many bytes. {} connections, \
             medians of {} rounds of {} s in turn; {pinned}. *Ratio* is Kairos' throughput over the bare server's, round by round; \
             *of a core* is the processor time of all threads for one request, which says more than a rate where the machine is shared.\n",
            commit()?,
            Clock::System.wall(),
            *server::PROCESSORS,
            std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
            self.plan.connections,
            self.plan.rounds,
            self.plan.seconds,
        ))
    }

    fn goals(&self) -> String {
        let mut text =
            String::from("| what | measured | must | where we go |\n|---|---|---|---|\n");
        let mut row = |what: &str, measured: String, must: &str, goal: &str| {
            let _infallible = writeln!(text, "| {what} | {measured} | {must} | {goal} |");
        };
        let process = |case| self.ratio(case, Durability::Process);
        let sync = self.ratio(Case::Warm, Durability::Sync);
        let warm = format!("{:.2} / {sync:.2}", process(Case::Warm));
        row(
            "`warm`, process / sync, ratio to bare hyper",
            warm,
            "0.30 / 0.27",
            "0.45 / 0.40",
        );
        row(
            "`new`, process",
            format!("{:.2}", process(Case::New)),
            "0.20",
            "0.30",
        );
        row(
            "`wide`, process",
            format!("{:.2}", process(Case::Wide)),
            "0.15",
            "0.25",
        );
        row(
            "open loop at half the maximum, process: p99 / p99.9, ms (bare server at the same rate)",
            self.late(),
            "1.5 / 5, or three times the bare server's",
            "0.7 / 2",
        );
        let bytes = self.contest(Case::Warm, Durability::Process);
        let bytes = bytes.and_then(|contest| contest.lanes.get(1)?.bytes);
        let bytes = bytes.map_or(f64::NAN, |bytes| bytes.log);
        row(
            "bytes in the log for one order",
            format!("{bytes:.0}"),
            "900",
            "600",
        );
        row(
            "200 markets against 2",
            self.markets_slower(),
            "at most 10% slower",
            "5%",
        );
        let inside = format!("{:.2}", self.inside.in_bare_requests(1));
        row(
            "decide in process, warm, one thread, in requests of the bare server",
            inside,
            "1.7",
            "1.2",
        );
        row(
            "fuel of the example's order",
            self.inside.fuel().to_string(),
            "7,000",
            "4,000",
        );
        text
    }

    fn contest(&self, case: Case, durability: Durability) -> Option<&Contest> {
        let setting = Setting { case, durability };
        self.closed
            .iter()
            .find(|contest| contest.setting == setting)
    }

    fn ratio(&self, case: Case, durability: Durability) -> f64 {
        let lanes = self
            .contest(case, durability)
            .map(|contest| &*contest.lanes);
        match lanes {
            Some([bare, kairos, ..]) => kairos.ratio(bare, Turn::rate),
            _ => f64::NAN,
        }
    }

    fn late(&self) -> String {
        let shown = |lane: &Lane| {
            let at = |share| lane.median(|turn| turn.figures.quantile(share)) / 1e3;
            format!("{:.2} / {:.2}", at(0.99), at(0.999))
        };
        match self.open.first().map(|contest| &*contest.lanes) {
            Some([bare, kairos, ..]) => format!("{} ({})", shown(kairos), shown(bare)),
            _ => String::new(),
        }
    }

    fn markets_slower(&self) -> String {
        let contest = self.contest(Case::Markets, Durability::Process);
        match contest.map(|contest| &*contest.lanes) {
            Some([_, few, many, ..]) => {
                format!("{:.0}% slower", 100.0 * (1.0 - many.ratio(few, Turn::rate)))
            }
            _ => String::new(),
        }
    }

    fn memory(&self) -> String {
        let mut text = String::from("| what | resident, KiB each |\n|---|---|\n");
        for of in &self.customers {
            let _infallible = writeln!(
                text,
                "| customer, of {} | {:.2} |",
                of.customers,
                of.kib_each()
            );
        }
        for of in &self.markets {
            let _infallible = writeln!(
                text,
                "| market with a policy, of {} | {:.0} |",
                of.markets,
                of.kib_each()
            );
        }
        text
    }
}

const OPEN: &str = "Half of what Kairos reached above, evenly; the bare server gets the same. A latency counts from the instant at \
                    which the request was to be sent, so that a server that stands still cannot hide it.";
const INSIDE: &str = "From the event's bytes to the reply's, 64 at a time on each thread, 10,000 customers known, `--durability \
                      process`. The deciding threads' time is compared with what a request costs the bare server, in the same rounds; \
                      what is written behind them is in the time of the process.";

/// What was measured.
fn commit() -> Result<String> {
    let git = |words: &[&str]| -> Result<String> {
        let output = Command::new("git").args(words).output().context("git")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Ok(match changed.is_empty() {
        true => commit,
        false => format!("{commit} with changes"),
    })
}
