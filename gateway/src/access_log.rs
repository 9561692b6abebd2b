//! One line for each request: method, route, status, time taken, request id.
//!
//! Never a path, a query, a header or a body: those hold ids and search values.

use crate::{app::App, span};
use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use std::time::Instant;
use tracing::Instrument as _;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, ours or the caller's.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Who asked, as far as the log may know.
#[derive(Debug, Clone)]
pub struct ClientId(pub String);

/// Gives every request an id, every answer its common headers, and the log its
/// line.
///
/// # Errors
/// None of its own.
pub async fn access_log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = given_id(&request).unwrap_or_else(new_id);
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = span::of(&request, &id);
    let mut response = next.call(request).instrument(span.clone()).await?;
    let headers = response.headers_mut();
    // Only what holds nothing of a patient says anything else.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let (request, took) = (response.request(), started.elapsed());
    let route = request.match_pattern();
    if let Some(app) = request.app_data::<web::Data<App>>() {
        app.metrics
            .answered(request.method(), route.as_deref(), status, took);
    }
    let client = request
        .extensions()
        .get::<ClientId>()
        .map(|id| id.0.clone());
    span::answered(
        &span,
        request.method(),
        route.as_deref(),
        status,
        client.as_deref(),
    );
    tracing::info!(
        method = %request.method(),
        route = route.as_deref().unwrap_or("-"),
        status,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        request = id,
        client = client.as_deref().unwrap_or("-"),
        "request"
    );
    Ok(response)
}

/// The caller's own id, when it is short and plain enough to be no carrier of
/// anything else.
fn given_id(request: &ServiceRequest) -> Option<String> {
    let id = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    ((8..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn new_id() -> String {
    model::new_uuid(&model::SystemRandom).unwrap_or_else(|_| "no-request-id".to_owned())
}
