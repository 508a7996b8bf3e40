//! What may be asked of the evidence of a running host, and of its folder beside it.

#[path = "asked/charter.rs"]
mod charter;
#[path = "asked/damage.rs"]
mod damage;
#[path = "asked/decisions.rs"]
mod decisions;
#[path = "asked/doors.rs"]
mod doors;
#[path = "asked/replay.rs"]
mod replay;
#[path = "asked/report.rs"]
mod report;
#[path = "asked/words.rs"]
mod words;

use kairos_tests::Host;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_host-under-test");

fn run(words: &[&str]) -> (i32, String) {
    kairos_tests::run(BINARY, words)
}

/// The data folder of a host, as a command takes it.
fn data(host: &Host) -> String {
    host.folder().join("data").display().to_string()
}

/// Sends an event that happens at `now`, from a source of the charter.
fn send_from(host: &Host, source: &str, (market, now): (&str, &str), mut event: Value) -> Value {
    host.at(now);
    event["time"] = json!(now);
    event["source"] = json!(source);
    host.explained(market, &event)
}

fn send(host: &Host, at: (&str, &str), event: Value) -> Value {
    send_from(host, "shop/gb", at, event)
}
