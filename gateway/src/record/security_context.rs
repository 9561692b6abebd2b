//! The record by whose rules a Binary goes
//! (<https://hl7.org/fhir/R4/binary.html#security>): the Binary is sealed under that
//! record's scope and belongs to its patients.
//!
//! To find it is to read it. So a read is decided first, and a record that is hidden,
//! deleted or absent, or another server's, gets one answer.
//!
//! A write takes over what the record is then. A read asks again what it is now, so that
//! who may no longer read the record does not read the Binary either. Nor does it change the
//! Binary: a change goes by the record of the version that it replaces.

use crate::{
    audit::sealed::AUDIT_EVENT,
    exchange::Exchange,
    failure::{Category, Failure},
    record::{
        named_context::NamedContext,
        version::{Found, is_delete},
    },
};
use fhir::{IssueCode, LocalReference, Resource, audit_event::AuditPatient, tables};
use model::{ResourceType, Scope, Tag};
use policies::Action;

const BINARY: &str = "Binary";

impl Exchange<'_> {
    /// Decides over a version that is to be shown, after its own decision: a Binary goes by
    /// the record that its `securityContext` names, as that stands now. The patients of that
    /// are then concerned too.
    ///
    /// # Errors
    /// When that record cannot be read or opened; too costly when the request has opened
    /// enough.
    pub(crate) async fn context_shows(&mut self, found: &mut Found) -> Result<bool, Failure> {
        let shown = match &found.context {
            None => return Ok(true),
            Some(NamedContext::Nothing) => None,
            Some(NamedContext::Record(named)) => self.shown(named).await?,
        };
        let Some(patients) = shown else {
            return Ok(false);
        };
        // Those of the Binary itself are few.
        let own: Vec<Tag> = found.patients.iter().map(|patient| patient.tag).collect();
        let others = patients
            .into_iter()
            .filter(|patient| !own.contains(&patient.tag));
        found.patients.extend(others);
        found.context = None;
        Ok(true)
    }

    /// Whether the caller may change what stands at an id: what a read would show now, and
    /// otherwise only whom no context could keep from it, so that what is hidden takes the
    /// same answer as what is absent. Where nothing is known to stand there, `found` is none.
    ///
    /// # Errors
    /// As [`Self::context_shows`].
    pub async fn may_replace(
        &mut self,
        kind: &ResourceType,
        found: Option<&Found>,
    ) -> Result<bool, Failure> {
        if kind.as_str() != BINARY {
            return Ok(true);
        }
        let stands = match found.map(|found| &found.context) {
            Some(None) => true,
            Some(Some(NamedContext::Record(named))) => {
                let named = named.clone();
                self.shown(&named).await?.is_some()
            }
            None | Some(Some(NamedContext::Nothing)) => false,
        };
        Ok(stands || self.reaches_every_context())
    }

    /// Whether the caller may read whatever a context could name.
    fn reaches_every_context(&self) -> bool {
        // Nobody writes these; that one is none.
        let never = [AUDIT_EVENT, BINARY];
        let all = tables::RESOURCES.iter();
        let mut named = all.filter(|definition| !never.contains(&definition.name));
        named.all(|definition| {
            let kind = definition.name.parse();
            kind.is_ok_and(|kind| self.reaches_all(&[Action::Read], &kind))
        })
    }

    /// The patients of a record, if a read would show it; asked once for all Binaries of it.
    async fn shown(
        &mut self,
        named: &LocalReference,
    ) -> Result<Option<Vec<AuditPatient>>, Failure> {
        let (kind, id) = (&named.resource_type, &named.id);
        if kind.as_str() == BINARY {
            // By itself it does not say who may read it; earlier releases took one.
            return Ok(None);
        }
        let asked = (self.tag(kind, id), self.written().len());
        if let Some(shown) = self.contexts.get(&asked).cloned() {
            // Each Binary has events of its own for them.
            self.pay_patients(shown.as_deref().unwrap_or_default());
            return Ok(shown);
        }
        let looked = self.look(&[Action::Read], kind, id, None).await?;
        let target = looked.target(self, kind, id);
        // The Binary stands for it in the audit, which names its patients.
        let may = self.weigh(Action::Read, &target).is_permitted();
        let found = looked.found().filter(|_| may);
        let stands = found.filter(|found| !is_delete(&found.row));
        let shown = stands.map(|found| found.patients);
        self.contexts.insert(asked, shown.clone());
        Ok(shown)
    }
}

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
/// Unprocessable when it names no record here that the caller may read, or a Binary.
pub async fn of(
    exchange: &mut Exchange<'_>,
    resource: &Resource,
) -> Result<Option<SecurityContext>, Failure> {
    if !resource.has_security_context() {
        return Ok(None);
    }
    let named = resource.security_context(&exchange.context.local);
    if named.is_some_and(|named| named.resource_type.as_str() == BINARY) {
        return Err(of_binary());
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
    let mut asked = exchange.ask_beside(kind, id);
    let may = exchange.permit(&mut asked, Action::Read, &target);
    let Some(found) = looked.found().filter(|_| may) else {
        // Hidden and absent alike: a denial like that of a read.
        exchange.note_denial();
        return Ok(None);
    };
    exchange.complete(&asked, Some(found.row.number), found.patients.clone());
    Ok((!is_delete(&found.row)).then_some(found))
}

fn of_binary() -> Failure {
    Failure::new(
        Category::Unprocessable,
        IssueCode::BusinessRule,
        "`securityContext` must not name a Binary; name the record by whose rules both go",
    )
    .at("Binary.securityContext")
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
