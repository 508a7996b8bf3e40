//! What was measured, as Markdown.

use std::fmt::Write as _;

use crate::contest::{Contest, Turn};
use crate::path::Case;

/// A table of several kinds of load.
pub fn table(contests: &[Contest]) -> String {
    let mut text = String::from(
        "| load | durability | server | requests/s | ratio | µs of a core | in bare requests | p50 µs | p99 | p99.9 | \
         log, bytes | all files |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for contest in contests {
        rows(&mut text, contest);
    }
    text
}

fn rows(text: &mut String, contest: &Contest) {
    let Some(bare) = contest.lanes.first() else {
        return;
    };
    for lane in &contest.lanes {
        let quantile = |share: f64| lane.median(|turn| turn.figures.quantile(share));
        let bytes = lane.bytes.map_or("| ".to_owned(), |bytes| {
            format!("{:.0} | {:.0}", bytes.log, bytes.files)
        });
        let refused: u64 = lane.turns.iter().map(|turn| turn.figures.refused).sum();
        let name = match refused {
            0 => lane.name.clone(),
            refused => format!("{} (**{refused} refused**)", lane.name),
        };
        let _infallible = writeln!(
            text,
            "| {} | {} | {name} | {:.0} | {:.3} | {:.1} | {:.2} | {:.0} | {:.0} | {:.0} | {bytes} |",
            what(contest),
            contest.setting.durability.word(),
            lane.median(Turn::rate),
            lane.ratio(bare, Turn::rate),
            lane.median(|turn| turn.core_micros),
            lane.ratio(bare, |turn| turn.core_micros),
            quantile(0.5),
            quantile(0.99),
            quantile(0.999),
        );
    }
}

fn what(contest: &Contest) -> String {
    let case = match contest.setting.case {
        Case::Warm => "`warm`",
        Case::New => "`new`",
        Case::Wide => "`wide`",
        Case::Signal => "`signal`",
        Case::Markets => "`markets`",
    };
    match contest.pace {
        None => case.to_owned(),
        Some(pace) => format!("{case}, {pace:.0} a second"),
    }
}
