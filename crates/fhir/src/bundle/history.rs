//! The answer to a history (<https://hl7.org/fhir/R4/http.html#history>): the
//! versions, newest first, deletes among them.

use super::Page;
use crate::json::Members;
use model::{LogicalId, ResourceType, Timestamp, VersionInteraction, VersionNumber};

/// The status of what cannot be shown because it is damaged.
const DAMAGED: &str = "500 Internal Server Error";

/// One version of a record.
#[derive(Debug)]
pub struct HistoryEntry<'a> {
    /// The record's absolute URL without the version.
    pub full_url: String,
    /// Its type.
    pub resource_type: &'a ResourceType,
    /// Its id.
    pub id: &'a LogicalId,
    /// The version.
    pub version: VersionNumber,
    /// How the version came about.
    pub interaction: VersionInteraction,
    /// Whether it began the record, or began it again behind a delete.
    pub begun: bool,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Its canonical bytes; a delete has none.
    pub resource: Option<&'a [u8]>,
    /// Why its content cannot be shown: an `OperationOutcome`, as canonical bytes.
    pub outcome: Option<&'a [u8]>,
}

impl HistoryEntry<'_> {
    /// A create is shown as POST to the type, all else by the record's own url.
    fn method(&self) -> &'static str {
        match self.interaction {
            VersionInteraction::Create => "POST",
            VersionInteraction::Update => "PUT",
            VersionInteraction::Patch => "PATCH",
            VersionInteraction::Delete => "DELETE",
        }
    }

    fn url(&self) -> String {
        match self.interaction {
            VersionInteraction::Create => self.resource_type.to_string(),
            _ => format!("{}/{}", self.resource_type, self.id),
        }
    }

    /// An update begins a record that the client named.
    fn status(&self) -> &'static str {
        if self.outcome.is_some() {
            return DAMAGED;
        }
        match self.interaction {
            VersionInteraction::Create => "201 Created",
            VersionInteraction::Update if self.begun => "201 Created",
            VersionInteraction::Update | VersionInteraction::Patch => "200 OK",
            VersionInteraction::Delete => "204 No Content",
        }
    }
}

impl HistoryEntry<'_> {
    fn write(&self, member: &mut Members<'_>) {
        member.text("fullUrl", &self.full_url);
        member.object("request", |request| {
            request.text("method", self.method());
            request.text("url", &self.url());
        });
        if let Some(resource) = self.resource {
            member.raw("resource", resource);
        }
        member.object("response", |response| {
            response.text("etag", &format!("W/\"{}\"", self.version));
            response.text("lastModified", &self.last_modified.to_string());
            if let Some(outcome) = self.outcome {
                response.raw("outcome", outcome);
            }
            response.text("status", self.status());
        });
    }
}

/// What a history leaves out because it is damaged, as its last entry: one of no record, for
/// which the answer to the request for it would be this.
#[derive(Debug, Clone, Copy)]
pub struct HistoryGap<'a> {
    /// The url of the history, relative to the base.
    pub url: &'a str,
    /// An `OperationOutcome`, as canonical bytes.
    pub outcome: &'a [u8],
}

impl HistoryGap<'_> {
    fn write(&self, member: &mut Members<'_>) {
        member.object("request", |request| {
            request.text("method", "GET");
            request.text("url", self.url);
        });
        member.object("response", |response| {
            response.raw("outcome", self.outcome);
            response.text("status", DAMAGED);
        });
    }
}

/// A Bundle of type `history`, as canonical bytes.
#[must_use]
pub fn history(page: &Page, entries: &[HistoryEntry], gap: Option<HistoryGap<'_>>) -> Vec<u8> {
    let size: usize = entries
        .iter()
        .map(|entry| entry.resource.map_or(0, <[u8]>::len) + 384)
        .sum();
    let mut out = Vec::with_capacity(size + 512);
    let mut bundle = Members::open(&mut out);
    if !entries.is_empty() || gap.is_some() {
        let entries = entries.iter().map(Ok).chain(gap.map(Err));
        bundle.array("entry", entries, |member, entry| match entry {
            Ok(entry) => entry.write(member),
            Err(gap) => gap.write(member),
        });
    }
    page.write_links(&mut bundle);
    bundle.text("resourceType", "Bundle");
    page.write_total(&mut bundle);
    bundle.text("type", "history");
    bundle.close();
    out
}
