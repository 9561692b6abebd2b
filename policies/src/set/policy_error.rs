//! The faults for which a policy set is refused.

/// Why a policy set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// More policies than a set may have.
    #[error("a policy set may have at most {most} policies")]
    TooManyPolicies {
        /// The limit.
        most: usize,
    },
    /// Too many bytes.
    #[error("`{what}` may have at most {most} bytes")]
    TooLarge {
        /// A policy's id, or what else is too large.
        what: String,
        /// The limit.
        most: usize,
    },
    /// Too many brackets open at once, or too many operators.
    #[error("`{what}` nests too deeply; split it into several policies")]
    TooDeep {
        /// A policy's id, or the schema.
        what: String,
    },
    /// An id with other characters.
    #[error("a policy id must be 1 to 100 of a-z, 0-9 and `-`")]
    Id,
    /// The schema is not a Cedar schema.
    #[error("the schema cannot be used: {reason}")]
    Schema {
        /// What Cedar says.
        reason: String,
    },
    /// The schema lacks what the gateway asks with.
    #[error("the schema has no `{name}`; start from the schema that this release ships")]
    SchemaLacks {
        /// An action or entity type.
        name: String,
    },
    /// The text is not exactly one policy.
    #[error("policy `{id}` is not one Cedar policy: {reason}")]
    Parse {
        /// The policy's id.
        id: String,
        /// What Cedar says.
        reason: String,
    },
    /// `@id` is missing or differs.
    #[error("policy `{id}` must begin with `@id(\"{id}\")`")]
    IdAnnotation {
        /// The policy's id.
        id: String,
    },
    /// Strict validation found an error or gave a warning.
    #[error("policy `{id}` does not pass validation: {reason}")]
    Validation {
        /// The policy's id.
        id: String,
        /// What Cedar says.
        reason: String,
    },
}
