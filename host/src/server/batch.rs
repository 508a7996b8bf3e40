//! A batch: many events in one request, each with an answer of its own.

use std::future::poll_fn;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::value::RawValue;

use crate::decide::Answered;
use crate::event::Event;
use crate::reply::Detail;
use crate::server::desk::{Desk, Visit};
use crate::server::problem::Problem;

/// How many events of one batch are decided at a time: enough to share a sync of the log.
const IN_FLIGHT: usize = 64;

/// Decides every event of a batch and lists the answers in their order.
pub(super) async fn answer(
    desk: &Desk,
    visit: Visit<'_>,
    events: &[&RawValue],
    detail: Detail,
) -> Response<Bytes> {
    let decided = in_order(
        events
            .iter()
            .map(|event| desk.decide(visit, |door| Event::parse(door, event.get().as_bytes()))),
    )
    .await;
    let mut body = Vec::with_capacity(512 * decided.len() + 2);
    body.push(b'[');
    for (number, decided) in decided.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        write(decided, detail, &mut body);
    }
    body.push(b']');
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn write(decided: &Result<Answered, Problem>, detail: Detail, into: &mut Vec<u8>) {
    let (status, repeated, name) = match decided {
        Ok(answered) => (StatusCode::OK, answered.repeated, "reply"),
        Err(problem) => (problem.status(), false, "problem"),
    };
    let status = status.as_u16();
    let written = write!(
        into,
        "{{\"status\":{status},\"repeated\":{repeated},\"{name}\":"
    );
    debug_assert!(written.is_ok(), "a list of bytes grows");
    match decided {
        Ok(answered) => answered.reply.write(detail, into),
        Err(problem) => problem.write(into),
    }
    into.push(b'}');
}

/// Runs `work`, at most [`IN_FLIGHT`] at a time, and gives what came of each, in order.
///
/// INVARIANT: every future is polled for the first time only after all before it were. A decision takes its place in the
/// customer's line at its first poll, so that events about one customer are decided in the batch's order, while none of
/// them waits for another's disk.
async fn in_order<F: Future>(work: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut line = Line {
        waiting: work.enumerate(),
        running: Vec::with_capacity(IN_FLIGHT),
        done: Vec::new(),
    };
    poll_fn(|cx| line.poll(cx)).await;
    line.done.sort_unstable_by_key(|(number, _)| *number);
    line.done.into_iter().map(|(_, output)| output).collect()
}

struct Line<I, F: Future> {
    waiting: std::iter::Enumerate<I>,
    running: Vec<(usize, Pin<Box<F>>)>,
    done: Vec<(usize, F::Output)>,
}

impl<I: Iterator<Item = F>, F: Future> Line<I, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let done = &mut self.done;
        self.running
            .retain_mut(|(number, work)| match work.as_mut().poll(cx) {
                Poll::Ready(output) => {
                    done.push((*number, output));
                    false
                }
                Poll::Pending => true,
            });
        let mut begun = 0;
        while self.running.len() < IN_FLIGHT {
            if begun == IN_FLIGHT {
                // The other connections of this core have their turn.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some((number, work)) = self.waiting.next() else {
                break;
            };
            begun += 1;
            let mut work = Box::pin(work);
            match work.as_mut().poll(cx) {
                Poll::Ready(output) => self.done.push((number, output)),
                Poll::Pending => self.running.push((number, work)),
            }
        }
        if self.running.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test]
    async fn a_batch_begins_in_order_and_answers_in_order() {
        let begun = RefCell::new(Vec::new());
        let outputs = in_order((0..1_000_usize).map(|number| {
            let begun = &begun;
            async move {
                begun.borrow_mut().push(number);
                for _ in 0..(1_000 - number) % 7 {
                    tokio::task::yield_now().await;
                }
                number
            }
        }))
        .await;
        assert_eq!(outputs, (0..1_000).collect::<Vec<_>>());
        assert_eq!(*begun.borrow(), outputs);
    }

    #[tokio::test]
    async fn an_empty_batch_is_answered() {
        assert!(
            in_order(std::iter::empty::<std::future::Ready<()>>())
                .await
                .is_empty()
        );
    }
}
