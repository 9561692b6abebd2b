//! What the `securityContext` of a Binary names
//! (<https://hl7.org/fhir/R4/binary.html#security>).

use fhir::{LocalBase, LocalReference, Resource};

/// What the `securityContext` of a Binary names.
pub enum NamedContext {
    /// A record of this facility, whether it is there or not.
    Record(LocalReference),
    /// Nothing that can be here.
    Nothing,
}

impl NamedContext {
    /// `None` for whatever has no `securityContext`.
    #[must_use]
    pub fn by(resource: &Resource, local: &LocalBase) -> Option<Self> {
        let named = || resource.security_context(local);
        let has = resource.has_security_context();
        has.then(|| named().map_or(Self::Nothing, Self::Record))
    }
}
