//! Reads a whole body, within a limit of size and of time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use crate::limits::CHARTER_BODY_BYTES;

/// A body that did not come whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body may have {most} bytes here")]
    TooLarge { most: usize },
    #[error("the body must come whole within {within:?}")]
    TooSlow { within: Duration },
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
}

/// How much of a body that is too large is read and thrown away: a caller that is still sending would never hear why.
const THROWN_AWAY: u64 = 2 * CHARTER_BODY_BYTES as u64;

/// Reads all of `body`: at most `most` bytes, at most `within` long.
pub(super) async fn read(body: Incoming, most: usize, within: Duration) -> Result<Bytes, Unread> {
    let announced = body.size_hint().lower();
    if announced > THROWN_AWAY {
        return Err(Unread::TooLarge { most });
    }
    match timeout(within, collect(body, most)).await {
        Ok(read) => read,
        Err(_) if announced > most as u64 => Err(Unread::TooLarge { most }),
        Err(_) => Err(Unread::TooSlow { within }),
    }
}

async fn collect(mut body: Incoming, most: usize) -> Result<Bytes, Unread> {
    // Nearly every body is one frame, and is taken as it came.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut read: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else {
            continue;
        };
        read = read.saturating_add(data.len() as u64);
        if read > THROWN_AWAY {
            break;
        }
        if read > most as u64 {
            continue;
        }
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
        if body.is_end_stream() {
            break;
        }
    }
    if read > most as u64 {
        return Err(Unread::TooLarge { most });
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}
