//! The lists of docs/fhir.md, made from the data file.

use std::fmt::Write as _;

/// Has a pair of comment lines around each list.
pub const FILE: &str = "docs/fhir.md";

type List = fn(&str) -> String;
const LISTS: [(&str, List); 3] = [
    ("rules", rules),
    ("bindings", bindings),
    ("parameters", parameters),
];

/// The document with its lists anew.
pub fn with_lists(document: &str, data: &str) -> Result<String, String> {
    let mut document = document.to_owned();
    for (name, list) in LISTS {
        let (begin, end) = (
            format!("<!-- {name} -->\n"),
            format!("<!-- end of {name} -->"),
        );
        let missing = || format!("`{FILE}` has no place for the list `{name}`");
        let (before, rest) = document.split_once(&begin).ok_or_else(missing)?;
        let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
        document = format!("{before}{begin}{}{end}{after}", list(data));
    }
    Ok(document)
}

fn rules(data: &str) -> String {
    let mut checked = String::from("| rule | R4's sentence |\n|---|---|\n");
    let mut own =
        String::from("\n| rule | checked in `crates/fhir/src/validate` by |\n|---|---|\n");
    let mut out = String::from("\n| rule left out | reason |\n|---|---|\n");
    let mut key = "";
    for line in data.lines() {
        if let Some(human) = line.strip_prefix(" human ") {
            let _ = writeln!(checked, "| {key} | {} |", human.replace('|', "\\|"));
        } else if let Some(rule) = line.strip_prefix("rule ") {
            let mut words = rule.splitn(3, ' ');
            key = words.next().unwrap_or_default();
            match (words.next(), words.next()) {
                (Some("code"), Some(file)) => drop(writeln!(own, "| {key} | `{file}` |")),
                (Some("out"), Some(reason)) => drop(writeln!(out, "| {key} | {reason} |")),
                _ => {}
            }
        }
    }
    checked + &own + &out
}

fn bindings(data: &str) -> String {
    let mut list = String::from("| value set | reason |\n|---|---|\n");
    for line in data
        .lines()
        .filter_map(|line| line.strip_prefix("unlisted "))
    {
        if let Some((url, reason)) = line.split_once(' ') {
            let _ = writeln!(list, "| `{url}` | {reason} |");
        }
    }
    list
}

fn parameters(data: &str) -> String {
    let mut list = String::from("| parameter | reason |\n|---|---|\n");
    let mut of = "";
    for line in data.lines() {
        if let Some(name) = line.strip_prefix("type ") {
            of = name.split(' ').next().unwrap_or_default();
        } else if let (Some(line), Some((_, why))) =
            (line.strip_prefix(" ?"), line.split_once(" ! "))
        {
            let code = line.split(' ').next().unwrap_or_default();
            let _ = writeln!(list, "| `{of}.{code}` | {why} |");
        }
    }
    list
}
