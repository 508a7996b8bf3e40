//! `kairos policy`: what a region does with its own policy.

mod build;
mod check;

use crate::cli::{Ending, Failure};

/// Build and check policies.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    Build(build::Args),
    Check(check::Args),
}

/// Runs one of the commands.
pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    match args.command {
        Command::Build(args) => build::run(&args),
        Command::Check(args) => check::run(&args),
    }
}
