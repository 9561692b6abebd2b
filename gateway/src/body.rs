//! The body of a request and what its headers say about bodies: size limit,
//! media types, `Prefer` (<https://hl7.org/fhir/R4/http.html#mime-type>).

use crate::{
    app::App,
    failure::{Category, Failure},
    limits::BODY_BYTES_PER_SECOND,
    reply::Return,
};
use actix_web::{
    HttpRequest,
    body::{BodyStream, MessageBody as _},
    http::header,
    rt, web,
};
use fhir::{
    IssueCode,
    json::{self, Value},
};
use std::{future::poll_fn, pin::Pin, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long the rest of a body is held that came too slowly.
const HELD_FOR: Duration = Duration::from_secs(2);
const JSON_TYPES: [&str; 3] = ["application/fhir+json", "application/json", "text/json"];

/// Reads a body of JSON.
///
/// # Errors
/// When it is over the limit, cut short, or not declared as JSON.
pub async fn read_json(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<web::Bytes, Failure> {
    let declared = header_text(request, header::CONTENT_TYPE).unwrap_or_default();
    if !JSON_TYPES.contains(&essence(declared).as_str()) {
        return Err(Failure::new(
            Category::UnsupportedMedia,
            IssueCode::NotSupported,
            "send the body as `Content-Type: application/fhir+json`",
        ));
    }
    read(request, payload).await
}

/// Reads a body of any type, up to the limit and as long as it keeps coming.
///
/// # Errors
/// When it is over the limit, cut short, or too slow.
pub async fn read(request: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, Failure> {
    let (limit, seconds) = request
        .app_data::<web::Data<App>>()
        .map_or((0, 0), |app| (app.body_bytes, app.body_seconds));
    let (mut stream, mut body) = (BodyStream::new(payload), web::BytesMut::new());
    let begun = Instant::now();
    loop {
        // Whoever holds a connection open must at least send.
        let more = (body.len() / BODY_BYTES_PER_SECOND) as u64;
        let until = begun + Duration::from_secs(u64::from(seconds).saturating_add(more));
        let next = poll_fn(|context| Pin::new(&mut stream).poll_next(context));
        let chunk = match timeout_at(until, next).await {
            Err(_) => {
                close_after(stream);
                return Err(too_slow());
            }
            Ok(None) => return Ok(body.freeze()),
            Ok(Some(Err(_))) => return Err(cut_short()),
            Ok(Some(Ok(chunk))) => chunk,
        };
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
}

/// A body that somebody still holds makes the server close the connection after the
/// answer; one that was let go of would be waited for.
fn close_after(body: BodyStream<web::Payload>) {
    rt::spawn(async move {
        rt::time::sleep(HELD_FOR).await;
        drop(body);
    });
}

fn too_slow() -> Failure {
    Failure::new(
        Category::TooSlow,
        IssueCode::Timeout,
        "the body comes too slowly; send the request again over a faster connection",
    )
}

fn cut_short() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Incomplete,
        "the body ended early; send the request again",
    )
}

fn too_large(limit: usize) -> Failure {
    Failure::new(
        Category::TooLarge,
        IssueCode::TooLong,
        format!("the body is over the limit of {limit} bytes; send it in parts"),
    )
}

/// The value of a JSON body, within the limit of values.
///
/// # Errors
/// When it is not JSON that we take, or has too many values.
pub fn parse(app: &App, bytes: &[u8]) -> Result<Value, Failure> {
    Ok(json::parse_within(bytes, app.limits.body_values())?)
}

/// Refuses a request that wants an answer in a form that we do not give.
///
/// # Errors
/// When `_format` or `Accept` leave no form of JSON.
pub fn check_accept(request: &HttpRequest, format: Option<&str>) -> Result<(), Failure> {
    let acceptable = match format {
        Some(format) => {
            let format = format.replace(' ', "+");
            essence(&format) == "json" || JSON_TYPES.contains(&essence(&format).as_str())
        }
        None => match header_text(request, header::ACCEPT) {
            None => true,
            Some(accept) => accept.split(',').map(essence).any(|range| {
                matches!(range.as_str(), "*/*" | "application/*" | "" | "text/*")
                    || JSON_TYPES.contains(&range.as_str())
            }),
        },
    };
    if acceptable {
        Ok(())
    } else {
        Err(Failure::new(
            Category::NotAcceptable,
            IssueCode::NotSupported,
            "answers are given as `application/fhir+json` only",
        ))
    }
}

/// What `Prefer: return=..` asks for; unknown preferences are ignored
/// (RFC 7240, 2).
#[must_use]
pub fn preferred_return(request: &HttpRequest) -> Return {
    let wanted = request
        .headers()
        .get_all("prefer")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .find_map(|token| token.trim().strip_prefix("return="));
    match wanted {
        Some("minimal") => Return::Minimal,
        Some("OperationOutcome") => Return::OperationOutcome,
        _ => Return::Representation,
    }
}

/// Whether a `Prefer` header holds this preference.
#[must_use]
pub fn prefers(request: &HttpRequest, preference: &str) -> bool {
    request
        .headers()
        .get_all("prefer")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|token| token.trim() == preference)
}

/// A header as text; `None` when it is absent or not text.
#[must_use]
pub fn header_text(request: &HttpRequest, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// A media type without its parameters, in lower case.
fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
