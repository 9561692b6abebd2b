//! An audit record before it is sealed, of whatever is audited: a request, a command of the
//! operator, many requests of nobody who is known. Record and leaf are made here and nowhere
//! else.

use crate::{
    audit::sealed::{Clear, seal_record},
    facility::side::Side,
    failure::Failure,
};
use fhir::audit_event::{AuditAct, AuditAgent, AuditFacility, AuditFacts, AuditRecord};
use model::{Interaction, Random, Timestamp, new_uuid};
use store::NewAudit;

/// What a record says beside its facility and id.
pub(crate) struct Draft {
    pub(crate) time: Timestamp,
    /// The base that references are relative to.
    pub(crate) base: String,
    pub(crate) interaction: Interaction,
    /// In order.
    pub(crate) acts: Vec<AuditAct>,
    /// What was decided, as canonical JSON; of what nobody decides, what stands for it.
    pub(crate) decision: Vec<u8>,
    pub(crate) agent: Option<AuditAgent>,
    pub(crate) request: Requested,
}

/// What only a request has.
#[derive(Default)]
pub(crate) struct Requested {
    /// The facility that was asked, when it is another.
    pub(crate) server: Option<AuditFacility>,
    pub(crate) purpose: Option<String>,
    pub(crate) id: Option<String>,
}

impl Draft {
    /// Seals the record for the log of a facility.
    ///
    /// # Errors
    /// When it renders no event, or sealing fails.
    pub(crate) async fn seal(
        self,
        random: &dyn Random,
        side: &Side,
        clear: Clear<'_>,
    ) -> Result<NewAudit, Failure> {
        let record = AuditRecord::new(AuditFacts {
            id: new_uuid(random)?.parse().map_err(Failure::fault)?,
            time: self.time,
            facility: side.facility.name.clone(),
            base: self.base,
            server: self.request.server,
            interaction: self.interaction,
            agent: self.agent,
            purpose: self.request.purpose,
            request_id: self.request.id,
            acts: self.acts,
            decision: self.decision,
        });
        seal_record(random, side, record, clear).await
    }
}
