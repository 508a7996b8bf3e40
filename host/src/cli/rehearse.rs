//! `kairos rehearse`: try a change on recorded traffic before it acts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::charter::Charter;
use crate::cli::progress;
use crate::cli::replay::{Which, nothing, threads};
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::clock::Stopwatch;
use crate::decide::replay::{
    Counts, Instead, RecordedDecisions, Rehearsal, engines, reader, rehearse,
};
use crate::ids::Text;

/// Try a new policy or charter on recorded decisions, and show who would get something else.
///
/// Each decision is computed on what was known when it was recorded: what the change would have done to later ones does not
/// accumulate. Nothing is changed; a host may run on the folder meanwhile.
///
/// kairos rehearse data --policy gb.wasm --market gb --since 7d --fail-if "refused.consent > 0"
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The data folder.
    data: PathBuf,
    /// The component to try, for `--market`.
    #[arg(
        long,
        value_name = "FILE",
        requires = "market",
        required_unless_present = "charter"
    )]
    policy: Option<PathBuf>,
    /// The charter's folder to try.
    #[arg(long, value_name = "DIR")]
    charter: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// How many threads compute; without it, one for each processor.
    #[arg(long)]
    threads: Option<usize>,
    /// Exit status 1 where this holds; may be given several times. Figures: `decisions`, `changed`, `changed.MARKET`, and how
    /// many more than recorded: `acts`, `acts.ACTION`, `refused`, `refused.RULE`, `faults`. Comparisons: > >= < <= == !=
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<String>,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let conditions = args.fail_if.iter().map(|text| Condition::parse(text));
    let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
    let instead = instead(args)?;
    let (filter, threads) = (args.which.filter()?, threads(args.threads));
    let (reader, engines) = (reader(&args.data)?, engines(threads)?);
    let recorded =
        RecordedDecisions::survey((args.which.place(&args.data), &reader), &engines, &filter)?;
    let bar = progress(Some(0), "rehearsing");
    let watch = Stopwatch::start();
    let rehearsal = rehearse(&recorded, (&instead, threads), &|done, of| {
        if done.is_multiple_of(64) {
            bar.set_length(of);
            bar.set_position(done);
        }
    });
    bar.finish_and_clear();
    if rehearsal.decisions == 0 {
        return Err(untried(&rehearsal).into());
    }
    let failed = failed(&rehearsal, &conditions)?;
    if args.json {
        say!("{:#}", shown(&rehearsal, &failed))
    } else {
        say!(
            "{}",
            told(&rehearsal, &failed, watch.elapsed().as_secs_f64())
        )
    }
    Ok(if failed.is_empty() {
        Ending::Done
    } else {
        Ending::Found
    })
}

/// Where nothing could be tried, no condition holds: that must not look like success.
fn untried(rehearsal: &Rehearsal) -> String {
    if rehearsal.apart.is_empty() {
        return nothing("rehearse on");
    }
    let reasons = rehearsal.apart.iter();
    let reasons = reasons.map(|(why, count)| format!("\n  {count} decisions: {why}"));
    format!("nothing could be rehearsed:{}", reasons.collect::<String>())
}

fn instead(args: &Args) -> Result<Instead, Failure> {
    let policy = |file: &Path| -> Result<_, Failure> {
        let wasm = std::fs::read(file)
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
        let market = args.which.market.as_deref().unwrap_or_default();
        Ok((Text::new(market), Arc::from(wasm)))
    };
    Ok(Instead {
        charter: match &args.charter {
            Some(folder) => Some(Arc::new(Charter::load(folder)?)),
            None => None,
        },
        policy: args.policy.as_deref().map(policy).transpose()?,
    })
}

/// `refused.consent > 0`
struct Condition {
    text: String,
    figure: String,
    holds: Compare,
    bound: i64,
}

type Compare = fn(&i64, &i64) -> bool;

/// The longer signs first.
const SIGNS: [(&str, Compare); 6] = [
    (">=", i64::ge),
    ("<=", i64::le),
    ("==", i64::eq),
    ("!=", i64::ne),
    (">", i64::gt),
    ("<", i64::lt),
];

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no condition such as `refused.consent > 0`");
        let found = SIGNS.iter().find_map(|(sign, holds)| {
            let (figure, bound) = text.split_once(sign)?;
            Some((figure.trim(), bound.trim(), *holds))
        });
        let (figure, bound, holds) = found.ok_or_else(wrong)?;
        if Rehearsal::default().figure(figure).is_none() {
            return Err(format!(
                "`{figure}` is no figure: there are decisions, changed, changed.MARKET, acts, acts.ACTION, refused, refused.RULE and faults"
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            figure: figure.to_owned(),
            holds,
            bound: bound.parse().map_err(|_| wrong())?,
        })
    }
}

