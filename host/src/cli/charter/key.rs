//! `kairos charter key`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::charter::sign::PrivateKey;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::ids::Chance;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a private key, for its owner's eyes alone, and print the public one for [people].
    ///
    /// kairos charter key new legal.key
    New {
        /// Where the private key goes; it must not exist yet.
        file: PathBuf,
    },
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    let Command::New { file } = args.command;
    let key = PrivateKey::draw(&mut Chance::from_system()?);
    key.create(&file)?;
    say!("{}", key.public());
    Ok(Ending::Done)
}
