//! Decisions in process, without a socket: what one thread, or two, take for an event from its bytes to the reply's.

use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use kairos::clock::{Clock, Stopwatch};
use kairos::decide::{Undecided, decide};
use kairos::event::{Caller, Door, Event};
use kairos::ids::Chance;
use kairos::node::{Core, Node, Settings};
use kairos::reply::Detail;
use kairos::store::{self, Durability};
use kairos::telemetry::Telemetry;
use serde::{Deserialize, Serialize};

use crate::contest::median;
use crate::path::{self, Case, KNOWN, Plan, Race, Setting};
use crate::server;
use crate::traffic::{Customers, Traffic};

/// What is measured in one process.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Job {
    /// Threads that decide.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// How many events each of them decides.
    #[arg(long, default_value_t = 50_000)]
    pub events: u64,
}

/// What came of it.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub struct Inside {
    pub decisions_a_second: f64,
    /// Microseconds of a processor for each event: of the thread that decided it, and of everything in the process.
    pub thread_micros: f64,
    pub process_micros: f64,
    /// What the policy used for the last one.
    pub fuel: u64,
}

/// Events in the making at a time, on each thread.
const AT_ONCE: usize = 64;
/// How long what is written behind may take to end.
const SETTLING: Duration = Duration::from_secs(1);

/// The bare server and the decisions, in turn.
pub struct InTurn {
    /// Microseconds of a processor for a request, by round.
    bare: Vec<f64>,
    /// On one thread and on two, by round.
    inside: [Vec<Inside>; 2],
}

/// Measures both, in turn.
pub fn in_turn(plan: &Plan, job: Job) -> Result<InTurn> {
    let mut race = Race::start(
        plan,
        Setting {
            case: Case::Warm,
            durability: path::Durability::Process,
        },
    )?;
    let mut turns = InTurn {
        bare: Vec::new(),
        inside: [Vec::new(), Vec::new()],
    };
    for _ in 0..plan.rounds {
        turns.bare.push(race.bare_turn()?.core_micros);
        for (threads, inside) in (1..).zip(&mut turns.inside) {
            let of = of(plan, Job { threads, ..job })?;
            eprintln!("in process, on {threads}: {of:?}");
            inside.push(of);
        }
    }
    Ok(turns)
}

impl InTurn {
    /// A decision in requests of the bare server.
    pub fn in_bare_requests(&self, threads: usize) -> f64 {
        let rounds = self.inside[threads - 1].iter().zip(&self.bare);
        median(rounds.map(|(inside, bare)| inside.thread_micros / bare))
    }

    pub fn fuel(&self) -> u64 {
        self.inside[0].last().map_or(0, |inside| inside.fuel)
    }

    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| threads | decisions/s | µs of the deciding thread | in bare requests | µs of the process |\n|---|---|---|---|---|\n",
        );
        for (threads, inside) in (1..).zip(&self.inside) {
            let of = |figure: fn(&Inside) -> f64| median(inside.iter().map(figure));
            let _infallible = writeln!(
                text,
                "| {threads} | {:.0} | {:.1} | {:.2} | {:.1} |",
                of(|inside| inside.decisions_a_second),
                of(|inside| inside.thread_micros),
                self.in_bare_requests(threads),
                of(|inside| inside.process_micros),
            );
        }
        text
    }
}

