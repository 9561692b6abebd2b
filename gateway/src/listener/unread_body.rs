//! The rest of a body that was refused before it was read whole. The server would read it
//! after the answer, as fast as it comes and megabytes at a time, while all others of its
//! thread wait. So it is read here, before the answer goes, in small pieces between which
//! others have their turn, and no faster than [`PACE`].

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::StatusCode,
    middleware::Next,
    rt,
    web::Bytes,
};
use futures_core::Stream;
use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    task::yield_now,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};

/// Bytes of a rest that are read in a second: the largest body in less than [`BODY_TIMEOUT`].
const PACE: u64 = 24 * 1024 * 1024;
/// How long the answer waits for the rest, and for each piece of it. What has not come by
/// then ends with the connection.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
const PIECE_TIMEOUT: Duration = Duration::from_millis(250);
/// How long the rest is held that did not come: the server closes the connection after the
/// answer while it is, and would go on to read it otherwise.
const HELD_FOR: Duration = Duration::from_secs(2);

/// A body that a handler and this file read; what one has read the other does not find.
#[derive(Clone)]
struct Shared(Rc<RefCell<Unread>>);

struct Unread {
    payload: Payload,
    ended: bool,
}

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut unread = self.0.borrow_mut();
        if unread.ended {
            return Poll::Ready(None);
        }
        let next = ready!(Pin::new(&mut unread.payload).poll_next(context));
        unread.ended = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }
}

/// Reads of each body what its handler left.
///
/// # Errors
/// Those of the handlers.
pub(crate) async fn read(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    // HTTP/2 has windows: of a stream that is reset nothing more comes.
    let payload = match request.take_payload() {
        payload @ Payload::H1 { .. } => payload,
        other => {
            request.set_payload(other);
            return next.call(request).await;
        }
    };
    let ended = false;
    let mut rest = Shared(Rc::new(RefCell::new(Unread { payload, ended })));
    request.set_payload(Payload::Stream {
        payload: Box::pin(rest.clone()),
    });
    let response = next.call(request).await?;
    // Of a body that came too slowly the rest is not waited for.
    if response.status() != StatusCode::REQUEST_TIMEOUT {
        let discarded = timeout_at(Instant::now() + BODY_TIMEOUT, rest.discard()).await;
        if discarded != Ok(true) {
            rt::spawn(async move {
                sleep(HELD_FOR).await;
                drop(rest);
            });
        }
    }
    Ok(response)
}

impl Shared {
    /// Whether it came to its end.
    async fn discard(&mut self) -> bool {
        let (begun, mut bytes) = (Instant::now(), 0_u64);
        loop {
            let piece = match timeout(PIECE_TIMEOUT, self.next()).await {
                Err(_) => return false,
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(_)) | None) => return true,
            };
            bytes = bytes.saturating_add(piece.len() as u64);
            let due = Duration::from_micros(bytes.saturating_mul(1_000_000) / PACE);
            yield_now().await;
            sleep_until(begun + due).await;
        }
    }

    async fn next(&mut self) -> Option<Result<Bytes, PayloadError>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}