fn failed(rehearsal: &Rehearsal, conditions: &[Condition]) -> Result<Vec<String>, Failure> {
    let mut failed = Vec::new();
    for condition in conditions {
        let figure = rehearsal.figure(&condition.figure).unwrap_or_default();
        if (condition.holds)(&figure, &condition.bound) {
            failed.push(format!("{}: it is {figure}", condition.text));
        }
    }
    Ok(failed)
}

fn told(rehearsal: &Rehearsal, failed: &[String], seconds: f64) -> String {
    let Rehearsal {
        decisions, changed, ..
    } = rehearsal;
    let mut told = format!("something else would come of {changed} of {decisions} decisions");
    for (title, counts) in [
        ("by market", &rehearsal.by_market),
        ("by segment", &rehearsal.by_segment),
    ] {
        for (name, count) in counts {
            told += &format!("\n  {title}  {name}: {count}");
        }
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["", "recorded", "now", "more"]);
    let outcomes = rehearsal.outcomes.iter();
    let outcomes = outcomes.map(|(outcome, counts)| (format!("decisions that {outcome}"), counts));
    let actions = named("acts", &rehearsal.actions);
    let rules = named("refused by", &rehearsal.rules);
    for (name, counts) in outcomes.chain(actions).chain(rules) {
        table.add_row(row(&name, *counts));
    }
    table.add_row(row("faults", rehearsal.faults));
    table.add_row(row("fuel", rehearsal.fuel));
    table.add_row(row("microseconds", rehearsal.micros));
    told += &format!("\n\n{table}");
    for (why, count) in &rehearsal.apart {
        told += &format!("\n{count} cannot be rehearsed: {why}");
    }
    for example in &rehearsal.examples {
        told += &format!(
            "\n\n{} at {} in {}",
            example.decision, example.moment, example.market
        );
        for (sign, effects) in [("-", &example.gone), ("+", &example.new)] {
            for effect in effects {
                told += &format!("\n  {sign} {effect}");
            }
        }
    }
    told += "\n\nEach decision was computed on what was recorded: effects of the change on later ones do not accumulate.";
    if seconds > 1.0 {
        told += &format!("\n{:.0} decisions a second", *decisions as f64 / seconds);
    }
    for failed in failed {
        told += &format!("\nfails: {failed}");
    }
    told
}

fn named<'a>(
    before: &'a str,
    counts: &'a BTreeMap<Text, Counts>,
) -> impl Iterator<Item = (String, &'a Counts)> {
    counts
        .iter()
        .map(move |(name, counts)| (format!("{before} {name}"), counts))
}

fn row(name: &str, counts: Counts) -> [String; 4] {
    let Counts { recorded, now } = counts;
    let more = match counts.more() {
        0 => String::new(),
        more => format!("{more:+}"),
    };
    [name.to_owned(), recorded.to_string(), now.to_string(), more]
}

fn shown(rehearsal: &Rehearsal, failed: &[String]) -> Value {
    let counts = |counts: &Counts| json!({ "recorded": counts.recorded, "now": counts.now });
    let all = |map: &BTreeMap<Text, Counts>| -> Value {
        let all = map
            .iter()
            .map(|(name, one)| (name.to_string(), counts(one)));
        Value::Object(all.collect())
    };
    let outcomes = rehearsal.outcomes.iter();
    let outcomes = outcomes.map(|(outcome, one)| ((*outcome).to_owned(), counts(one)));
    let examples = rehearsal.examples.iter().map(|example| {
        json!({
            "decision": example.decision.to_string(), "market": example.market, "moment": example.moment,
            "gone": example.gone, "new": example.new,
        })
    });
    json!({
        "decisions": rehearsal.decisions, "changed": rehearsal.changed, "by_market": rehearsal.by_market,
        "by_segment": rehearsal.by_segment, "outcomes": Value::Object(outcomes.collect()),
        "actions": all(&rehearsal.actions), "rules": all(&rehearsal.rules), "faults": counts(&rehearsal.faults),
        "fuel": counts(&rehearsal.fuel), "microseconds": counts(&rehearsal.micros), "apart": rehearsal.apart,
        "examples": examples.collect::<Vec<_>>(), "failed": failed,
    })
}
