//! How a host is set up: flags, typed and with units; every default stands here. The one place that reads the environment.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cache;
use crate::clock::{Clock, Span};
use crate::store;
use crate::{node, server};

/// What `kairos serve` is told.
#[derive(clap::Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("access").required(true).args(["open", "tokens"]))]
pub struct Serve {
    /// The charter's folder, with `charter.toml` and `markets/`.
    #[arg(long, value_name = "DIR")]
    pub charter: PathBuf,
    /// The folder with one `<market>.wasm` for each market; a changed file takes effect without a restart.
    #[arg(long, value_name = "DIR")]
    pub policies: PathBuf,
    /// The folder for evidence and state; it is made where it is missing.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The folder of the keys to evidence and state; `keys` in the data folder where none is named. Keep it out of backups of
    /// the data: without it nobody can read them.
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// How long after somebody was erased the key that wrapped theirs is destroyed, at the latest: `24h`, `90m`.
    #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = span)]
    pub rotate_keys_every: Span,
    /// Where to listen; port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Let in anyone on this machine, without a token: for a first try.
    #[arg(long)]
    pub open: bool,
    /// Let in whoever shows a token of this file; `kairos token new` makes them.
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// What time it is: the machine's, or the latest time seen in an event (old data only, with --open).
    #[arg(long, value_enum, default_value_t = ClockChoice::System)]
    pub clock: ClockChoice,
    /// How many cores decide; all that the machine has, unless it is said.
    #[arg(long, value_name = "N")]
    pub cores: Option<NonZeroUsize>,
    /// When a decision counts as kept: on the disk, or in the operating system's memory.
    #[arg(long, value_enum, default_value_t = Durability::Sync)]
    pub durability: Durability,
    /// How much memory the cache of customers may take.
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    pub cache_bytes: Size,
    /// How much may wait to be written to the view before callers are sent away.
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    pub pending_bytes: Size,
}

/// Where the host's time comes from.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockChoice {
    System,
    Events,
}

/// When a record counts as kept.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    Sync,
    Process,
}

/// A number of bytes, written with its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size(pub u64);

/// Text that is no size.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no size such as `64MiB`: write a whole number and B, KiB, MiB or GiB")]
pub struct InvalidSize(String);

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let unit = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(unit.unwrap_or(text.len()));
        let bytes = match unit {
            "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1_u64 << 30),
            _ => None,
        };
        number
            .parse::<u64>()
            .ok()
            .zip(bytes)
            .and_then(|(number, bytes)| number.checked_mul(bytes))
            .map(Self)
            .ok_or_else(|| InvalidSize(text.to_owned()))
    }
}

/// Flags that do not go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Contradiction {
    #[error(
        "`--clock events` lets every caller move the host's time, and so goes only with `--open`"
    )]
    EventsClockNeedsOpen,
}

impl Serve {
    /// What clap cannot check.
    pub fn check(&self) -> Result<(), Contradiction> {
        match (self.clock, self.open) {
            (ClockChoice::Events, false) => Err(Contradiction::EventsClockNeedsOpen),
            (ClockChoice::Events, true) | (ClockChoice::System, _) => Ok(()),
        }
    }

    /// The cores that decide.
    pub fn cores(&self) -> usize {
        let all = std::thread::available_parallelism();
        self.cores.or_else(|| all.ok()).map_or(1, NonZeroUsize::get)
    }

    pub fn node(&self) -> node::Settings {
        node::Settings {
            charter: self.charter.clone(),
            data: self.data.clone(),
            keys: self.keys.clone(),
            clock: match self.clock {
                ClockChoice::System => Clock::System,
                ClockChoice::Events => Clock::events(),
            },
            cores: self.cores(),
            store: store::Settings {
                durability: match self.durability {
                    Durability::Sync => store::Durability::Sync,
                    Durability::Process => store::Durability::Process,
                },
                ..store::Settings::default()
            },
            cache: cache::Settings {
                clean_bytes: self.cache_bytes.0,
                ahead_bytes: usize::try_from(self.pending_bytes.0).unwrap_or(usize::MAX),
            },
        }
    }

    pub fn server(&self) -> server::Settings {
        server::Settings {
            listen: self.listen,
            cores: self.cores(),
            access: match &self.tokens {
                Some(file) => server::Access::Tokens(file.clone()),
                None => server::Access::Open,
            },
            limits: server::Limits::default(),
            rotate_keys_every: self.rotate_keys_every,
        }
    }
}

fn span(text: &str) -> Result<Span, String> {
    let wrong = || {
        format!(
            "`{text}` is no span of time: write a number with its unit, such as `24h`, `90m` or `7d`"
        )
    };
    Span::parse(text).ok_or_else(wrong)
}

/// A log setting that does not read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidLog {
    #[error(
        "`KAIROS_LOG` does not read: write a level, or levels by module, such as `info,kairos::server=debug`"
    )]
    Filter(#[source] ParseError),
    #[error("the log was started already")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts the log on standard error, as `KAIROS_LOG` asks; warnings and what is new where it asks nothing.
pub fn start_log() -> Result<(), InvalidLog> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    let asked = std::env::var("KAIROS_LOG").unwrap_or_else(|_| "info".into());
    let targets: Targets = asked.parse().map_err(InvalidLog::Filter)?;
    tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal()),
        )
        .with(targets)
        .try_init()
        .map_err(InvalidLog::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit() {
        for (text, bytes) in [("64MiB", 64 << 20), ("1B", 1), ("2GiB", 2 << 30)] {
            assert_eq!(text.parse::<Size>().unwrap().0, bytes);
        }
        for wrong in ["", "64", "MiB", "64MB", "-1B", "1.5GiB", "99999999999GiB"] {
            let invalid = wrong.parse::<Size>().unwrap_err().to_string();
            assert!(invalid.contains("is no size such as `64MiB`"), "{invalid}");
        }
    }
}
