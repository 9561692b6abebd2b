//! `patient=..`.

use super::{
    Asked, NewRecord, Parameter,
    reference::{References, index_references},
};
use crate::search::index::{Index, IndexValues};
use fhir::{ReferenceParameter, definition::Definition};

const PATIENT: ReferenceParameter = ReferenceParameter::Patient;

pub(super) struct Patient;

impl Parameter for Patient {
    fn name(&self) -> &'static str {
        PATIENT.as_str()
    }

    fn search_type(&self) -> &'static str {
        "reference"
    }

    fn is_of(&self, kind: &Definition) -> bool {
        !PATIENT.paths(kind).is_empty()
    }

    fn is_of_audit(&self) -> bool {
        true
    }

    /// Adds the subject too, whatever it is that names it: so a patient's search finds the
    /// own compartment whole.
    fn index(&self, record: &NewRecord<'_>, index: Index<'_>, values: &mut IndexValues) {
        if let Some(subject) = record.subject {
            values.link(PATIENT.as_str(), subject);
        }
        index_references(PATIENT, record, index, values);
    }

    fn criteria(&self) -> Box<dyn Asked> {
        Box::new(References::to(PATIENT))
    }
}
