//! `kairos charter who`.

use std::path::PathBuf;

use crate::charter::who::who;
use crate::cli::charter::{load, now};
use crate::cli::say::{say, show};
use crate::cli::{Ending, Failure};

#[derive(clap::Args, Debug)]
pub(super) struct Who {
    /// A field, an action, a limit such as `fuel`, or a path such as `actions.cart_reminder.caps`.
    name: String,
    /// The folder.
    folder: PathBuf,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Who {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let decides = who(&load(&self.folder)?, &self.name, now())?;
        if self.json {
            say!("{:#}", decides.json())
        } else {
            show!("{decides}")
        }
        Ok(Ending::Done)
    }
}
