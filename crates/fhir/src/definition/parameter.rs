//! Search parameters of R4 (<https://hl7.org/fhir/R4/search.html>), each with its
//! compiled path.

use super::{path::Path, type_id::TypeId};

/// What a search parameter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Two or more parameters of one element.
    Composite,
    /// A date, a time or a period.
    Date,
    /// A number.
    Number,
    /// A number with a unit.
    Quantity,
    /// A reference to another resource.
    Reference,
    /// A rule of its own: `near`.
    Special,
    /// The start of a text.
    String,
    /// A code, an identifier or a truth value.
    Token,
    /// A URI as a whole.
    Uri,
}

impl ParameterKind {
    /// The name that R4 gives it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Composite => "composite",
            Self::Date => "date",
            Self::Number => "number",
            Self::Quantity => "quantity",
            Self::Reference => "reference",
            Self::Special => "special",
            Self::String => "string",
            Self::Token => "token",
            Self::Uri => "uri",
        }
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        const ALL: [ParameterKind; 9] = [
            ParameterKind::Composite,
            ParameterKind::Date,
            ParameterKind::Number,
            ParameterKind::Quantity,
            ParameterKind::Reference,
            ParameterKind::Special,
            ParameterKind::String,
            ParameterKind::Token,
            ParameterKind::Uri,
        ];
        ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A search parameter of one type.
#[derive(Debug)]
pub struct SearchParameter {
    /// The first four bytes of the SHA-256 of `Type.code`, big-endian; the same in every
    /// release.
    pub number: u32,
    /// The name in a search, such as `code`.
    pub code: &'static str,
    /// What it compares.
    pub kind: ParameterKind,
    /// Where its values stand, or why R4's expression is not compiled.
    pub paths: Result<Vec<Path>, &'static str>,
    /// The types a reference can lead to.
    pub targets: Targets,
    /// Of a composite: its parts, each seen from the elements that `paths` finds.
    pub components: Vec<Component>,
}

/// The types that a reference parameter can lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// Any type.
    Any,
    /// These; empty for a parameter of another kind.
    Only(Vec<TypeId>),
}

/// A part of a composite parameter.
#[derive(Debug)]
pub struct Component {
    /// The code of the parameter that says how it is compared.
    pub code: &'static str,
    /// Where its values stand, seen from an element of the composite.
    pub paths: Vec<Path>,
}
