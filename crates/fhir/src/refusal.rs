//! Why an input was refused, in FHIR's own categories.

use crate::{
    IssueCode,
    fault::Fault,
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
    /// All that is to be told of a resource that is not valid, the first of them above;
    /// none of one that cannot be read.
    pub faults: Vec<Fault>,
}

impl Refusal {
    /// A refusal that names no element.
    #[must_use]
    pub fn new(code: IssueCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            expression: None,
            faults: Vec::new(),
        }
    }

    /// A refusal of one element.
    pub(crate) fn at(code: IssueCode, text: impl Into<String>, path: &Path) -> Self {
        Self {
            expression: Some(path.to_string()),
            ..Self::new(code, text)
        }
    }

    /// The refusal of what is not valid.
    ///
    /// # Errors
    /// When there is a fault.
    pub(crate) fn of_faults(faults: Vec<Fault>) -> Result<(), Self> {
        let Some(first) = faults.first() else {
            return Ok(());
        };
        Err(Self {
            code: first.code,
            text: first.text.clone(),
            expression: Some(first.expression.clone()),
            faults,
        })
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
