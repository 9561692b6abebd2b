//! The value of `_at`, and what is said of one that is no moment.

use crate::failure::{Category, Failure};
use fhir::IssueCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::Period;

/// The value of `_at`: a date, of any precision.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct At {
    text: String,
    from: Timestamp,
    until: Option<Timestamp>,
}

impl At {
    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn period(&self) -> Period {
        Period {
            from: self.from,
            until: self.until,
        }
    }
}

impl TryFrom<String> for At {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        let Some((from, until)) = fhir::period(&text) else {
            return Err(bad_time("_at"));
        };
        Ok(Self { text, from, until })
    }
}

impl From<At> for String {
    fn from(at: At) -> Self {
        at.text
    }
}

pub(super) fn bad_time(name: &str) -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        format!("the value of `{name}` must be a moment such as `2026-11-22T10:00:00Z`"),
    )
}
