//! Who proposes and decides, as far as tokens tell people apart.

use crate::registration::Administrator;
use policies::Caller;
use serde::{Deserialize, Serialize};

/// Who proposed or decided. What the token said beyond issuer and subject is kept, so
/// that others can tell who it was, and whether two are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Person {
    pub(super) issuer: String,
    pub(super) subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The claim `fhirUser`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fhir_user: Option<String>,
    /// The claim `email`, where `email_verified` is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl Person {
    /// For whom the token speaks.
    pub(super) fn of(caller: &Caller) -> Self {
        Self {
            issuer: caller.issuer.clone(),
            subject: caller.subject.clone(),
            name: caller.name.clone(),
            fhir_user: caller.fhir_user.clone(),
            email: caller.email.clone(),
        }
    }

    /// As it is registered.
    pub(super) fn registered(person: &Administrator) -> Self {
        Self {
            issuer: person.issuer.clone(),
            subject: person.subject.clone(),
            name: person.name.clone(),
            fhir_user: None,
            email: None,
        }
    }

    /// Whether the claims show that both are two people: they share a kind of claim, which
    /// would be the same if they were one.
    pub(super) fn is_compared(&self, other: &Self) -> bool {
        (self.fhir_user.is_some() && other.fhir_user.is_some())
            || (self.email.is_some() && other.email.is_some())
    }

    /// Whether the token said anything that tells people apart beyond the account.
    pub(super) const fn has_claims(&self) -> bool {
        self.fhir_user.is_some() || self.email.is_some()
    }

    /// Whether both are one account.
    pub(super) fn is_account(&self, other: &Self) -> bool {
        (&self.issuer, &self.subject) == (&other.issuer, &other.subject)
    }

    /// Whether both are one person as far as the claims tell: one account, or accounts
    /// of one `fhirUser` or of one verified address.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        };
        self.is_account(other)
            || matches!((&self.fhir_user, &other.fhir_user), (Some(one), Some(other)) if one == other)
            || same(&self.email, &other.email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(issuer: &str, subject: &str) -> Person {
        Person {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            name: None,
            fhir_user: None,
            email: None,
        }
    }

    #[test]
    fn one_person_with_two_accounts_is_known_by_the_claims() {
        let one = Person {
            fhir_user: Some("https://a.example/fhir/Practitioner/7".to_owned()),
            email: Some("ada@hospital.example".to_owned()),
            ..person("https://one.example", "ada")
        };
        let account = person("https://one.example", "ada");
        let by_user = Person {
            fhir_user: one.fhir_user.clone(),
            ..person("https://two.example", "x")
        };
        let by_email = Person {
            email: Some("Ada@Hospital.example".to_owned()),
            ..person("https://two.example", "y")
        };
        for same in [&account, &by_user, &by_email] {
            assert!(one.is_same(same) && same.is_same(&one), "{same:?}");
        }
        let other = Person {
            name: one.name.clone(),
            ..person("https://two.example", "ada")
        };
        assert!(!one.is_same(&other));
        assert!(!by_user.is_same(&by_email));
    }
}
