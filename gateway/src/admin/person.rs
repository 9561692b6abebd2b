//! Who proposes and decides, as far as tokens tell people apart.

use super::user_reference::UserReference;
use crate::facility::registration::Administrator;
use policies::Caller;
use serde::{Deserialize, Serialize};

/// Who proposed or decided. What the token said beyond issuer and subject is kept, so
/// that others can tell who it was, and whether two are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Person {
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

    /// Whether the token has every kind of claim that the other had: each would be the
    /// same if both were one person, who may have two of one kind.
    pub(super) fn has_claims_of(&self, other: &Self) -> bool {
        let (own, others) = (self.claims(), other.claims());
        own.iter().zip(&others).all(|(own, other)| *own || !*other)
    }

    /// Whether the token said anything that tells people apart beyond the account.
    pub(super) fn has_claims(&self) -> bool {
        self.claims().contains(&true)
    }

    /// Which kinds of claim there are. A blank one is none.
    fn claims(&self) -> [bool; 2] {
        [self.reference().is_some(), self.address().is_some()]
    }

    fn reference(&self) -> Option<UserReference> {
        self.fhir_user.as_deref().and_then(UserReference::of)
    }

    fn address(&self) -> Option<String> {
        let address = self.email.as_deref()?.trim().to_lowercase();
        (!address.is_empty()).then_some(address)
    }

    /// Whether both are one account.
    pub(super) fn is_account(&self, other: &Self) -> bool {
        (&self.issuer, &self.subject) == (&other.issuer, &other.subject)
    }

    /// Whether both are one person as far as the claims tell: one account, or accounts
    /// of one `fhirUser` or of one verified address.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let by_reference = match (self.reference(), other.reference()) {
            (Some(one), Some(other)) => one.is_same(&other),
            _ => false,
        };
        let by_address = match (self.address(), other.address()) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        };
        self.is_account(other) || by_reference || by_address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_user(fhir_user: &str) -> Person {
        Person {
            fhir_user: Some(fhir_user.to_owned()),
            ..person("https://one.example", fhir_user)
        }
    }

    #[test]
    fn a_user_is_one_however_the_reference_is_spelt() {
        let absolute = "https://a.example/fhir/Practitioner/7";
        for (one, other, same) in [
            ("Practitioner/7", "Practitioner/7/", true),
            ("Practitioner/7", " Practitioner/7", true),
            ("Practitioner/7", absolute, true),
            ("Practitioner/7/_history/2", absolute, true),
            (
                absolute,
                "HTTP://A.example:443/fhir//Practitioner/7/?x#y",
                true,
            ),
            (
                absolute,
                "https://a.example/fhir/Practitioner/7/_history/1",
                true,
            ),
            (absolute, "https://b.example/fhir/Practitioner/7", false),
            (absolute, "https://a.example/fhir/Practitioner/8", false),
            ("Practitioner/7", "Practitioner/8", false),
            ("Practitioner/7", "Person/7", false),
            ("urn:uuid:1", "urn:uuid:1", true),
            ("urn:uuid:1", "urn:uuid:2", false),
            ("7", "Practitioner/7", false),
        ] {
            let (one, other) = (of_user(one), of_user(other));
            assert_eq!(one.is_same(&other), same, "{one:?} {other:?}");
            assert_eq!(other.is_same(&one), same, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_blank_claim_is_none() {
        for blank in [of_user(" "), of_user("/")] {
            assert!(!blank.has_claims(), "{blank:?}");
            assert!(!blank.has_claims_of(&of_user("Practitioner/7")));
            assert!(of_user("Practitioner/7").has_claims_of(&blank));
        }
        assert!(!of_user(" ").is_same(&of_user("")));
    }

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
