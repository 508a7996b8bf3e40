//! `kairos report`: what came of decisions, and of silence.

use std::path::PathBuf;

use comfy_table::{Table, presets};

use crate::cli::progress;
use crate::cli::replay::{Which, nothing};
use crate::cli::say::{say, show};
use crate::cli::{Ending, Failure};
use crate::ids::Text;
use crate::report::{Ask, Figure, Group, Report, Scope, of_folder};

/// Report the charter's figures, how often customers were reached, what was held back, what was regretted, and what was not
/// done, by which rule.
///
/// It is computed from the evidence, with the figures of the charter that went live last. Central figures mean the same in
/// every market; a market's own are marked `local` and stand in no sum. An action belongs to the time in which it acted, and
/// what came of it counts whenever it came. Nothing is changed; a host may run on the folder meanwhile.
///
/// kairos report data --since 7d --market de --csv
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The data folder.
    data: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Print CSV: one line for each market and figure.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let filter = args.which.filter()?;
    let ask = Ask {
        since: filter.since,
        until: filter.until,
        market: filter.market,
    };
    let bar = progress(Some(0), "reading");
    let report = of_folder(args.which.place(&args.data), ask, &mut |read, of| {
        bar.set_length(of);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    let report = report?;
    if report.events == 0 && report.figures.iter().all(|figure| figure.count == 0) {
        return Err(nothing("report").into());
    }
    match (args.csv, args.json) {
        (true, _) => show!("{}", report.csv()),
        (_, true) => say!("{:#}", report.json()),
        _ => say!("{}", told(&report)),
    }
    Ok(Ending::Done)
}

fn told(report: &Report) -> String {
    let Report {
        ask,
        events,
        decisions,
        ..
    } = report;
    let since = ask.since.map(|since| format!(" from {since}"));
    let until = ask.until.map(|until| format!(" before {until}"));
    let mut told = format!(
        "{events} events and {decisions} decisions{}{}, with the figures of charter {}",
        since.unwrap_or_default(),
        until.unwrap_or_default(),
        report.charter.version
    );
    for group in Group::ALL {
        let figures: Vec<&Figure> = report
            .figures
            .iter()
            .filter(|figure| figure.group == group && is_worth_a_line(figure))
            .collect();
        if !figures.is_empty() {
            told += &format!("\n\n{}\n{}", title(group), table(&figures));
            told += &meanings(&figures);
        }
    }
    let has_local = |figure: &Figure| figure.scope == Scope::Local;
    if report.figures.iter().any(has_local) {
        told += "\n\nlocal: a market's own figure, which means something else elsewhere and stands in no sum";
    }
    if report.one_in > 1 {
        told += &format!(
            "\nhow often customers were reached is measured of one customer in {}",
            report.one_in
        );
    }
    if report.let_go > 0 {
        told += &format!(
            "\n{} actions could not be followed to their end, there were too many at a time: their outcomes may be missing; ask for a shorter time",
            report.let_go
        );
    }
    if report.unreadable > 0 {
        told += &format!(
            "\n{} records cannot be read and are counted nowhere",
            report.unreadable
        );
    }
    told
}

/// Machines hear of every figure; for people a nought among many says nothing.
fn is_worth_a_line(figure: &Figure) -> bool {
    match figure.group {
        Group::Decisions | Group::Outcomes => figure.count > 0,
        Group::Kpi | Group::Pressure | Group::Suppressed | Group::Regret | Group::NotDone => true,
    }
}

fn title(group: Group) -> &'static str {
    match group {
        Group::Kpi => "The charter's figures",
        Group::Decisions => "Events and decisions",
        Group::Pressure => "How often customers were reached",
        Group::Suppressed => "What was held back",
        Group::Regret => "What was regretted",
        Group::Outcomes => "What customers did with it",
        Group::NotDone => "What was not done, and why",
    }
}

type Column = (&'static str, fn(&Figure) -> String);

const COLUMNS: [Column; 10] = [
    ("figure", |figure| figure.name.to_string()),
    ("scope", |figure| match figure.group {
        Group::Kpi => figure.scope.word().to_owned(),
        _ => String::new(),
    }),
    ("market", |figure| {
        figure.market.as_deref().unwrap_or("(all)").to_owned()
    }),
    ("moment", |figure| figure.moment.to_string()),
    ("action", |figure| figure.action.to_string()),
    ("by", |figure| figure.by.to_string()),
    ("value", |figure| match (figure.unit, figure.value) {
        ("share", Some(value)) => format!("{:.1} %", value * 100.0),
        ("mean", Some(value)) => format!("{value:.2}"),
        ("count", _) => String::new(),
        _ => "-".to_owned(),
    }),
    ("count", |figure| figure.count.to_string()),
    ("of", |figure| {
        figure.of.map_or_else(String::new, |of| of.to_string())
    }),
    ("open", |figure| match figure.open {
        0 => String::new(),
        open => open.to_string(),
    }),
];

/// The columns that say something.
fn table(figures: &[&Figure]) -> Table {
    let columns = COLUMNS
        .iter()
        .filter(|(_, cell)| figures.iter().any(|figure| !cell(figure).is_empty()));
    let columns: Vec<&Column> = columns.collect();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(columns.iter().map(|(name, _)| *name));
    for figure in figures {
        table.add_row(columns.iter().map(|(_, cell)| cell(figure)));
    }
    table
}

/// Each figure's meaning once.
fn meanings(figures: &[&Figure]) -> String {
    let mut said: Vec<&Text> = Vec::new();
    let mut told = String::new();
    for figure in figures {
        if !said.contains(&&figure.name) {
            said.push(&figure.name);
            told += &format!("\n  {}: {}", figure.name, figure.meaning);
        }
    }
    if figures.iter().any(|figure| figure.open > 0) {
        told += "\n  open: the time for an outcome has not passed, so it is in neither";
    }
    told
}
