//! What the server counts.

use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram};

use crate::telemetry::Telemetry;

/// What was asked for, as the figures tell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RouteKind {
    Event,
    Consent,
    Other,
}

const ROUTE_KINDS: [&str; 3] = ["event", "consent", "other"];

/// The statuses that this host gives; the first stands for all others.
const STATUSES: [u16; 16] = [
    0, 200, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 431, 500, 503, 504,
];

/// Requests by what was asked and how it ended, and how long they took.
pub(super) struct Figures {
    /// By what was asked and status.
    requests: Vec<Counter>,
    /// By what was asked.
    seconds: Vec<Histogram>,
}

impl Figures {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let counter = |asked: &str, status: u16| {
            let status = match status {
                0 => "other".to_owned(),
                status => status.to_string(),
            };
            let labels = [("route", asked), ("status", status.as_str())];
            telemetry.counter("kairos_http_requests_total", &labels)
        };
        Self {
            requests: ROUTE_KINDS
                .iter()
                .flat_map(|asked| STATUSES.map(|status| counter(asked, status)))
                .collect(),
            seconds: ROUTE_KINDS
                .iter()
                .map(|asked| telemetry.histogram("kairos_http_seconds", &[("route", asked)]))
                .collect(),
        }
    }

    pub(super) fn answered(&self, kind: RouteKind, status: StatusCode, took: Duration) {
        let place = STATUSES
            .iter()
            .position(|known| *known == status.as_u16())
            .unwrap_or_default();
        let row = kind as usize * STATUSES.len();
        if let Some(counter) = self.requests.get(row + place) {
            counter.increment(1);
        }
        if let Some(seconds) = self.seconds.get(kind as usize) {
            seconds.record(took.as_secs_f64());
        }
    }
}
