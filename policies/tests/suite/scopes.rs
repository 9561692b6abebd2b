//! SMART scopes: their grammar, and that they only narrow.

use crate::fixture::{caller, decide, shipped, target, targets, word};
use policies::{Action, IgnoredScope, SmartScope, parse_scopes};
use proptest::prelude::*;

fn with_scope(name: &str, claim: &str, action: Action, about: &str) -> &'static str {
    let mut who = caller(name);
    who.caller.scopes = parse_scopes(claim).0;
    word(&decide(&shipped(), &who, action, &target(about)))
}

#[test]
fn both_versions_are_read_and_written_as_version_two() {
    for (text, normal) in [
        ("patient/Observation.rs", "patient/Observation.rs"),
        ("user/*.cruds", "user/*.cruds"),
        ("system/Patient.read", "system/Patient.rs"),
        ("user/Patient.write", "user/Patient.cud"),
        ("user/*.*", "user/*.cruds"),
        ("user/*.d", "user/*.d"),
    ] {
        assert_eq!(text.parse::<SmartScope>().unwrap().to_string(), normal);
    }
}

#[test]
fn what_is_not_understood_grants_nothing_and_says_why() {
    for (text, reason) in [
        ("openid", IgnoredScope::NotForResources),
        ("launch/patient", IgnoredScope::NotForResources),
        ("Patient/Observation.rs", IgnoredScope::NotForResources),
        (
            "patient/Observation.rs?category=laboratory",
            IgnoredScope::Granular,
        ),
        ("patient/Observation.rs?", IgnoredScope::Granular),
        ("user/.rs", IgnoredScope::Type),
        ("user/Obs*.rs", IgnoredScope::Type),
        ("user/#query.rs", IgnoredScope::Type),
        ("user/Observation", IgnoredScope::Permissions),
        ("user/Observation.", IgnoredScope::Permissions),
        ("user/Observation.sr", IgnoredScope::Permissions),
        ("user/Observation.rr", IgnoredScope::Permissions),
        ("user/Observation.dus", IgnoredScope::Permissions),
        ("user/Observation.rsx", IgnoredScope::Permissions),
        ("user/Observation.rs.rs", IgnoredScope::Permissions),
    ] {
        assert_eq!(text.parse::<SmartScope>(), Err(reason), "{text}");
        let (granting, ignored) = parse_scopes(text);
        assert!(granting.is_empty());
        assert_eq!(ignored, [(text.to_owned(), reason)]);
    }
}

#[test]
fn a_claim_of_any_size_is_safe() {
    assert!(parse_scopes(&"user/*.cruds ".repeat(10_000)).0.is_empty());
    let many: String = (0..1000).map(|n| format!("user/T{n}.r ")).collect();
    assert_eq!(parse_scopes(&many).0.len(), 200);
    assert_eq!(parse_scopes("user/*.r user/*.r user/*.read").0.len(), 2);
}

#[test]
fn a_scope_must_have_the_letter_and_the_type() {
    let observation = "Observation of p1";
    for (claim, action, expect) in [
        ("user/Observation.r", Action::Read, "permit"),
        ("user/Observation.r", Action::Vread, "permit"),
        ("user/Observation.r", Action::HistoryInstance, "permit"),
        ("user/Observation.r", Action::SearchType, "no-scope"),
        ("user/Observation.s", Action::SearchType, "permit"),
        ("user/Observation.s", Action::Read, "no-scope"),
        ("user/Observation.c", Action::Create, "permit"),
        ("user/Observation.c", Action::Update, "no-scope"),
        ("user/Observation.u", Action::Update, "permit"),
        ("user/Observation.d", Action::Delete, "permit"),
        ("user/Patient.cruds", Action::Read, "no-scope"),
        (
            "user/Patient.cruds user/Observation.r",
            Action::Read,
            "permit",
        ),
        (
            "user/Observation.rs?category=laboratory",
            Action::Read,
            "no-scope",
        ),
        ("", Action::Read, "no-scope"),
    ] {
        assert_eq!(
            with_scope("clinician", claim, action, observation),
            expect,
            "{claim}"
        );
    }
    assert_eq!(
        with_scope("clinician", "", Action::Transaction, "base"),
        "no-scope"
    );
    assert_eq!(
        with_scope("system", "system/*.u", Action::CreateWithId, observation),
        "permit"
    );
}

#[test]
fn patient_scopes_reach_the_tokens_own_patient_only() {
    // A clinician's app opened for one patient: policy would permit more.
    let scope = "patient/*.cruds";
    let mut who = caller("clinician");
    who.own_patient = caller("patient").own_patient;
    who.caller.scopes = parse_scopes(scope).0;
    for (about, action, expect) in [
        ("Observation of p1", Action::Read, "permit"),
        ("Observation of p1", Action::Update, "permit"),
        ("Observation of another", Action::Read, "no-scope"),
        ("Observation of both", Action::Read, "no-scope"),
        ("Observation of nobody", Action::Read, "no-scope"),
        ("Practitioner", Action::Read, "permit"),
        ("Practitioner", Action::Update, "no-scope"),
        ("AuditEvent of p1", Action::ReadAudit, "no-scope"),
        ("Observation at b", Action::Read, "no-scope"),
    ] {
        let decision = decide(&shipped(), &who, action, &target(about));
        assert_eq!(word(&decision), expect, "{about}");
    }
    // Without a patient in the token the scope reaches nothing at all.
    for about in ["Observation of p1", "Practitioner", "Observation of nobody"] {
        assert_eq!(
            with_scope("clinician", scope, Action::Read, about),
            "no-scope"
        );
    }
}

proptest! {
    #[test]
    fn no_scope_ever_gives_more_than_all_scopes(
        claim in "((patient|user|system)/(\\*|Observation|Patient)\\.(read|write|\\*|c?r?u?d?s?) ){0,3}",
    ) {
        let rules = shipped();
        for name in ["clinician", "patient, user scopes", "auditor, wide scopes", "admin"] {
            let wide = caller(name);
            let mut narrow = wide.clone();
            narrow.caller.scopes = parse_scopes(&claim).0;
            for target in targets().values() {
                for action in Action::ALL {
                    if word(&decide(&rules, &narrow, action, target)) == "permit" {
                        prop_assert_eq!(word(&decide(&rules, &wide, action, target)), "permit");
                    }
                }
            }
        }
    }

    #[test]
    fn no_claim_makes_parsing_fail(claim in "\\PC{0,200}") {
        let (granting, _) = parse_scopes(&claim);
        for scope in granting {
            prop_assert_eq!(scope.to_string().parse::<SmartScope>(), Ok(scope));
        }
    }
}
