//! The path over HTTP: each kind of load on Kairos and on the bare server, in turn.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::contest::{Bytes, Contest, Lane, Turn};
use crate::load::{self, Load, Pace};
use crate::memory;
use crate::server::{self, Host, Running};
use crate::traffic::{Customers, Kind, Traffic};

/// How much is measured, and on what.
#[derive(clap::Args, Clone, Debug)]
pub struct Plan {
    /// The binary `kairos`; several to compare them in one run.
    #[arg(long, required = true)]
    pub kairos: Vec<PathBuf>,
    #[arg(long, default_value = "examples/retail/charter")]
    pub charter: PathBuf,
    #[arg(long, default_value = "target/policies")]
    pub policies: PathBuf,
    /// How often each server has its turn.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// How long a turn is.
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Customers of `wide`.
    #[arg(long, default_value_t = 1_000_000)]
    pub wide: u64,
}

impl Plan {
    pub fn hosts(&self) -> impl Iterator<Item = Host> {
        self.kairos.iter().map(|kairos| Host {
            kairos: kairos.clone(),
            charter: self.charter.clone(),
            policies: self.policies.clone(),
        })
    }

    fn load(&self, traffic: Traffic) -> Load {
        Load {
            traffic,
            connections: self.connections,
            seconds: self.seconds,
            ..Load::default()
        }
    }
}

/// A kind of load.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    /// Orders of 10,000 customers, all known.
    Warm,
    /// Each order is the first of somebody.
    New,
    /// Orders of a million customers, with memory for a tenth of them.
    Wide,
    /// Master data that change: no decision.
    Signal,
    /// Orders in 2 markets and in 200.
    Markets,
}

/// When an event counts as kept, as `kairos serve` calls it.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    Process,
    Sync,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    pub case: Case,
    pub durability: Durability,
}

/// Customers of every load but `new` and `wide`.
pub const KNOWN: u64 = 10_000;
/// So much of the cache a customer of this load takes, in bytes; `wide` has a tenth of it.
const CUSTOMER_BYTES: u64 = 1_350;
/// `wide` tells of all its customers once before it measures, for no longer than this.
const PRELOAD_SECONDS: f64 = 240.0;
/// How long a host may finish what it writes behind before its bytes are counted.
const SETTLING: Duration = Duration::from_secs(1);

/// Measures: every connection sends as soon as it has its reply. Where `paced`, once more at half of what the slowest host
/// could do.
pub fn measure(plan: &Plan, setting: Setting, paced: Paced) -> Result<Vec<Contest>> {
    let mut race = Race::start(plan, setting)?;
    let closed = race.contest(Pace::Closed)?;
    let rates = closed
        .lanes
        .iter()
        .skip(1)
        .map(|lane| lane.median(Turn::rate));
    let pace = rates.fold(f64::INFINITY, f64::min) / 2.0;
    let mut contests = vec![closed];
    if paced == Paced::Too {
        contests.push(race.contest(Pace::Open(pace))?);
    }
    Ok(contests)
}

/// Whether there is an open loop after the closed one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paced {
    Not,
    Too,
}

/// All who take part, and the next event's number.
pub struct Race<'a> {
    plan: &'a Plan,
    setting: Setting,
    runners: Vec<Runner>,
    next: u64,
}

/// A server that takes part; it stands still between its turns.
struct Runner {
    name: String,
    running: Running,
    traffic: Traffic,
    /// Its charter, where that was made for it.
    _folder: Option<tempfile::TempDir>,
}

impl<'a> Race<'a> {
    pub fn start(plan: &'a Plan, setting: Setting) -> Result<Self> {
        let mut this = Self {
            plan,
            setting,
            runners: Vec::new(),
            next: plan.wide,
        };
        for host in plan.hosts() {
            for markets in setting.markets() {
                let runner = setting.runner(plan, &host, *markets)?;
                this.runners.push(runner);
                this.warm_up()?;
            }
        }
        let (traffic, answer) = this.answer()?;
        let bare = Runner {
            name: "bare hyper".into(),
            running: server::bare(&answer)?,
            traffic,
            _folder: None,
        };
        bare.running.pause()?;
        this.runners.insert(0, bare);
        Ok(this)
    }

    /// Makes the last host know its customers.
    fn warm_up(&mut self) -> Result<()> {
        let runner = self.runners.last_mut().context("a host")?;
        let mut load = Load {
            first: self.next,
            events: 2 * KNOWN,
            seconds: PRELOAD_SECONDS,
            ..self.plan.load(runner.traffic)
        };
        if self.setting.case == Case::Wide {
            load.events = self.plan.wide;
            load.traffic.customers = Customers::Turn(self.plan.wide);
        }
        let figures = load::run(runner.running.at, &load)?;
        ensure!(figures.refused == 0, "{}: {}", runner.name, figures.line());
        eprintln!("{} knows {} events", runner.name, figures.requests);
        if self.setting.case == Case::Wide {
            runner.traffic.customers = Customers::Uniform(figures.requests);
        }
        // A multiple, so that each host hears of the same customers.
        self.next += figures.requests.next_multiple_of(self.plan.wide);
        runner.running.pause()
    }

