//! What is known of one request in one facility when it is done: what it did, act by
//! act, from which its events follow.

use super::events::{Event, events_of, joined, patients_of};
use model::{FacilityName, Interaction, LogicalId, Tag, Timestamp, VersionNumber};

/// How long the id of a record may be, so that `<id>.<k>` is a valid id.
pub const MAX_RECORD_ID: usize = 50;

/// The facts of one request in one facility. Everything that its events show is here,
/// but for the texts of queries, which are sealed by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFacts {
    /// The record's id, at most [`MAX_RECORD_ID`] characters.
    pub id: LogicalId,
    /// When it was written.
    pub time: Timestamp,
    /// The facility whose log it goes to.
    pub facility: FacilityName,
    /// The FHIR base of that facility, an absolute URL.
    pub base: String,
    /// The facility at whose base the request was made, when that is another.
    pub server: Option<AuditFacility>,
    /// What the request was.
    pub interaction: Interaction,
    /// Who asked; `None` when no valid token came with the request.
    pub agent: Option<AuditAgent>,
    /// Purpose of use, a code of v3-ActReason.
    pub purpose: Option<String>,
    /// The `X-Request-Id`.
    pub request_id: Option<String>,
    /// What it did: the request, or the entries of its Bundle.
    pub acts: Vec<AuditAct>,
    /// Canonical JSON of what the decisions were made from, so that they can be made
    /// again.
    pub decision: Vec<u8>,
}

/// A facility as events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFacility {
    /// Its name here.
    pub name: FacilityName,
    /// Its FHIR base, an absolute URL.
    pub base: String,
    /// The organisation that is registered as its operator.
    pub organisation: Option<String>,
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
    /// The roles that counted.
    pub roles: Vec<String>,
    /// The address that the connection came from, without the port.
    pub address: Option<String>,
    /// The caller's own facility.
    pub home: Option<AuditFacility>,
}

/// One act: the request itself, or an entry of its Bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditAct {
    /// What was asked for.
    pub interaction: Interaction,
    /// What an administrator did to what is touched.
    pub did: Option<Interaction>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// The category of a failure, or that the act repeats one that was answered
    /// before; never content.
    pub outcome_text: Option<String>,
    /// The number of its query text, from 1.
    pub query: Option<u32>,
    /// The records that were read or written.
    pub touched: Vec<AuditTouched>,
}

/// One record that was read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTouched {
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The version read or written, when there is one.
    pub version: Option<VersionNumber>,
    /// The patients that it is about.
    pub patients: Vec<AuditPatient>,
}

/// A patient concerned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPatient {
    /// The patient tag.
    pub tag: Tag,
    /// The id of the Patient.
    pub id: LogicalId,
}

/// How an act ended (<https://hl7.org/fhir/R4/valueset-audit-event-outcome.html>), the
/// worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

    /// The code as a number, as rows hold it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::MinorFailure => 4,
            Self::SeriousFailure => 8,
            Self::MajorFailure => 12,
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

/// Why a record or an event cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no audit record.
    #[error("not an audit record: `{0}` is missing or malformed")]
    Malformed(&'static str),
    /// A later release wrote it.
    #[error("the audit record needs renderer {0}, which this release does not have")]
    UnknownRenderer(u64),
    /// There are fewer events.
    #[error("the audit record has {count} events, none with index {index}")]
    NoSuchEvent {
        /// The index asked for.
        index: usize,
        /// The number of events.
        count: usize,
    },
    /// A digest is needed for each query text, and none beyond.
    #[error("the audit record needs one digest for each of its query texts")]
    QueryDigests,
}

/// The audit record of one request in one facility, with the events that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    facts: AuditFacts,
    patients: Vec<AuditPatient>,
    events: Vec<Event>,
}

impl AuditRecord {
    /// Joins acts that differ in nothing but their records, so that a Bundle of many
    /// entries stays small, and finds the events.
    #[must_use]
    pub fn new(mut facts: AuditFacts) -> Self {
        facts.acts = joined(std::mem::take(&mut facts.acts));
        Self {
            patients: patients_of(&facts.acts),
            events: events_of(&facts.acts),
            facts,
        }
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &AuditFacts {
        &self.facts
    }

    /// The patients concerned, sorted by tag, none twice.
    #[must_use]
    pub fn patients(&self) -> &[AuditPatient] {
        &self.patients
    }

    /// The events: one for each patient and interaction, sorted by patient tag and
    /// interaction code; what concerns no patient comes first.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The number of events.
    #[must_use]
    pub const fn event_count(&self) -> usize {
        self.events.len()
    }

    /// The number of query texts.
    pub(super) fn queries(&self) -> usize {
        let texts = self.facts.acts.iter().filter(|act| act.query.is_some());
        texts.count()
    }

    /// The worst outcome of its acts.
    #[must_use]
    pub fn outcome(&self) -> AuditOutcome {
        let outcomes = self.facts.acts.iter().map(|act| act.outcome);
        outcomes.max().unwrap_or(AuditOutcome::Success)
    }
}
