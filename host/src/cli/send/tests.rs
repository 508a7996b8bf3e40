//! Against a peer that speaks the protocol and misbehaves on purpose.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;

/// What the peer does with one request.
enum Act {
    Answer(u16, Value),
    HangUp,
}

/// A request as the peer saw it.
#[derive(Clone, Debug)]
struct Seen {
    market: String,
    events: Vec<Value>,
    content_type: String,
    prefer: String,
}

/// Told how often the first event of the request came, this time included.
type Behaviour = fn(usize, &Seen) -> Act;

#[derive(Clone)]
struct Peer {
    seen: Arc<Mutex<Vec<Seen>>>,
    behaviour: Behaviour,
}

impl Peer {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Act> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Act::HangUp)?.to_bytes();
        let header = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
        let seen = Seen {
            market: parts.uri.path().split('/').nth(3).unwrap().to_owned(),
            events: serde_json::from_slice(&body).unwrap(),
            content_type: header("content-type"),
            prefer: header("prefer"),
        };
        let times = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            let same = |other: &&Seen| other.events[0]["id"] == seen.events[0]["id"];
            all.iter().filter(same).count()
        };
        match (self.behaviour)(times, &seen) {
            Act::HangUp => Err(Act::HangUp),
            Act::Answer(status, body) => Ok(Response::builder()
                .status(status)
                .header("retry-after", "0")
                .body(Full::from(body.to_string()))
                .unwrap()),
        }
    }
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("act")
    }
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("act")
    }
}

impl std::error::Error for Act {}

async fn listen(behaviour: Behaviour) -> (Target, Arc<Mutex<Vec<Seen>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let peer = Peer {
        seen: seen.clone(),
        behaviour,
    };
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let peer = peer.clone();
            let service = service_fn(move |request| peer.clone().answer(request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move { connection.await.ok() });
        }
    });
    (target, seen)
}

/// Sends the lines over three connections in batches of four.
async fn send(target: Target, lines: &str) -> Summary {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    let sending = Sending {
        target,
        file: file.path().to_owned(),
        connections: 3,
        events_per_batch: 4,
        consent: Some("100%".parse().unwrap()),
        patience: Patience {
            attempts: 3,
            first_wait: Duration::ZERO,
            longest_wait: Duration::ZERO,
        },
    };
    sending.send().await.unwrap()
}

/// A hundred events of seven subjects in three markets.
fn events() -> String {
    let event = |line: u64| {
        let market = ["gb", "gb", "gb", "de", "fr"][usize::try_from(line * 7 % 5).unwrap()];
        let subject = format!("crm:{}", line % 7);
        let event = json!({ "id": format!("e{line:03}"), "type": "order.placed", "market": market, "subject": subject });
        format!("{event}\n")
    };
    (0..100).map(event).collect()
}

fn accept(event: &Value) -> Value {
    let decision = json!({ "id": event["id"], "outcome": "hold", "reason": "nothing_to_say" });
    json!({ "status": 200, "repeated": false, "reply": { "decisions": [decision] } })
}

