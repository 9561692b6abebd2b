//! Pages of other origins: SMART apps that run in a browser use a FHIR base by script (CORS,
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>). Those of the origins that the operator
//! names may, below the FHIR bases alone; without such an origin nothing is done here.
//!
//! An origin is no right: a request with one is authenticated and decided as any other. Tokens
//! come in a header, so that a browser's own credentials, such as cookies, are never let in.

use crate::app::App;
use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};

/// What a page may send.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const SENT_HEADERS: &str = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, \
     If-Modified-Since, If-None-Exist, If-None-Match, If-Unmodified-Since, Prefer, traceparent, \
     X-Request-Id, X-Security-Context";
/// What it may read beside the headers that every page may.
const READ_HEADERS: HeaderValue = HeaderValue::from_static(
    "Allow, Content-Location, ETag, Idempotent-Replayed, Location, Retry-After, \
     WWW-Authenticate, X-Correlation-Id, X-Request-Id",
);
/// How long it may rely on that: as long as browsers do at most.
const TWO_HOURS_SECONDS: &str = "7200";

/// Answers a page that asks what it may send, and lets a page read what it is answered.
///
/// # Errors
/// Those of the handlers.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let app = request.app_data::<web::Data<App>>();
    let allowed = app.map(|app| app.allowed_origins()).unwrap_or_default();
    if allowed.is_empty() || !is_below_base(request.path()) {
        let response = next.call(request).await?;
        return Ok(response.map_into_left_body());
    }
    let origin = allowed_origin(request.headers(), allowed);
    if let Some(origin) = origin.clone().filter(|_| asks_first(&request)) {
        let response = request.into_response(permission(origin));
        return Ok(response.map_into_right_body());
    }
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READ_HEADERS);
    }
    Ok(response.map_into_left_body())
}

fn is_below_base(path: &str) -> bool {
    path == "/fhir" || path.starts_with("/fhir/") || path.starts_with("/f/")
}

/// The origin of a request, if it is one of these.
fn allowed_origin(headers: &HeaderMap, allowed: &[String]) -> Option<HeaderValue> {
    let mut given = headers.get_all(header::ORIGIN);
    let origin = given.next().filter(|_| given.next().is_none())?;
    let mut allowed = allowed.iter();
    let is_allowed = allowed.any(|one| one.as_bytes() == origin.as_bytes());
    is_allowed.then(|| origin.clone())
}

/// Whether a browser asks before it sends what a page wants to.
fn asks_first(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    *request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What it may send: the same at every path, whatever is there.
fn permission(origin: HeaderValue) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, SENT_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, TWO_HOURS_SECONDS))
        .insert_header((header::VARY, "Origin"))
        .finish()
}
