//! Answers to a transaction or batch: one entry for each entry of the request,
//! in its order (<https://hl7.org/fhir/R4/http.html#transaction-response>).

use crate::json::{Members, Value};
use model::{Timestamp, VersionNumber};

/// The answer to one entry.
#[derive(Debug, Default)]
pub struct ResponseEntry {
    /// Status code and phrase, such as `201 Created`.
    pub status: String,
    /// `Type/id/_history/version` or an absolute URL.
    pub location: Option<String>,
    /// The version, for the `ETag`.
    pub version: Option<VersionNumber>,
    /// When the version was written.
    pub last_modified: Option<Timestamp>,
    /// The canonical bytes of the resource, when it is given back.
    pub resource: Option<Vec<u8>>,
    /// What went wrong or is to be known.
    pub outcome: Option<Value>,
}

/// A Bundle of type `transaction-response`, as canonical bytes.
#[must_use]
pub fn transaction_response(entries: Vec<ResponseEntry>) -> Vec<u8> {
    write("transaction-response", entries)
}

/// A Bundle of type `batch-response`, as canonical bytes.
#[must_use]
pub fn batch_response(entries: Vec<ResponseEntry>) -> Vec<u8> {
    write("batch-response", entries)
}

/// Each entry goes when it is written, so that the answer is in memory once.
fn write(bundle_type: &str, entries: Vec<ResponseEntry>) -> Vec<u8> {
    let sizes = entries
        .iter()
        .map(|answer| answer.resource.as_ref().map_or(0, Vec::len));
    let size: usize = sizes.map(|size| size + 256).sum();
    let mut out = Vec::with_capacity(size + 64);
    let mut bundle = Members::open(&mut out);
    if !entries.is_empty() {
        bundle.array("entry", entries, |member, entry| {
            if let Some(resource) = &entry.resource {
                member.raw("resource", resource);
            }
            member.object("response", |response| {
                if let Some(version) = entry.version {
                    response.text("etag", &format!("W/\"{version}\""));
                }
                if let Some(time) = entry.last_modified {
                    response.text("lastModified", &time.to_string());
                }
                response.text_if("location", entry.location.as_deref());
                if let Some(outcome) = &entry.outcome {
                    outcome.write_canonical(response.key("outcome"));
                }
                response.text("status", &entry.status);
            });
        });
    }
    bundle.text("resourceType", "Bundle");
    bundle.text("type", bundle_type);
    bundle.close();
    out
}
