//! Measures in turn and says what came of it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::load::{self, Figures, Load};
use crate::memory::{self, OfCustomers, OfMarkets};
use crate::server::{self, Host, Running};

/// How long and how often.
pub struct Plan {
    pub seconds: u64,
    pub rounds: usize,
    pub customers: Vec<u64>,
}

/// Everything that was measured.
pub struct Report {
    throughput: Vec<Compared>,
    customers: Vec<OfCustomers>,
    markets: Vec<OfMarkets>,
}

/// One server against the bare one.
struct Compared {
    connections: usize,
    durability: &'static str,
    /// Bare, and Kairos, round by round.
    rounds: Vec<(Figures, Figures)>,
}

/// The two ways to be durable, as `kairos serve` calls them.
const DURABILITIES: [&str; 2] = ["process", "sync"];

/// Runs everything.
pub fn measure(host: &Host, plan: &Plan) -> Result<Report> {
    server::stay_on_the_last()?;
    let mut throughput = Vec::new();
    for connections in [64, 256] {
        for durability in DURABILITIES {
            throughput.push(compare(host, plan, connections, durability)?);
        }
    }
    let customers = plan
        .customers
        .iter()
        .map(|customers| memory::of_customers(host, *customers));
    let markets = [1, 200]
        .into_iter()
        .map(|markets| memory::of_markets(host, markets));
    Ok(Report {
        throughput,
        customers: customers.collect::<Result<_>>()?,
        markets: markets.collect::<Result<_>>()?,
    })
}

fn compare(
    host: &Host,
    plan: &Plan,
    connections: usize,
    durability: &'static str,
) -> Result<Compared> {
    let kairos = host.start(&["--durability", durability])?;
    let answer = answer_of(&kairos)?;
    let bare = server::bare(&answer)?;
    let mut first = 1_000;
    let mut put = |to: SocketAddr, seconds: u64| -> Result<Figures> {
        let figures = load::run(
            to,
            &Load {
                connections,
                seconds,
                first,
                ..Load::default()
            },
        )?;
        first += figures.requests + 1_000;
        Ok(figures)
    };
    put(bare.at, 1)?;
    put(kairos.at, 2)?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let bare = put(bare.at, plan.seconds)?;
        let kairos = put(kairos.at, plan.seconds)?;
        eprintln!(
            "{connections} connections, {durability}: bare {} | kairos {}",
            bare.line(),
            kairos.line()
        );
        anyhow::ensure!(
            bare.refused + kairos.refused == 0,
            "a server refused requests"
        );
        rounds.push((bare, kairos));
    }
    Ok(Compared {
        connections,
        durability,
        rounds,
    })
}

/// What Kairos answers to one event, in a file for the bare server.
fn answer_of(kairos: &Running) -> Result<PathBuf> {
    let body = load::event(0, 1);
    let mut socket = TcpStream::connect(kairos.at)?;
    write!(
        socket,
        "POST /v1/markets/gb/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/cloudevents+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reply = String::new();
    socket.read_to_string(&mut reply)?;
    let (head, answer) = reply.split_once("\r\n\r\n").context("a reply")?;
    anyhow::ensure!(
        head.starts_with("HTTP/1.1 200"),
        "the first event was refused: {answer}"
    );
    let path = std::env::temp_dir().join(format!("kairos-bench-answer-{}", std::process::id()));
    std::fs::write(&path, answer)?;
    Ok(path)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Compared {
    fn of(&self, figure: impl Fn(&Figures) -> f64) -> (f64, f64) {
        let (bare, kairos) = self
            .rounds
            .iter()
            .map(|(bare, kairos)| (figure(bare), figure(kairos)))
            .unzip();
        (median(bare), median(kairos))
    }

    fn ratio(&self) -> f64 {
        median(
            self.rounds
                .iter()
                .map(|(bare, kairos)| kairos.rate() / bare.rate())
                .collect(),
        )
    }
}

impl Report {
    /// The report for people.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "### Throughput and latency, one core, client on another, medians of interleaved rounds\n\n\
             | connections | durability | bare hyper, req/s | Kairos, req/s | ratio | p50 µs (bare / Kairos) | p99 | p99.9 |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for compared in &self.throughput {
            let (bare, kairos) = compared.of(Figures::rate);
            let at = |share: f64| {
                let (bare, kairos) = compared.of(|figures| f64::from(figures.quantile(share)));
                format!("{bare:.0} / {kairos:.0}")
            };
            let _infallible = writeln!(
                text,
                "| {} | {} | {bare:.0} | {kairos:.0} | {:.2} | {} | {} | {} |",
                compared.connections,
                compared.durability,
                compared.ratio(),
                at(0.5),
                at(0.99),
                at(0.999)
            );
        }
        text.push_str("\n### Memory\n\n| what | resident, KiB each |\n|---|---|\n");
        for of in &self.customers {
            let _infallible = writeln!(
                text,
                "| customer, of {} | {:.2} |",
                of.customers,
                of.kib_each()
            );
        }
        for of in &self.markets {
            let _infallible = writeln!(
                text,
                "| market with a policy, of {} | {:.0} |",
                of.markets,
                of.kib_each()
            );
        }
        text
    }

    /// The report for machines.
    pub fn json(&self) -> Value {
        let throughput = self.throughput.iter().map(|compared| {
            let shown = |figures: &Figures| {
                json!({ "requests_per_second": figures.rate(), "p50_us": figures.quantile(0.5),
                        "p99_us": figures.quantile(0.99), "p999_us": figures.quantile(0.999) })
            };
            let rounds = compared
                .rounds
                .iter()
                .map(|(bare, kairos)| json!({ "bare": shown(bare), "kairos": shown(kairos) }));
            json!({ "connections": compared.connections, "durability": compared.durability,
                    "ratio": compared.ratio(), "rounds": rounds.collect::<Vec<_>>() })
        });
        let customers = self
            .customers
            .iter()
            .map(|of| json!({ "customers": of.customers, "kib_each": of.kib_each() }));
        let markets = self
            .markets
            .iter()
            .map(|of| json!({ "markets": of.markets, "kib_each": of.kib_each() }));
        json!({ "throughput": throughput.collect::<Vec<_>>(), "customers": customers.collect::<Vec<_>>(),
                "markets": markets.collect::<Vec<_>>() })
    }
}
