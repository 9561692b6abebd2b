//! The record of renderer 1, written by 0.1.0 and only read since.
//!
//! It stays as it was released: its [events](super::events_1) are rendered and hashed anew
//! whenever one is shown or proved.

use super::{
    audit_outcome::AuditOutcome,
    facts::{AuditPatient, MAX_RECORD_ID},
    record_error::RecordError,
};
use model::{FacilityName, Interaction, LogicalId, Tag, Timestamp, VersionNumber};

/// The audit record of one request in one facility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The record's id, at most [`MAX_RECORD_ID`] characters.
    pub(super) id: LogicalId,
    /// When it was written.
    pub(super) time: Timestamp,
    /// The facility whose log it went to.
    pub(super) facility: FacilityName,
    /// The FHIR base of the request, an absolute URL.
    pub(super) base: String,
    /// What the request was.
    pub(super) interaction: Interaction,
    /// How it ended.
    pub(super) outcome: AuditOutcome,
    /// The category of a failure, or that the request repeated an earlier one.
    pub(super) outcome_text: Option<String>,
    /// Who asked; `None` when no valid token came with the request.
    pub(super) agent: Option<Agent>,
    /// Purpose of use, a code of v3-ActReason.
    pub(super) purpose: Option<String>,
    /// The `X-Request-Id`.
    pub(super) request_id: Option<String>,
    /// The patients concerned, sorted by tag, none twice.
    pub(super) patients: Vec<AuditPatient>,
    /// The records that were read or written.
    pub(super) touched: Vec<Touched>,
    /// Whether there is a query text.
    pub(super) has_query: bool,
    /// The decision's inputs.
    pub(super) decision: crate::json::Value,
}

/// Who asked. A client that acts for itself has its own id as subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agent {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) client: String,
    /// The user's name, when the token gave it.
    pub(super) name: Option<String>,
    pub(super) roles: Vec<String>,
    /// The address that the connection came from, without the port.
    pub(super) address: Option<String>,
}

/// One record that was read or written, once for each of its patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touched {
    /// Index into [`Record::patients`]; `None` when it is about no patient.
    pub(super) patient: Option<usize>,
    /// `Type/id`.
    pub(super) reference: String,
    /// The version read or written, when there is one.
    pub(super) version: Option<VersionNumber>,
    /// What was done to it.
    pub(super) interaction: Interaction,
}

impl Record {
    /// One for each patient, one when no patient is concerned.
    pub(super) fn event_count(&self) -> usize {
        self.patients.len().max(1)
    }

    /// The tag under which the salt of event `index` is made; zeros when no
    /// patient is concerned.
    pub(super) fn event_tag(&self, index: usize) -> Option<Tag> {
        match self.patients.get(index) {
            Some(patient) => Some(patient.tag),
            None => (index == 0).then_some(Tag::ZERO),
        }
    }

    /// Refuses what no release wrote.
    pub(super) fn check(self) -> Result<Self, RecordError> {
        let in_range = |it: &Touched| it.patient.is_none_or(|at| at < self.patients.len());
        if self.id.as_str().len() > MAX_RECORD_ID {
            return Err(RecordError::Malformed("id"));
        }
        if !self.patients.is_sorted_by(|a, b| a.tag < b.tag) {
            return Err(RecordError::Malformed("patients"));
        }
        if !self.touched.iter().all(in_range) {
            return Err(RecordError::Malformed("touched"));
        }
        Ok(self)
    }
}
