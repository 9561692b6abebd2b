//! Answers that are packed by gzip for those who take it
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3>), and indented where `_pretty`
//! asks for it. Our ETags are weak, so they stay.

use crate::{form::pretty, http::header_list};
use actix_web::{
    Error, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
    web::{self, Bytes},
};
use flate2::{Compression, write::GzEncoder};
use std::io::{self, Write as _};

/// Bytes of an answer from which on it is packed.
const LEAST: usize = 1024;
/// Bytes that are packed on the thread that serves.
const SHORT: usize = 64 * 1024;
/// Bytes of an answer up to which it is indented.
const MAX_PRETTY: usize = 1024 * 1024;
/// The types that are packed: texts of ours, without the log's own formats.
const TYPES: [&str; 3] = [
    "application/fhir+json",
    "application/json",
    "application/problem+json",
];

/// Gives answers the form that the request takes.
///
/// # Errors
/// Those of the handlers.
pub(crate) async fn send(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let kind = head.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_fhir = kind.starts_with(TYPES[0]);
    if !TYPES.iter().any(|known| kind.starts_with(known)) {
        return Ok(ServiceResponse::new(request, head.set_body(body)));
    }
    let mut bytes = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return Ok(ServiceResponse::new(request, head.set_body(body))),
    };
    if is_fhir && bytes.len() <= MAX_PRETTY && is_pretty(&request) {
        bytes = pretty::indented(&bytes).into();
    }
    head.headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if bytes.len() >= LEAST && takes_gzip(&request) {
        bytes = packed(bytes).await?;
        head.headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let response = head.set_body(BoxBody::new(bytes));
    Ok(ServiceResponse::new(request, response))
}

async fn packed(bytes: Bytes) -> Result<Bytes, Error> {
    if bytes.len() <= SHORT {
        return Ok(gzip(&bytes)?.into());
    }
    let packed = web::block(move || gzip(&bytes)).await?;
    Ok(packed?.into())
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Whether `_pretty` is asked for.
fn is_pretty(request: &HttpRequest) -> bool {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .any(|(name, value)| name == "_pretty" && value == "true")
}

/// Whether the request takes gzip: by its name, or by `*`.
fn takes_gzip(request: &HttpRequest) -> bool {
    let mut by_any = false;
    for member in header_list::members(request, "accept-encoding") {
        let mut parts = header_list::split(member, ';').into_iter();
        let coding = parts.next().unwrap_or_default();
        let wanted = parts.all(|part| {
            let (name, value) = header_list::pair(part);
            !name.eq_ignore_ascii_case("q") || value.parse::<f32>().is_ok_and(|weight| weight > 0.0)
        });
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            return wanted;
        }
        by_any |= coding == "*" && wanted;
    }
    by_any
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn gzip_is_taken_by_name_or_by_any() {
        for (header, taken) in [
            ("gzip", true),
            ("br, GZIP;q=0.1", true),
            ("x-gzip", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip; q=0.000", false),
            ("*;q=0", false),
            ("br, identity", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header(("accept-encoding", header));
            assert_eq!(takes_gzip(&request.to_http_request()), taken, "{header}");
        }
        assert!(!takes_gzip(&TestRequest::default().to_http_request()));
    }
}
