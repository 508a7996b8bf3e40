//! `kairos replay`: compute recorded decisions again and compare.

use std::path::{Path, PathBuf};

use crate::cli::progress;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::clock::{Clock, Instant, Stopwatch};
use crate::decide::replay::{Difference, Place, Tally, replay_all};
use crate::evidence::query::Filter;
use crate::ids::{DecisionId, Text};

/// Compute recorded decisions again, with the policy and the charter of that time, and compare the answer, every verdict and the
/// outcome.
///
/// Exit status 0 when all are the same, 1 when not: then each difference is named. Nothing is changed; a host may run on the
/// folder meanwhile.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The data folder.
    data: PathBuf,
    /// Only this decision, and what else its event led to.
    #[arg(long)]
    decision: Option<String>,
    #[command(flatten)]
    which: Which,
    /// How many threads compute; without it, one for each processor.
    #[arg(long)]
    threads: Option<usize>,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

/// Which recorded decisions.
#[derive(clap::Args, Debug)]
pub(super) struct Which {
    /// Only of this market.
    #[arg(long)]
    pub(super) market: Option<String>,
    /// Only decisions of this time or later: `2026-11-01T00:00:00Z`, or so long ago: `7d`.
    #[arg(long)]
    since: Option<String>,
    /// Only decisions before it.
    #[arg(long)]
    until: Option<String>,
    /// The folder of the keys, where it is not within the data folder.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

impl Which {
    pub(super) fn place<'a>(&'a self, data: &'a Path) -> Place<'a> {
        let keys = self.keys.as_deref();
        Place { data, keys }
    }

    pub(super) fn filter(&self) -> Result<Filter, Failure> {
        let market = self.market.as_deref();
        Ok(Filter {
            decision: None,
            market: market.map(Text::new),
            since: self.since.as_deref().map(instant).transpose()?,
            until: self.until.as_deref().map(instant).transpose()?,
        })
    }
}

pub(super) fn threads(asked: Option<usize>) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    asked.unwrap_or_else(all).max(1)
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let id = args.decision.as_deref();
    let id =
        id.map(|id| DecisionId::parse(id).ok_or_else(|| format!("`{id}` is no decision's id")));
    let filter = Filter {
        decision: id.transpose()?,
        ..args.which.filter()?
    };
    let threads = threads(args.threads);
    let bar = progress(Some(0), "replaying");
    let watch = Stopwatch::start();
    let tally = replay_all(
        args.which.place(&args.data),
        &filter,
        threads,
        &|done, of| {
            if done.is_multiple_of(64) {
                bar.set_length(of);
                bar.set_position(done);
            }
        },
    );
    bar.finish_and_clear();
    let tally = tally?;
    if tally.decisions() == 0 {
        return Err(nothing("replay").into());
    }
    if args.json {
        say!("{:#}", tally.json())
    } else {
        say!("{}", told(&tally, watch.elapsed().as_secs_f64()))
    }
    Ok(if tally.is_same() {
        Ending::Done
    } else {
        Ending::Found
    })
}

/// No decision is meant, which is hardly what was meant.
pub(super) fn nothing(verb: &str) -> String {
    format!(
        "nothing to {verb}: no decision is recorded that the options let through, and `kairos decisions` lists those that are"
    )
}

/// A time, or a time so long before now.
fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse_or_ago(text, Clock::System.now()).ok_or_else(|| {
        format!("`{text}` is no time such as `2026-11-01T00:00:00Z`, and no duration such as `7d`")
    })
}

fn told(tally: &Tally, seconds: f64) -> String {
    let decisions = if tally.same == 1 {
        "decision"
    } else {
        "decisions"
    };
    let mut told = format!("{} {decisions} came out the same", tally.same);
    if tally.other_fuel > 0 {
        told += &format!(
            ", {} of them with another amount of fuel: another version of the engine",
            tally.other_fuel
        );
    }
    if tally.different > 0 {
        told += &format!("\n{} came out otherwise", tally.different);
    }
    for (apart, count) in &tally.apart {
        told += &format!("\n{count} cannot be computed again: {apart}");
    }
    for (missing, count) in &tally.missing {
        told += &format!("\n{count} could not be computed: {missing}");
    }
    for (id, differences) in &tally.shown {
        told += &format!("\n\n{id}");
        for Difference {
            field,
            recorded,
            now,
        } in differences
        {
            told += &format!("\n  {field}\n    recorded  {recorded}\n    now       {now}");
        }
    }
    let all = tally.same + tally.different;
    if seconds > 1.0 {
        told += &format!("\n{:.0} decisions a second", all as f64 / seconds);
    }
    told
}
