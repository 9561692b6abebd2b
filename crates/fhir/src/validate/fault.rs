//! What is wrong with a resource.

use crate::IssueCode;

/// The number of faults that are told of one resource.
pub const MAX_FAULTS: usize = 100;

/// Something that R4 does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The category.
    pub code: IssueCode,
    /// The element, as FHIRPath.
    pub expression: String,
    /// The sentence for people.
    pub text: String,
    /// The key of the invariant that is broken, such as `obs-6`.
    pub rule: Option<&'static str>,
}
