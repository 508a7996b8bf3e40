//! A host process on a folder, and a client that takes it as a fact of life when the host dies.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use kairos_tests::Answer;
use kairos_tests::desk::root;
use kairos_tests::policies;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_host-under-test");

/// How long a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Markets that have a policy.
pub const MARKETS: [&str; 4] = ["gb", "de", "fr", "nl"];

/// A folder with the four policies, and room for data.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).expect("a folder for policies");
    let built = policies::folder();
    for market in MARKETS {
        let file = format!("{market}.wasm");
        std::fs::copy(built.join(&file), policies.join(&file)).expect("a policy");
    }
    folder
}

/// What `kairos serve` is told.
fn arguments(folder: &Path, durability: &str) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    let mut arguments = vec!["serve".to_owned(), "--open".to_owned()];
    for (flag, value) in [
        ("--charter", path(&root().join("examples/retail/charter"))),
        ("--policies", path(&folder.join("policies"))),
        ("--data", path(&folder.join("data"))),
        ("--listen", "127.0.0.1:0".to_owned()),
        ("--cores", "2".to_owned()),
        ("--durability", durability.to_owned()),
    ] {
        arguments.extend([flag.to_owned(), value]);
    }
    arguments
}

/// A running host; it is killed when it is dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    /// What it writes to its log, line by line.
    log: Mutex<mpsc::Receiver<String>>,
}

impl Process {
    pub fn start(folder: &Path, durability: &str) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments(folder, durability));
        Self::spawn(command)
    }

    /// The same; what it said where it ended before it listened.
    pub fn try_start(folder: &Path, durability: &str) -> Result<Self, String> {
        let mut command = Command::new(BINARY);
        command.args(arguments(folder, durability));
        Self::try_spawn(command)
    }

    /// Starts a host that may write no file beyond so many bytes: to it, the disk is full.
    pub fn on_a_full_disk(folder: &Path, durability: &str, bytes: u64) -> Self {
        let mut command = Command::new("bash");
        let script = "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"";
        command.args(["-c", script, "bash"]);
        command.arg((bytes / 1024).to_string()).arg(BINARY);
        command.args(arguments(folder, durability));
        Self::spawn(command)
    }

    /// Starts a host and kills it at once, or a little later: most likely before it listens.
    pub fn start_and_kill(folder: &Path, yields: u64) {
        let mut command = Command::new(BINARY);
        command.args(arguments(folder, "sync"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a process");
        for _ in 0..yields {
            std::thread::yield_now();
        }
        child.kill().expect("a process to kill");
        child.wait().expect("its end");
    }

    fn spawn(command: Command) -> Self {
        Self::try_spawn(command).unwrap_or_else(|said| panic!("no host: {said}"))
    }

    fn try_spawn(mut command: Command) -> Result<Self, String> {
        command.env("KAIROS_LOG", "info");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let log = follow(child.stderr.take().expect("its log"));
        let mut said = String::new();
        let stdout = child.stdout.take().expect("its words");
        BufReader::new(stdout)
            .read_line(&mut said)
            .expect("its first line");
        let address = said
            .strip_prefix("kairos listens on http://")
            .and_then(|rest| rest.split(": ").next()?.parse().ok());
        let Some(address) = address else {
            let log: Vec<String> = log.iter().collect();
            child.wait().expect("its end");
            return Err(format!("{said}{}", log.join("\n")));
        };
        Ok(Self {
            address,
            child,
            log: Mutex::new(log),
        })
    }

    /// SIGKILL: nothing in the process runs any more.
    pub fn kill(mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status();
        assert!(status.expect("kill").success());
        self.child.wait().expect("its end")
    }

    /// Waits until the log says `words`.
    pub fn until_log_says(&self, words: &str) -> String {
        let log = self.log.lock().expect("one who waits");
        loop {
            let line = log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("the log never said `{words}`"));
            if line.contains(words) {
                return line;
            }
        }
    }

    pub fn line(&self) -> Line {
        Line::to(self.address).expect("a connection")
    }

    pub fn get(&self, path: &str) -> Answer {
        let mut line = self.line();
        line.ask("GET", path, &[], "").expect("an answer")
    }

    /// What is known of a customer.
    pub fn customer(&self, subject: &str) -> Option<Value> {
        let answer = self.get(&format!("/v1/customers/{subject}"));
        match answer.status {
            200 => Some(answer.json()),
            404 => None,
            _ => panic!("{}", answer.told()),
        }
    }

    /// A customer's points; none of whom nothing is known.
    pub fn points(&self, subject: &str) -> u64 {
        let customer = self.customer(subject);
        customer.map_or(0, |customer| {
            customer["status"]["fields"]["points"]["value"]
                .as_u64()
                .unwrap_or_else(|| panic!("no points: {customer:#}"))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(log: ChildStderr) -> mpsc::Receiver<String> {
    let (lines, told) = mpsc::sync_channel(1_024);
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            // What nobody waits for is dropped: a full pipe would stop the host.
            let _ = lines.try_send(line);
        }
    });
    told
}

/// Tries to start a host that must not start; what it says.
pub fn refused(folder: &Path) -> String {
    let output = Command::new(BINARY)
        .args(arguments(folder, "process"))
        .env("KAIROS_LOG", "error")
        .output()
        .expect("a process");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "it must not say that it listens");
    String::from_utf8(output.stderr).expect("text")
}

/// One connection. Every error is the host's death, or its refusal to go on.
pub struct Line(TcpStream);

impl Line {
    pub fn to(address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(socket))
    }

    /// Sends a request without waiting for its answer.
    pub fn say(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<()> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: kairos\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        self.0.write_all(request.as_bytes())
    }

    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Answer> {
        self.say(method, path, headers, body)?;
        self.hear()
    }

    /// Waits for the next answer, whole.
    pub fn hear(&mut self) -> std::io::Result<Answer> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.0.read(&mut byte)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        let mut answer = Answer {
            status: status.expect("a status").parse().expect("a status"),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: String::new(),
        };
        let length = answer.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().expect("a length")];
        self.0.read_exact(&mut body)?;
        answer.body = String::from_utf8(body).expect("text");
        Ok(answer)
    }
}
