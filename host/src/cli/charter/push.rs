//! `kairos charter push` and `pull`.

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::charter::{files, live};
use crate::cli::client::{Asking, To, word};
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::server::archive;

#[derive(clap::Args, Debug)]
pub(super) struct Push {
    /// The folder.
    folder: PathBuf,
    #[command(flatten)]
    asking: Asking,
}

impl Push {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let tar = archive::write(&files(&self.folder)?)?;
        let told = self
            .asking
            .to
            .send("/v1/charter", "application/x-tar", tar)?;
        self.asking.tell(&told, |told| {
            let (version, digest) = (word(told, "version"), word(told, "digest"));
            match told.get("state").is_some_and(Value::is_null) {
                true => format!("charter {version} was live already"),
                false => format!("charter {version} is live, {digest}"),
            }
        });
        Ok(Ending::Done)
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct Pull {
    /// The folder; it is made where it is missing, and files of the same names are replaced.
    folder: PathBuf,
    #[command(flatten)]
    to: To,
}

impl Pull {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        for (name, text) in live(&self.to)? {
            let file = self.folder.join(&name);
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&file, text)?;
            say!("{}", file.display());
        }
        Ok(Ending::Done)
    }
}
