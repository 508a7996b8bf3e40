//! The other side of the comparison: hyper on one thread, which parses the event and answers fixed bytes.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;

/// The same JSON, into a struct that borrows from it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Event<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    time: &'a str,
    channel: &'a str,
    #[serde(borrow)]
    data: Data<'a>,
}

/// What an order has, or a change of master data.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Data<'a> {
    order: Option<&'a str>,
    #[serde(borrow)]
    total: Option<Money<'a>>,
    skus: Option<Vec<&'a str>>,
    quantities: Option<Vec<i64>>,
    language: Option<&'a str>,
    country: Option<&'a str>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing is what is measured")]
struct Money<'a> {
    amount: &'a str,
    currency: &'a str,
}

/// Serves until the process ends.
pub fn serve(listen: SocketAddr, answer: Vec<u8>) -> Result<()> {
    let answer = Bytes::from(answer);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let answer = answer.clone();
            tokio::task::spawn_local(async move {
                let service = service_fn(move |request| reply(request, answer.clone()));
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(socket), service);
                let _closed = connection.await;
            });
        }
    })
}

async fn reply(
    request: Request<Incoming>,
    answer: Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(answer));
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes());
    match body.as_deref().map(serde_json::from_slice::<Event<'_>>) {
        Ok(Ok(_)) => {
            response.headers_mut().insert(
                "content-type",
                http::HeaderValue::from_static("application/json"),
            );
        }
        _ => *response.status_mut() = http::StatusCode::BAD_REQUEST,
    }
    Ok(response)
}
