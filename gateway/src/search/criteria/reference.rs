//! `patient=..` and `subject=..` (<https://hl7.org/fhir/R4/search.html#reference>).

use super::value::bad_value;
use crate::failure::Failure;
use fhir::{LocalBase, LocalReference, ReferenceParameter};
use model::{LogicalId, ResourceType};

/// The types that an untyped id in `subject` may mean.
const SUBJECT_TYPES: [&str; 4] = ["Patient", "Group", "Device", "Location"];

/// Records, to one of which a reference is to point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceAsked {
    /// By which parameter.
    pub param: ReferenceParameter,
    /// The records.
    pub targets: Vec<(ResourceType, LogicalId)>,
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
        for one in value.split(',') {
            let untyped: Option<LogicalId> = one.parse().ok();
            match (untyped, LocalReference::parse(one, local)) {
                (Some(id), _) => {
                    let kinds: &[&str] = match param {
                        ReferenceParameter::Patient => &["Patient"],
                        ReferenceParameter::Subject => &SUBJECT_TYPES,
                    };
                    for kind in kinds {
                        targets.push((kind.parse().map_err(Failure::fault)?, id.clone()));
                    }
                }
                (None, Some(it)) => targets.push((it.resource_type, it.id)),
                (None, None) => {
                    return Err(bad_value(
                        param.as_str(),
                        "`id`, `Type/id` or a URL of this facility",
                    ));
                }
            }
        }
        Ok(Self { param, targets })
    }
}
