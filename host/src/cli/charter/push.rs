//! `kairos charter push` and `pull`.

use std::path::PathBuf;

use crate::cli::charter::{files, live};
use crate::cli::client::To;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::server::archive;

#[derive(clap::Args, Debug)]
pub(super) struct Push {
    /// The folder.
    folder: PathBuf,
    #[command(flatten)]
    to: To,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Push {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let tar = archive::write(&files(&self.folder)?)?;
        let told = self.to.send("/v1/charter", "application/x-tar", tar)?;
        if self.json {
            say!("{told:#}");
            return Ok(Ending::Done);
        }
        let text = |key: &str| {
            told.get(key)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
        };
        match told.get("state").is_some_and(serde_json::Value::is_null) {
            true => say!("charter {} was live already", text("version")),
            false => say!("charter {} is live, {}", text("version"), text("digest")),
        }
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
