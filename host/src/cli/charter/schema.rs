//! `kairos charter schema`.

use clap::ValueEnum;

use crate::charter::schema;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};

#[derive(clap::Args, Debug)]
pub(super) struct Schema {
    /// Of which file.
    #[arg(value_enum)]
    of: Of,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Of {
    /// charter.toml
    Charter,
    /// markets/<market>.toml
    Market,
}

impl Schema {
    #[expect(clippy::unnecessary_wraps, reason = "as every command")]
    pub(super) fn run(self) -> Result<Ending, Failure> {
        say!(
            "{:#}",
            match self.of {
                Of::Charter => schema::central(),
                Of::Market => schema::choice(),
            }
        );
        Ok(Ending::Done)
    }
}
