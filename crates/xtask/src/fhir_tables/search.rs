//! Search parameters: from SearchParameters to lines, one for each type and
//! parameter.

use super::{
    definitions::{SearchParameter, last_part},
    path,
    structures::Types,
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _};

/// Types of the package's author, not of R4.
const FOREIGN: [&str; 3] = ["JsonWebKey", "Project", "User"];

const MANY_TARGETS: usize = 140;

pub struct Search {
    parameters: Vec<SearchParameter>,
    /// Numbers taken, with the name that took them.
    numbers: BTreeMap<u32, String>,
}

impl Search {
    pub fn new(mut parameters: Vec<SearchParameter>) -> Self {
        parameters.sort_by(|a, b| a.code.cmp(&b.code));
        for parameter in &mut parameters {
            parameter
                .base
                .retain(|base| !FOREIGN.contains(&base.as_str()));
        }
        Self {
            parameters,
            numbers: BTreeMap::new(),
        }
    }

    /// Writes the parameters of a type, sorted by code.
    pub fn write(&mut self, types: &Types, of: &str, text: &mut String) -> Result<(), String> {
        let mut numbers = std::mem::take(&mut self.numbers);
        for parameter in self
            .parameters
            .iter()
            .filter(|one| one.base.iter().any(|b| b == of))
        {
            let number = number(of, &parameter.code, &mut numbers)?;
            let _ = write!(
                text,
                " ?{} {} {number:08x} ",
                parameter.code, parameter.kind
            );
            let Some(expression) = parameter.expression.as_deref() else {
                let _ = writeln!(text, "! R4 gives it no expression");
                continue;
            };
            match paths(types, of, expression) {
                Ok(paths) => text.push_str(&paths),
                Err(why) => {
                    let _ = writeln!(text, "! {why}");
                    continue;
                }
            }
            let mut targets: Vec<&str> = parameter.target.iter().map(String::as_str).collect();
            targets.sort_unstable();
            // Of 146 types R4 lists 145 where it means any.
            match targets.len() {
                0 => {}
                MANY_TARGETS.. => text.push_str(" >*"),
                _ => drop(write!(text, " >{}", targets.join(","))),
            }
            for component in &parameter.component {
                let same = |one: &&SearchParameter| one.url == component.definition;
                let code = self
                    .parameters
                    .iter()
                    .find(same)
                    .map(|one| one.code.as_str());
                let code = code.ok_or_else(|| format!("no `{}`", component.definition))?;
                let compiled: Result<Vec<String>, String> =
                    component.expression.split('|').map(path::compile).collect();
                let _ = write!(text, " +{code}={}", compiled?.join("|"));
            }
            text.push('\n');
        }
        self.numbers = numbers;
        Ok(())
    }
}

/// The number of a parameter, as docs/storage-format.md gives it: the first four
/// bytes of the SHA-256 of `Type.code`.
fn number(of: &str, code: &str, numbers: &mut BTreeMap<u32, String>) -> Result<u32, String> {
    let name = format!("{of}.{code}");
    let digest = Sha256::digest(name.as_bytes());
    let number = digest
        .iter()
        .take(4)
        .fold(0, |number, byte| number << 8 | u32::from(*byte));
    match numbers.insert(number, name.clone()) {
        Some(other) => Err(format!("`{name}` and `{other}` have the same number")),
        None => Ok(number),
    }
}

/// The alternatives of an expression that begin at this type.
fn paths(types: &Types, of: &str, expression: &str) -> Result<String, String> {
    let mut paths = Vec::new();
    for part in expression.split('|').map(str::trim) {
        let inner = part.trim_start_matches('(');
        let root: String = inner
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        if root == of {
            let relative = part.replace(&format!("{of}."), "");
            let whole = relative == of;
            let path = if whole {
                ".".to_owned()
            } else {
                path::compile(&relative)?
            };
            check(types, of, &path)?;
            paths.push(path);
        } else if root.starts_with(|first: char| first.is_ascii_lowercase()) {
            // Two expressions of R4 leave the type out.
            let path = path::compile(part)?;
            check(types, of, &path)?;
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(format!("`{expression}` begins nowhere in {of}"));
    }
    paths.dedup();
    Ok(paths.join("|"))
}

/// Checks that R4 has each element of a path.
fn check(types: &Types, of: &str, path: &str) -> Result<(), String> {
    let mut at = of.to_owned();
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let end = step.find([':', '[', '-', '#', '?']).unwrap_or(step.len());
        let (name, operator) = step.split_at(end);
        let missing = || format!("{of} has no element `{path}`");
        let element = types.element(&at, name).ok_or_else(missing)?;
        let nested = format!("{at}.{name}");
        at = match (&element.content_reference, operator.strip_prefix(':')) {
            (_, Some(name)) => name.to_owned(),
            (Some(target), None) => target.trim_start_matches('#').to_owned(),
            _ if types.0.contains_key(&nested) => nested,
            _ => element
                .types
                .first()
                .map(|one| last_part(&one.code).to_owned())
                .ok_or_else(missing)?,
        };
    }
    Ok(())
}
