//! `kairos charter diff`.

use std::path::PathBuf;

use crate::charter::Charter;
use crate::charter::diff::{Comparison, compare};
use crate::cli::charter::{compile, files, live, load, now};
use crate::cli::client::To;
use crate::cli::say::{say, show};
use crate::cli::{Ending, Failure};
use crate::operate::with_choices;

#[derive(clap::Args, Debug)]
pub(super) struct Diff {
    /// The old folder, or with `--url` the new one.
    #[arg(value_name = "DIR")]
    first: PathBuf,
    /// The new folder.
    #[arg(
        value_name = "NEW",
        required_unless_present = "url",
        conflicts_with = "url"
    )]
    second: Option<PathBuf>,
    /// Compare with what is live in this host; choices that are live and not in the folder stay, as they do in a push.
    #[arg(long, visible_alias = "host")]
    url: Option<String>,
    /// A file that holds the caller's token.
    #[arg(long, value_name = "FILE", requires = "url")]
    token_file: Option<PathBuf>,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let (old, new) = match (&self.second, self.url) {
            (Some(second), _) => (load(&self.first)?, load(second)?),
            (None, Some(url)) => {
                let live = live(&To::new(url, self.token_file))?.files;
                let new = with_choices(files(&self.first)?, &live)?;
                (Charter::compile(&live)?, compile(&self.first, &new)?)
            }
            (None, None) => return Err("name two folders, or one and `--url`".into()),
        };
        let comparison = compare(&old, &new, now())?;
        if self.json {
            say!("{:#}", comparison.json())
        } else {
            show!("{}", shown(&comparison))
        }
        Ok(if comparison.is_empty() {
            Ending::Done
        } else {
            Ending::Found
        })
    }
}

fn shown(comparison: &Comparison) -> String {
    if comparison.is_empty() {
        return "nothing differs\n".to_owned();
    }
    let mut text = String::new();
    let mut part = |head: String, lines: Vec<String>| {
        let space = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!("{space}{head}\n"));
        text.extend(lines.iter().map(|line| format!("  {line}\n")));
    };
    for (section, differences) in &comparison.sections {
        let lines = differences.iter().map(ToString::to_string);
        part(format!("section `{}`", section.word()), lines.collect());
    }
    for (market, differences) in &comparison.markets {
        let lines = differences.iter().map(ToString::to_string);
        part(format!("market `{market}` in the end"), lines.collect());
    }
    let signed = comparison
        .demands
        .iter()
        .filter(|demand| !demand.people.is_empty());
    let lines: Vec<String> = signed
        .map(|demand| {
            let section = demand.section.word();
            format!(
                "section `{section}`, {}: {}",
                demand.digest,
                demand.people.join(", ")
            )
        })
        .collect();
    if lines.is_empty() {
        part("nobody must sign".to_owned(), Vec::new())
    } else {
        part("who must sign".to_owned(), lines)
    }
    text
}
