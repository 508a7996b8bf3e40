//! Starts the servers that are compared, each pinned to the first processor.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use kairos::clock::Stopwatch;

/// What a host needs.
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

impl Running {
    /// The data folder, of a host.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_ref().map(tempfile::TempDir::path)
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("VmRSS")?;
        Ok(line
            .split_whitespace()
            .nth(1)
            .context("a figure")?
            .parse()?)
    }
}

impl Host {
    /// Starts Kairos on one core, on a fresh folder on the disk that holds `target/`.
    pub fn start(&self, extra: &[&str]) -> Result<Running> {
        let data = tempfile::TempDir::new_in(std::env::current_dir()?.join("target"))?;
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

/// Starts the bare server.
pub fn bare(answer: &Path) -> Result<Running> {
    let at = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("bare")
        .arg("--listen")
        .arg(at.to_string())
        .arg("--answer")
        .arg(answer);
    start(&command, at, None)
}

fn free_port() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Starts a server on the first processor, with `taskset`, which every Linux has.
fn start(command: &Command, at: SocketAddr, data: Option<tempfile::TempDir>) -> Result<Running> {
    let mut pinned = Command::new("taskset");
    pinned
        .args(["--cpu-list", "0"])
        .arg(command.get_program())
        .args(command.get_args());
    pinned
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = pinned
        .spawn()
        .with_context(|| format!("starting {pinned:?}"))?;
    let mut running = Running { child, at, data };
    let errors = running.child.stderr.take().context("stderr")?;
    wait_until_ready(&mut running, errors)?;
    Ok(running)
}

fn wait_until_ready(running: &mut Running, errors: impl Read + Send + 'static) -> Result<()> {
    let errors = std::thread::spawn(move || {
        BufReader::new(errors)
            .lines()
            .map_while(Result::ok)
            .take(200)
            .collect::<Vec<_>>()
            .join("\n")
    });
    let start = Stopwatch::start();
    loop {
        if TcpStream::connect(running.at).is_ok() {
            return Ok(());
        }
        if running.child.try_wait()?.is_some() {
            bail!(
                "the server ended at once: {}",
                errors.join().unwrap_or_default()
            );
        }
        if start.elapsed().as_secs() > 60 {
            bail!("the server did not listen within a minute");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Keeps this process, the client, away from the servers.
pub fn stay_on_the_last() -> Result<()> {
    let last = std::thread::available_parallelism()?.get() - 1;
    let own = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["--cpu-list", "--pid", &last.to_string(), &own])
        .status()?;
    anyhow::ensure!(status.success(), "taskset failed");
    Ok(())
}
