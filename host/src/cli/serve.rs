//! `kairos serve`.

mod policies;

use std::path::Path;
use std::sync::Arc;

use clap::error::ErrorKind;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::node::Node;
use crate::server::Server;
use crate::settings;
use crate::telemetry::Telemetry;

/// Runs the host.
///
/// For a first try: kairos serve --charter examples/retail/charter --policies target/policies --data data --open
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    serve: settings::Serve,
}

pub(super) fn run(args: Args) -> Result<Ending, Failure> {
    let Args { serve } = args;
    if let Err(contradiction) = serve.check() {
        clap::Error::raw(ErrorKind::ArgumentConflict, format!("{contradiction}\n")).exit();
    }
    settings::start_log()?;
    use_small_pages();
    check_folder("--charter", &serve.charter)?;
    check_folder("--policies", &serve.policies)?;
    let telemetry = Arc::new(Telemetry::new());
    let node = Node::open(serve.node(), &telemetry)?;
    let watch = policies::Watch::start(serve.policies.clone(), Arc::clone(&node))?;
    let server = Server::start(Arc::clone(&node), telemetry, &serve.server())?;
    let charter = node.charter();
    say!(
        "kairos listens on http://{}: charter {}, {} markets, {} policies{}{}",
        server.address(),
        charter.version,
        charter.markets.len(),
        watch.loaded(),
        if serve.open {
            ", open to anyone on this machine"
        } else {
            ""
        },
        match serve.clock {
            settings::ClockChoice::System => "",
            settings::ClockChoice::Events => ", on the clock of its events",
        },
    );
    wait_and_stop(server, watch)
}

/// The allocator asks for huge pages. The system zeroes each at once, on its first use, which takes milliseconds while somebody
/// waits for a decision; small ones come one by one.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory may come in huge pages");
    }
}

fn check_folder(flag: &str, folder: &Path) -> Result<(), Failure> {
    if folder.is_dir() {
        Ok(())
    } else {
        Err(format!("`{flag} {}` is no folder", folder.display()).into())
    }
}

/// Stops at the first signal, in order; at the second, at once.
fn wait_and_stop(server: Server, watch: policies::Watch) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: running requests end first; a second signal stops at once");
        let stopped = tokio::task::spawn_blocking(move || {
            watch.stop();
            server.stop();
        });
        tokio::select! {
            stopped = stopped => stopped?,
            _ = terminate.recv() => std::process::exit(1),
            _ = interrupt.recv() => std::process::exit(1),
        }
        Ok(Ending::Done)
    })
}
