//! The binary `kairos`.

use std::process::ExitCode;

use clap::Parser;
use kairos::cli::{Ending, Kairos};
use kairos::spelling::visible_lines;

/// Many small pieces are made and dropped for every event: the system's allocator took a sixth of the path's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(
    clippy::print_stderr,
    reason = "the last words of a command that failed"
)]
fn main() -> ExitCode {
    match Kairos::parse().run() {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Found) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("error: {}", visible_lines(&failure.to_string()));
            let mut source = failure.source();
            while let Some(cause) = source {
                eprintln!("  because {}", visible_lines(&cause.to_string()));
                source = cause.source();
            }
            ExitCode::from(1)
        }
    }
}
