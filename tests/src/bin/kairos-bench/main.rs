//! Measures Kairos against a bare hyper server that parses the same JSON and answers the same bytes: same client, same
//! machine, in turn. Prints Markdown and writes it, with the figures as JSON, to `target/bench/`.

mod bare;
mod evidence;
mod load;
mod memory;
mod report;
mod server;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Benchmarks of Kairos over HTTP.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Run everything, in turn, and write the report.
    All {
        /// The binary `kairos`.
        #[arg(long)]
        kairos: PathBuf,
        #[arg(long)]
        charter: PathBuf,
        #[arg(long)]
        policies: PathBuf,
        /// Where the report goes.
        #[arg(long, default_value = "target/bench")]
        out: PathBuf,
        /// Seconds of one measurement.
        #[arg(long, default_value_t = 4)]
        seconds: u64,
        /// How often each pair is measured.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Customers for the memory figures.
        #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
        customers: Vec<u64>,
    },
    /// Record decisions, then measure `kairos verify` and `kairos rehearse` on them.
    Evidence {
        /// The binary `kairos`.
        #[arg(long)]
        kairos: PathBuf,
        #[arg(long)]
        charter: PathBuf,
        #[arg(long)]
        policies: PathBuf,
        /// Where the report goes.
        #[arg(long, default_value = "target/bench")]
        out: PathBuf,
        #[arg(long, default_value_t = 100_000)]
        decisions: u64,
    },
    /// Run the bare server.
    Bare {
        #[arg(long)]
        listen: std::net::SocketAddr,
        /// A file with the bytes to answer.
        #[arg(long)]
        answer: PathBuf,
    },
    /// Put load on a running server and print what came of it.
    Load {
        #[arg(long)]
        to: std::net::SocketAddr,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 4)]
        seconds: u64,
    },
}

fn main() -> Result<()> {
    match Args::parse().what {
        What::All {
            kairos,
            charter,
            policies,
            out,
            seconds,
            rounds,
            customers,
        } => {
            let host = server::Host {
                kairos,
                charter,
                policies,
            };
            let report = report::measure(
                &host,
                &report::Plan {
                    seconds,
                    rounds,
                    customers,
                },
            )?;
            write(&out, "http", &report.markdown(), &report.json())
        }
        What::Evidence {
            kairos,
            charter,
            policies,
            out,
            decisions,
        } => {
            let host = server::Host {
                kairos,
                charter,
                policies,
            };
            let measured = evidence::measure(&host, decisions)?;
            write(&out, "evidence", &measured.markdown(), &measured.json())
        }
        What::Bare { listen, answer } => {
            let answer =
                std::fs::read(&answer).with_context(|| format!("reading {}", answer.display()))?;
            bare::serve(listen, answer)
        }
        What::Load {
            to,
            connections,
            seconds,
        } => {
            let figures = load::run(
                to,
                &load::Load {
                    connections,
                    seconds,
                    // Two runs against one host share no event: a repeat is no decision.
                    first: u64::from(std::process::id()) * 100_000_000,
                    ..load::Load::default()
                },
            )?;
            println!("{}", figures.line());
            Ok(())
        }
    }
}

/// Prints a report, and leaves it as Markdown and as JSON.
fn write(out: &Path, name: &str, text: &str, json: &serde_json::Value) -> Result<()> {
    std::fs::create_dir_all(out)?;
    println!("{text}");
    std::fs::write(out.join(name).with_extension("md"), text)?;
    let json = serde_json::to_vec_pretty(json)?;
    std::fs::write(out.join(name).with_extension("json"), json)?;
    Ok(())
}
