//! What sealing and rewriting tell apart in the members of a resource.

use super::type_id::TypeId;

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An object of this type.
    Shape(TypeId),
    /// The text of a literal reference (`Reference.reference`).
    Reference,
    /// A `uri`, `url`, `oid` or `uuid`; not a `canonical`.
    Uri,
    /// The XHTML of a narrative.
    Xhtml,
    /// A nested resource of any type.
    Resource,
}
