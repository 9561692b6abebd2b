//! A recorded decision is made again from its record alone; the record of many
//! decisions stays small.

use crate::fixture::{
    caller, callers, decide, rules, shipped, shipped_with, target, targets, word,
};
use model::Tag;
use policies::{Action, DecisionLog, DecisionRecord, PolicySource, ReplayError};

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
    assert_eq!(read.iter().map(|(_, times)| times).sum::<u32>(), 1001);
    for ((read, _), (made, _)) in read.iter().zip(log.decisions()) {
        assert!(read == made);
        assert_eq!(rules.replay(read), Ok(made.outcome));
    }
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
    assert!(log.decisions().all(|(_, times)| times >= 2));
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
