//! The host as a process that a test can kill: the command line of `kairos`, nothing else.

use std::process::ExitCode;

use clap::Parser;
use kairos::cli::{Ending, Kairos};

fn main() -> ExitCode {
    match Kairos::parse().run() {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Found) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
