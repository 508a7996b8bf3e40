//! `kairos approvals`: actions that wait for a person.

use clap::Subcommand;
use comfy_table::{Table, presets};
use http::Method;
use serde_json::{Value, json};

use crate::cli::client::{Asking, segment, word};
use crate::cli::{Ending, Failure};

/// Look at the actions that wait for a person, and decide about them.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Show what waits, the oldest first.
    ///
    /// kairos approvals list --market de --token-file approve.token
    List(List),
    /// Let an action happen. It passes every rule once more: one that objects by now drops it (exit status 1).
    ///
    /// kairos approvals approve 0193… --reason "agreed with finance" --token-file approve.token
    Approve(Decide),
    /// Drop an action.
    ///
    /// kairos approvals reject 0193… --reason "too much for this customer" --token-file approve.token
    Reject(Decide),
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only of this market.
    #[arg(long)]
    market: Option<String>,
    /// Only what comes after this action: the `next` of the page before.
    #[arg(long, value_name = "ID")]
    cursor: Option<String>,
    /// The most on one page.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    #[command(flatten)]
    asking: Asking,
}

#[derive(clap::Args, Debug)]
struct Decide {
    /// The action's id, as `kairos approvals list` shows it.
    action: String,
    /// Why: it stands in the evidence, with the name of the token.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    match args.command {
        Command::List(list) => show(&list),
        Command::Approve(decide) => settle(&decide, "approve"),
        Command::Reject(decide) => settle(&decide, "reject"),
    }
}

fn show(list: &List) -> Result<Ending, Failure> {
    let mut path = format!("/v1/approvals?limit={}", list.limit);
    for (name, value) in [("market", &list.market), ("cursor", &list.cursor)] {
        if let Some(value) = value {
            path += &format!("&{name}={}", segment(value));
        }
    }
    let page = list.asking.to.ask(Method::GET, &path, None)?;
    list.asking.tell(&page, table);
    Ok(Ending::Done)
}

fn settle(decide: &Decide, verb: &str) -> Result<Ending, Failure> {
    let path = format!("/v1/actions/{}/{verb}", segment(&decide.action));
    let body = json!({ "reason": decide.reason });
    let settled = decide.asking.to.ask(Method::POST, &path, Some(&body))?;
    decide.asking.tell(&settled, told);
    Ok(match word(&settled, "result").as_str() {
        "dropped" => Ending::Found,
        _ => Ending::Done,
    })
}

fn told(settled: &Value) -> String {
    let word = |name| word(settled, name);
    let action = format!("{} {}", word("action"), word("id"));
    match word("result").as_str() {
        "approved" => format!("{action} is approved, and due at {}", word("due")),
        "dropped" => format!(
            "{action} is dropped, because a rule objects by now: {}: {}",
            word("rule"),
            word("why")
        ),
        result => format!("{action} is {result}"),
    }
}

fn table(page: &Value) -> String {
    let waiting = page.get("approvals").and_then(Value::as_array);
    let waiting = waiting.map(Vec::as_slice).unwrap_or_default();
    if waiting.is_empty() {
        return "nothing waits for a person".to_owned();
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let columns = [
        "id",
        "market",
        "action",
        "channel",
        "parameters",
        "due",
        "approve_until",
    ];
    table.set_header(columns.map(|name| name.replace('_', " ")));
    for one in waiting {
        table.add_row(columns.map(|name| word(one, name)));
    }
    match word(page, "next").as_str() {
        "" => table.to_string(),
        next => format!("{table}\nmore: --cursor {next}"),
    }
}
