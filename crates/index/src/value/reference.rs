//! References to records of this facility (<https://hl7.org/fhir/R4/search.html#reference>).

use model::Tag;

/// The target of a literal reference; a version in it is left out, as R4 has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The record tag of the target.
    pub target: Tag,
    /// The resource type of the target, which the tag does not give back.
    pub resource_type: String,
}
