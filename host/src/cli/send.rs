//! `kairos send`: events from a file to a host, and what came of them.

mod answer;
mod lines;
mod consent;
mod batches;
mod tally;
mod lane;
mod feed;
mod summary;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::cli::client::{Connection, Target, To};
use crate::cli::progress;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::clock::Stopwatch;

pub(in crate::cli) use answer::{Action, Decision};
pub(in crate::cli) use consent::Share;
pub(in crate::cli) use lane::Patience;
pub(in crate::cli) use summary::Summary;
pub(in crate::cli) use tally::{Firsts, Sample};

use batches::Lanes;
use consent::Consents;
use feed::{Counter, Feed};
use lane::Lane;
use tally::Tally;

const AFTER_HELP: &str = "\
Each event goes to the market that its `market` names; events of one subject arrive in the order of the file.
Exit status 0: every event was accepted or known before; 1: something was rejected, malformed or unanswered.

Example: kairos send --url http://127.0.0.1:8080 --simulate-consent 60% events.ndjson";

/// Batches that wait for one connection; more would only let the connections drift apart.
const WAITING_BATCHES: usize = 1;

/// What to send, as the caller says it.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// CloudEvents, one JSON object a line; `-` for standard input.
    file: PathBuf,
    #[command(flatten)]
    to: To,
    /// How many connections to send over.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// The most events in one batch.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    batch: u16,
    /// Gives a SIMULATED consent to marketing by email for so many of the subjects, such as `60%`: ahead of each
    /// one's first event, for the same subjects on every run.
    #[arg(long, value_name = "SHARE")]
    simulate_consent: Option<Share>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What to send, where to, and how.
#[derive(Debug)]
pub(in crate::cli) struct Sending {
    pub(in crate::cli) target: Target,
    pub(in crate::cli) file: PathBuf,
    pub(in crate::cli) connections: usize,
    pub(in crate::cli) events_per_batch: usize,
    pub(in crate::cli) consent: Option<Share>,
    pub(in crate::cli) patience: Patience,
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    let sending = Sending {
        target: args.to.target()?,
        file: args.file,
        connections: usize::from(args.connections),
        events_per_batch: usize::from(args.batch),
        consent: args.simulate_consent,
        patience: Patience::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let summary = runtime.block_on(sending.send())?;
    if args.json {
        say!("{:#}", summary.json());
    } else {
        say!("{summary}");
    }
    Ok(summary.ending())
}

impl Sending {
    /// Sends everything and counts the answers. An error means that nothing was sent.
    pub(in crate::cli) async fn send(self) -> Result<Summary, Failure> {
        let (input, bytes) = open(&self.file)?;
        let progress = progress(bytes, "sending");
        let counter = Counter::default();
        let watch = Stopwatch::start();
        let (stop, stopped) = watch::channel(());
        let mut lanes = JoinSet::new();
        let mut senders = Vec::new();
        for _ in 0..self.connections {
            let (sender, batches) = mpsc::channel(WAITING_BATCHES);
            senders.push(sender);
            let lane = Lane {
                connection: Connection::to(self.target.clone()),
                patience: self.patience,
                progress: progress.clone(),
                tally: Tally::default(),
            };
            lanes.spawn(lane.run(batches, stopped.clone()));
        }
        let feed = Feed {
            lanes: Lanes::new(self.connections, self.events_per_batch),
            consents: self.consent.map(Consents::simulated),
            senders,
            counter: counter.clone(),
        };
        // Not joined: when the host is gone, it may still wait for standard input.
        std::thread::Builder::new()
            .name("feed".to_owned())
            .spawn(move || feed.run(input))?;
        let (tally, gave_up) = gather(lanes, &stop).await?;
        progress.finish_and_clear();
        Ok(Summary {
            fed: counter.read(),
            tally,
            took: watch.elapsed(),
            gave_up,
        })
    }
}

type LaneResult = (Tally, Result<(), lane::LaneError>);

/// Waits for all lanes; when one gives up, the others stop after the batch that they are at.
async fn gather(
    mut lanes: JoinSet<LaneResult>,
    stop: &watch::Sender<()>,
) -> Result<(Tally, Option<String>), Failure> {
    let mut tally = Tally::default();
    let mut gave_up = None;
    while let Some(lane) = lanes.join_next().await {
        let (counted, ended) = lane?;
        tally.merge(counted);
        if let Err(error) = ended {
            stop.send_replace(());
            gave_up.get_or_insert(with_sources(&error));
        }
    }
    Ok((tally, gave_up))
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

type Input = Box<dyn BufRead + Send>;

fn open(path: &Path) -> Result<(Input, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = File::open(path)
        .map_err(|error| format!("`{}` cannot be opened: {error}", path.display()))?;
    let bytes = file.metadata().ok().map(|meta| meta.len());
    Ok((Box::new(BufReader::new(file)), bytes))
}

#[cfg(test)]
mod tests;
