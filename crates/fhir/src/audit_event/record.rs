//! What is known of one request in one facility when it is done.

use super::render_1;
use crate::json::Value;
use model::{AuditInteraction, Digest, FacilityName, LogicalId, Tag, Timestamp, VersionNumber};
use std::collections::BTreeMap;

/// How long the id of a record may be, so that `<id>.<k>` is a valid id.
pub const MAX_RECORD_ID: usize = 50;

/// The audit record of one request in one facility. Everything the events show
/// is here, but for the query text, which is sealed by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The record's id, at most [`MAX_RECORD_ID`] characters.
    pub id: LogicalId,
    /// When it was written.
    pub time: Timestamp,
    /// The facility whose log it goes to.
    pub facility: FacilityName,
    /// The FHIR base of the request, an absolute URL.
    pub base: String,
    /// What the request was.
    pub interaction: AuditInteraction,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// The category of a failure, or that the request repeats one that was answered
    /// before; never content.
    pub outcome_text: Option<String>,
    /// Who asked; none when no valid token came with the request.
    pub agent: Option<AuditAgent>,
    /// Purpose of use, a code of v3-ActReason.
    pub purpose: Option<String>,
    /// The `X-Request-Id`.
    pub request_id: Option<String>,
    /// The patients concerned, sorted by tag, none twice.
    pub patients: Vec<AuditPatient>,
    /// The records that were read or written.
    pub touched: Vec<AuditTouched>,
    /// Whether there is a query text.
    pub has_query: bool,
    /// What the decision was made from, so that it can be made again.
    pub decision: Value,
}

/// How a request ended (<https://hl7.org/fhir/R4/valueset-audit-event-outcome.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    /// It was done.
    Success,
    /// It was refused, as a denial or for the client's fault.
    MinorFailure,
    /// It failed for our fault.
    SeriousFailure,
    /// It failed and something is out of order.
    MajorFailure,
}

impl AuditOutcome {
    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "0",
            Self::MinorFailure => "4",
            Self::SeriousFailure => "8",
            Self::MajorFailure => "12",
        }
    }

    pub(super) fn read(code: &str) -> Option<Self> {
        [
            Self::Success,
            Self::MinorFailure,
            Self::SeriousFailure,
            Self::MajorFailure,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == code)
    }
}

/// Who asked. A client that acts for itself has its own id as subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditAgent {
    /// The issuer of the token.
    pub issuer: String,
    /// The subject of the token.
    pub subject: String,
    /// The client's id.
    pub client: String,
    /// The user's name, when the token gives it.
    pub name: Option<String>,
    /// The user's roles.
    pub roles: Vec<String>,
    /// The address the connection came from, without the port.
    pub address: Option<String>,
}

/// A patient concerned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPatient {
    /// The patient tag.
    pub tag: Tag,
    /// The id of the Patient.
    pub id: LogicalId,
}

/// One record that was read or written, once for each patient it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTouched {
    /// Index into [`AuditRecord::patients`]; none when it is about no patient.
    pub patient: Option<usize>,
    /// `Type/id`.
    pub reference: String,
    /// The version read or written, when there is one.
    pub version: Option<VersionNumber>,
    /// What was done to it.
    pub interaction: AuditInteraction,
}

/// Why a record or an event cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no audit record.
    #[error("not an audit record: `{0}` is missing or malformed")]
    Malformed(&'static str),
    /// A release after this one wrote it.
    #[error("the audit record needs renderer {0}, which this release does not have")]
    UnknownRenderer(u64),
    /// There are fewer events.
    #[error("the audit record has {count} events, none with index {index}")]
    NoSuchEvent {
        /// What was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A digest of the query text is needed exactly when there is a query text.
    #[error("the query digest must be given when the record has a query, and only then")]
    QueryDigest,
}

impl AuditRecord {
    /// How many events the record has: one for each patient, one when none is
    /// concerned.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.patients.len().max(1)
    }

    /// The tag under which the salt of event `index` is made; zeros when no
    /// patient is concerned.
    #[must_use]
    pub fn event_tag(&self, index: usize) -> Option<Tag> {
        match self.patients.get(index) {
            Some(patient) => Some(patient.tag),
            None => (index == 0).then_some(Tag::ZERO),
        }
    }

    /// The canonical bytes of event `index`, as they were hashed.
    ///
    /// # Errors
    /// When there is no such event, or the digest does not fit the record.
    pub fn event(&self, index: usize, query: Option<Digest>) -> Result<Vec<u8>, RecordError> {
        let count = self.event_count();
        if index >= count {
            return Err(RecordError::NoSuchEvent { index, count });
        }
        self.check_digest(query)?;
        let touched: Vec<&AuditTouched> = self
            .touched
            .iter()
            .filter(|it| event_of(it) == index)
            .collect();
        Ok(render_1::event(self, index, &touched, query))
    }

    /// The canonical bytes of all events, in order.
    ///
    /// # Errors
    /// When the digest does not fit the record.
    pub fn events(&self, query: Option<Digest>) -> Result<Vec<Vec<u8>>, RecordError> {
        self.check_digest(query)?;
        let mut of_event = vec![Vec::new(); self.event_count()];
        for touched in &self.touched {
            if let Some(own) = of_event.get_mut(event_of(touched)) {
                own.push(touched);
            }
        }
        let events = of_event.iter().enumerate();
        Ok(events
            .map(|(index, own)| render_1::event(self, index, own, query))
            .collect())
    }

    fn check_digest(&self, query: Option<Digest>) -> Result<(), RecordError> {
        if query.is_some() == self.has_query {
            Ok(())
        } else {
            Err(RecordError::QueryDigest)
        }
    }
}

/// What is about no patient stands in the first event, so that every record
/// touched is shown once and the events of many patients stay small.
fn event_of(touched: &AuditTouched) -> usize {
    touched.patient.unwrap_or(0)
}

/// Brings what a request touched into the form of a record: the patients sorted
/// by tag, and each touched record once for each of its patients. `named` are
/// patients that the request is about though nothing of theirs was touched.
#[must_use]
pub fn concerned(
    named: impl IntoIterator<Item = AuditPatient>,
    touched: impl IntoIterator<Item = (AuditTouched, Vec<AuditPatient>)>,
) -> (Vec<AuditPatient>, Vec<AuditTouched>) {
    let touched: Vec<_> = touched.into_iter().collect();
    let all = named
        .into_iter()
        .chain(touched.iter().flat_map(|(_, own)| own.iter().cloned()));
    let patients: BTreeMap<Tag, LogicalId> = all.map(|it| (it.tag, it.id)).collect();
    let index: BTreeMap<Tag, usize> = patients
        .keys()
        .enumerate()
        .map(|(index, tag)| (*tag, index))
        .collect();
    let mut split = Vec::with_capacity(touched.len());
    for (one, own) in touched {
        if own.is_empty() {
            split.push(AuditTouched {
                patient: None,
                ..one
            });
            continue;
        }
        for patient in own {
            split.push(AuditTouched {
                patient: index.get(&patient.tag).copied(),
                ..one.clone()
            });
        }
    }
    let patients = patients
        .into_iter()
        .map(|(tag, id)| AuditPatient { tag, id })
        .collect();
    (patients, split)
}
