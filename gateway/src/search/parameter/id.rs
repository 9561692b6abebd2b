//! `_id=..` (<https://hl7.org/fhir/R4/search.html#id>). The store makes the link of a record
//! to itself.

use super::{Asked, OpenRecord, Parameter, Reading};
use crate::{
    failure::Failure,
    search::{condition::Condition, index::Index, value::bad_value},
};
use fhir::definition::Definition;
use index::split_escaped;
use model::LogicalId;

pub(super) struct Id;

impl Parameter for Id {
    fn name(&self) -> &'static str {
        "_id"
    }

    fn search_type(&self) -> &'static str {
        "token"
    }

    fn is_of(&self, _kind: &Definition) -> bool {
        true
    }

    fn is_of_audit(&self) -> bool {
        true
    }

    fn criteria(&self) -> Box<dyn Asked> {
        Box::new(Ids(Vec::new()))
    }
}

/// Lists of ids; the record has one of each.
struct Ids(Vec<Vec<LogicalId>>);

impl Asked for Ids {
    fn add(&mut self, value: &str, _reading: Reading<'_>) -> Result<(), Failure> {
        self.0.push(ids(value)?);
        Ok(())
    }

    fn values(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn conditions(&self, index: Index<'_>) -> Vec<Condition> {
        let condition = |ids: &Vec<LogicalId>| {
            let tags = ids.iter().map(|id| index.own(id)).collect();
            Condition::Links(store::ID_PARAM, tags)
        };
        self.0.iter().map(condition).collect()
    }

    fn holds(&self, record: &OpenRecord<'_>) -> bool {
        let id = record.resource.id();
        let holds = |ids: &Vec<LogicalId>| id.is_some_and(|id| ids.contains(id));
        self.0.iter().all(holds)
    }
}

/// Reads the value of `_id`.
///
/// # Errors
/// Invalid for text that is no id.
pub(crate) fn ids(value: &str) -> Result<Vec<LogicalId>, Failure> {
    let bad = |_| bad_value("_id", "an id, or ids with `,`");
    let ids = split_escaped(value, ',').into_iter();
    ids.map(|id| id.parse().map_err(bad)).collect()
}