/// Measures in a process of its own, with a processor for each thread and none for anybody else.
pub fn of(plan: &Plan, job: Job) -> Result<Inside> {
    let mut command = server::on_first(job.threads, &std::env::current_exe()?);
    command.arg("inside");
    command.arg("--charter").arg(&plan.charter);
    command.arg("--policies").arg(&plan.policies);
    command.args(["--threads", &job.threads.to_string()]);
    command.args(["--events", &job.events.to_string()]);
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "deciding in process: {said}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Decides about customers who are known.
pub fn measure(charter: &Path, policies: &Path, job: Job) -> Result<Inside> {
    let folder = tempfile::TempDir::new()?;
    let settings = Settings {
        charter: charter.to_owned(),
        data: folder.path().join("data"),
        clock: Clock::events(),
        cores: job.threads,
        store: store::Settings {
            durability: Durability::Process,
            ..store::Settings::default()
        },
        ..Settings::default()
    };
    let node = Node::open(settings, &Telemetry::new())?;
    let policy = std::fs::read(policies.join("gb.wasm")).context("the policy of gb")?;
    node.load_policy("gb", &policy)?;
    share(
        &node,
        0,
        &Job {
            events: 2 * KNOWN / job.threads as u64,
            ..job
        },
    )?;
    let before = server::core_seconds("self")?;
    let watch = Stopwatch::start();
    let shares = share(&node, 2 * KNOWN, &job)?;
    let seconds = watch.elapsed().as_secs_f64();
    std::thread::sleep(SETTLING);
    let after = server::core_seconds("self")?;
    node.close();
    let events = (job.events * job.threads as u64) as f64;
    Ok(Inside {
        decisions_a_second: events / seconds,
        thread_micros: shares.iter().map(|share| share.seconds).sum::<f64>() * 1e6 / events,
        process_micros: (after - before) * 1e6 / events,
        fuel: shares.first().map_or(0, |share| share.fuel),
    })
}

/// What one thread did.
struct Share {
    /// Of a processor.
    seconds: f64,
    fuel: u64,
}

/// Gives each thread its events; what each took, without making them.
fn share(node: &Arc<Node>, first: u64, job: &Job) -> Result<Vec<Share>> {
    let barrier = Barrier::new(job.threads);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..job.threads)
            .map(|number| {
                let (node, barrier) = (Arc::clone(node), &barrier);
                scope.spawn(move || {
                    let numbers =
                        (0..job.events).map(|nth| first + nth * job.threads as u64 + number as u64);
                    let traffic = Traffic::orders(Customers::Turn(KNOWN));
                    let events: Vec<_> = numbers.map(|number| traffic.event(number)).collect();
                    let seed = [number as u8, u8::from(first == 0)];
                    let core = Core::new(node, number, Chance::from_seed(&seed));
                    barrier.wait();
                    one(core, events)
                })
            })
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|ended| ended.map_err(|_| anyhow!("a thread panicked"))?)
            .collect()
    })
}

/// One thread's share: so many at once, as a server has them.
fn one(core: Core, events: Vec<String>) -> Result<Share> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let before = thread_seconds()?;
    let (core, events) = (Rc::new(core), Rc::new(events));
    let fuel = tokio::task::LocalSet::new().block_on(&runtime, async {
        let lines: Vec<_> = (0..AT_ONCE)
            .map(|line| {
                tokio::task::spawn_local(line_of(Rc::clone(&core), Rc::clone(&events), line))
            })
            .collect();
        let mut fuel = 0;
        for line in lines {
            fuel = line.await??;
        }
        anyhow::Ok(fuel)
    })?;
    Ok(Share {
        seconds: thread_seconds()? - before,
        fuel,
    })
}

/// Every so-manieth event, one after the other; what the policy used for the last.
async fn line_of(core: Rc<Core>, events: Rc<Vec<String>>, line: usize) -> Result<u64> {
    let mut fuel = 0;
    let mut bytes = Vec::with_capacity(4_096);
    for event in events.iter().skip(line).step_by(AT_ONCE) {
        let event = read(core.node(), event)?;
        let answered = loop {
            match decide(&core, |_| Ok(event.clone())).await {
                // Faster than the disk: as a client does that is sent away.
                Err(Undecided::Busy) => tokio::time::sleep(Duration::from_millis(1)).await,
                answered => break answered?,
            }
        };
        bytes.clear();
        answered.reply.write(Detail::Plain, &mut bytes);
        let decided = answered.reply.body().decisions.first();
        fuel = decided.context("a decision")?.fuel;
    }
    Ok(fuel)
}

fn read(node: &Node, event: &str) -> Result<Event> {
    let (charter, caller) = (node.charter(), Caller::open());
    let door = Door {
        charter: &charter,
        clock: node.clock(),
        caller: &caller,
        market: "gb",
        is_gpc: false,
    };
    Event::parse(&door, event.as_bytes()).map_err(|refused| anyhow!("refused: {refused:?}"))
}

/// Seconds of a processor that this thread has had.
fn thread_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: f64 = text.split(' ').next().context("a time")?.parse()?;
    Ok(nanos / 1e9)
}
