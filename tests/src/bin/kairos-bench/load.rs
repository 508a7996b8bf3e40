//! The client: as little work per request as possible, so that the server is what is measured.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kairos::clock::Stopwatch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::traffic::{Customers, Traffic};

/// What to send, and how.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub traffic: Traffic,
    pub connections: usize,
    /// The first event's number: two loads with different ones share no event.
    pub first: u64,
    /// It ends after so many events, or after so many seconds.
    pub events: u64,
    pub seconds: f64,
    pub pace: Pace,
}

/// When a request is sent, and from when its latency counts.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Each connection sends as soon as it has the reply before; from the sending.
    Closed,
    /// So many requests a second, evenly, however slow the replies are; from the instant at which it was to be sent. What
    /// waits for a free connection counts.
    Open(f64),
}

impl Default for Load {
    fn default() -> Self {
        Self {
            traffic: Traffic::orders(Customers::Turn(10_000)),
            connections: 64,
            first: 0,
            events: u64::MAX,
            seconds: 4.0,
            pace: Pace::Closed,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Figures {
    pub requests: u64,
    pub seconds: f64,
    /// Microseconds, sorted.
    latencies: Vec<u32>,
    pub refused: u64,
}

impl Figures {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// A latency in microseconds; `share` from 0 to 1.
    pub fn quantile(&self, share: f64) -> f64 {
        let place = (self.latencies.len() as f64 * share) as usize;
        self.latencies
            .get(place.min(self.latencies.len().saturating_sub(1)))
            .map_or(0.0, |latency| f64::from(*latency))
    }

    pub fn line(&self) -> String {
        format!(
            "{:.0} requests/s, p50 {:.0} µs, p99 {:.0} µs, p99.9 {:.0} µs, {} refused",
            self.rate(),
            self.quantile(0.5),
            self.quantile(0.99),
            self.quantile(0.999),
            self.refused
        )
    }
}

/// What all connections share.
struct Sending {
    load: Load,
    next: Cell<u64>,
    start: Stopwatch,
}

/// Puts load on a server.
pub fn run(to: SocketAddr, load: &Load) -> Result<Figures> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let sending = Rc::new(Sending {
            load: *load,
            next: Cell::new(load.first),
            start: Stopwatch::start(),
        });
        let connections: Vec<_> = (0..load.connections)
            .map(|_| tokio::task::spawn_local(connection(to, Rc::clone(&sending))))
            .collect();
        let (mut latencies, mut refused) = (Vec::new(), 0);
        for connection in connections {
            let (ours, ours_refused) = connection.await??;
            latencies.extend(ours);
            refused += ours_refused;
        }
        let seconds = sending.start.elapsed().as_secs_f64();
        latencies.sort_unstable();
        Ok(Figures {
            requests: latencies.len() as u64,
            seconds,
            latencies,
            refused,
        })
    })
}

impl Sending {
    /// The next event's number, and when it is to be sent, counted from the start; waits until then. `None` at the end.
    async fn next(&self) -> Option<(u64, Duration)> {
        let number = self.next.get();
        let nth = number - self.load.first;
        let planned = match self.load.pace {
            Pace::Closed => self.start.elapsed(),
            Pace::Open(rate) => Duration::from_secs_f64(nth as f64 / rate),
        };
        if nth >= self.load.events || planned.as_secs_f64() >= self.load.seconds {
            return None;
        }
        self.next.set(number + 1);
        // A timer is no finer than a millisecond, so this waits awake; the client has a core of its own.
        while self.start.elapsed() < planned {
            tokio::task::yield_now().await;
        }
        Some((number, planned))
    }
}

async fn connection(to: SocketAddr, sending: Rc<Sending>) -> Result<(Vec<u32>, u64)> {
    let mut socket = TcpStream::connect(to).await.context("connecting")?;
    socket.set_nodelay(true)?;
    let (mut latencies, mut refused) = (Vec::new(), 0);
    let (mut request, mut reply) = (Vec::new(), Vec::with_capacity(4096));
    while let Some((number, planned)) = sending.next().await {
        sending.load.traffic.write(number, &mut request);
        socket.write_all(&request).await?;
        let status = read_reply(&mut socket, &mut reply).await?;
        let latency = sending.start.elapsed().saturating_sub(planned);
        latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
        if status != 200 {
            refused += 1;
            if refused == 1 {
                eprintln!("first refusal: {}", String::from_utf8_lossy(&reply));
            }
        }
    }
    Ok((latencies, refused))
}

/// Reads one reply whole; its status.
async fn read_reply(socket: &mut TcpStream, reply: &mut Vec<u8>) -> Result<u16> {
    reply.clear();
    let end = loop {
        if socket.read_buf(reply).await? == 0 {
            bail!("the server hung up");
        }
        if let Some(end) = place(reply, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = std::str::from_utf8(&reply[..end])?;
    let status = head.get(9..12).context("a status line")?.parse()?;
    let length = head.split_once("content-length: ");
    let length = length.and_then(|(_, rest)| rest.split_once("\r\n"));
    let length: usize = length.context("a content-length")?.0.parse()?;
    while reply.len() < end + length {
        if socket.read_buf(reply).await? == 0 {
            bail!("the server hung up");
        }
    }
    reply.drain(..end);
    Ok(status)
}

fn place(bytes: &[u8], of: &[u8]) -> Option<usize> {
    bytes.windows(of.len()).position(|window| window == of)
}
