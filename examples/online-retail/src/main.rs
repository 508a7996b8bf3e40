//! The binary `online-retail`.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use online_retail::{Books, Event, open};

/// Turns the Online Retail transactions into events.
///
/// Writes one CloudEvent a line, by time, to standard output, and a report that accounts for every line to standard
/// error. Nothing is written when an input cannot be read whole. Exit status 1 when it cannot, or when a line was
/// malformed.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example: online-retail 2010-12.csv.gz 2011-01.csv.gz > events.ndjson"
)]
struct Args {
    /// CSV, plain or gzip; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[expect(
    clippy::print_stderr,
    reason = "the last words of a command that failed"
)]
fn main() -> ExitCode {
    run(&Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(1)
    })
}

#[expect(clippy::print_stderr, reason = "the report is for people")]
fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut books = Books::default();
    for file in &args.files {
        books.enter(&file.display().to_string(), open(file)?)?;
    }
    let (events, report) = books.close();
    write(&events).context("the events cannot be written")?;
    eprintln!("{report}");
    ensure!(report.adds_up(), "lines in and events out do not add up");
    Ok(if report.malformed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn write(events: &[Event]) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    for event in events {
        serde_json::to_writer(&mut output, event)?;
        output.write_all(b"\n")?;
    }
    output.flush()
}
