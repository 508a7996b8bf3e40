//! `kairos charter push` and `pull`.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::charter::{LiveCharter, files, live};
use crate::cli::client::{Asking, Refusal, To, word};
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::server::archive;

/// The tag of what was live when the folder was pulled, or last pushed. No part of the charter.
const NOTE: &str = ".live";

#[derive(clap::Args, Debug)]
pub(super) struct Push {
    /// The folder.
    folder: PathBuf,
    /// Replace what is live, also where it is not what was pulled.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    asking: Asking,
}

impl Push {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let tar = archive::write(&files(&self.folder)?)?;
        let seen = if self.force {
            None
        } else {
            noted(&self.folder)?
        };
        let sent = self.asking.to.send_tar("/v1/charter", tar, seen.as_deref());
        let told = sent.map_err(|refusal| self.refused(refusal))?;
        let digest = word(&told, "digest");
        note(&self.folder, &format!("\"{digest}\"")).map_err(|error| {
            format!("it is live, and `{NOTE}` in the folder cannot be written: {error}; pull before the next push")
        })?;
        self.asking.tell(&told, |told| {
            let version = word(told, "version");
            if told.get("state").is_some_and(Value::is_null) {
                format!("charter {version} was live already")
            } else {
                format!("charter {version} is live, {digest}")
            }
        });
        Ok(Ending::Done)
    }

    fn refused(&self, refusal: Refusal) -> Failure {
        let folder = self.folder.display();
        match refusal {
            Refusal::Overtaken(said) => format!(
                "{said}\n\nwhat is live is not what `{folder}` was made from: see what differs with `kairos charter diff {folder} \
                 --url …`; `kairos charter pull` into a new folder, make your change there and push that, or replace what is live \
                 with `--force`"
            )
            .into(),
            Refusal::Other(failure) => failure,
        }
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
        let LiveCharter { files, tag } = live(&self.to)?;
        for (name, text) in files {
            let file = self.folder.join(&name);
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&file, text)?;
            say!("{}", file.display());
        }
        if let Some(tag) = tag {
            note(&self.folder, &tag)?;
        }
        Ok(Ending::Done)
    }
}

fn note(folder: &Path, tag: &str) -> io::Result<()> {
    std::fs::write(folder.join(NOTE), format!("{tag}\n"))
}

/// `None` for a folder that was neither pulled nor pushed.
fn noted(folder: &Path) -> Result<Option<String>, Failure> {
    let file = folder.join(NOTE);
    match std::fs::read_to_string(&file) {
        Ok(tag) => Ok(Some(tag.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}` cannot be read: {error}", file.display()).into()),
    }
}
