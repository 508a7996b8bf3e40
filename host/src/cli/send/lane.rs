//! One lane: its batches, sent one after another over one connection, again where that can help.

use std::time::Duration;

use indicatif::ProgressBar;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::time::sleep;

use super::answer::{Answer, Problem};
use super::batches::{Batch, body};
use super::lines::EventLine;
use super::tally::Tally;
use crate::cli::client::{Connection, Lost, Response};
use crate::clock::Stopwatch;

/// How often and how patiently a batch is sent again.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Patience {
    /// Sendings of one batch that bring nothing new.
    pub(super) attempts: u32,
    /// Before the second attempt; doubled for each further one.
    pub(super) first_wait: Duration,
    /// The longest that the client waits, whatever the host asks for.
    pub(super) longest_wait: Duration,
}

impl Default for Patience {
    /// About half a minute in all.
    fn default() -> Self {
        Self {
            attempts: 10,
            first_wait: Duration::from_millis(50),
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How long to wait after so many attempts; `None`: no more.
    fn wait(self, attempts: u32, asked: Option<Duration>) -> Option<Duration> {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1));
        let pace = self.first_wait.saturating_mul(doubled.unwrap_or(u32::MAX));
        (attempts < self.attempts).then(|| asked.unwrap_or(pace).min(self.longest_wait))
    }
}

/// Why a lane stopped before its events were answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
    #[error("the host did not answer after {attempts} attempts")]
    Lost { attempts: u32, source: Lost },
    #[error("the host was busy (status {status}) at each of {attempts} attempts")]
    Busy { attempts: u32, status: u16 },
    #[error("the host's answer is no list of answers")]
    NotAList(#[source] serde_json::Error),
    #[error("the host answered {answers} of {events} events of a batch")]
    Incomplete { answers: usize, events: usize },
}

/// One connection's part of the work.
pub(super) struct Lane {
    pub(super) connection: Connection,
    pub(super) patience: Patience,
    pub(super) progress: ProgressBar,
    pub(super) tally: Tally,
}

/// What came of one sending.
enum LaneAnswer {
    Answered,
    /// These were not; the host asks to wait, or the way was lost.
    Again {
        events: Vec<EventLine>,
        asked: Option<Duration>,
        because: Because,
    },
}

enum Because {
    Lost(Lost),
    Busy(u16),
}

impl Lane {
    /// Sends what arrives until nothing more comes, or `stop` says so.
    pub(super) async fn run(
        mut self,
        mut batches: Receiver<Batch>,
        mut stop: watch::Receiver<()>,
    ) -> (Tally, Result<(), LaneError>) {
        loop {
            let next = tokio::select! {
                next = batches.recv() => next,
                _ = stop.changed() => None,
            };
            let Some(batch) = next else {
                return (self.tally, Ok(()));
            };
            if let Err(gave_up) = self.deliver(batch).await {
                return (self.tally, Err(gave_up));
            }
        }
    }

    async fn deliver(&mut self, batch: Batch) -> Result<(), LaneError> {
        let mut events = batch.events;
        let mut attempts = 0;
        loop {
            let before = events.len();
            let (again, asked, because) = match self.send(&batch.market, events).await? {
                LaneAnswer::Answered => return Ok(()),
                LaneAnswer::Again {
                    events,
                    asked,
                    because,
                } => (events, asked, because),
            };
            attempts = if again.len() < before {
                1
            } else {
                attempts + 1
            };
            events = again;
            let Some(wait) = self.patience.wait(attempts, asked) else {
                return Err(because.give_up(attempts));
            };
            self.tally.retries += 1;
            sleep(wait).await;
        }
    }

    async fn send(
        &mut self,
        market: &str,
        events: Vec<EventLine>,
    ) -> Result<LaneAnswer, LaneError> {
        let watch = Stopwatch::start();
        let response = match self.connection.post(market, body(&events)).await {
            Ok(response) => response,
            Err(lost) => {
                return Ok(LaneAnswer::Again {
                    events,
                    asked: None,
                    because: Because::Lost(lost),
                });
            }
        };
        self.tally.answered_in(watch.elapsed());
        match response.status.as_u16() {
            200 => self.read(&response, events),
            status if is_busy(status) => Ok(LaneAnswer::Again {
                events,
                asked: response.retry_after,
                because: Because::Busy(status),
            }),
            status => {
                let problem = Problem::read(&response.body);
                for event in &events {
                    self.tally.reject(event, status, &problem);
                    self.progress.inc(event.origin.bytes());
                }
                Ok(LaneAnswer::Answered)
            }
        }
    }

    /// Counts the answers; what the host was too busy for is left.
    fn read(
        &mut self,
        response: &Response,
        events: Vec<EventLine>,
    ) -> Result<LaneAnswer, LaneError> {
        let answers: Vec<Answer> =
            serde_json::from_slice(&response.body).map_err(LaneError::NotAList)?;
        if answers.len() != events.len() {
            return Err(LaneError::Incomplete {
                answers: answers.len(),
                events: events.len(),
            });
        }
        let mut left = Vec::new();
        let mut busy = 0;
        for (event, answer) in events.into_iter().zip(answers) {
            if is_busy(answer.status) {
                busy = answer.status;
                left.push(event);
            } else {
                self.progress.inc(event.origin.bytes());
                self.tally.answered(&event, answer);
            }
        }
        if left.is_empty() {
            return Ok(LaneAnswer::Answered);
        }
        Ok(LaneAnswer::Again {
            events: left,
            asked: response.retry_after,
            because: Because::Busy(busy),
        })
    }
}

impl Because {
    fn give_up(self, attempts: u32) -> LaneError {
        match self {
            Self::Lost(source) => LaneError::Lost { attempts, source },
            Self::Busy(status) => LaneError::Busy { attempts, status },
        }
    }
}

/// Whether the same request may succeed a little later.
fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_follows_the_host_and_ends() {
        let patience = Patience {
            attempts: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(3),
        };
        let waits: Vec<Option<u64>> = (1..=5)
            .map(|attempts| patience.wait(attempts, None).map(|wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [Some(1), Some(2), Some(3), Some(3), None]);
        let asked = |seconds| patience.wait(1, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(0), Some(Duration::ZERO));
        assert_eq!(asked(3_600), Some(Duration::from_secs(3)));
    }
}
