//! Denial by default, forbid, error, two facilities; and that a permit serves
//! for nothing but what it was given for.

use crate::fixture::{caller, decide, facility, rules, shipped, shipped_with, target, word};
use model::Tag;
use policies::{
    Action, Authorizer, Decision, Permit, PolicySource, Question, Target, TargetFacts, Withheld,
    WrongPermit,
};

fn permit(action: Action, about: &Target) -> Permit {
    match decide(&shipped(), &caller("clinician"), action, about) {
        Decision::Permit(permit) => permit,
        Decision::Denied(denial) => panic!("{:?}", denial.reason()),
    }
}

fn withheld(about: &Target, value: &'static str) -> Withheld<&'static str> {
    let facts = TargetFacts {
        facility: about.facility.clone(),
        resource_type: about.resource_type.clone().unwrap(),
        patients: about.patients.clone(),
        labels: about.labels.clone(),
    };
    Withheld::new(about.record.unwrap(), facts, value)
}

#[test]
fn without_policies_all_is_denied() {
    let mut empty = PolicySource::shipped();
    empty.policies.clear();
    let rules = rules(&empty, &empty);
    let decision = decide(
        &rules,
        &caller("clinician"),
        Action::Read,
        &target("Observation of p1"),
    );
    assert_eq!(word(&decision), "no-policy");
}

#[test]
fn without_rules_all_is_denied() {
    let decision = decide(
        &Authorizer::default(),
        &caller("clinician"),
        Action::Read,
        &target("Observation of p1"),
    );
    assert_eq!(word(&decision), "no-rules");
}

#[test]
fn a_forbid_wins_over_every_permit() {
    let forbid = shipped_with(&[(
        "no-restricted",
        "forbid(principal, action in Action::\"reading\", resource is Record)
         when { resource.labels.contains(\"c|R\") };",
    )]);
    let rules = rules(&forbid, &forbid);
    let mut about = target("Observation of p1");
    let who = caller("clinician");
    assert_eq!(word(&decide(&rules, &who, Action::Read, &about)), "permit");
    about.labels.push(String::from("c|R"));
    let decision = decide(&rules, &who, Action::Read, &about);
    assert_eq!(word(&decision), "forbidden");
    assert_eq!(decision.record().policies(), ["no-restricted"]);
}

#[test]
fn a_policy_that_fails_denies_whatever_the_others_say() {
    // Integer overflow is the one error that strict validation lets through;
    // Cedar alone would skip the forbid and permit.
    for effect in ["forbid", "permit"] {
        let text = format!(
            "{effect}(principal, action, resource) when
             {{ 9223372036854775807 + (if principal has patient then 2 else 1) == 0 }};"
        );
        let faulty = shipped_with(&[("faulty", &text)]);
        let rules = rules(&faulty, &faulty);
        let who = caller("clinician");
        let decision = decide(&rules, &who, Action::Read, &target("Observation of p1"));
        assert_eq!(word(&decision), "policy-error");
        assert!(decision.record().rulings[0].errors[0].contains("faulty"));
    }
}

#[test]
fn either_facility_can_end_the_sharing() {
    let open = PolicySource::shipped();
    let mut closed = open.clone();
    closed.policies.remove("share-for-treatment");
    let about = target("Observation of p1");
    let who = caller("clinicianOther");
    for (a, b, expect) in [
        (&open, &open, "permit"),
        (&closed, &open, "no-policy"),
        (&open, &closed, "no-policy"),
    ] {
        assert_eq!(
            word(&decide(&rules(a, b), &who, Action::Read, &about)),
            expect
        );
    }
}

#[test]
fn a_facility_can_forbid_its_own_to_read_elsewhere() {
    let stay = shipped_with(&[(
        "stay-at-home",
        "forbid(principal, action, resource)
         when { context.rulesOf == principal.facility && principal.facility != resource.facility };",
    )]);
    let open = PolicySource::shipped();
    let who = caller("clinicianOther");
    let about = target("Observation of p1");
    let decision = decide(&rules(&open, &stay), &who, Action::Read, &about);
    assert_eq!(word(&decision), "forbidden");
    // The same policy at the other facility says nothing to its visitors.
    let decision = decide(&rules(&stay, &open), &who, Action::Read, &about);
    assert_eq!(word(&decision), "permit");
}

#[test]
fn a_permit_across_facilities_names_both_policy_sets() {
    let other = shipped_with(&[(
        "nothing",
        "forbid(principal is Caller in Role::\"admin\", action, resource);",
    )]);
    let rules = rules(&PolicySource::shipped(), &other);
    let who = caller("clinicianOther");
    let Decision::Permit(permit) = decide(&rules, &who, Action::Read, &target("Observation of p1"))
    else {
        panic!("sharing is on");
    };
    let digest = |name| rules.rules_of(&facility(name)).unwrap().digest();
    assert_eq!(permit.policy_of(&facility("a")), Some((7, digest("a"))));
    assert_eq!(permit.policy_of(&facility("b")), Some((7, digest("b"))));
    assert_ne!(digest("a"), digest("b"));
}

#[test]
fn a_permit_releases_its_record_and_nothing_else() {
    let about = target("Observation of p1");
    let permit = permit(Action::Read, &about);
    assert_eq!(permit.release(withheld(&about, "content")), Ok("content"));
    let changed = |change: fn(&mut Target)| {
        let mut other = about.clone();
        change(&mut other);
        permit.release(withheld(&other, "content"))
    };
    for wrong in [
        changed(|other| other.record = Some(Tag::new([9; 16]))),
        changed(|other| other.facility = facility("b")),
        changed(|other| other.resource_type = "Condition".parse().ok()),
        changed(|other| other.patients.clear()),
        changed(|other| other.labels.push(String::from("c|R"))),
    ] {
        assert_eq!(wrong, Err(WrongPermit));
    }
}

#[test]
fn only_permits_that_disclose_release_and_only_those_that_write_write() {
    let about = target("Observation of p1");
    let update = permit(Action::Update, &about);
    assert_eq!(
        update.release(withheld(&about, "content")),
        Err(WrongPermit)
    );
    assert_eq!(update.check_write(&about), Ok(()));
    assert_eq!(
        update.check_write(&target("Observation of another")),
        Err(WrongPermit)
    );
    assert_eq!(
        permit(Action::Read, &about).check_write(&about),
        Err(WrongPermit)
    );
}

#[test]
fn a_permit_names_the_policy_set_it_was_given_under() {
    let (rules, who) = (shipped(), caller("clinician"));
    let decision = decide(&rules, &who, Action::Read, &target("Observation of p1"));
    let Decision::Permit(permit) = decision else {
        panic!("clinicians read")
    };
    let set = permit.policy_of(&facility("a"));
    assert_eq!(set.map(|(number, _)| number), Some(7));
    assert_eq!(permit.policy_of(&facility("b")), None, "it was not asked");
}

#[test]
fn what_would_be_permitted_is_what_is_permitted() {
    let rules = shipped();
    for (name, action) in [("clinician", Action::Read), ("patient", Action::Update)] {
        let (who, about) = (caller(name), target("Observation of p1"));
        let permits = rules.permits(&Question {
            caller: &who.caller,
            own_patient: who.own_patient,
            action,
            target: &about,
            consents: &[],
        });
        let decided = word(&decide(&rules, &who, action, &about));
        assert_eq!(permits, decided == "permit", "{name}");
    }
}
