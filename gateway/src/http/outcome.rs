//! A [`Failure`] as the caller sees it: the only place where a failure gets its
//! status and its OperationOutcome (<https://hl7.org/fhir/R4/operationoutcome.html>),
//! or below `/admin` its problem details.

use crate::failure::{Category, Failure, Taken};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use fhir::{IssueCode, bundle::ResponseEntry, json::Value};
use serde_json::json;
use std::fmt;

/// What every body of ours is below a FHIR base.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
/// What a failure is below `/admin`.
const PROBLEM_JSON: &str = "application/problem+json";

/// A failure of a path that is not FHIR (<https://www.rfc-editor.org/rfc/rfc9457>).
#[derive(Debug)]
pub struct Problem(Failure);

impl Problem {
    pub(crate) const fn failure(&self) -> &Failure {
        &self.0
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Category {
    /// The one status of this kind of failure.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Damaged | Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What a caller without a valid token is asked for
    /// (<https://www.rfc-editor.org/rfc/rfc6750#section-3>).
    const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("Bearer realm=\"chartseal\""),
            Self::InvalidToken => Some("Bearer realm=\"chartseal\", error=\"invalid_token\""),
            _ => None,
        }
    }

    /// The outcome code of an AuditEvent
    /// (<https://hl7.org/fhir/R4/valueset-audit-event-outcome.html>): 4 when the
    /// caller could have done better, 8 when we could not do it.
    #[must_use]
    pub fn audit_outcome(self) -> u8 {
        if self.is_ours() { 8 } else { 4 }
    }
}

impl Failure {
    /// The OperationOutcome that tells the caller.
    #[must_use]
    pub fn operation_outcome(&self) -> Value {
        if let Some(invalid) = &self.invalid {
            return fhir::validate::outcome(&invalid.faults);
        }
        let severity = match self.category {
            Category::Damaged | Category::Fault => fhir::Severity::Fatal,
            _ => fhir::Severity::Error,
        };
        fhir::outcome(severity, self.code, &self.text, self.expression.as_deref())
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.category.status()
    }

    fn error_response(&self) -> HttpResponse {
        respond(self, FHIR_JSON, self.operation_outcome().to_canonical())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.category.status()
    }

    /// The type is the status, whose phrase is then the title (RFC 9457, 4.2.1).
    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.0.text,
        });
        respond(&self.0, PROBLEM_JSON, problem.to_string().into_bytes())
    }
}

fn respond(failure: &Failure, form: &'static str, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(failure.category.status());
    response.insert_header((header::CONTENT_TYPE, form));
    if let Some(challenge) = failure.category.challenge() {
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    match &failure.taken {
        None => {}
        Some(Taken::Methods(methods)) => {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        Some(Taken::Gzip) => {
            response.insert_header((header::ACCEPT_ENCODING, "gzip, identity"));
        }
    }
    if failure.category == Category::TooSlow {
        // What is still to come is not waited for.
        response.force_close();
    }
    if let Some(seconds) = failure.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    response.body(body)
}

/// Status code and phrase of a failure.
#[must_use]
pub fn status_line(category: Category) -> String {
    let status = category.status();
    let phrase = status.canonical_reason().unwrap_or_default();
    format!("{} {phrase}", status.as_str())
}

/// A failure as an entry of a batch-response.
#[must_use]
pub fn entry_of(failure: &Failure) -> ResponseEntry {
    ResponseEntry {
        status: status_line(failure.category),
        outcome: Some(failure.operation_outcome()),
        ..ResponseEntry::default()
    }
}

/// The failure of a method that a path does not take; it takes these, with commas.
#[must_use]
pub fn wrong_method(taken: String) -> Failure {
    let text = format!("this method is not offered at this path; use `{taken}`");
    Failure {
        taken: Some(Taken::Methods(taken)),
        ..Failure::new(Category::NotAllowed, IssueCode::NotSupported, text)
    }
}

/// The failure of a path below a FHIR base that would be an interaction or operation.
#[must_use]
pub fn unknown_interaction() -> Failure {
    Failure::new(
        Category::NotFound,
        IssueCode::NotSupported,
        "this interaction or operation is not supported here; `/metadata` says what is offered",
    )
}

/// The failure of a path that leads nowhere.
#[must_use]
pub fn unknown_path() -> Failure {
    Failure::new(
        Category::NotFound,
        IssueCode::NotFound,
        "nothing is served at this path; the FHIR base is `/fhir` or `/f/<facility>/fhir`",
    )
}
