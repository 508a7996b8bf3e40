//! `kairos demo`.

use crate::cli::{Ending, Failure};

#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_args: Args) -> Result<Ending, Failure> {
    Err("not built yet".into())
}
