//! A set that has answered before answers as one that is asked for the first time.

use crate::fixture::{
    caller, callers, decide, rules, shipped, shipped_with, target, targets, word,
};
use policies::{Action, Authorizer, Outcome, PolicySource, Ruling};

type Answer = (Outcome, Vec<Ruling>);

/// What the rules say to each question, asked in the order given.
fn answers(rules: &Authorizer, questions: &[(String, Action, String)]) -> Vec<Answer> {
    let (callers, targets) = (callers(), targets());
    let answer = |(name, action, about): &(String, Action, String)| {
        let decision = decide(rules, &callers[name], *action, &targets[about]);
        let record = decision.record();
        (record.outcome, record.rulings.clone())
    };
    questions.iter().map(answer).collect()
}

#[test]
fn what_was_asked_before_changes_no_decision() {
    let mut questions = Vec::new();
    for name in callers().keys() {
        for action in Action::ALL {
            for about in targets().keys() {
                questions.push((name.clone(), action, about.clone()));
            }
        }
    }
    let rules = shipped();
    let first = answers(&rules, &questions);
    assert!(first == answers(&rules, &questions), "asked again");
    questions.reverse();
    let mut backwards = answers(&shipped(), &questions);
    backwards.reverse();
    assert!(first == backwards, "asked in another order");
}

/// Writes look at no patient in the shipped set; as soon as one policy does, in
/// whatever spelling, patients are told apart.
#[test]
fn a_policy_about_one_patient_is_not_answered_for_another() {
    for attribute in [
        "resource.patients",
        "resource[\"patients\"]",
        "resource[\"p\\u{61}tients\"]",
    ] {
        let text = format!(
            "forbid(principal, action == Action::\"Update\", resource is Record)
             when {{ {attribute}.contains(\"22222222222222222222222222222222\") }};"
        );
        let source: PolicySource = shipped_with(&[("not-that-patient", &text)]);
        let rules = rules(&source, &source);
        let who = caller("clinician");
        for (about, expected) in [
            ("Observation of p1", "permit"),
            ("Observation of another", "forbidden"),
            ("Observation of p1", "permit"),
            ("Observation of both", "forbidden"),
        ] {
            let decision = decide(&rules, &who, Action::Update, &target(about));
            assert_eq!(word(&decision), expected, "{attribute} {about}");
        }
    }
}
