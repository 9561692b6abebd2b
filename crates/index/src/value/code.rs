//! Codes and identifiers (<https://hl7.org/fhir/R4/search.html#token>).

/// A code with its system. Neither is normalised: systems and codes are compared as they
/// are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// The system; none where the element has none.
    pub system: Option<String>,
    /// The code, the value of an identifier, or `true` or `false`.
    pub code: Option<String>,
}

/// An Identifier: its value under its system, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifier {
    /// `Identifier.system` and `.value`.
    pub value: Code,
    /// `Identifier.type.coding`, for `:of-type`.
    pub types: Vec<Code>,
}

impl Code {
    /// A code of a system.
    #[must_use]
    pub fn new(system: &str, code: &str) -> Self {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            system: some(system),
            code: some(code),
        }
    }
}
