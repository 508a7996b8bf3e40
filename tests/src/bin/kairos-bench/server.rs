//! Starts the servers that are compared, each pinned to the first processor, and reads off the system what they use.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kairos::clock::Stopwatch;
use serde_json::Value;

/// What a host needs.
#[derive(Clone, Debug)]
pub struct Host {
    pub kairos: PathBuf,
    pub charter: PathBuf,
    pub policies: PathBuf,
}

/// A server that runs until it is dropped.
pub struct Running {
    child: Child,
    pub at: SocketAddr,
    data: Option<tempfile::TempDir>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What the system says of a server since it began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Seconds of a processor, of all its threads.
    pub core_seconds: f64,
    /// Bytes that went to files.
    pub written: u64,
}

/// What a host has recorded.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    pub records: u64,
    pub bytes: u64,
}

impl Running {
    /// The data folder, of a host.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_ref().map(tempfile::TempDir::path)
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        self.figure("status", "VmRSS:")
    }

    pub fn used(&self) -> Result<Used> {
        Ok(Used {
            core_seconds: core_seconds(&self.child.id().to_string())?,
            written: self.figure("io", "write_bytes:")?,
        })
    }

    fn figure(&self, file: &str, name: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let figure = line.and_then(|line| line.split_whitespace().next());
        Ok(figure.with_context(|| name.to_owned())?.parse()?)
    }

    /// How long a host's log is.
    pub fn log(&self) -> Result<Log> {
        let (head, body) = ask(self.at, "GET /v1/evidence", "")?;
        ensure!(head.starts_with("HTTP/1.1 200"), "no evidence: {head}");
        let evidence: Value = serde_json::from_str(&body)?;
        Ok(Log {
            records: evidence["records"].as_u64().context("records")?,
            bytes: evidence["end"].as_u64().context("the log's end")?,
        })
    }

    /// Stands still, so that what it does behind a turn of its own takes nothing from another's.
    pub fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    /// Ends it as a crash would; what it wrote stays.
    pub fn crash(mut self) -> Result<Option<tempfile::TempDir>> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(self.data.take())
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status()?;
        ensure!(status.success(), "kill {signal} {pid} failed");
        Ok(())
    }
}

/// What Linux counts times of processes in.
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of a processor that all threads of a process have had; `self` is this one.
pub fn core_seconds(process: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("a name")?;
    let mut figures = after_name.split_whitespace().skip(11);
    let mut ticks = || -> Result<f64> { Ok(figures.next().context("a time")?.parse()?) };
    Ok((ticks()? + ticks()?) / TICKS_A_SECOND)
}

impl Host {
    /// Starts Kairos on one core, on a fresh folder on the disk that holds `target/`.
    pub fn start(&self, extra: &[&str]) -> Result<Running> {
        std::fs::create_dir_all("target")?;
        let data = tempfile::TempDir::new_in(std::env::current_dir()?.join("target"))?;
        self.start_on(data, extra)
    }

    /// The same on a folder that is there.
    pub fn start_on(&self, data: tempfile::TempDir, extra: &[&str]) -> Result<Running> {
        let at = free_port()?;
        let mut command = Command::new(&self.kairos);
        command
            .arg("serve")
            .arg("--charter")
            .arg(&self.charter)
            .arg("--policies")
            .arg(&self.policies);
        command
            .arg("--data")
            .arg(data.path())
            .arg("--listen")
            .arg(at.to_string());
        command
            .args(["--open", "--clock", "events", "--cores", "1"])
            .args(extra);
        start(&command, at, Some(data))
    }
}

/// Starts the bare server, which answers these bytes.
pub fn bare(answer: &str) -> Result<Running> {
    let file = std::env::temp_dir().join(format!("kairos-bench-answer-{}", std::process::id()));
    std::fs::write(&file, answer)?;
    let at = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("bare")
        .arg("--listen")
        .arg(at.to_string())
        .arg("--answer")
        .arg(&file);
    start(&command, at, None)
}

/// Sends one request by itself; head and body of the reply.
pub fn ask(to: SocketAddr, line: &str, body: &str) -> Result<(String, String)> {
    let mut socket = TcpStream::connect(to)?;
    write!(
        socket,
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/cloudevents+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reply = String::new();
    socket.read_to_string(&mut reply)?;
    let (head, body) = reply.split_once("\r\n\r\n").context("a reply")?;
    Ok((head.to_owned(), body.to_owned()))
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// What stands before a server's command: it stays on the first processor, and ends when this process does. Empty where
/// the machine has one processor, or not the programs for it.
static PINNED: LazyLock<&[&str]> = LazyLock::new(|| {
    const WORDS: &[&str] = &[
        "setpriv",
        "--pdeathsig",
        "KILL",
        "taskset",
        "--cpu-list",
        "0",
    ];
    let tried = Command::new("setpriv")
        .args(&WORDS[1..])
        .arg("true")
        .status();
    match tried {
        Ok(status) if status.success() && *PROCESSORS > 1 => WORDS,
        _ => &[],
    }
});

/// How many processors there are, as it was before this process kept to one.
pub static PROCESSORS: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// Whether servers and client have a processor each.
pub fn are_pinned() -> bool {
    !PINNED.is_empty()
}

/// A program that may use the first so many processors.
pub fn on_first(processors: usize, program: &Path) -> Command {
    if !are_pinned() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    let last = processors.min(*PROCESSORS) - 1;
    command
        .args(["--cpu-list", &format!("0-{last}")])
        .arg(program);
    command
}

fn start(command: &Command, at: SocketAddr, data: Option<tempfile::TempDir>) -> Result<Running> {
    let mut words = PINNED.iter().map(std::ffi::OsStr::new).collect::<Vec<_>>();
    words.push(command.get_program());
    words.extend(command.get_args());
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .with_context(|| format!("starting {command:?}"))?;
    let mut running = Running { child, at, data };
    let errors = running.child.stderr.take().context("stderr")?;
    wait_until_ready(&mut running, errors)?;
    Ok(running)
}

fn wait_until_ready(running: &mut Running, errors: impl Read + Send + 'static) -> Result<()> {
    // Read to the end: who writes into a full pipe stands still.
    let errors = std::thread::spawn(move || {
        let mut first = Vec::new();
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            if first.len() < 200 {
                first.push(line);
            }
        }
        first.join("\n")
    });
    let start = Stopwatch::start();
    loop {
        if let Ok((head, _)) = ask(running.at, "GET /readyz", "")
            && !head.contains(" 503")
        {
            return Ok(());
        }
        if running.child.try_wait()?.is_some() {
            bail!(
                "the server ended at once: {}",
                errors.join().unwrap_or_default()
            );
        }
        if start.elapsed().as_secs() > 60 {
            bail!("the server was not ready within a minute");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Keeps this process, the client, away from the servers.
pub fn stay_on_the_last() -> Result<()> {
    if !are_pinned() {
        eprintln!("servers and client could not be pinned to a processor each");
        return Ok(());
    }
    let last = *PROCESSORS - 1;
    let own = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "--pid", &last.to_string(), &own]);
    let status = command.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "taskset failed");
    Ok(())
}
