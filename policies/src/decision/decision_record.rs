//! A decision with all that went into it: what the audit seals, and what is
//! enough to decide again.

use crate::{Action, CallerEntity, ConsentRule, ResourceEntity};
use model::{Digest, FacilityName, Tag};
use serde::{Deserialize, Serialize};

/// Why a question was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no such action on such a resource.
    NotApplicable,
    /// Audit events are written by the gateway alone.
    AuditIsReadOnly,
    /// No scope of the token grants it.
    NoScope,
    /// A facility concerned has no valid rules in force here.
    NoRules,
    /// The facilities of caller and target do not share with each other.
    NotShared,
    /// No policy permits it.
    NoPolicy,
    /// A policy forbids it.
    Forbidden,
    /// A policy could not be evaluated.
    PolicyError,
}

impl Reason {
    /// The word in records and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::AuditIsReadOnly => "audit-is-read-only",
            Self::NoScope => "no-scope",
            Self::NoRules => "no-rules",
            Self::NotShared => "not-shared",
            Self::NoPolicy => "no-policy",
            Self::Forbidden => "forbidden",
            Self::PolicyError => "policy-error",
        }
    }
}

/// How a decision came out; `null` in JSON when permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Option<Reason>", into = "Option<Reason>")]
pub enum Outcome {
    /// It may be done.
    Permit,
    /// It may not.
    Denied(Reason),
}

impl From<Option<Reason>> for Outcome {
    fn from(denied: Option<Reason>) -> Self {
        denied.map_or(Self::Permit, Self::Denied)
    }
}

impl From<Outcome> for Option<Reason> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Permit => None,
            Outcome::Denied(reason) => Some(reason),
        }
    }
}

/// What the rules of one facility said to one action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// Whose rules.
    pub facility: FacilityName,
    /// Number of the policy set.
    pub number: u32,
    /// Digest of the policy set.
    pub digest: Digest,
    /// What was asked; for a proof there is a ruling on reading too.
    pub action: Action,
    /// Whether it was permitted.
    pub permit: bool,
    /// The policies that determined it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// What went wrong; any entry makes the ruling a denial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl Ruling {
    pub(crate) const fn denial(
        facility: FacilityName,
        action: Action,
        number: u32,
        digest: Digest,
    ) -> Self {
        Self {
            facility,
            number,
            digest,
            action,
            permit: false,
            policies: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        if !self.errors.is_empty() {
            Some(Reason::PolicyError)
        } else if self.permit {
            None
        } else if self.policies.is_empty() {
            Some(Reason::NoPolicy)
        } else {
            Some(Reason::Forbidden)
        }
    }
}

/// One decision: what was asked, what each rule said, how it came out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// Who asked.
    pub caller: CallerEntity,
    /// What was asked for.
    pub action: Action,
    /// What it was asked about.
    pub resource: ResourceEntity,
    /// The scope that let it be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The consents that took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<ConsentRule>,
    /// What each facility's rules said; empty when it did not come to that.
    pub rulings: Vec<Ruling>,
    /// Why it was denied, or `null`.
    #[serde(rename = "denied")]
    pub outcome: Outcome,
}

impl DecisionRecord {
    /// The same question about other patients, as it was asked of another record of
    /// its class.
    #[must_use]
    pub fn about(&self, patients: &[Tag]) -> Self {
        Self {
            resource: self.resource.about(patients),
            ..self.clone()
        }
    }

    /// The policies that determined it, each once.
    #[must_use]
    pub fn policies(&self) -> Vec<&str> {
        let all = self.rulings.iter().flat_map(|ruling| &ruling.policies);
        let mut policies: Vec<&str> = all.map(String::as_str).collect();
        policies.sort_unstable();
        policies.dedup();
        policies
    }
}

/// Why a decision cannot be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The policy set given is not the one that was in force.
    #[error("policy set {number} of `{facility}` is needed with exactly the recorded digest")]
    OtherRules {
        /// Whose rules.
        facility: FacilityName,
        /// The recorded number.
        number: u32,
    },
}
