//! Writes held back until somebody lets them go. Where gateway and anchor-service run in
//! one process, that is while the logs are known to fit what was signed and anchored: over
//! a database restored from an old backup every write would have to be thrown away again.

use crate::{
    app::App,
    failure::{Category, Failure},
};
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web,
};
use fhir::IssueCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// When a client may ask again, in seconds.
const AGAIN: u32 = 5;

/// Whether writes are held.
#[derive(Debug, Default)]
pub struct Hold(AtomicBool);

impl Hold {
    /// From now on writes are answered 503.
    pub fn close(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Lets them go.
    pub fn open(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether they are held.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Refuses writes while they are held.
///
/// # Errors
/// Those of the handlers; a refusal is an answer.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let app = request.app_data::<web::Data<App>>();
    if app.is_some_and(|app| app.hold.is_closed()) && writes(&request) {
        return Ok(request.error_response(held()).map_into_right_body());
    }
    let response = next.call(request).await?;
    Ok(response.map_into_left_body())
}

/// A search by POST reads; what cannot be told from its method counts as a write.
fn writes(request: &ServiceRequest) -> bool {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let path = request.path().trim_end_matches('/');
    let searches = *request.method() == Method::POST && path.ends_with("/_search");
    !(reads || searches)
}

fn held() -> Failure {
    let failure = Failure::new(
        Category::Unavailable,
        IssueCode::Transient,
        "the service takes no write, for its log is not known to fit what was signed and \
         anchored; nothing was written, try again later",
    );
    Failure {
        retry_after: Some(AGAIN),
        ..failure
    }
}
