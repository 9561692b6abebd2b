//! A [`Failure`] as the caller sees it: the only place where a failure gets its
//! status and its OperationOutcome (<https://hl7.org/fhir/R4/operationoutcome.html>).

use crate::failure::{Category, Failure};
use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use fhir::{IssueCode, bundle::ResponseEntry, json::Value};

/// What every body of ours is.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

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
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
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
        let severity = match self.category {
            Category::Fault => fhir::Severity::Fatal,
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
        if let Some(cause) = &self.cause {
            tracing::warn!(category = ?self.category, cause, "request failed");
        }
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, FHIR_JSON));
        if let Some(challenge) = self.category.challenge() {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        response.body(self.operation_outcome().to_canonical())
    }
}

/// A failure as an entry of a batch-response.
#[must_use]
pub fn entry_of(failure: &Failure) -> ResponseEntry {
    let status = failure.category.status();
    ResponseEntry {
        status: format!(
            "{} {}",
            status.as_str(),
            status.canonical_reason().unwrap_or("")
        ),
        outcome: Some(failure.operation_outcome()),
        ..ResponseEntry::default()
    }
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
