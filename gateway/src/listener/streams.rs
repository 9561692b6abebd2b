//! Requests that are open on one connection. HTTP/2 has many at once, and a peer that grants
//! no window keeps every answer waiting here for as long as it likes; so beyond a number of
//! them a request is answered by its head alone, for which no window is needed. Such an
//! answer is counted and not logged: a peer makes thousands of them a second. So is one to a
//! head that is too large, which HTTP/2 lets a peer write in a thousandth of its bytes.

use crate::app::App;
use actix_web::{
    Error, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Extensions, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{HeaderMap, RETRY_AFTER},
    },
    middleware::Next,
    web::{self, Bytes},
};
use std::{
    any::Any,
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

/// As many as RFC 9113, 6.5.2, wants to be allowed at least.
const MAX_OPEN: u32 = 100;
/// Bytes of a head's header list, far above what a token and a proxy's headers take.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Bytes that each header counts beyond its name and value (RFC 9113, 6.5.2).
const HEADER_BYTES: usize = 32;

/// The number that is open on a connection.
#[derive(Debug, Clone, Default)]
struct Streams(Rc<Cell<u32>>);

/// Begins to count, for a new connection.
pub(crate) fn count(_: &dyn Any, connection: &mut Extensions) {
    connection.insert(Streams::default());
}

/// Answers 431 without a body to a head that is too large, and 503 while too many are open.
///
/// # Errors
/// Those of the handlers.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if head_bytes(request.headers()) > MAX_HEAD_BYTES {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Ok(refuse(request, HttpResponse::new(status)));
    }
    let Some(streams) = request.conn_data::<Streams>().cloned() else {
        // A test without a connection.
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let Some(open) = Open::of(streams) else {
        let busy = HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, 1))
            .finish();
        return Ok(refuse(request, busy));
    };
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| {
        BoxBody::new(Counted {
            body: BoxBody::new(body),
            _open: open,
        })
    }))
}

/// The size of a header list, as RFC 9113, 6.5.2, counts it.
fn head_bytes(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER_BYTES)
        .sum()
}

fn refuse(request: ServiceRequest, head: HttpResponse) -> ServiceResponse<BoxBody> {
    if let Some(app) = request.app_data::<web::Data<App>>() {
        let route = request.match_pattern();
        let took = Duration::ZERO;
        let status = head.status().as_u16();
        app.metrics
            .answered(request.method(), route.as_deref(), status, took);
    }
    request.into_response(head)
}

/// One that is open until it is dropped.
struct Open(Streams);

impl Open {
    fn of(streams: Streams) -> Option<Self> {
        let open = streams.0.get();
        (open < MAX_OPEN).then(|| {
            streams.0.set(open + 1);
            Self(streams)
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get().saturating_sub(1));
    }
}

/// An answer whose request is open until it was sent, or given up.
struct Counted {
    body: BoxBody,
    _open: Open,
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
