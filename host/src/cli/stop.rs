//! `kairos stop`: kill switches.

use clap::Subcommand;
use comfy_table::{Table, presets};
use http::Method;
use serde_json::{Value, json};

use crate::cli::client::{Asking, segment, word};
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
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Lift {
    /// The scope as `kairos stop list` shows it; of a policy, twelve digits are enough.
    scope: String,
    /// Why it may go on.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct List {
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    match args.command {
        Command::Put(put) => {
            let body = json!({ "reason": put.reason });
            let path = path(&put.scope);
            let stop = put.asking.to.ask(Method::PUT, &path, Some(&body))?;
            put.asking.tell(&stop, |stop| {
                let word = |name| word(stop, name);
                let (scope, since) = (word("scope"), word("at"));
                format!("{scope} is stopped since {since}: {}", word("reason"))
            });
        }
        Command::Lift(lift) => {
            let body = json!({ "reason": lift.reason });
            let path = path(&lift.scope);
            let stop = lift.asking.to.ask(Method::DELETE, &path, Some(&body))?;
            lift.asking.tell(&stop, |stop| {
                let word = |name| word(stop, name);
                let (scope, since) = (word("scope"), word("at"));
                format!("{scope} goes on; it was stopped since {since}")
            });
        }
        Command::List(list) => {
            let stops = list.asking.to.ask(Method::GET, "/v1/stops", None)?;
            list.asking.tell(&stops, table);
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
