//! The record by whose rules a Binary goes
//! (<https://hl7.org/fhir/R4/binary.html#security>): the Binary is sealed under that
//! record's scope and belongs to its patients.
//!
//! To find it is to read it. So a read is decided first, and a record that is hidden,
//! deleted or absent, or another server's, gets one answer.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    version::{Found, is_delete},
};
use fhir::{IssueCode, Resource, audit_event::AuditPatient};
use model::{Scope, Tag};
use policies::Action;

/// What a Binary takes over from the record that its `securityContext` names.
pub struct SecurityContext {
    /// Under which both are sealed.
    pub scope: Scope,
    /// Whom a decision about the record is asked over.
    pub tags: Vec<Tag>,
    /// The patients concerned, for the audit.
    pub patients: Vec<AuditPatient>,
}

/// The context of a resource; `None` for whatever has no `securityContext`.
///
/// # Errors
/// Unprocessable when it names no record here that the caller may read.
pub async fn of(
    exchange: &mut Exchange<'_>,
    resource: &Resource,
) -> Result<Option<SecurityContext>, Failure> {
    if !resource.has_security_context() {
        return Ok(None);
    }
    let found = readable(exchange, resource).await?.ok_or_else(unseen)?;
    let key = exchange.facility().keys.by_id(found.row.data_key).await?;
    Ok(Some(SecurityContext {
        scope: key.scope,
        tags: found.withheld.target().patients,
        patients: found.patients,
    }))
}

/// The named record, if a read of it would show it.
async fn readable(
    exchange: &mut Exchange<'_>,
    resource: &Resource,
) -> Result<Option<Found>, Failure> {
    let Some(named) = resource.security_context(&exchange.context.local) else {
        return Ok(None);
    };
    let (kind, id) = (&named.resource_type, &named.id);
    let looked = exchange.look(&[Action::Read], kind, id, None).await?;
    let target = looked.target(exchange, kind, id);
    let permit = exchange.decide(Action::Read, &target);
    match (permit, looked.found()) {
        (Some(_), Some(found)) => {
            let (number, patients) = (found.row.number, found.patients.clone());
            exchange.acts.consult((kind, id), Some(number), patients);
            Ok((!is_delete(&found.row)).then_some(found))
        }
        // Hidden and absent alike: what was aimed at, and a denial like that of a read.
        _ => {
            exchange.acts.consult((kind, id), None, Vec::new());
            exchange.note_denial();
            Ok(None)
        }
    }
}

fn unseen() -> Failure {
    Failure::new(
        Category::Unprocessable,
        IssueCode::BusinessRule,
        "`securityContext` must name a record of this facility that you may read; write that \
         record first, or ask for the right to read it",
    )
    .at("Binary.securityContext")
}
