//! `OperationOutcome` (<https://hl7.org/fhir/R4/operationoutcome.html>): the one
//! form in which anything is refused or warned about.

use crate::{IssueCode, json::Value};

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The action could not be tried.
    Fatal,
    /// The action failed.
    Error,
    /// The action went on; there may be a problem.
    Warning,
    /// Nothing is wrong.
    Information,
}

impl Severity {
    /// The code of <https://hl7.org/fhir/R4/valueset-issue-severity.html>.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// An `OperationOutcome` of one issue. The text stands in `details.text`, which
/// people see, and in `diagnostics`, where many clients look.
#[must_use]
pub fn outcome(severity: Severity, code: IssueCode, text: &str, expression: Option<&str>) -> Value {
    let mut issue = Value::from([
        ("code", code.as_str().into()),
        ("details", Value::from([("text", text.into())])),
        ("diagnostics", text.into()),
        ("severity", severity.as_str().into()),
    ]);
    if let (Some(expression), Some(issue)) = (expression, issue.as_object_mut()) {
        issue.insert("expression", vec![Value::from(expression)]);
    }
    Value::from([
        ("issue", vec![issue].into()),
        ("resourceType", "OperationOutcome".into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_has_what_r4_requires() {
        let value = outcome(
            Severity::Error,
            IssueCode::NotFound,
            "no \"such\" record",
            None,
        );
        assert_eq!(
            String::from_utf8(value.to_canonical()).expect("UTF-8"),
            r#"{"issue":[{"code":"not-found","details":{"text":"no \"such\" record"},"diagnostics":"no \"such\" record","severity":"error"}],"resourceType":"OperationOutcome"}"#
        );
        let value = outcome(Severity::Warning, IssueCode::Value, "x", Some("Patient.id"));
        let mut found = Vec::new();
        value.each("issue.expression", &mut |one| found.extend(one.as_str()));
        assert_eq!(found, ["Patient.id"]);
    }
}
