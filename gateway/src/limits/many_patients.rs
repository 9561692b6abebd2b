//! How many patients one record and one request may name. Each patient of each record
//! that is read or written gets an event in the audit, so that a record of very many would
//! multiply memory, log and disk with every look at it.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
};
use fhir::{IssueCode, audit_event::AuditPatient};
use model::ResourceType;

impl Exchange<'_> {
    /// Pays for the patients of a record that was opened, from the budget of the request and
    /// that of its user. The next record is refused when too little is left; this one is
    /// not, for it may be older than the limit.
    pub(crate) fn pay_patients(&self, patients: &[AuditPatient]) {
        let more = beyond_first(patients);
        self.budget.open_patients(more);
        self.app().throttle.named(&self.context.caller, more);
    }

    /// Asks whether a record that names these patients may be written, and pays for them.
    ///
    /// # Errors
    /// Unprocessable when the record names too many, too costly when all that the request
    /// writes does.
    pub(crate) fn require_patients(
        &self,
        kind: &ResourceType,
        patients: &[AuditPatient],
    ) -> Result<(), Failure> {
        let most = self.app().limits.patients_of_record;
        if patients.len() > most {
            return Err(too_many(kind, most));
        }
        let more = beyond_first(patients);
        self.budget.write_patients(more)?;
        self.app().throttle.named(&self.context.caller, more);
        Ok(())
    }
}

fn beyond_first(patients: &[AuditPatient]) -> u64 {
    patients.len().saturating_sub(1) as u64
}

fn too_many(kind: &ResourceType, most: usize) -> Failure {
    let text = format!(
        "the record names more than {most} patients; write several that name fewer each, or \
         ask the operator of the gateway to raise `patientsOfRecord`"
    );
    Failure::new(Category::Unprocessable, IssueCode::BusinessRule, text).at(kind.to_string())
}
