//! `subject=..`.

use super::{
    Asked, NewRecord, Parameter,
    reference::{References, index_references},
};
use crate::search::index::{Index, IndexValues};
use fhir::{ReferenceParameter, definition::Definition};

const SUBJECT: ReferenceParameter = ReferenceParameter::Subject;

pub(super) struct Subject;

impl Parameter for Subject {
    fn name(&self) -> &'static str {
        SUBJECT.as_str()
    }

    fn search_type(&self) -> &'static str {
        "reference"
    }

    fn is_of(&self, kind: &Definition) -> bool {
        !SUBJECT.paths(kind).is_empty()
    }

    fn index(&self, record: &NewRecord<'_>, index: Index<'_>, values: &mut IndexValues) {
        index_references(SUBJECT, record, index, values);
    }

    fn criteria(&self) -> Box<dyn Asked> {
        Box::new(References::to(SUBJECT))
    }
}
