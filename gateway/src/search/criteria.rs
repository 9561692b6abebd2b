//! The criteria of a search: how candidates are found by tags and tokens, and whether a
//! resource meets them. Comma is OR, a repeated parameter AND
//! (<https://hl7.org/fhir/R4/search.html#combining>).

use crate::{
    facility::Facility,
    failure::Failure,
    search::{
        condition::Condition,
        index::Index,
        parameter::{self, Asked, OpenRecord, Parameter, Reading},
        value::check_values,
    },
};
use fhir::Moments;
use model::ResourceType;

/// The most criteria that the database checks; what is beyond is checked after
/// opening, as all are.
const MAX_DATABASE_CRITERIA: usize = 8;

/// What a search asks for.
pub struct Criteria {
    kind: ResourceType,
    /// In the order of the parameters.
    parameters: Vec<OfParameter>,
}

/// The criteria of one parameter.
struct OfParameter {
    parameter: &'static dyn Parameter,
    asked: Box<dyn Asked>,
}

impl Criteria {
    /// None yet, for records of a type.
    #[must_use]
    pub fn on(kind: &ResourceType) -> Self {
        let parameters = parameter::of_type(kind.as_str()).map(|parameter| OfParameter {
            parameter,
            asked: parameter.criteria(),
        });
        Self {
            kind: kind.clone(),
            parameters: parameters.collect(),
        }
    }

    /// Takes a parameter if it is a criterion on this type.
    ///
    /// # Errors
    /// Invalid for a value that is not read.
    pub(crate) fn take(
        &mut self,
        name: &str,
        value: &str,
        reading: Reading<'_>,
    ) -> Result<bool, Failure> {
        let mut parameters = self.parameters.iter_mut();
        let of_name = parameters.find(|one| one.parameter.name() == name);
        let Some(of_name) = of_name else {
            return Ok(false);
        };
        of_name.asked.add(value, reading)?;
        Ok(true)
    }

    /// One request must not fill a statement with values.
    ///
    /// # Errors
    /// Too costly.
    pub(crate) fn check_size(&self) -> Result<(), Failure> {
        check_values(self.asked().map(Asked::values).sum())
    }

    fn asked(&self) -> impl Iterator<Item = &dyn Asked> {
        self.parameters.iter().map(|one| &*one.asked)
    }

    /// Number of values of each parameter.
    #[cfg(test)]
    pub(crate) fn values(&self) -> impl Iterator<Item = usize> {
        self.asked().map(Asked::values)
    }

    /// The type of the records.
    #[must_use]
    pub const fn kind(&self) -> &ResourceType {
        &self.kind
    }

    /// When what is searched for was written, if that is a criterion.
    #[must_use]
    pub fn moments(&self) -> Option<&Moments> {
        self.asked().find_map(Asked::moments)
    }

    /// How candidates are found: first by the criterion that leaves the fewest.
    #[must_use]
    pub fn conditions(&self, facility: &Facility) -> Vec<Condition> {
        let index = Index::new(facility, &self.kind);
        let all = self.asked().flat_map(|asked| asked.conditions(index));
        all.take(MAX_DATABASE_CRITERIA)
            .map(Condition::sorted)
            .collect()
    }

    /// Whether a record meets every criterion.
    #[must_use]
    pub(crate) fn holds(&self, record: &OpenRecord<'_>) -> bool {
        self.asked().all(|asked| asked.holds(record))
    }
}
