//! `kairos verify`: walks the evidence of a data folder.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use crate::charter::PublicKey;
use crate::cli::progress;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::clock::Stopwatch;
use crate::decide::replay::reader;
use crate::evidence::checkpoint::Checkpoint;
use crate::evidence::verify::{Fate, Report, verify};
use crate::node::checkpoints::public_key;

/// Check that nothing in the evidence of a data folder was changed, taken out, put in or cut off.
///
/// Exit status 0 when all is right, 1 when not: then the first place that is wrong is named. Nothing is changed; a host may run
/// on the folder meanwhile. A cut end and a rewrite of everything show only to whoever kept a checkpoint.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The data folder.
    data: PathBuf,
    /// A checkpoint that was kept, from `GET /v1/evidence/checkpoint`; may be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The host's key, as `GET /v1/evidence` shows it; without it, the one in the data folder.
    #[arg(long, value_name = "ed25519:…")]
    key: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let reader = reader(&args.data)?;
    let key = match &args.key {
        Some(key) => PublicKey::parse(key).ok_or_else(|| {
            format!("`{key}` is no key such as `ed25519:` and 64 hexadecimal digits")
        })?,
        None => public_key(&args.data)?,
    };
    let kept = args.checkpoint.iter().map(|file| read(file, &key));
    let kept = kept.collect::<Result<Vec<_>, _>>()?;
    let bar = progress(Some(0), "verifying");
    let watch = Stopwatch::start();
    let report = verify(&reader, &key, &kept, &mut |read, of| {
        advance(&bar, read, of)
    });
    bar.finish_and_clear();
    let report = report?;
    say!("{}", told(&report, &key));
    let seconds = watch.elapsed().as_secs_f64();
    if seconds > 1.0 {
        say!(
            "{:.0} records a second",
            report.log.records as f64 / seconds
        );
    }
    Ok(if report.is_sound() {
        Ending::Done
    } else {
        Ending::Found
    })
}

fn advance(bar: &ProgressBar, read: u64, of: u64) {
    bar.set_length(of);
    bar.set_position(read);
}

fn read(file: &Path, key: &PublicKey) -> Result<Checkpoint, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
    Ok(Checkpoint::read(&text, key).map_err(|error| {
        format!(
            "`{}` is no checkpoint of this host: {error}",
            file.display()
        )
    })?)
}

fn told(report: &Report, key: &PublicKey) -> String {
    let Report { log, .. } = report;
    let mut told = format!(
        "{} records from position {} to {}: every one follows from the one before",
        log.records, log.first, log.end
    );
    told += &format!(
        "\n{} checkpoints in it are right and signed with {key}",
        report.checkpoints
    );
    if report.foreign > 0 {
        told += &format!(
            "\n{} checkpoints in it are signed with another key",
            report.foreign
        );
    }
    if report.erased > 0 {
        told += &format!(
            "\nerased customers: {}; what is about them is in its place, and nobody can read it",
            report.erased
        );
    }
    if let Some((position, flaw)) = &log.torn {
        told += &format!(
            "\nat position {position} stands what is no whole batch: {flaw}; a crash leaves such, and the next start cuts it off"
        );
    }
    for (kept, fate) in &report.kept {
        told += &format!("\nthe checkpoint of {kept} ");
        told += &match fate {
            Fate::Holds => "holds".to_owned(),
            Fate::Cut { records } => {
                format!("does not hold: there are only {records} records, the end was cut off")
            }
            Fate::Rewritten => "does not hold: what it tells of was rewritten".to_owned(),
            Fate::Removed { first } => {
                format!("cannot be compared: the log begins after {first} records")
            }
            Fate::OtherLog => "is about another log".to_owned(),
        };
    }
    told
}
