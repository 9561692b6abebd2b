//! The record of renderer 1, written by 0.1.0 and only read since.
//!
//! It stays as it was released: its events are rendered and hashed anew whenever one
//! is shown or proved.

use super::{
    record::{AuditOutcome, AuditPatient, MAX_RECORD_ID, RecordError},
    render_1,
};
use model::{Digest, FacilityName, Interaction, LogicalId, Tag, Timestamp, VersionNumber};

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

    /// The canonical bytes of event `index`, as they were hashed.
    pub(super) fn event(
        &self,
        index: usize,
        query: Option<Digest>,
    ) -> Result<Vec<u8>, RecordError> {
        let count = self.event_count();
        if index >= count {
            return Err(RecordError::NoSuchEvent { index, count });
        }
        self.check_digest(query)?;
        let touched: Vec<&Touched> = self
            .touched
            .iter()
            .filter(|it| event_of(it) == index)
            .collect();
        Ok(render_1::event(self, index, &touched, query))
    }

    /// The canonical bytes of all events, in order.
    pub(super) fn each_event(
        &self,
        query: Option<Digest>,
    ) -> Result<impl Iterator<Item = Vec<u8>> + '_, RecordError> {
        self.check_digest(query)?;
        let mut of_event = vec![Vec::new(); self.event_count()];
        for touched in &self.touched {
            if let Some(own) = of_event.get_mut(event_of(touched)) {
                own.push(touched);
            }
        }
        let events = of_event.into_iter().enumerate();
        Ok(events.map(move |(index, own)| render_1::event(self, index, &own, query)))
    }

    fn check_digest(&self, query: Option<Digest>) -> Result<(), RecordError> {
        if query.is_some() == self.has_query {
            Ok(())
        } else {
            Err(RecordError::QueryDigests)
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

/// What is about no patient stands in the first event, so that every record
/// touched is shown once.
fn event_of(touched: &Touched) -> usize {
    touched.patient.unwrap_or(0)
}
