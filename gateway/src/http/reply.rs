//! What an interaction answers when it succeeds, before it is known whether it
//! goes out as an HTTP response or as an entry of a Bundle.

pub use crate::http::version_mark::VersionMark;

use crate::{
    failure::Failure,
    form::subset,
    http::{freshness::Freshness, outcome::FHIR_JSON},
};
use actix_web::{HttpResponse, http::StatusCode, http::header};
use fhir::{IssueCode, Severity, bundle::ResponseEntry, json::Value};
use model::LogicalId;
use serde::{Deserialize, Serialize};

/// How it went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Success {
    /// 200.
    Ok,
    /// 201.
    Created,
    /// 204.
    NoContent,
    /// 304: the caller has it already.
    NotModified,
}

/// A successful answer.
#[derive(Debug)]
pub struct Reply {
    /// How it went well.
    pub success: Success,
    /// The version it is about, if one.
    pub version: Option<VersionMark>,
    /// Where the new version is.
    pub location: Option<String>,
    /// The id of the record that criteria chose.
    pub chosen: Option<LogicalId>,
    /// The resource, as its exact canonical bytes.
    pub body: Option<Vec<u8>>,
}

/// What the caller wants back after a write
/// (<https://hl7.org/fhir/R4/http.html#return>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Return {
    /// No body.
    Minimal,
    /// The resource as stored.
    #[default]
    Representation,
    /// An OperationOutcome.
    OperationOutcome,
}

impl Success {
    fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::Created => StatusCode::CREATED,
            Self::NoContent => StatusCode::NO_CONTENT,
            Self::NotModified => StatusCode::NOT_MODIFIED,
        }
    }
}

impl Reply {
    /// 200 with a body that is not a version of a record.
    #[must_use]
    pub fn document(body: Vec<u8>) -> Self {
        Self {
            success: Success::Ok,
            version: None,
            location: None,
            chosen: None,
            body: Some(body),
        }
    }

    /// A version of a record, unless the caller has it already.
    #[must_use]
    pub fn version(mark: VersionMark, freshness: Freshness, content: Vec<u8>) -> Self {
        let (success, body) = match freshness {
            Freshness::Changed => (Success::Ok, Some(content)),
            Freshness::NotModified => (Success::NotModified, None),
        };
        Self {
            success,
            version: Some(mark),
            location: None,
            chosen: None,
            body,
        }
    }

    /// The answer to a delete, the first and every later one.
    #[must_use]
    pub fn deleted(version: Option<VersionMark>) -> Self {
        Self {
            success: Success::NoContent,
            version,
            location: None,
            chosen: None,
            body: None,
        }
    }

    /// The same, of a record that criteria chose.
    #[must_use]
    pub fn of_chosen(self, id: &LogicalId) -> Self {
        Self {
            chosen: Some(id.clone()),
            ..self
        }
    }

    /// The part of its resource that is asked for.
    ///
    /// # Errors
    /// When its body is no resource.
    pub fn reduced(mut self, asked: &subset::Asked) -> Result<Self, Failure> {
        if let Some(body) = &self.body
            && let Some(part) = asked.part_of(body)?
        {
            self.body = Some(part);
        }
        Ok(self)
    }

    /// The answer to the same request by HEAD.
    #[must_use]
    pub fn without_body(self) -> Self {
        Self { body: None, ..self }
    }

    /// Gives the body that `Prefer: return` asked for.
    #[must_use]
    pub fn preferring(mut self, wanted: Return) -> Self {
        match wanted {
            Return::Representation => {}
            Return::Minimal => self.body = None,
            Return::OperationOutcome => {
                self.body = Some(done().to_canonical());
                if self.success == Success::NoContent {
                    self.success = Success::Ok;
                }
            }
        }
        self
    }

    /// The answer as an HTTP response.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.success.status());
        if let Some(mark) = self.version {
            response.insert_header((header::ETAG, mark.etag()));
            response.insert_header((header::LAST_MODIFIED, mark.time.to_http_date()));
        }
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        match self.body {
            Some(body) => response
                .insert_header((header::CONTENT_TYPE, FHIR_JSON))
                .body(body),
            _ => response.finish(),
        }
    }

    /// The answer as plain JSON, for what is no FHIR resource.
    #[must_use]
    pub fn into_json_response(self) -> HttpResponse {
        HttpResponse::build(self.success.status())
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .body(self.body.unwrap_or_default())
    }

    /// The answer as an entry of a transaction-response or batch-response.
    #[must_use]
    pub fn into_entry(self) -> ResponseEntry {
        let status = self.success.status();
        ResponseEntry {
            status: format!(
                "{} {}",
                status.as_str(),
                status.canonical_reason().unwrap_or("")
            ),
            location: self.location,
            version: self.version.map(|mark| mark.number),
            last_modified: self.version.map(|mark| mark.time),
            resource: self.body,
            outcome: None,
        }
    }

    /// The answer to a change as an entry, with what `Prefer: return` asked for. What is told of
    /// an entry is no resource of it
    /// (<https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.response.outcome>).
    #[must_use]
    pub fn into_entry_preferring(self, wanted: Return) -> ResponseEntry {
        let entry = self.preferring(wanted).into_entry();
        if wanted == Return::OperationOutcome {
            ResponseEntry {
                resource: None,
                outcome: Some(done()),
                ..entry
            }
        } else {
            entry
        }
    }
}

/// The outcome of a change that went well.
fn done() -> Value {
    let (severity, code) = (Severity::Information, IssueCode::Informational);
    fhir::outcome(severity, code, "done", None)
}
