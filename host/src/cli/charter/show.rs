//! `kairos charter show`.

use std::path::PathBuf;

use serde_json::{Map, Value as Json};

use crate::charter::effect;
use crate::cli::charter::{load, now};
use crate::cli::say::{say, show};
use crate::cli::{Ending, Failure};

#[derive(clap::Args, Debug)]
pub(super) struct Show {
    /// The folder.
    folder: PathBuf,
    /// One market alone.
    market: Option<String>,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let charter = load(&self.folder)?;
        let wanted = |name: &str| self.market.as_deref().is_none_or(|market| market == name);
        let shown: Map<String, Json> = charter
            .markets
            .iter()
            .filter(|(_, market)| wanted(&market.name))
            .map(|(index, market)| {
                let effect = effect::of(&charter, index, now());
                (market.name.to_string(), effect)
            })
            .collect();
        if let (Some(market), true) = (&self.market, shown.is_empty()) {
            let known: Vec<&str> = charter
                .markets
                .iter()
                .map(|(_, one)| one.name.as_str())
                .collect();
            return Err(format!("there is no market `{market}`, only {}", known.join(", ")).into());
        }
        if self.json {
            say!("{:#}", Json::Object(shown));
            return Ok(Ending::Done);
        }
        for (number, effect) in shown.values().enumerate() {
            let space = if number == 0 { "" } else { "\n" };
            show!("{space}{}", effect::toml(effect));
        }
        Ok(Ending::Done)
    }
}
