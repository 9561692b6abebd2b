//! What the parameters have in common that lead to other records
//! (<https://hl7.org/fhir/R4/search.html#reference>).

use super::{Asked, NewRecord, OpenRecord, Reading};
use crate::{
    failure::Failure,
    search::{
        condition::Condition,
        index::{Index, IndexValues},
        value::bad_value,
    },
};
use fhir::{LocalBase, LocalReference, ReferenceParameter};
use index::{split_escaped, unescaped};
use model::{LogicalId, ResourceType};
use std::collections::BTreeSet;

/// The types that an untyped id in `subject` may mean.
const SUBJECT_TYPES: [&str; 4] = ["Patient", "Group", "Device", "Location"];

/// Type and id of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordName {
    /// Its type.
    pub kind: ResourceType,
    /// Its id.
    pub id: LogicalId,
}

impl From<LocalReference> for RecordName {
    fn from(reference: LocalReference) -> Self {
        Self {
            kind: reference.resource_type,
            id: reference.id,
        }
    }
}

/// Records, to one of which a reference is to point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceAsked {
    /// The records.
    pub targets: Vec<RecordName>,
}

impl ReferenceAsked {
    /// Reads the value of the parameter.
    ///
    /// # Errors
    /// Invalid for what names no record of this facility.
    pub fn parse(
        param: ReferenceParameter,
        value: &str,
        local: &LocalBase,
    ) -> Result<Self, Failure> {
        let mut targets = Vec::new();
        for one in split_escaped(value, ',') {
            let one = unescaped(one);
            let untyped: Option<LogicalId> = one.parse().ok();
            match (untyped, LocalReference::parse(&one, local)) {
                (Some(id), _) => {
                    let kinds: &[&str] = match param {
                        ReferenceParameter::Patient => &["Patient"],
                        ReferenceParameter::Subject => &SUBJECT_TYPES,
                    };
                    for kind in kinds {
                        targets.push(RecordName {
                            kind: kind.parse().map_err(Failure::fault)?,
                            id: id.clone(),
                        });
                    }
                }
                (None, Some(reference)) => targets.push(reference.into()),
                (None, None) => {
                    return Err(bad_value(
                        param.as_str(),
                        "`id`, `Type/id` or a URL of this facility",
                    ));
                }
            }
        }
        Ok(Self { targets })
    }
}

/// The criteria of one such parameter.
pub(super) struct References {
    parameter: ReferenceParameter,
    asked: Vec<ReferenceAsked>,
}

impl References {
    pub(super) const fn to(parameter: ReferenceParameter) -> Self {
        Self {
            parameter,
            asked: Vec::new(),
        }
    }
}

impl Asked for References {
    fn add(&mut self, value: &str, reading: Reading<'_>) -> Result<(), Failure> {
        let asked = ReferenceAsked::parse(self.parameter, value, reading.local)?;
        self.asked.push(asked);
        Ok(())
    }

    fn values(&self) -> usize {
        self.asked.iter().map(|asked| asked.targets.len()).sum()
    }

    fn conditions(&self, index: Index<'_>) -> Vec<Condition> {
        let condition = |asked: &ReferenceAsked| {
            let targets = asked.targets.iter();
            let tags = targets.map(|target| index.record(&target.kind, &target.id));
            Condition::Links(self.parameter.as_str(), tags.collect())
        };
        self.asked.iter().map(condition).collect()
    }

    /// A record may have very many references, and a search ask for hundreds: those of the
    /// record are read once.
    fn holds(&self, record: &OpenRecord<'_>) -> bool {
        if self.asked.is_empty() {
            return true;
        }
        let references = record.resource.references(self.parameter, record.local);
        let named: BTreeSet<RecordName> = references.into_iter().map(RecordName::from).collect();
        let mut asked = self.asked.iter();
        asked.all(|asked| asked.targets.iter().any(|target| named.contains(target)))
    }
}

/// Adds the records to which a record refers by a parameter.
pub(super) fn index_references(
    parameter: ReferenceParameter,
    record: &NewRecord<'_>,
    index: Index<'_>,
    values: &mut IndexValues,
) {
    for reference in record.resource.references(parameter, record.local) {
        let target = index.record(&reference.resource_type, &reference.id);
        values.link(parameter.as_str(), target);
    }
}