fn accept_all(_: usize, seen: &Seen) -> Act {
    Act::Answer(200, seen.events.iter().map(accept).collect())
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// The ids in the order in which each subject's events arrived first.
fn arrivals(seen: &[Seen]) -> HashMap<String, Vec<String>> {
    let mut arrivals: HashMap<String, Vec<String>> = HashMap::new();
    for event in seen.iter().flat_map(|seen| &seen.events) {
        let subject = arrivals.entry(event["subject"].to_string()).or_default();
        let id = event["id"].as_str().unwrap().to_owned();
        if !subject.contains(&id) {
            subject.push(id);
        }
    }
    arrivals
}

#[track_caller]
fn in_order_with_consent_first(seen: &[Seen]) {
    let arrivals = arrivals(seen);
    assert_eq!(arrivals.len(), 7);
    for ids in arrivals.values() {
        let (consent, events) = ids.split_first().unwrap();
        assert!(consent.starts_with("simulated-consent-"), "{ids:?}");
        assert!(events.is_sorted(), "{ids:?}");
    }
}

#[test]
fn busy_and_broken_answers_are_asked_again_with_the_same_ids_and_in_order() {
    run(async {
        let (target, seen) = listen(|times, seen| match times {
            1 => Act::Answer(503, json!({ "type": "busy" })),
            2 => Act::HangUp,
            _ => accept_all(times, seen),
        })
        .await;
        let summary = send(target, &events()).await;
        assert_eq!(summary.ending(), Ending::Done, "{summary}");
        assert_eq!((summary.tally.accepted, summary.fed.simulated), (107, 7));
        assert!(summary.tally.retries > 0);
        in_order_with_consent_first(&seen.lock().unwrap());
    });
}

#[test]
fn what_the_host_was_too_busy_for_is_sent_again_alone() {
    run(async {
        let (target, seen) = listen(|_, seen| {
            let last = seen.events.len() - 1;
            let answer = |(index, event): (usize, &Value)| {
                if index == last && last > 0 {
                    json!({ "status": 503, "problem": { "type": "busy" } })
                } else {
                    accept(event)
                }
            };
            Act::Answer(200, seen.events.iter().enumerate().map(answer).collect())
        })
        .await;
        let summary = send(target, &events()).await;
        assert_eq!(summary.ending(), Ending::Done, "{summary}");
        assert_eq!(summary.tally.accepted, 107);
        in_order_with_consent_first(&seen.lock().unwrap());
    });
}

#[test]
fn a_market_that_the_host_does_not_know_does_not_stop_the_others() {
    run(async {
        let (target, _) = listen(|times, seen| match seen.market.as_str() {
            "de" => Act::Answer(
                404,
                json!({ "type": "unknown-market", "detail": "no `de`" }),
            ),
            _ => accept_all(times, seen),
        })
        .await;
        let summary = send(target, &events()).await;
        assert_eq!(summary.ending(), Ending::Found);
        let rejected = &summary.tally.rejected["404 unknown-market"];
        assert_eq!(rejected.first_detail, "no `de`");
        assert_eq!(summary.tally.accepted + rejected.count, 107);
    });
}

#[test]
fn an_answer_that_leaves_events_out_ends_the_sending() {
    run(async {
        let (target, _) = listen(|_, _| Act::Answer(200, json!([]))).await;
        let summary = send(target, &events()).await;
        assert_eq!(summary.ending(), Ending::Found);
        assert_eq!(summary.tally.answers(), 0);
        let why = summary.gave_up.unwrap();
        assert!(why.starts_with("the host answered 0 of "), "{why}");
    });
}

#[test]
fn a_host_that_is_always_busy_or_gone_ends_the_sending() {
    run(async {
        let (target, seen) = listen(|_, _| Act::Answer(503, json!({}))).await;
        let summary = send(target, &events()).await;
        let why = summary.gave_up.unwrap();
        assert!(
            why.contains("busy (status 503) at each of 3 attempts"),
            "{why}"
        );
        assert!(seen.lock().unwrap().len() <= 3 * 3);

        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = Target::parse(&format!("http://{}", free.local_addr().unwrap())).unwrap();
        drop(free);
        let summary = send(gone, &events()).await;
        assert_eq!(summary.ending(), Ending::Found);
        let why = summary.gave_up.unwrap();
        assert!(
            why.contains("after 3 attempts: cannot connect to 127.0.0.1"),
            "{why}"
        );
    });
}

#[test]
fn bad_lines_are_counted_and_the_rest_is_sent() {
    run(async {
        let (target, seen) = listen(accept_all).await;
        let lines = format!("rubbish\n{{}}\n\n{}[]\n", events());
        let summary = send(target, &lines).await;
        assert_eq!(summary.ending(), Ending::Found);
        assert_eq!((summary.fed.events, summary.tally.accepted), (100, 107));
        let malformed: Vec<(&str, u64)> = summary
            .fed
            .malformed
            .iter()
            .map(|(reason, bad)| (reason.as_str(), bad.first_line))
            .collect();
        assert_eq!(
            malformed,
            [
                ("no JSON object with every key once", 104),
                ("no `market`", 2),
                ("not JSON", 1)
            ]
        );
        let first = seen.lock().unwrap()[0].clone();
        assert_eq!(first.content_type, "application/cloudevents-batch+json");
        assert_eq!(first.prefer, "kairos=explain");
    });
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    run(async {
        let sending = Sending {
            target: Target::parse("http://127.0.0.1:1").unwrap(),
            file: "no/such/file".into(),
            connections: 1,
            events_per_batch: 1,
            consent: None,
            patience: Patience::default(),
        };
        let error = sending.send().await.unwrap_err().to_string();
        assert!(
            error.starts_with("`no/such/file` cannot be opened"),
            "{error}"
        );
    });
}
