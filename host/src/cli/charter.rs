//! `kairos charter`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use crate::charter::{Charter, Complaints, Frame, Market, Parameter};
use crate::cli::{Ending, Failure};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Check a charter's folder: charter.toml and markets/*.toml.
    ///
    /// Exit status 0 when it is right, 1 when something is wrong with it.
    #[command(after_help = "Example:\n  kairos charter check examples/retail/charter")]
    Check {
        /// The folder.
        folder: PathBuf,
        /// Print JSON for machines.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    let Command::Check { folder, json } = args.command;
    match (Charter::load(&folder), json) {
        (Ok(charter), false) => print!("{}", summary(&folder, &charter)),
        (Ok(charter), true) => println!("{:#}", summary_json(&charter)),
        (Err(complaints), json) => {
            match json {
                false => println!("{complaints}\n\n{}", verdict(&folder, &complaints)),
                true => println!("{:#}", complaints_json(&complaints)),
            }
            return Ok(Ending::Found);
        }
    }
    Ok(Ending::Done)
}

fn verdict(folder: &Path, complaints: &Complaints) -> String {
    let things = match complaints.0.len() {
        1 => "1 thing is wrong".to_owned(),
        several => format!("{several} things are wrong"),
    };
    format!("{things} with the charter in {}", folder.display())
}

fn summary(folder: &Path, charter: &Charter) -> String {
    let review = charter
        .review_by
        .map_or(String::new(), |date| format!(", review by {date}"));
    let counts = counts(charter).map(|(what, count)| format!("{count} {what}"));
    format!(
        "The charter in {} is right.\n\n  version  {}\n  owner    {}{review}\n  digest   {}\n  has      {}\n\n{}\n",
        folder.display(),
        charter.version,
        charter.owner,
        charter.digest,
        counts.join(", "),
        markets(charter).trim_fmt(),
    )
}

fn counts(charter: &Charter) -> [(&'static str, usize); 11] {
    [
        ("sources", charter.sources.len()),
        ("identities", charter.identities.len()),
        ("purposes", charter.purposes.len()),
        ("fields", charter.fields.len()),
        ("windows", charter.windows.len()),
        ("items", charter.items.len()),
        ("events", charter.events.len()),
        ("moments", charter.moments.len()),
        ("channels", charter.channels.len()),
        ("actions", charter.actions.len()),
        ("markets", charter.markets.len()),
    ]
}

fn markets(charter: &Charter) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header([
        "market",
        "owner",
        "moments",
        "actions",
        "narrowed by the market",
    ]);
    for (_, market) in charter.markets.iter() {
        table.add_row([
            market.name.to_string(),
            market.owner.to_string(),
            moments(charter, market).join("\n"),
            actions(charter, market).join("\n"),
            narrowed(charter, market).join("\n"),
        ]);
    }
    table
}

fn moments<'a>(charter: &'a Charter, market: &Market) -> Vec<&'a str> {
    market
        .moments
        .iter()
        .map(|moment| charter.moments.at(*moment).name.as_str())
        .collect()
}

fn actions<'a>(charter: &'a Charter, market: &Market) -> Vec<&'a str> {
    let granted = charter
        .actions
        .iter()
        .filter(|(index, _)| market.frame(*index).is_some());
    granted.map(|(_, action)| action.name.as_str()).collect()
}

/// Every bound that the market's own file made smaller.
fn narrowed(charter: &Charter, market: &Market) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, action) in charter.actions.iter() {
        let Some(Frame {
            channels,
            parameters,
            lapses,
            ..
        }) = market.frame(index)
        else {
            continue;
        };
        if *channels != action.channels {
            let names: Vec<&str> = channels
                .iter()
                .map(|channel| charter.channels.at(*channel).name.as_str())
                .collect();
            lines.push(format!("{}: only by {}", action.name, names.join(", ")));
        }
        if let Some(lapses) = lapses.filter(|lapses| action.lapses != Some(*lapses)) {
            lines.push(format!("{}: lapses after {lapses}", action.name));
        }
        for (chosen, granted) in parameters.iter().zip(&action.parameters) {
            lines.extend(
                bounds(chosen, granted)
                    .into_iter()
                    .map(|bound| format!("{}.{}: {bound}", action.name, chosen.name)),
            );
        }
    }
    lines
}

fn bounds(chosen: &Parameter, granted: &Parameter) -> Vec<String> {
    let mut bounds = Vec::new();
    if let Some((low, high)) = chosen
        .between
        .filter(|between| granted.between != Some(*between))
    {
        let was = granted.between.map_or(String::new(), |(low, high)| {
            format!(" (charter: {low} to {high})")
        });
        bounds.push(format!("{low} to {high}{was}"));
    }
    if chosen.one_of != granted.one_of {
        bounds.push(format!("one of {}", chosen.one_of.join(", ")));
    }
    if chosen.at_most != granted.at_most {
        bounds.push(format!(
            "at most {} (charter: {})",
            chosen.at_most, granted.at_most
        ));
    }
    if chosen.required != granted.required {
        bounds.push("required".to_owned());
    }
    bounds
}

fn summary_json(charter: &Charter) -> Json {
    let markets = charter.markets.iter().map(|(_, market)| {
        json!({
            "market": market.name,
            "owner": market.owner,
            "moments": moments(charter, market),
            "actions": actions(charter, market),
            "narrowed": narrowed(charter, market),
        })
    });
    let markets: Vec<Json> = markets.collect();
    let counts: serde_json::Map<String, Json> = counts(charter)
        .into_iter()
        .map(|(what, count)| (what.to_owned(), json!(count)))
        .collect();
    json!({
        "right": true,
        "version": charter.version,
        "owner": charter.owner,
        "review-by": charter.review_by.map(|date| date.to_string()),
        "digest": charter.digest.to_string(),
        "counts": counts,
        "markets": markets,
    })
}

fn complaints_json(complaints: &Complaints) -> Json {
    let list = complaints.0.iter().map(|complaint| {
        json!({ "file": complaint.file, "line": complaint.line, "key": complaint.key, "what": complaint.what })
    });
    json!({ "right": false, "complaints": list.collect::<Vec<_>>() })
}
