//! Every scenario of `scenarios/`: what is decided, and by which policies.

use crate::fixture::{callers, decide, json, shipped, targets, word};
use policies::Action;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    why: String,
    caller: String,
    action: Action,
    target: String,
    expect: String,
    policies: Vec<String>,
}

fn run(file: &str) {
    let (rules, callers, targets) = (shipped(), callers(), targets());
    let scenarios: Vec<Scenario> = json(&format!("scenarios/{file}.json"));
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        let who = &callers[&scenario.caller];
        let decision = decide(&rules, who, scenario.action, &targets[&scenario.target]);
        assert_eq!(word(&decision), scenario.expect, "{file}: {}", scenario.why);
        assert_eq!(
            decision.record().policies(),
            scenario.policies,
            "{file}: {}",
            scenario.why
        );
    }
}

#[test]
fn clinicians() {
    run("clinician");
}

#[test]
fn sharing() {
    run("sharing");
}

#[test]
fn patients() {
    run("patient");
}

#[test]
fn administration() {
    run("administration");
}

#[test]
fn systems() {
    run("system");
}
