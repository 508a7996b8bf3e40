//! `kairos charter check`.

use std::path::{Path, PathBuf};

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use crate::charter::diff::{Comparison, Sort, compare};
use crate::charter::file::CENTRAL;
use crate::charter::{Charter, Complaints, LAPSES_AFTER, Market, Review};
use crate::cli::charter::{now, today};
use crate::cli::say::{say, show};
use crate::cli::{Ending, Failure};
use crate::clock::Span;

/// What must be reviewed within so many days is told of.
const SOON_DAYS: u64 = 30;

#[derive(clap::Args, Debug)]
pub(super) struct Check {
    /// The folder.
    folder: PathBuf,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        let Self { folder, json } = self;
        match (Charter::load(&folder), json) {
            (Ok(charter), false) => show!("{}", summary(&folder, &charter)),
            (Ok(charter), true) => say!("{:#}", summary_json(&charter)),
            (Err(complaints), json) => {
                if json {
                    say!("{:#}", complaints_json(&complaints))
                } else {
                    say!("{complaints}\n\n{}", verdict(&folder, &complaints))
                }
                return Ok(Ending::Found);
            }
        }
        Ok(Ending::Done)
    }
}

/// What is right, and should not stay as it is.
fn warnings(charter: &Charter) -> Vec<String> {
    let today = today();
    let what = |review: &Review| match review.what.as_str() {
        "" => format!("{}: the charter", review.place),
        what => format!("{}: `{what}`", review.place),
    };
    let overdue = charter.overdue(today).into_iter().map(|one| {
        format!(
            "{} should have been reviewed by {} ({}), and no new policy goes live until it is",
            what(one),
            one.by,
            charter.reached(&one.owner)
        )
    });
    let due = charter
        .due_soon(today, Span::from_days(SOON_DAYS))
        .into_iter()
        .map(|one| {
            format!(
                "{} must be reviewed by {} ({})",
                what(one),
                one.by,
                charter.reached(&one.owner)
            )
        });
    let expired = charter.expired(today).into_iter().map(|deviation| {
        format!(
            "{}: the deviation of `{}` ended on {}: no new policy of `{}` goes live until it is taken out",
            deviation.place,
            deviation.what,
            deviation.expires,
            charter.markets.at(deviation.market).name
        )
    });
    overdue
        .chain(due)
        .chain(expired)
        .chain(too_late(charter))
        .chain(unguarded(charter))
        .chain(charter.unheeded())
        .collect()
}

/// Actions that a policy must ask for well ahead, or they are never worth doing.
fn too_late(charter: &Charter) -> impl Iterator<Item = String> {
    charter.actions.iter().filter_map(|(_, action)| {
        let lapses = action.lapses.unwrap_or(LAPSES_AFTER);
        (action.delay.min > lapses).then(|| {
            format!(
                "charter.toml: `actions.{}` acts after `{}` at the earliest and lapses `{lapses}` after its time: asked for at \
                 once, it is always refused",
                action.name, action.delay.min
            )
        })
    })
}

/// Who could change what without anybody's signature.
fn unguarded(charter: &Charter) -> Option<String> {
    let owner = charter.people.iter().find(|one| one.name == charter.owner);
    let has_key = owner.is_some_and(|owner| owner.key.is_some());
    match (charter.approvals.is_empty(), has_key) {
        (true, _) => Some(
            "charter.toml: [approvals] is missing: whoever has a token with the role `charter` for all markets may change everything"
                .to_owned(),
        ),
        (false, false) => Some(format!(
            "charter.toml: `{}` owns the charter and has no key in [people]: a change of version or currency needs nobody's signature",
            charter.owner
        )),
        (false, true) => None,
    }
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
        "The charter in {} is right.\n\n  version  {}\n  owner    {}{review}\n  digest   {}\n  has      {}\n\n{}\n{}",
        folder.display(),
        charter.version,
        charter.owner,
        charter.digest,
        counts.join(", "),
        markets(charter).trim_fmt(),
        warnings(charter)
            .iter()
            .map(|warning| format!("\nwarning: {warning}\n"))
            .collect::<String>(),
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
    let comparison = comparison(charter);
    for (_, market) in charter.markets.iter() {
        table.add_row([
            market.name.to_string(),
            market.owner.to_string(),
            moments(charter, market).join("\n"),
            actions(charter, market).join("\n"),
            narrowed(comparison.as_ref(), market).join("\n"),
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

/// What every market's own file made smaller, and what it is now: worked out once for all of them.
fn comparison(charter: &Charter) -> Option<Comparison> {
    let central: Vec<(String, String)> = charter
        .files
        .iter()
        .filter(|(name, _)| name == CENTRAL)
        .map(|(name, text)| (name.clone(), text.to_string()))
        .collect();
    // Without the choices the central file may name what only they define; then there is nothing to compare with.
    let granted = Charter::compile(&central).ok()?;
    compare(&granted, charter, now()).ok()
}

fn narrowed(comparison: Option<&Comparison>, market: &Market) -> Vec<String> {
    let markets = comparison.iter().flat_map(|comparison| &comparison.markets);
    let own = markets.filter(|(name, _)| *name == market.name);
    own.flat_map(|(_, differences)| differences)
        .filter(|one| one.sort == Sort::Narrowed)
        .filter_map(|one| Some(format!("{}: {}", one.path, one.after.as_ref()?)))
        .collect()
}

fn summary_json(charter: &Charter) -> Json {
    let comparison = comparison(charter);
    let markets = charter.markets.iter().map(|(_, market)| {
        json!({
            "market": market.name,
            "owner": market.owner,
            "moments": moments(charter, market),
            "actions": actions(charter, market),
            "narrowed": narrowed(comparison.as_ref(), market),
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
        "warnings": warnings(charter),
    })
}

fn complaints_json(complaints: &Complaints) -> Json {
    let list = complaints.0.iter().map(|complaint| {
        json!({ "file": complaint.file, "line": complaint.line, "key": complaint.key, "what": complaint.what })
    });
    json!({ "right": false, "complaints": list.collect::<Vec<_>>() })
}
