//! Sharing between facilities: nothing crosses until both list each other, whatever
//! their policies say.

use crate::fixture::{callers, decide, facility, shipped_with, targets, word};
use policies::{Action, Authorizer, Compiled, PolicySource};
use std::{collections::BTreeSet, sync::Arc};

/// Rules of both facilities, each sharing with these.
fn sharing(source: &PolicySource, a: &[&str], b: &[&str]) -> Authorizer {
    let compiled = || Arc::new(Compiled::new(7, source).unwrap());
    let names = |list: &[&str]| {
        list.iter()
            .map(|name| facility(name))
            .collect::<BTreeSet<_>>()
    };
    Authorizer::new([(facility("a"), compiled()), (facility("b"), compiled())])
        .sharing([(facility("a"), names(a)), (facility("b"), names(b))])
}

/// A set that permits everything.
fn open() -> PolicySource {
    shipped_with(&[("everything", "permit (principal, action, resource);")])
}

#[test]
fn no_action_crosses_until_both_list_each_other() {
    let lists: [(&[&str], &[&str]); 5] = [
        (&[], &[]),
        (&["b"], &[]),
        (&[], &["a"]),
        (&["c"], &["c"]),
        (&["a"], &["b"]),
    ];
    let mut asked = 0;
    for (a, b) in lists {
        let rules = sharing(&open(), a, b);
        for (name, who) in callers() {
            for (target_name, target) in targets() {
                if target.facility == who.caller.facility {
                    continue;
                }
                for action in Action::ALL {
                    let word = word(&decide(&rules, &who, action, &target));
                    assert_ne!(
                        word, "permit",
                        "{name} {action:?} {target_name} {a:?} {b:?}"
                    );
                    asked += u32::from(word == "not-shared");
                }
            }
        }
    }
    assert!(asked > 100, "{asked}");
}

#[test]
fn those_at_home_need_no_sharing() {
    let (closed, shared) = (sharing(&open(), &[], &[]), sharing(&open(), &["b"], &["a"]));
    let mut crossed = 0;
    for who in callers().into_values() {
        for target in targets().into_values() {
            for action in Action::ALL {
                let one = word(&decide(&closed, &who, action, &target));
                let other = word(&decide(&shared, &who, action, &target));
                if target.facility == who.caller.facility {
                    assert_eq!(one, other)
                } else {
                    crossed += u32::from(one == "not-shared" && other == "permit")
                }
            }
        }
    }
    assert!(crossed > 10, "{crossed}");
}

#[test]
fn a_decision_is_made_again_as_it_was_whoever_shares_now() {
    let source = PolicySource::shipped();
    let (closed, shared) = (sharing(&source, &[], &[]), sharing(&source, &["b"], &["a"]));
    let who = callers()["clinicianOther"].clone();
    let target = targets()["Observation of p1"].clone();
    for rules in [&closed, &shared] {
        let record = decide(rules, &who, Action::Read, &target).record().clone();
        for now in [&closed, &shared] {
            assert_eq!(now.replay(&record), Ok(record.outcome));
        }
    }
}
