//! SMART App Launch scopes for resources, version 2 with the forms of version 1
//! (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).
//!
//! A scope only narrows what policy permits. One that is not understood grants
//! nothing. Granular scopes (`?param=value`) are not understood in this release
//! and therefore grant nothing, rather than everything of their type.

use crate::{
    Action,
    question::{resource_entity::ResourceAttributes, resource_kind::ResourceKind},
};
use std::{fmt, str::FromStr};

/// A `scope` claim longer than this grants nothing.
const MAX_CLAIM_BYTES: usize = 16 * 1024;
/// Scopes beyond this many grant nothing.
const MAX_SCOPES: usize = 200;

/// Whose records a scope reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Patient,
    User,
    System,
}

/// A resource scope, such as `user/Observation.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartScope {
    reach: Reach,
    /// A type, or none for `*`.
    resource_type: Option<String>,
    /// Letters of `cruds`, in that order.
    letters: String,
}

/// Why a scope of a token grants nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredScope {
    /// Such as `openid` or `launch/patient`.
    #[error("it is not a scope for resources")]
    NotForResources,
    /// `?param=value`.
    #[error("scopes with search parameters are not supported")]
    Granular,
    /// Neither a type nor `*`.
    #[error("it names no resource type")]
    Type,
    /// Neither letters of `cruds` in order nor `read`, `write`, `*`.
    #[error("its permissions must be `read`, `write`, `*` or letters of `cruds` in order")]
    Permissions,
    /// The claim is too long or has too many scopes.
    #[error("the token has too many scopes")]
    TooMany,
}

impl FromStr for SmartScope {
    type Err = IgnoredScope;

    fn from_str(text: &str) -> Result<Self, IgnoredScope> {
        let (reach, rest) = text.split_once('/').ok_or(IgnoredScope::NotForResources)?;
        let reach = match reach {
            "patient" => Reach::Patient,
            "user" => Reach::User,
            "system" => Reach::System,
            _ => return Err(IgnoredScope::NotForResources),
        };
        if rest.contains('?') {
            return Err(IgnoredScope::Granular);
        }
        let (resource_type, permissions) = rest.split_once('.').ok_or(IgnoredScope::Permissions)?;
        let named = (1..=64).contains(&resource_type.len())
            && resource_type.bytes().all(|c| c.is_ascii_alphanumeric());
        let resource_type = match resource_type {
            "*" => None,
            _ if named => Some(resource_type.to_owned()),
            _ => return Err(IgnoredScope::Type),
        };
        let letters = match permissions {
            "read" => "rs",
            "write" => "cud",
            "*" => "cruds",
            letters if in_order(letters) => letters,
            _ => return Err(IgnoredScope::Permissions),
        };
        Ok(Self {
            reach,
            resource_type,
            letters: letters.to_owned(),
        })
    }
}

/// Whether `letters` are one or more of `cruds`, in this order, none twice.
fn in_order(letters: &str) -> bool {
    let mut left = "cruds".chars();
    !letters.is_empty()
        && letters
            .chars()
            .all(|letter| left.any(|next| next == letter))
}

impl fmt::Display for SmartScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reach = match self.reach {
            Reach::Patient => "patient",
            Reach::User => "user",
            Reach::System => "system",
        };
        let resource_type = self.resource_type.as_deref().unwrap_or("*");
        write!(f, "{reach}/{resource_type}.{}", self.letters)
    }
}

/// Reads a `scope` claim: the scopes that grant something, and for each other
/// one why it does not.
#[must_use]
pub fn parse_scopes(claim: &str) -> (Vec<SmartScope>, Vec<(String, IgnoredScope)>) {
    if claim.len() > MAX_CLAIM_BYTES {
        return (Vec::new(), vec![(String::from("*"), IgnoredScope::TooMany)]);
    }
    let (mut granting, mut ignored) = (Vec::new(), Vec::new());
    for text in claim.split_ascii_whitespace() {
        let scope = if granting.len() < MAX_SCOPES {
            text.parse()
        } else {
            Err(IgnoredScope::TooMany)
        };
        match scope {
            Ok(scope) if granting.contains(&scope) => {}
            Ok(scope) => granting.push(scope),
            Err(reason) => ignored.push((text.to_owned(), reason)),
        }
    }
    (granting, ignored)
}

impl SmartScope {
    /// Whether the scope lets `action` on `resource` be asked at all; `patient`
    /// is the tag of the token's own patient.
    pub(crate) fn grants(
        &self,
        action: Action,
        kind: ResourceKind,
        resource: &ResourceAttributes,
        patient: Option<&str>,
    ) -> bool {
        let letter = action
            .smart_letter()
            .is_none_or(|letter| self.letters.contains(letter));
        letter
            && self.names_type(action, kind, resource)
            && self.reaches(action, kind, resource, patient)
    }

    fn names_type(
        &self,
        action: Action,
        kind: ResourceKind,
        resource: &ResourceAttributes,
    ) -> bool {
        let Some(named) = self.resource_type.as_deref() else {
            return true;
        };
        let audit = named == "AuditEvent";
        match kind {
            ResourceKind::Base => true,
            ResourceKind::AuditTrail | ResourceKind::AuditEvent => audit,
            // What such a proof shows is that the log has a leaf: audit, not record.
            _ if action == Action::ProofWithoutContent && audit => true,
            _ => resource.resource_type.as_deref() == Some(named),
        }
    }

    /// `patient/` reaches the compartment of the token's own patient and, for
    /// reading only, what describes the house and names no patient.
    fn reaches(
        &self,
        action: Action,
        kind: ResourceKind,
        resource: &ResourceAttributes,
        patient: Option<&str>,
    ) -> bool {
        if self.reach != Reach::Patient {
            return true;
        }
        let Some(patient) = patient else { return false };
        match kind {
            ResourceKind::Base | ResourceKind::RecordType => true,
            ResourceKind::AuditTrail | ResourceKind::AuditEvent => false,
            ResourceKind::Record => match resource.patients.as_deref() {
                Some([only]) => only == patient,
                _ => resource.infrastructure == Some(true) && !action.writes(),
            },
        }
    }
}
