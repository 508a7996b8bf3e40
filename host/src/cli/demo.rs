//! `kairos demo`: a host on a temporary folder, real events, and what it decided in plain words.

mod child;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::client::Target;
use crate::cli::say::say;
use crate::cli::send::{Patience, Sending, Share};
use crate::cli::{Ending, Failure};
use child::Host;

/// What the demo shows.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The charter's folder.
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
    /// The folder that holds `<market>.wasm`.
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// CloudEvents, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// Ends the host when everything is shown.
    #[arg(long)]
    once: bool,
    /// Where the host listens; port 0 takes a free one. Without this: 127.0.0.1:8080, or a free port.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

const AFTER_HELP: &str = "\
The host runs as a process of its own, open on loopback, until Ctrl-C; then it and its folder are gone. Consents are
simulated for 60% of the customers, since the data holds none.

Example: kairos demo --charter examples/retail/charter --policies target/policies --events events.ndjson";

/// Few and small batches: the host's clock follows the events, and should not run ahead of the ones still to come.
const CONNECTIONS: usize = 2;
const EVENTS_PER_BATCH: usize = 20;
const CONSENTS: &str = "60%";

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        // Leaving early drops `show`, and with it the host and its folder.
        tokio::select! {
            shown = show(args) => shown,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                Ok(Ending::Done)
            }
            _ = terminated.recv() => Ok(Ending::Found),
        }
    })
}

async fn show(args: Args) -> Result<Ending, Failure> {
    let consent: Share = CONSENTS.parse()?;
    let mut host = Host::start(&args)?;
    let url = host.url();
    say!("starting a host at {url} on a temporary folder …");
    let target = Target::parse(&url)?;
    host.wait_until_ready(&target).await?;
    say!("sending {}\n", args.events.display());
    let sending = Sending {
        target,
        file: args.events,
        connections: CONNECTIONS,
        events_per_batch: EVENTS_PER_BATCH,
        consent: Some(consent),
        patience: Patience::default(),
    };
    let summary = sending.send().await?;
    say!("{summary}\n");
    say!("{}", words::three(&summary.tally.firsts, &url));
    if args.once {
        return Ok(summary.ending());
    }
    say!("\nThe host runs at {url} until Ctrl-C.");
    match host.stay().await? {}
}
