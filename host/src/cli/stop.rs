//! `kairos stop`: kill switches.

use clap::Subcommand;
use comfy_table::{Table, presets};
use http::Method;
use serde_json::{Value, json};

use crate::cli::client::{To, segment};
use crate::cli::say::say;
use crate::cli::{Ending, Failure};

/// Stop a market, a channel, a moment, an action, a policy or everything, at once.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Stop something, from the next decision on.
    ///
    /// kairos stop put market:de --reason "wrong prices in the feed" --token-file operate.token
    Put(Put),
    /// Lift a stop.
    ///
    /// kairos stop lift market:de --reason "the feed is right again" --token-file operate.token
    Lift(Lift),
    /// Show what is stopped, since when and why.
    ///
    /// kairos stop list --token-file operate.token
    List(List),
}

#[derive(clap::Args, Debug)]
struct Put {
    /// `all`, `market:…`, `channel:…`, `moment:…`, `action:…` or `policy:sha256:…`.
    scope: String,
    /// Why: everybody who looks at the stops reads it.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    to: To,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct Lift {
    /// The scope as `kairos stop list` shows it; of a policy, twelve digits are enough.
    scope: String,
    /// Why it may go on.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    to: To,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct List {
    #[command(flatten)]
    to: To,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    match args.command {
        Command::Put(put) => {
            let body = json!({ "reason": put.reason });
            let stop = put.to.ask(Method::PUT, &path(&put.scope), Some(&body))?;
            match put.json {
                true => say!("{stop:#}"),
                false => say!(
                    "{} is stopped since {}: {}",
                    word(&stop, "scope"),
                    word(&stop, "at"),
                    word(&stop, "reason")
                ),
            }
        }
        Command::Lift(lift) => {
            let body = json!({ "reason": lift.reason });
            let stop = lift
                .to
                .ask(Method::DELETE, &path(&lift.scope), Some(&body))?;
            match lift.json {
                true => say!("{stop:#}"),
                false => say!(
                    "{} goes on; it was stopped since {}",
                    word(&stop, "scope"),
                    word(&stop, "at")
                ),
            }
        }
        Command::List(list) => {
            let stops = list.to.ask(Method::GET, "/v1/stops", None)?;
            match list.json {
                true => say!("{stops:#}"),
                false => say!("{}", table(&stops)),
            }
        }
    }
    Ok(Ending::Done)
}

fn path(scope: &str) -> String {
    format!("/v1/stops/{}", segment(scope))
}

fn table(stops: &Value) -> String {
    let stops = stops.get("stops").and_then(Value::as_array);
    let stops = stops.map(Vec::as_slice).unwrap_or_default();
    if stops.is_empty() {
        return "nothing is stopped".to_owned();
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["scope", "since", "by", "reason"]);
    for stop in stops {
        table.add_row(["scope", "at", "by", "reason"].map(|name| word(stop, name)));
    }
    table.to_string()
}

fn word(stop: &Value, name: &str) -> String {
    let word = stop.get(name).and_then(Value::as_str);
    word.unwrap_or_default().to_owned()
}
