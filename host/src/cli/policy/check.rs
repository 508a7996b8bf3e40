//! `kairos policy check`: everything that the host would check when it loads a policy, without a host.

use std::path::PathBuf;
use std::sync::Arc;

use crate::charter::Charter;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::limits::POLICY_FILE_BYTES;
use crate::policy::{Active, Engines, Manifest, Refused, Settings};

/// Check a policy against a charter, as the host does before the policy goes live.
///
/// Exit status 0 when it would be loaded, 1 when it would be refused; then every reason is named.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  kairos policy check --charter examples/retail/charter --market gb target/policies/gb.wasm"
)]
pub(super) struct Args {
    /// The policy's file, as `kairos policy build` writes it.
    file: PathBuf,
    /// The charter's folder.
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
    /// The market that it is for; the file's name where it is not said.
    #[arg(long)]
    market: Option<String>,
    /// Print JSON for machines.
    #[arg(long)]
    json: bool,
}

/// Checks the policy and says what was found.
pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let market = match (&args.market, args.file.file_stem()) {
        (Some(market), _) => market.clone(),
        (None, Some(name)) => name.to_string_lossy().into_owned(),
        (None, None) => return Err("which market is it for? Say it with --market".into()),
    };
    let bytes = std::fs::metadata(&args.file)?.len();
    if bytes > POLICY_FILE_BYTES {
        return Ok(refused(args, &market, &Refused::TooLarge { bytes }));
    }
    let wasm = std::fs::read(&args.file)?;
    let charter = match Charter::load(&args.charter) {
        Ok(charter) => charter,
        Err(complaints) => {
            let each: Vec<_> = complaints.0.iter().map(ToString::to_string).collect();
            return Err(format!("the charter is wrong:\n  {}", each.join("\n  ")).into());
        }
    };
    let engines = Arc::new(Engines::new(&Settings {
        markets: 1,
        ..Settings::default()
    })?);
    match Active::check(&engines, &market, &wasm, &charter) {
        Ok(active) => Ok(good(args, &active)),
        Err(why) => Ok(refused(args, &market, &why)),
    }
}

fn good(args: &Args, active: &Active) -> Ending {
    if args.json {
        let report = serde_json::json!({
            "market": active.market,
            "version": active.version,
            "digest": active.digest.to_string(),
            "manifest": active.manifest,
        });
        say!("{report:#}");
    } else {
        say!(
            "{} {} is good for market {}",
            active.manifest.name,
            active.version,
            active.market
        );
        say!("  owner       {}", active.manifest.owner);
        say!("  worst case  {}", active.manifest.worst_case);
        print_moments(&active.manifest);
    }
    Ending::Done
}

fn print_moments(manifest: &Manifest) {
    for moment in &manifest.moments {
        say!("  at {}", moment.name);
        let inputs = moment.data.iter().chain(&moment.reads);
        let names: Vec<_> = inputs.map(|input| input.name.as_str()).collect();
        say!("    may know     {}", names.join(", "));
        for may in &moment.proposes {
            say!(
                "    may propose  {} over {}",
                may.action,
                may.channels.join(", ")
            );
        }
    }
}

fn refused(args: &Args, market: &str, why: &Refused) -> Ending {
    let reasons: Vec<String> = match why {
        Refused::Manifest(outside) => outside.iter().map(ToString::to_string).collect(),
        other => {
            let mut reason = other.to_string();
            let mut source = std::error::Error::source(other);
            while let Some(cause) = source {
                reason.push_str(&format!(", because {cause}"));
                source = cause.source();
            }
            vec![reason]
        }
    };
    if args.json {
        let report = serde_json::json!({ "market": market, "refused": reasons });
        say!("{report:#}");
    } else {
        say!(
            "{} would be refused for market {market}:",
            args.file.display()
        );
        for reason in reasons {
            say!("  {reason}");
        }
    }
    Ending::Found
}
