//! What one decision takes; printed, and held far below what would hurt.

use crate::fixture::{caller, decide, shipped, target, word};
use model::Tag;
use policies::{Action, DecisionLog};
use std::time::Instant;

#[test]
fn a_decision_takes_microseconds() {
    let rules = shipped();
    let about = target("Observation of p1");
    for (name, action) in [
        ("clinician", Action::Read),
        ("clinicianOther", Action::Read),
        ("clinician", Action::Proof),
    ] {
        let who = caller(name);
        let times = 2000;
        let start = Instant::now();
        for number in 0..times {
            // Somebody new each time, or the set would only remember.
            let patient = u128::from(number) << 1 | 1;
            let about = policies::Target {
                patients: vec![Tag::new(patient.to_be_bytes())],
                ..about.clone()
            };
            assert_eq!(word(&decide(&rules, &who, action, &about)), "permit");
        }
        let each = start.elapsed() / times;
        println!("{name} {}: {each:?}", action.name());
        let start = Instant::now();
        for _ in 0..times {
            assert_eq!(word(&decide(&rules, &who, action, &about)), "permit");
        }
        let each = start.elapsed() / times;
        println!("{name} {}, remembered: {each:?}", action.name());
    }
    let who = caller("clinician");
    let mut log = DecisionLog::new(who.caller, None);
    let times = 100_000;
    let start = Instant::now();
    for _ in 0..times {
        assert_eq!(
            word(&log.decide(&rules, Action::Read, &about, &[])),
            "permit"
        );
    }
    println!("known in the request: {:?}", start.elapsed() / times);
}
