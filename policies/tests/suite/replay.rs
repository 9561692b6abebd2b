//! A recorded decision is made again from its record alone; the record of many
//! decisions stays small.

use crate::fixture::{
    caller, callers, decide, rules, shipped, shipped_with, target, targets, word,
};
use model::{Digest, Tag};
use policies::{
    Action, Authorizer, DecisionLog, DecisionRecord, Outcome, PolicySource, Relation, ReplayError,
    Target,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

#[test]
fn every_decision_replays_from_its_stored_form() {
    let rules = shipped();
    let mut permitted = 0;
    for who in callers().values() {
        for target in targets().values() {
            for action in Action::ALL {
                let decision = decide(&rules, who, action, target);
                let stored = serde_json::to_string(decision.record()).unwrap();
                let record: DecisionRecord = serde_json::from_str(&stored).unwrap();
                assert!(record == *decision.record(), "{stored}");
                assert_eq!(rules.replay(&record), Ok(record.outcome));
                permitted += usize::from(word(&decision) == "permit");
            }
        }
    }
    assert!(permitted > 50);
}

#[test]
fn a_record_that_was_changed_replays_to_something_else() {
    let rules = shipped();
    let decision = decide(
        &rules,
        &caller("clinician"),
        Action::Read,
        &target("Observation of p1"),
    );
    let stored = serde_json::to_string(decision.record()).unwrap();
    let forged = stored.replace("\"clinician\"", "\"patient\"");
    assert_ne!(stored, forged);
    let record: DecisionRecord = serde_json::from_str(&forged).unwrap();
    assert_ne!(rules.replay(&record), Ok(record.outcome));
}

#[test]
fn other_rules_do_not_replay() {
    let decision = decide(
        &shipped(),
        &caller("clinician"),
        Action::Read,
        &target("Observation of p1"),
    );
    let other = shipped_with(&[("proof-for-readers", "forbid(principal, action, resource);")]);
    let other = rules(&other, &PolicySource::shipped());
    assert!(matches!(
        other.replay(decision.record()),
        Err(ReplayError::OtherRules { number: 7, .. })
    ));
}

#[test]
fn a_thousand_entries_of_one_patient_take_a_few_kilobytes() {
    let rules = shipped();
    let who = caller("system");
    let mut log = DecisionLog::new(who.caller.clone(), who.own_patient);
    let _ = log.decide(&rules, Action::Transaction, &target("base"), &[]);
    for n in 0..1000_u32 {
        let mut about = target("Observation of p1");
        let mut tag = [0; 16];
        tag[..4].copy_from_slice(&n.to_be_bytes());
        about.record = Some(Tag::new(tag));
        about.resource_type = ["Observation", "Condition", "Encounter"][n as usize % 3]
            .parse()
            .ok();
        let decision = log.decide(&rules, Action::Create, &about, &[]);
        let policies::Decision::Permit(permit) = decision else {
            panic!("systems create")
        };
        assert_eq!(permit.check_write(&about), Ok(()));
    }
    let stored = log.to_json().unwrap();
    let size = stored.len();
    assert!(size < 4096, "{size} bytes");

    let read = DecisionLog::read_json(&stored).unwrap();
    assert_eq!(read.iter().map(|class| class.times).sum::<u32>(), 1001);
    for (read, made) in read.iter().zip(log.decisions()) {
        assert!(read.first == *made.first);
        assert_eq!(rules.replay(&read.first), Ok(made.first.outcome));
    }
}

fn patient(n: u32) -> Tag {
    Tag::new([n.to_be_bytes(); 4].concat().try_into().unwrap())
}

/// Asks about a record of each of the patients.
fn asked(name: &str, patients: impl IntoIterator<Item = Vec<Tag>>) -> (Authorizer, DecisionLog) {
    let rules = shipped();
    let who = caller(name);
    let mut log = DecisionLog::new(who.caller.clone(), who.own_patient);
    for patients in patients {
        let about = Target {
            patients,
            ..target("Observation of p1")
        };
        let _ = log.decide(&rules, Action::SearchType, &about, &[]);
    }
    (rules, log)
}

#[test]
fn a_log_does_not_grow_with_what_was_passed_over() {
    let size = |count: u32| {
        let patients = (0..count).map(|n| vec![patient(n)]);
        let several = (0..count.min(100)).map(|n| (n..n + 200).map(patient).collect());
        let (_, log) = asked("patient, user scopes", patients.chain(several));
        assert!(log.decisions().count() <= 3);
        log.to_json().unwrap().len()
    };
    let (one, many) = (size(1), size(6_000));
    assert!(many < 4_096 && many < one + 512, "{one}, {many} bytes");
}

#[test]
fn what_was_disclosed_is_decided_again_patient_by_patient() {
    let (rules, log) = asked("clinician", (0..2_000).map(|n| vec![patient(n)]));
    let stored = log.to_json().unwrap();
    let read = DecisionLog::read_json(&stored).unwrap();
    let [class] = read.as_slice() else {
        panic!("{} classes", read.len())
    };
    assert_eq!(
        (class.times, class.relation),
        (2_000, Some(Relation::Other))
    );
    for n in [0, 1, 1_999] {
        let again = class.first.about(&[patient(n)]);
        assert_eq!(rules.replay(&again), Ok(Outcome::Permit));
    }
    let mut hash = Sha256::new();
    for n in 0..2_000 {
        hash.update(1_u32.to_be_bytes());
        hash.update(patient(n).as_bytes());
    }
    let expected = Digest::new(hash.finalize().into());
    assert_eq!(class.digest, Some(expected));
}

#[test]
fn own_and_other_patients_are_different_classes() {
    let own = caller("patient, user scopes").own_patient.unwrap();
    let several = vec![own, patient(2)];
    let asked_about = [vec![own], vec![patient(1)], vec![], several, vec![own]];
    let (rules, log) = asked("patient, user scopes", asked_about);
    let told: Vec<_> = log
        .decisions()
        .map(|class| (class.relation, class.times, class.first.outcome))
        .collect();
    let no = Outcome::Denied(policies::Reason::NoPolicy);
    assert_eq!(
        told,
        [
            (Relation::Own, 2, Outcome::Permit),
            (Relation::Other, 1, no),
            (Relation::None, 1, no),
            (Relation::Several, 1, no),
        ]
    );
    for class in log.decisions() {
        assert_eq!(rules.replay(&class.first), Ok(class.first.outcome));
    }
}

/// One patient is permitted and another is not, though both are others.
#[test]
fn different_outcomes_are_different_classes() {
    let text = format!(
        "forbid(principal, action == Action::\"SearchType\", resource is Record)
         when {{ resource.patients.contains(\"{}\") }};",
        patient(2)
    );
    let source = shipped_with(&[("not-that-patient", &text)]);
    let rules = rules(&source, &source);
    let who = caller("clinician");
    let mut log = DecisionLog::new(who.caller.clone(), who.own_patient);
    for n in [1, 2, 3] {
        let about = Target {
            patients: vec![patient(n)],
            ..target("Observation of p1")
        };
        let decision = log.decide(&rules, Action::SearchType, &about, &[]);
        assert_eq!(word(&decision) == "permit", n != 2);
    }
    let times: Vec<u32> = log.decisions().map(|class| class.times).collect();
    assert_eq!(times, [2, 1]);
}

/// JSON whose members come back sorted.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Sorted {
    Null,
    Truth(bool),
    Number(u64),
    Text(String),
    List(Vec<Sorted>),
    Object(BTreeMap<String, Sorted>),
}

#[test]
fn the_stored_form_is_canonical() {
    let rules = shipped();
    for who in callers().values() {
        let mut log = DecisionLog::new(who.caller.clone(), who.own_patient);
        for target in targets().values() {
            for action in Action::ALL {
                let _ = log.decide(&rules, action, target, &[]);
            }
        }
        let stored = log.to_json().unwrap();
        let sorted: Sorted = serde_json::from_slice(&stored).unwrap();
        assert!(serde_json::to_vec(&sorted).unwrap() == stored);
    }
}

#[test]
fn decisions_of_the_first_release_are_still_read() {
    let (rules, log) = asked("clinician", [vec![patient(1)]]);
    let stored = String::from_utf8(log.to_json().unwrap()).unwrap();
    let first = stored
        .replace("\"form\":2", "\"form\":1")
        .replace("\"relation\":\"other\",", "");
    assert_ne!(first.len(), stored.len());
    let read = DecisionLog::read_json(first.as_bytes()).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].relation, read[0].digest), (None, None));
    assert_eq!(rules.replay(&read[0].first), Ok(Outcome::Permit));
    let later = stored.replace("\"form\":2", "\"form\":3");
    assert!(DecisionLog::read_json(later.as_bytes()).is_err());
}

#[test]
fn a_log_keeps_different_questions_apart() {
    let rules = shipped();
    let who = caller("patient, user scopes");
    let mut log = DecisionLog::new(who.caller.clone(), who.own_patient);
    for _ in 0..2 {
        for target in targets().values() {
            for action in Action::ALL {
                let decided = log.decide(&rules, action, target, &[]);
                assert_eq!(word(&decided), word(&decide(&rules, &who, action, target)));
            }
        }
    }
    assert!(log.decisions().all(|class| class.times >= 2));
}

#[test]
fn a_stored_log_that_points_nowhere_is_refused() {
    let who = caller("system");
    let mut log = DecisionLog::new(who.caller.clone(), None);
    let _ = log.decide(&shipped(), Action::Transaction, &target("base"), &[]);
    let stored = String::from_utf8(log.to_json().unwrap()).unwrap();
    let points_nowhere = stored.replacen(r#""resource":0"#, r#""resource":5"#, 1);
    assert!(DecisionLog::read_json(stored.as_bytes()).is_ok());
    assert!(DecisionLog::read_json(points_nowhere.as_bytes()).is_err());
}
