//! `kairos token`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::charter::Charter;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::clock::Clock;
use crate::event::{Markets, Role};
use crate::ids::{Chance, Text};
use crate::server::Grant;

/// Makes tokens for callers.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a token, print it once, and keep its hash.
    ///
    /// kairos token new --tokens tokens.toml --name shop-gb --source shop --markets gb --roles decide,consent
    New(New),
}

#[derive(clap::Args, Debug)]
struct New {
    /// The file of hashes that `kairos serve --tokens` reads; it is made where it is missing.
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    /// What the caller is called, in this file and in logs.
    #[arg(long)]
    name: Text,
    /// The one source of the charter that the caller speaks as.
    #[arg(long)]
    source: Option<Text>,
    /// The markets it speaks for, or `*` for all.
    #[arg(long, value_delimiter = ',', required = true)]
    markets: Vec<Text>,
    /// What it may do: decide, policy, charter, approve, customer, consent, erase, evidence, operate.
    #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<Role>,
    /// Check source and markets against this charter.
    #[arg(long, value_name = "DIR")]
    charter: Option<PathBuf>,
}

fn role(name: &str) -> Result<Role, String> {
    Role::named(name).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        format!("it must be one of {}", known.join(", "))
    })
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    let Command::New(new) = args.command;
    let speaks = [Role::Decide, Role::Consent];
    if new.source.is_none() && new.roles.iter().any(|role| speaks.contains(role)) {
        return Err(
            "the roles `decide` and `consent` need `--source`: as whom does the caller speak?"
                .into(),
        );
    }
    if let Some(folder) = &new.charter {
        check(&new, &Charter::load(folder)?)?;
    }
    let grant = Grant {
        name: new.name,
        source: new.source,
        markets: match new.markets.as_slice() {
            [all] if all == "*" => Markets::All,
            _ => Markets::Some(new.markets),
        },
        roles: new.roles,
    };
    let token = grant.issue(
        &new.tokens,
        Clock::System.now(),
        &mut Chance::from_system()?,
    )?;
    say!("{token}");
    Ok(Ending::Done)
}

fn check(new: &New, charter: &Charter) -> Result<(), Failure> {
    if let Some(source) = &new.source
        && !charter.names.sources.contains_key(source)
    {
        return Err(format!("the charter knows no source `{source}`").into());
    }
    let known = |market: &Text| market == "*" || charter.names.markets.contains_key(market);
    match new.markets.iter().find(|market| !known(market)) {
        Some(market) => Err(format!("the charter knows no market `{market}`").into()),
        None => Ok(()),
    }
}
