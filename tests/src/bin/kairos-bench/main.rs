//! Measures Kairos against a bare hyper server that parses the same JSON and answers the same bytes: same client, same
//! machine, in turn.

mod bare;
mod contest;
mod evidence;
mod figures;
mod inside;
mod load;
mod memory;
mod path;
mod recovery;
mod report;
mod server;
mod stages;
mod traffic;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::figures::Extent;
use crate::inside::Job;
use crate::load::{Load, Pace};
use crate::path::{Case, Durability, Paced, Plan, Setting};

/// Benchmarks of Kairos.
#[derive(Parser)]
#[command(
    after_help = "Example: kairos-bench path --kairos old/kairos --kairos new/kairos --only warm --rounds 3 --seconds 2"
)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure some kinds of load over HTTP, one or several binaries beside the bare server, and print a table.
    Path {
        #[command(flatten)]
        plan: Plan,
        #[arg(long, value_enum, value_delimiter = ',', default_value = "warm")]
        only: Vec<Case>,
        #[arg(long, value_enum, value_delimiter = ',', default_value = "process")]
        durability: Vec<Durability>,
        /// Measure also at a fixed rate: half of what the slowest host can do.
        #[arg(long)]
        open: bool,
    },
    /// Measure everything, and write the report.
    All {
        #[command(flatten)]
        plan: Plan,
        #[command(flatten)]
        extent: Extent,
        /// The file for the report.
        #[arg(long, default_value = "docs/figures.md")]
        out: PathBuf,
    },
    /// Measure how fast a host is ready after `kill -9` at full load.
    Recovery {
        #[command(flatten)]
        plan: Plan,
        /// Events in its log.
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// Measure decisions in this process, and print the figures as JSON.
    Inside {
        #[arg(long, default_value = "examples/retail/charter")]
        charter: PathBuf,
        #[arg(long, default_value = "target/policies")]
        policies: PathBuf,
        #[command(flatten)]
        job: Job,
    },
    /// Put one kind of load on a running server, and say what came of it.
    Load {
        #[arg(long)]
        to: SocketAddr,
        #[arg(value_enum, long, default_value = "warm")]
        case: Case,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
        /// Requests a second; as many as go, where nothing is said.
        #[arg(long)]
        rate: Option<f64>,
    },
    /// Run the bare server.
    Bare {
        #[arg(long)]
        listen: SocketAddr,
        /// A file with the bytes to answer.
        #[arg(long)]
        answer: PathBuf,
    },
}

fn main() -> Result<()> {
    match Args::parse().what {
        What::Path {
            plan,
            only,
            durability,
            open,
        } => {
            let paced = if open { Paced::Too } else { Paced::Not };
            server::stay_on_the_last()?;
            let mut contests = Vec::new();
            for case in only {
                for durability in durability.iter().copied() {
                    contests.extend(path::measure(&plan, Setting { case, durability }, paced)?);
                }
            }
            println!("{}", report::table(&contests));
        }
        What::All { plan, extent, out } => {
            server::stay_on_the_last()?;
            let text = figures::measure(plan, &extent)?.markdown()?;
            if let Some(folder) = out.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&out, &text)?;
            println!("{text}");
        }
        What::Recovery { plan, events } => {
            server::stay_on_the_last()?;
            for host in plan.hosts() {
                print!("{}", recovery::measure(&host, events)?.markdown());
            }
        }
        What::Inside {
            charter,
            policies,
            job,
        } => {
            let inside = inside::measure(&charter, &policies, job)?;
            println!("{}", serde_json::to_string(&inside)?);
        }
        What::Load {
            to,
            case,
            connections,
            seconds,
            rate,
        } => {
            let load = Load {
                traffic: case.traffic(1_000_000, 0),
                connections,
                seconds,
                pace: rate.map_or(Pace::Closed, Pace::Open),
                // Two runs against one host share no event: a repeat is no decision.
                first: u64::from(std::process::id()) * 100_000_000,
                ..Load::default()
            };
            println!("{}", load::run(to, &load)?.line());
        }
        What::Bare { listen, answer } => {
            let answer =
                std::fs::read(&answer).with_context(|| format!("reading {}", answer.display()))?;
            bare::serve(listen, answer)?;
        }
    }
    Ok(())
}
