//! An answer on its way out. It is given to its connection piece by piece, so that a long
//! one is not copied whole, and let go of when it is not read as fast as a body must come:
//! its connection then ends without the rest.

use crate::{
    app::App,
    limits::{
        pace::time_of,
        under_way::{Held, NOBODY},
    },
};
use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    rt, web,
};
use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// Bytes that are given at a time: as many as a connection keeps before it writes.
const PIECE: usize = 32 * 1024;

/// Whose answer it is, among what is known of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asker(pub(crate) String);

/// Sends every long answer piece by piece. One for which there is no room is not sent where
/// nothing was changed by asking for it.
///
/// # Errors
/// Those of the handlers.
pub(crate) async fn send(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let app = request.app_data::<web::Data<App>>().cloned();
    let (bytes, app) = match (body.try_into_bytes(), app) {
        (Ok(bytes), Some(app)) if bytes.len() > PIECE => (bytes, app),
        (Ok(bytes), _) => {
            let short = head.set_body(BoxBody::new(bytes));
            return Ok(ServiceResponse::new(request, short));
        }
        (Err(body), _) => return Ok(ServiceResponse::new(request, head.set_body(body))),
    };
    let asker = request.extensions().get::<Asker>().cloned();
    let user = asker.map_or_else(|| NOBODY.to_owned(), |asker| asker.0);
    let mut held = app.under_way.of(user);
    if let Err(failure) = held.take(bytes.len()) {
        if request.method().is_safe() {
            app.counters.throttled();
            return Ok(ServiceResponse::new(request, failure.error_response()));
        }
        held.add(bytes.len());
    }
    let patience = Duration::from_secs(u64::from(app.limits.body_seconds));
    let answer = Answer::of(bytes, patience, held);
    let long = head.set_body(BoxBody::new(answer));
    Ok(ServiceResponse::new(request, long))
}

/// The answer, and who lets go of it.
struct Answer {
    bytes: u64,
    patience: Duration,
    rest: Rc<RefCell<Rest>>,
    watch: JoinHandle<()>,
}

/// What has not been given yet.
struct Rest {
    bytes: web::Bytes,
    /// When the next piece has to be taken.
    until: Instant,
    held: Option<Held>,
}

impl Rest {
    fn let_go(&mut self) {
        self.bytes = web::Bytes::new();
        self.held = None;
    }
}

impl Answer {
    fn of(bytes: web::Bytes, patience: Duration, held: Held) -> Self {
        let size = bytes.len() as u64;
        let rest = Rc::new(RefCell::new(Rest {
            bytes,
            until: Instant::now() + patience,
            held: Some(held),
        }));
        Self {
            bytes: size,
            patience,
            watch: rt::spawn(let_go(Rc::clone(&rest))),
            rest,
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.watch.abort();
        // The watch is gone only when its thread comes to it.
        self.rest.borrow_mut().let_go();
    }
}

/// Waits until a piece was not taken in time, and lets go of the rest.
async fn let_go(rest: Rc<RefCell<Rest>>) {
    loop {
        let until = rest.borrow().until;
        sleep_until(until).await;
        let mut rest = rest.borrow_mut();
        if rest.until <= Instant::now() {
            rest.let_go();
            return;
        }
    }
}

impl MessageBody for Answer {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, io::Error>>> {
        let mut rest = self.rest.borrow_mut();
        if rest.held.is_none() {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        let piece = PIECE.min(rest.bytes.len());
        if piece == 0 {
            return Poll::Ready(None);
        }
        let latest = Instant::now() + self.patience;
        rest.until = (rest.until + time_of(piece)).min(latest);
        Poll::Ready(Some(Ok(rest.bytes.split_to(piece))))
    }
}
