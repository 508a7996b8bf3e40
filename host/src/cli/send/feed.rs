//! Reads the file on a thread of its own and fills the lanes with batches.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::Sender;

use super::batches::{Batch, Lanes, Ready};
use super::consent::Consents;
use super::lines::{BadLine, EventLine, Lines};
use super::tally::{Rejections, add_rejections};

/// What was read so far.
#[derive(Default, Clone, Debug)]
pub(super) struct FeedCount {
    /// Events of the file.
    pub(super) events: u64,
    /// Simulated consents.
    pub(super) simulated: u64,
    /// Lines that are no events, by what is wrong with them.
    pub(super) malformed: BTreeMap<String, Rejections>,
    /// Why reading ended before the file did.
    pub(super) broken: Option<String>,
}

/// What was read so far, as others may look at it at any time.
#[derive(Default, Clone, Debug)]
pub(super) struct Counter(Arc<Mutex<FeedCount>>);

impl Counter {
    pub(super) fn read(&self) -> FeedCount {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, change: impl FnOnce(&mut FeedCount)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The way from the file to the lanes.
pub(super) struct Feed {
    pub(super) lanes: Lanes,
    pub(super) consents: Option<Consents>,
    pub(super) senders: Vec<Sender<Batch>>,
    pub(super) counter: Counter,
}

/// A lane takes no more: there is no use in reading on.
struct LaneEnd;

impl Feed {
    /// Reads to the end of the input, or until a lane has ended. Blocks.
    pub(super) fn run(mut self, input: impl BufRead) {
        let mut lines = Lines::of(input);
        loop {
            let fed = match lines.next() {
                Ok(Some(entry)) => match entry.event {
                    Ok(event) => self.take(event),
                    Err(bad) => {
                        self.note(entry.line, &bad);
                        Ok(())
                    }
                },
                Ok(None) => break,
                Err(error) => {
                    let after = lines.number();
                    let why = format!("the input cannot be read after line {after}: {error}");
                    self.counter.add(|fed| fed.broken = Some(why));
                    break;
                }
            };
            if fed.is_err() {
                return;
            }
        }
        // An error means that a lane has ended, which it reports itself.
        let rest = self.lanes.drain();
        self.send(rest).ok();
    }

    fn take(&mut self, event: EventLine) -> Result<(), LaneEnd> {
        let consents = self.consents.as_mut();
        let consent = consents.and_then(|consents| consents.ahead_of(&event));
        self.counter.add(|fed| {
            fed.events += 1;
            fed.simulated += u64::from(consent.is_some());
        });
        for event in consent.into_iter().chain([event]) {
            let ready = self.lanes.add(event);
            self.send(ready)?;
        }
        Ok(())
    }

    fn send(&self, ready: Vec<Ready>) -> Result<(), LaneEnd> {
        for (lane, batch) in ready {
            let sender = self.senders.get(lane).ok_or(LaneEnd)?;
            sender.blocking_send(batch).map_err(|_| LaneEnd)?;
        }
        Ok(())
    }

    fn note(&self, line: u64, bad: &BadLine) {
        let detail = std::error::Error::source(bad).map(ToString::to_string);
        let rejection = Rejections {
            count: 1,
            first_line: line,
            first_detail: detail.unwrap_or_default(),
        };
        self.counter
            .add(|fed| add_rejections(&mut fed.malformed, bad.to_string(), rejection));
    }
}
