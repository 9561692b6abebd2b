//! Why an input was refused, in FHIR's own categories.

use crate::{
    IssueCode,
    json::{JsonError, JsonFault},
    path::Path,
};

/// An input that is not taken. The text says what to do and holds no value
/// from the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// The category.
    pub code: IssueCode,
    /// The sentence for people.
    pub text: String,
    /// The element, as FHIRPath.
    pub expression: Option<String>,
}

impl Refusal {
    /// A refusal that names no element.
    #[must_use]
    pub fn new(code: IssueCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            expression: None,
        }
    }

    /// A refusal of one element.
    pub(crate) fn at(code: IssueCode, text: impl Into<String>, path: &Path) -> Self {
        Self {
            code,
            text: text.into(),
            expression: Some(path.to_string()),
        }
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        let code = match error.fault {
            JsonFault::TooManyValues => IssueCode::TooCostly,
            _ => IssueCode::Structure,
        };
        Self::new(code, error.to_string())
    }
}
