//! The host as a child process, and its temporary folder: both end with this value, however it ends.

use std::convert::Infallible;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

use super::Args;
use crate::cli::Failure;
use crate::cli::client::{Connection, Target};
use crate::clock::Stopwatch;
use crate::ids::Chance;

const USUAL_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// How long a host may take to be ready: it compiles policies that it sees for the first time.
const READY_S: u64 = 120;
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How much of what the host said is shown when it fails.
const LAST_WORDS_LINES: usize = 20;

/// A running host.
#[derive(Debug)]
pub(super) struct Host {
    // Dropped in this order: the process ends before its folder goes.
    process: Process,
    address: SocketAddr,
    folder: Folder,
}

#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Its data is about to be deleted, so it need not end gently. Both fail only when it has ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("`{}` cannot be removed: {error}", self.0.display());
        }
    }
}

impl Folder {
    /// Makes a folder that only this user can enter.
    fn make() -> io::Result<Self> {
        let number = Chance::from_system()?.number();
        let path = std::env::temp_dir().join(format!("kairos-demo-{number:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn log(&self) -> PathBuf {
        self.0.join("host.log")
    }
}

impl Host {
    pub(super) fn start(args: &Args) -> Result<Self, Failure> {
        let address = choose(args.listen, USUAL_ADDRESS)?;
        let folder = Folder::make()
            .map_err(|error| format!("a temporary folder cannot be made: {error}"))?;
        let log = File::create(folder.log())?;
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args([Path::new("--charter"), &args.charter])
            .args([Path::new("--policies"), &args.policies])
            .args([Path::new("--data"), &folder.0.join("data")])
            .args(["--listen", &address.to_string()])
            .args(["--open", "--clock", "events"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self {
            process: Process(child),
            address,
            folder,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn wait_until_ready(&mut self, target: &Target) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let mut connection = Connection::to(target.clone());
        loop {
            self.must_run()?;
            if connection.is_ready().await {
                return Ok(());
            }
            if watch.elapsed() > Duration::from_secs(READY_S) {
                let said = last_words(&self.folder.log());
                return Err(
                    format!("the host was not ready in {READY_S} s; it said:\n{said}").into(),
                );
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Stays for as long as the host runs; an error when that ends by itself.
    pub(super) async fn stay(&mut self) -> Result<Infallible, Failure> {
        loop {
            self.must_run()?;
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn must_run(&mut self) -> Result<(), Failure> {
        match self.process.0.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let said = last_words(&self.folder.log());
                Err(format!("the host ended with {status}; it said:\n{said}").into())
            }
        }
    }
}

/// The wanted address, or the usual one, or a free port when nothing is wanted and the usual one is taken. Another
/// program can take it before the host does; then the host says so.
fn choose(wanted: Option<SocketAddr>, usual: SocketAddr) -> Result<SocketAddr, Failure> {
    if let Some(wanted) = wanted {
        return bound(wanted).map_err(|error| format!("cannot listen on {wanted}: {error}").into());
    }
    Ok(bound(usual).or_else(|_| bound(SocketAddr::new(usual.ip(), 0)))?)
}

fn bound(address: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

fn last_words(log: &Path) -> String {
    let said = fs::read(log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let from = lines.len().saturating_sub(LAST_WORDS_LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_address_is_an_error_when_wanted_and_else_another_port() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = choose(Some(address), USUAL_ADDRESS).unwrap_err();
        assert!(error.to_string().starts_with("cannot listen on 127.0.0.1:"));
        let other = choose(None, address).unwrap();
        assert!(other.ip().is_loopback() && other.port() != address.port());
        assert_ne!(
            choose(Some("127.0.0.1:0".parse().unwrap()), address)
                .unwrap()
                .port(),
            0
        );
    }

    #[test]
    fn the_process_and_its_folder_end_with_the_value() {
        let folder = Folder::make().unwrap();
        let path = folder.0.clone();
        fs::write(folder.log(), "one\ntwo\n").unwrap();
        assert_eq!(last_words(&folder.log()), "one\ntwo");
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let id = child.id();
        drop(Host {
            process: Process(child),
            address: USUAL_ADDRESS,
            folder,
        });
        assert!(!path.exists());
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
