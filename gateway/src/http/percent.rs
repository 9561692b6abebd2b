//! Refuses URLs and forms that do not decode, before anything is made of them: a decoder
//! would put something else in the place of what was meant.

use crate::{
    failure::{Category, Failure},
    http::outcome::Problem,
};
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use fhir::{IssueCode, links::percent};

/// Refuses a text that does not decode.
///
/// # Errors
/// Invalid.
pub(crate) fn check(text: &str) -> Result<(), Failure> {
    if percent::decodes(text) {
        Ok(())
    } else {
        Err(Failure::new(
            Category::Invalid,
            IssueCode::Invalid,
            "a `%` must begin two hexadecimal digits, and what they stand for be UTF-8; write \
             `%` itself as `%25`",
        ))
    }
}

/// Refuses a request whose URL does not decode, whatever path it has.
///
/// # Errors
/// Those of the handlers; a refusal is an answer.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let uri = request.uri();
    let checked = check(uri.path()).and_then(|()| check(uri.query().unwrap_or_default()));
    if let Err(failure) = checked {
        let response = if uri.path().starts_with("/admin") {
            request.error_response(Problem::from(failure))
        } else {
            request.error_response(failure)
        };
        return Ok(response.map_into_right_body());
    }
    let response = next.call(request).await?;
    Ok(response.map_into_left_body())
}
