//! What is wrong with a resource.

use crate::{
    IssueCode, Severity,
    json::{Object, Value},
    path::Path,
};

/// The number of faults that are told at once; one more says how many are not.
pub const MAX_FAULTS: usize = 100;

/// Something that R4 does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The category; [`IssueCode::Informational`] for no fault, but a word about the others.
    pub code: IssueCode,
    /// The element, as FHIRPath.
    pub expression: String,
    /// The sentence for people.
    pub text: String,
    /// The key of the invariant that is broken, such as `obs-6`.
    pub rule: Option<&'static str>,
}

/// Faults as they are found, up to a number that is told.
#[derive(Debug)]
pub(crate) struct Faults {
    told: Vec<Fault>,
    most: usize,
    untold: usize,
}

impl Faults {
    /// Room for this number of faults.
    pub(crate) const fn up_to(most: usize) -> Self {
        Self {
            told: Vec::new(),
            most,
            untold: 0,
        }
    }

    pub(crate) fn add(
        &mut self,
        code: IssueCode,
        text: impl Into<String>,
        rule: Option<&'static str>,
        path: &Path,
    ) {
        if self.told.len() >= self.most {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        self.told.push(Fault {
            code,
            expression: path.to_string(),
            text: text.into(),
            rule,
        });
    }

    /// A rule of R4 that is broken.
    pub(crate) fn broken(&mut self, rule: &'static str, text: &str, path: &Path) {
        self.add(IssueCode::Invariant, text, Some(rule), path);
    }

    /// Those to tell, and after them the number of all others.
    pub(crate) fn into_told(mut self, whole: &Path) -> Vec<Fault> {
        if self.untold > 0 {
            self.told.push(Fault {
                code: IssueCode::Informational,
                expression: whole.to_string(),
                text: format!("further faults, not told here: {}", self.untold),
                rule: None,
            });
        }
        self.told
    }
}

/// The `OperationOutcome` that has an issue for each fault; that of a valid resource says
/// so.
#[must_use]
pub fn outcome(faults: &[Fault]) -> Value {
    let valid = Fault {
        code: IssueCode::Informational,
        expression: String::new(),
        text: "the resource is valid".to_owned(),
        rule: None,
    };
    let issues: Vec<Value> = match faults {
        [] => vec![issue(&valid)],
        faults => faults.iter().map(issue).collect(),
    };
    Value::from([
        ("issue", issues.into()),
        ("resourceType", "OperationOutcome".into()),
    ])
}

fn issue(fault: &Fault) -> Value {
    let severity = match fault.code {
        IssueCode::Informational => Severity::Information,
        _ => Severity::Error,
    };
    let text = match fault.rule {
        Some(rule) => format!("{} ({rule})", fault.text),
        None => fault.text.clone(),
    };
    let mut issue = Object::new();
    issue.insert("code", fault.code.as_str());
    issue.insert("details", Value::from([("text", text.as_str().into())]));
    issue.insert("diagnostics", text);
    issue.insert("severity", severity.as_str());
    if !fault.expression.is_empty() {
        issue.insert("expression", vec![Value::from(fault.expression.as_str())]);
    }
    Value::Object(issue)
}