    /// What a host answers to one more event.
    fn answer(&self) -> Result<(Traffic, String)> {
        let host = self.runners.last().context("a host")?;
        host.running.resume()?;
        let line = format!("POST {}", host.traffic.path(0));
        let (head, answer) = server::ask(host.running.at, &line, &host.traffic.event(0))?;
        host.running.pause()?;
        ensure!(head.starts_with("HTTP/1.1 200"), "refused: {answer}");
        Ok((host.traffic, answer))
    }

    /// The bare server once more.
    pub fn bare_turn(&mut self) -> Result<Turn> {
        let bare = self.runners.first().context("the bare server")?;
        let load = Load {
            first: self.next,
            ..self.plan.load(bare.traffic)
        };
        let turn = bare.turn(&load)?;
        self.next += turn.figures.requests + 1_000;
        Ok(turn)
    }

    fn contest(&mut self, pace: Pace) -> Result<Contest> {
        let before = self.runners.iter().map(Runner::bytes);
        let before = before.collect::<Result<Vec<_>>>()?;
        let mut turns = vec![Vec::new(); self.runners.len()];
        // The first round is not counted: it fills caches and lets the frequency settle.
        for round in 0..=self.plan.rounds {
            for (runner, turns) in self.runners.iter().zip(&mut turns) {
                let turn = runner.turn(&Load {
                    first: self.next,
                    pace,
                    ..self.plan.load(runner.traffic)
                })?;
                self.next += turn.figures.requests + 1_000;
                eprintln!(
                    "{:?} {pace:?} {round}: {}: {}",
                    self.setting,
                    runner.name,
                    turn.line()
                );
                turns.push(turn);
            }
        }
        let mut lanes = Vec::new();
        for ((runner, mut turns), before) in self.runners.iter().zip(turns).zip(before) {
            let events = turns.iter().map(|turn| turn.figures.requests).sum::<u64>() as f64;
            let bytes = runner.bytes()?.zip(before).map(|(now, then)| Bytes {
                log: (now.log - then.log) / events,
                files: (now.files - then.files) / events,
            });
            turns.remove(0);
            let name = runner.name.clone();
            lanes.push(Lane { name, turns, bytes });
        }
        Ok(Contest {
            setting: self.setting,
            pace: match pace {
                Pace::Closed => None,
                Pace::Open(rate) => Some(rate),
            },
            lanes,
        })
    }
}

impl Case {
    pub fn traffic(self, wide: u64, markets: u64) -> Traffic {
        Traffic {
            kind: match self {
                Self::Signal => Kind::Signal,
                Self::Warm | Self::New | Self::Wide | Self::Markets => Kind::Order,
            },
            customers: match self {
                Self::New => Customers::New,
                Self::Wide => Customers::Uniform(wide),
                Self::Warm | Self::Signal | Self::Markets => Customers::Turn(KNOWN),
            },
            markets,
        }
    }
}

impl Setting {
    /// For each host that takes part, how many markets are made for it; 0: the example's own.
    fn markets(self) -> &'static [u64] {
        match self.case {
            Case::Markets => &[2, 200],
            Case::Warm | Case::New | Case::Wide | Case::Signal => &[0],
        }
    }

    fn runner(self, plan: &Plan, host: &Host, markets: u64) -> Result<Runner> {
        let mut words = vec!["--durability", self.durability.word()];
        let cache_bytes = format!("{}B", plan.wide * CUSTOMER_BYTES / 10);
        if self.case == Case::Wide {
            words.extend(["--cache-bytes", &cache_bytes]);
        }
        let mut name = host.kairos.display().to_string();
        let made = match markets {
            0 => None,
            markets => {
                name = format!("{name}, {markets} markets");
                Some(memory::with_markets(host, markets)?)
            }
        };
        let (folder, host) =
            made.map_or((None, host.clone()), |(folder, host)| (Some(folder), host));
        Ok(Runner {
            name,
            running: host.start(&words)?,
            traffic: self.case.traffic(plan.wide, markets),
            _folder: folder,
        })
    }
}

impl Runner {
    fn turn(&self, load: &Load) -> Result<Turn> {
        self.running.resume()?;
        let before = self.running.used()?;
        let figures = load::run(self.running.at, load)?;
        let used = self.running.used()?;
        self.running.pause()?;
        let core_seconds = used.core_seconds - before.core_seconds;
        Ok(Turn {
            core_micros: core_seconds * 1e6 / figures.requests as f64,
            figures,
        })
    }

    /// What a host has written, once it has nothing more to write.
    fn bytes(&self) -> Result<Option<Bytes>> {
        if self.running.data().is_none() {
            return Ok(None);
        }
        self.running.resume()?;
        std::thread::sleep(SETTLING);
        let (log, used) = (self.running.log()?, self.running.used()?);
        self.running.pause()?;
        Ok(Some(Bytes {
            log: log.bytes as f64,
            files: used.written as f64,
        }))
    }
}

impl Durability {
    pub fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Sync => "sync",
        }
    }
}
