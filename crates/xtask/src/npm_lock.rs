//! The Node packages that tests use: pinned to one version, locked by digest,
//! under a licence of the same list, and no registry named in the lock file.

use crate::{licence, workspace};
use serde_json::Value;
use std::fs;

const FOLDER: &str = "e2e/node";

/// Packages whose lock entry names no licence, and what they are under.
const UNNAMED: [(&str, &str); 1] = [("memorystream", "MIT")];

/// package.json and package-lock.json.
pub fn check() -> Result<(), String> {
    let mut faults = Vec::new();
    for (name, version) in members(&read("package.json")?, "dependencies") {
        let version = version.as_str().unwrap_or_default();
        if !version.starts_with(|first: char| first.is_ascii_digit()) || version.contains(' ') {
            faults.push(format!("{name} is not pinned to one version"));
        }
    }
    for (path, entry) in members(&read("package-lock.json")?, "packages") {
        if !path.is_empty() {
            faults.extend(fault(&path, &entry));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

fn fault(path: &str, entry: &Value) -> Option<String> {
    let text = |member: &str| entry.get(member).and_then(Value::as_str);
    let name = path.rsplit("node_modules/").next().unwrap_or(path);
    if text("resolved").is_some() {
        return Some(format!("{name} is locked to an address"));
    }
    if text("integrity").is_none_or(|digest| !digest.starts_with("sha512-")) {
        return Some(format!("{name} is not locked by a SHA-512 digest"));
    }
    let named = UNNAMED.iter().find(|(unnamed, _)| *unnamed == name);
    let licence = text("license").or_else(|| named.map(|(_, licence)| *licence));
    match licence.map(licence::allowed) {
        Some(Ok(true)) => None,
        Some(Ok(false)) => Some(format!("the licence of {name} is not allowed")),
        Some(Err(why)) => Some(format!("{name}: {why}")),
        None => Some(format!("{name} names no licence")),
    }
}

fn members(value: &Value, member: &str) -> Vec<(String, Value)> {
    value
        .get(member)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn read(file: &str) -> Result<Value, String> {
    let path = workspace::root().join(FOLDER).join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{FOLDER}/{file}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{FOLDER}/{file}: {error}"))
}
