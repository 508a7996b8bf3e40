//! The command line: one file per command.

mod approvals;
mod charter;
mod client;
mod customer;
mod decisions;
mod demo;
mod explain;
mod policy;
mod rehearse;
mod replay;
mod report;
mod say;
mod send;
mod serve;
mod stop;
mod token;
mod verify;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Exit status 0.
    Done,
    /// Exit status 1: it did its work and found something wrong.
    Found,
}

/// Why a command could not do its work; shown to the person with its sources. Exit status 1.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An edge runtime for real-time personalization: from a customer's event to the right decision, inside central boundaries.
#[derive(Parser, Debug)]
#[command(name = "kairos", version)]
pub struct Kairos {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the host.
    Serve(serve::Args),
    /// Run a host on a temporary folder, send it real events and show what it decided.
    Demo(demo::Args),
    /// Send events from a file and show what came of them.
    Send(send::Args),
    /// Stop a market, a channel, a moment, an action, a policy or everything, at once.
    Stop(stop::Args),
    /// Look at the actions that wait for a person, and decide about them.
    Approvals(approvals::Args),
    /// Look at a customer, export everything, or erase it.
    Customer(customer::Args),
    /// List recorded decisions, one JSON object a line.
    Decisions(decisions::Args),
    /// Say in plain words why something was decided.
    Explain(explain::Args),
    /// Try a change on recorded decisions before it acts.
    Rehearse(rehearse::Args),
    /// Compute recorded decisions again and compare.
    Replay(replay::Args),
    /// Report what came of decisions, and what was not done.
    Report(report::Args),
    /// Check that the evidence is whole.
    Verify(verify::Args),
    /// Make a token for a caller.
    Token(token::Args),
    /// Check a charter.
    Charter(charter::Args),
    /// Build and check policies.
    Policy(policy::Args),
}

impl Kairos {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        match self.command {
            Command::Serve(args) => serve::run(args),
            Command::Demo(args) => demo::run(args),
            Command::Send(args) => send::run(args),
            Command::Stop(args) => stop::run(args),
            Command::Approvals(args) => approvals::run(args),
            Command::Customer(args) => customer::run(&args),
            Command::Decisions(args) => decisions::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Rehearse(args) => rehearse::run(&args),
            Command::Replay(args) => replay::run(&args),
            Command::Report(args) => report::run(&args),
            Command::Verify(args) => verify::run(&args),
            Command::Token(args) => token::run(args),
            Command::Charter(args) => charter::run(args),
            Command::Policy(args) => policy::run(args),
        }
    }
}

/// How far a long work is, on standard error, and only when that is a terminal.
fn progress(bytes: Option<u64>, doing: &str) -> ProgressBar {
    let (bar, rest) = match bytes {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{wide_bar} {percent}% of {total_bytes}, {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {bytes}, {elapsed}"),
    };
    match ProgressStyle::with_template(&format!("{doing} {rest}")) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
