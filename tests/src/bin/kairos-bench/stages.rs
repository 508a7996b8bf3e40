//! What the pieces take, as criterion measured them before.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// All of criterion's figures, the stages of the path first and in order.
pub fn markdown(criterion: &Path) -> Result<String> {
    let mut pieces = Vec::new();
    find(criterion, &mut pieces)?;
    pieces.sort_by(|one, other| one.name.cmp(&other.name));
    let mut text = String::from("| piece | µs, median |\n|---|---|\n");
    for piece in &pieces {
        let _infallible = writeln!(text, "| {} | {:.2} |", piece.name, piece.micros);
    }
    Ok(text)
}

struct Piece {
    name: String,
    micros: f64,
}

/// Every `new` below holds one measurement.
fn find(folder: &Path, pieces: &mut Vec<Piece>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "new") {
            pieces.extend(piece(&path)?);
        } else if path.is_dir() {
            find(&path, pieces)?;
        }
    }
    Ok(())
}

fn piece(folder: &Path) -> Result<Option<Piece>> {
    let read = |file: &str| -> Result<Value> {
        Ok(serde_json::from_slice(&fs::read(folder.join(file))?)?)
    };
    let (benchmark, estimates) = (read("benchmark.json")?, read("estimates.json")?);
    let name = benchmark["full_id"].as_str().context("a name")?;
    let nanos = estimates["median"]["point_estimate"].as_f64();
    Ok(nanos.map(|nanos| Piece {
        name: name.to_owned(),
        micros: nanos / 1e3,
    }))
}
