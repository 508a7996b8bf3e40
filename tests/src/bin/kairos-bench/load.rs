//! The client: as little work per request as possible, so that the server is what is measured.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kairos::clock::Stopwatch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What to send.
#[derive(Clone, Debug)]
pub struct Load {
    pub connections: usize,
    pub seconds: u64,
    /// Different customers.
    pub customers: u64,
    /// The first event's number: two loads with different ones share no event.
    pub first: u64,
    /// Ends after so many events instead of after a time.
    pub events: Option<u64>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            connections: 64,
            seconds: 4,
            customers: 10_000,
            first: 0,
            events: None,
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
    pub fn quantile(&self, share: f64) -> u32 {
        let place = (self.latencies.len() as f64 * share) as usize;
        self.latencies
            .get(place.min(self.latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    }

    pub fn line(&self) -> String {
        format!(
            "{:.0} requests/s, p50 {} µs, p99 {} µs, p99.9 {} µs, {} refused",
            self.rate(),
            self.quantile(0.5),
            self.quantile(0.99),
            self.quantile(0.999),
            self.refused
        )
    }
}

/// Puts load on a server.
pub fn run(to: SocketAddr, load: &Load) -> Result<Figures> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let next = Rc::new(Cell::new(load.first));
        let start = Stopwatch::start();
        let mut connections = Vec::new();
        for _ in 0..load.connections {
            connections.push(tokio::task::spawn_local(connection(
                to,
                load.clone(),
                Rc::clone(&next),
                start,
            )));
        }
        let (mut latencies, mut refused) = (Vec::new(), 0);
        for connection in connections {
            let (ours, ours_refused) = connection.await??;
            latencies.extend(ours);
            refused += ours_refused;
        }
        let seconds = start.elapsed().as_secs_f64();
        latencies.sort_unstable();
        Ok(Figures {
            requests: latencies.len() as u64,
            seconds,
            latencies,
            refused,
        })
    })
}

async fn connection(
    to: SocketAddr,
    load: Load,
    next: Rc<Cell<u64>>,
    start: Stopwatch,
) -> Result<(Vec<u32>, u64)> {
    let mut socket = TcpStream::connect(to).await.context("connecting")?;
    socket.set_nodelay(true)?;
    let (mut latencies, mut refused) = (Vec::new(), 0);
    let (mut request, mut reply) = (Vec::new(), Vec::with_capacity(4096));
    loop {
        let number = next.get();
        let is_over = match load.events {
            Some(events) => number >= load.first + events,
            None => start.elapsed() >= Duration::from_secs(load.seconds),
        };
        if is_over {
            return Ok((latencies, refused));
        }
        next.set(number + 1);
        write_request(&mut request, number, number % load.customers);
        let sent = Stopwatch::start();
        socket.write_all(&request).await?;
        let status = read_reply(&mut socket, &mut reply).await?;
        latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        if status != 200 {
            refused += 1;
            if refused == 1 {
                eprintln!("first refusal: {}", String::from_utf8_lossy(&reply));
            }
        }
    }
}

/// One event, as an order of a shop: the same size as in the real data's median.
pub fn event(number: u64, customer: u64) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"load-{number}\",\"source\":\"shop/gb\",\"type\":\"order.placed\",\
         \"subject\":\"crm:{customer}\",\"time\":\"2010-12-01T08:26:00Z\",\"channel\":\"web\",\"data\":{{\"order\":\"{number}\",\
         \"total\":{{\"amount\":\"139.12\",\"currency\":\"GBP\"}},\"skus\":[\"85123A\",\"71053\",\"84406B\",\"84029G\"],\
         \"quantities\":[6,6,8,6]}}}}"
    )
}

fn write_request(request: &mut Vec<u8>, number: u64, customer: u64) {
    let body = event(number, customer);
    request.clear();
    request.extend_from_slice(
        format!(
            "POST /v1/markets/gb/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/cloudevents+json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )
        .as_bytes(),
    );
    request.extend_from_slice(body.as_bytes());
}

/// Reads one reply whole; its status.
async fn read_reply(socket: &mut TcpStream, reply: &mut Vec<u8>) -> Result<u16> {
    reply.clear();
    let end = loop {
        if socket.read_buf(reply).await? == 0 {
            bail!("the server hung up");
        }
        if let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&reply[..end]).to_ascii_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .context("a status line")?;
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next());
    let length: usize = length
        .and_then(|length| length.parse().ok())
        .context("a content-length")?;
    while reply.len() < end + length {
        if socket.read_buf(reply).await? == 0 {
            bail!("the server hung up");
        }
    }
    reply.drain(..end);
    Ok(status)
}
