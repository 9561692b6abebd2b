//! One line for each request: method, route, status, time taken, request id, client; a
//! second one for what went wrong, under the same id.
//!
//! Never a path, a query, a header or a body: those hold ids and search values. Of
//! headers one word is kept, the caller's own request id, beside ours.

use crate::{
    app::App,
    failure::Failure,
    http::outcome::Problem,
    listener::{metrics, span},
};
use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use std::time::Instant;
use tracing::Instrument as _;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The caller's own id, in the answer.
const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// Nothing of ours is a page with parts: whatever a browser makes of an answer, it loads
/// and runs nothing.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
/// A year, for the host alone.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Our id of a request. A caller cannot choose it, or one could wear another's.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The part of the caller that the log may name.
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
    let (id, given) = (new_id(), given_id(&request));
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = span::of(&request, &id);
    let mut response = next.call(request).instrument(span.clone()).await?;
    let tls = response
        .request()
        .app_data::<web::Data<App>>()
        .is_some_and(|app| app.public_url().starts_with("https:"));
    add_common(response.headers_mut(), &id, tls);
    add_given(response.headers_mut(), given.as_deref());
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
    let client = client.as_deref().unwrap_or("-");
    if let Some(failure) = failure_of(&response).filter(|failure| failure.cause.is_some()) {
        let cause = failure.cause.as_deref();
        tracing::warn!(category = ?failure.category, cause, request = id, client, "request failed");
    }
    tracing::info!(
        method = metrics::name(request.method()),
        route = route.as_deref().unwrap_or("-"),
        status,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        request = id,
        given = given.as_deref().unwrap_or("-"),
        client,
        "request"
    );
    Ok(response)
}

/// The headers of every answer; those that a handler chose stay.
fn add_common(headers: &mut HeaderMap, id: &str, tls: bool) {
    let mut add = |name: HeaderName, value| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    // Only what holds nothing of a patient says anything else.
    add(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    add(header::CONTENT_SECURITY_POLICY, POLICY);
    if tls {
        add(header::STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, value);
    }
}

/// Gives the caller its own id back beside ours
/// (<https://hl7.org/fhir/R4/http.html#custom>).
fn add_given(headers: &mut HeaderMap, given: Option<&str>) {
    if let Some(Ok(value)) = given.map(HeaderValue::from_str) {
        headers.insert(X_CORRELATION_ID, value);
    }
}

/// The failure that an answer was made from.
fn failure_of<B>(response: &ServiceResponse<B>) -> Option<&Failure> {
    let error = response.response().error()?;
    let problem = error.as_error::<Problem>().map(Problem::failure);
    error.as_error::<Failure>().or(problem)
}

/// The caller's own id of the request, for our log and the answer alone. `None` unless it is
/// short and plain, so that it carries nothing else.
fn given_id(request: &ServiceRequest) -> Option<String> {
    let id = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    ((8..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn new_id() -> String {
    model::new_uuid(&model::SystemRandom).unwrap_or_else(|_| "no-request-id".to_owned())
}
