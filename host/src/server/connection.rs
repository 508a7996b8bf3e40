//! One connection, from its first byte to its last.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::timeout;

use crate::server::accept::Arrival;
use crate::server::desk::Desk;
use crate::server::stall::Stall;

/// The most headers of a request.
const HEADERS: usize = 64;
/// The largest head of a request, and the largest piece of a body that is read at a time, in bytes.
const BUFFER_BYTES: usize = 16 * 1024;

/// Serves one connection until it ends or the server stops.
pub(super) async fn serve(desk: Rc<Desk>, arrived: Arrival) {
    let Arrival { socket, place } = arrived;
    let Ok(socket) = tokio::net::TcpStream::from_std(socket) else {
        return;
    };
    let limits = desk.shared.limits;
    let mut stopping = desk.shared.stopping.clone();
    let asked = Rc::new(Cell::new(false));
    let asks = Rc::clone(&asked);
    let service = service_fn(move |request| {
        asks.set(true);
        let desk = Rc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(request).await) }
    });
    // Without the timer, hyper's time limit on the head does nothing.
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_headers(HEADERS)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(Stall::new(socket, limits.stall)), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.wait_for(|stopping| *stopping) => {
            // Where nothing was asked yet, hyper would wait for a first request that may never come.
            if !asked.get() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            timeout(limits.drain, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    drop(place);
}
