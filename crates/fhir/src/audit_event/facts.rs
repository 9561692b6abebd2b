//! What is known of one request in one facility when it is done: what it did, act by
//! act.

use super::audit_outcome::AuditOutcome;
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
