//! `kairos charter`.

mod check;
mod diff;
mod key;
mod push;
mod schema;
mod show;
mod sign;
mod who;

use std::path::Path;

use clap::Subcommand;

use crate::charter::{Charter, Complaints};
use crate::cli::client::To;
use crate::cli::{Ending, Failure};
use crate::clock::{Clock, Instant};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Check a charter's folder: charter.toml, markets/*.toml and signatures.toml.
    ///
    /// Exit status 0 when it is right, 1 when something is wrong with it.
    #[command(after_help = "Example:\n  kairos charter check examples/retail/charter")]
    Check(check::Check),
    /// Show what each market may do in the end: its grant, its choice and its deviations together.
    #[command(after_help = "Example:\n  kairos charter show examples/retail/charter de")]
    Show(show::Show),
    /// Show what a new version changes, section by section and market by market, and who must sign it.
    ///
    /// Exit status 0 when nothing differs, 1 when something does.
    #[command(
        after_help = "Examples:\n  kairos charter diff old/charter new/charter\n  kairos charter diff new/charter --url http://127.0.0.1:8080 --token-file charter.token"
    )]
    Diff(diff::Diff),
    /// Show who decides a field, an action or a limit, what markets may choose of it, and what each has chosen.
    #[command(
        after_help = "Examples:\n  kairos charter who points examples/retail/charter\n  kairos charter who actions.cart_reminder.caps examples/retail/charter\n  kairos charter who fuel examples/retail/charter"
    )]
    Who(who::Who),
    /// Sign the sections that one of the people approves, into signatures.toml.
    #[command(after_help = "Example:\n  kairos charter sign charter --as legal --key legal.key")]
    Sign(sign::Sign),
    /// Make a pair of keys to sign with.
    Key(key::Args),
    /// Print the JSON Schema of charter.toml or of a market's file, for editors.
    #[command(
        after_help = "Example:\n  kairos charter schema charter > schema/charter.json\n\nName it in the first line of the file: #:schema schema/charter.json"
    )]
    Schema(schema::Schema),
    /// Load a folder into a running host, which refuses what is wrong, not signed, or strands a live policy.
    ///
    /// What was pulled, or pushed before, is only pushed onto what was live then: where somebody changed the charter or a
    /// market's choice since, pull again and make your change there, or replace it all with --force.
    #[command(
        after_help = "Example:\n  kairos charter push charter --url http://127.0.0.1:8080 --token-file charter.token"
    )]
    Push(push::Push),
    /// Write what is live in a running host into a folder, with a note for the next push (`.live`).
    #[command(
        after_help = "Example:\n  kairos charter pull charter --url http://127.0.0.1:8080 --token-file charter.token"
    )]
    Pull(push::Pull),
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    match args.command {
        Command::Check(check) => check.run(),
        Command::Show(show) => show.run(),
        Command::Diff(diff) => diff.run(),
        Command::Who(who) => who.run(),
        Command::Sign(sign) => sign.run(),
        Command::Key(args) => key::run(args),
        Command::Schema(schema) => schema.run(),
        Command::Push(push) => push.run(),
        Command::Pull(pull) => pull.run(),
    }
}

fn now() -> Instant {
    Clock::System.now()
}

fn today() -> jiff::civil::Date {
    now().timestamp().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A charter that is right; else what is wrong with it.
fn load(folder: &Path) -> Result<Charter, Failure> {
    compile(folder, &files(folder)?)
}

/// The charter of these files, which are those of the folder or come with them.
fn compile(folder: &Path, files: &[(String, String)]) -> Result<Charter, Failure> {
    let wrong = |complaints: Complaints| {
        format!(
            "{complaints}\n\nthe charter in {} is not right: `kairos charter check`",
            folder.display()
        )
    };
    Ok(Charter::compile(files).map_err(wrong)?)
}

/// What is live in a host.
struct LiveCharter {
    files: Vec<(String, String)>,
    /// What a push onto it names.
    tag: Option<String>,
}

fn live(to: &To) -> Result<LiveCharter, Failure> {
    let (tar, tag) = to.fetch_tar("/v1/charter")?;
    let files = crate::server::archive::read(&tar)?;
    Ok(LiveCharter { files, tag })
}

/// The folder's files.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    Ok(Charter::read(folder)?)
}
