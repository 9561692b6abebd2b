//! Every caller x action x target in one file that a person can read: a change
//! of any decision shows as a changed line. `UPDATE_GOLDEN=1` writes it anew.

use crate::fixture::{callers, decide, folder, shipped, targets, word};
use policies::Action;
use std::fmt::Write;

#[test]
fn the_matrix_is_the_golden_one() {
    let rules = shipped();
    let mut matrix = String::from(
        "Who may do what by the shipped policies; targets are at facility a unless said.\n\
         Left out of a line: actions that do not exist for the target.\n",
    );
    for (name, who) in callers() {
        let home = &who.caller.facility;
        writeln!(matrix, "\n{name} (of {home})").unwrap();
        for (target_name, target) in targets() {
            let mut words: Vec<(&str, Vec<&str>)> = Vec::new();
            for action in Action::ALL {
                let word = word(&decide(&rules, &who, action, &target));
                match words.iter_mut().find(|(known, _)| *known == word) {
                    _ if word == "not-applicable" => {}
                    Some((_, actions)) => actions.push(action.name()),
                    None => words.push((word, vec![action.name()])),
                }
            }
            words.sort_by_key(|(word, _)| *word != "permit");
            let words: Vec<String> = words
                .into_iter()
                .map(|(word, actions)| format!("{word}: {}", actions.join(" ")))
                .collect();
            writeln!(matrix, "  {target_name:<24}{}", words.join("; ")).unwrap();
        }
    }
    let path = folder("tests/golden/matrix.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &matrix).unwrap();
    }
    assert_eq!(matrix, std::fs::read_to_string(path).unwrap());
}
