//! The Node packages that tests use: pinned to one version, locked by digest,
//! under a licence that `deny.toml` allows, and no registry named in the lock file.

use crate::workspace;
use serde_json::Value;
use spdx::{Expression, Licensee};
use std::fs;

const FOLDER: &str = "e2e/node";

/// Packages whose lock entry names no licence, and what they are under.
const UNNAMED: [(&str, &str); 1] = [("memorystream", "MIT")];

/// package.json and package-lock.json.
pub fn check() -> Result<(), String> {
    let allowed = Allowed::read()?;
    let mut faults = Vec::new();
    for (name, version) in members(&read("package.json")?, "dependencies") {
        let version = version.as_str().unwrap_or_default();
        if !version.starts_with(|first: char| first.is_ascii_digit()) || version.contains(' ') {
            faults.push(format!("{name} is not pinned to one version"));
        }
    }
    for (path, entry) in members(&read("package-lock.json")?, "packages") {
        if !path.is_empty() {
            faults.extend(fault(&path, &entry, &allowed));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

fn fault(path: &str, entry: &Value, allowed: &Allowed) -> Option<String> {
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
    match licence.map(|licence| allowed.is_enough_for(licence)) {
        Some(Ok(true)) => None,
        Some(Ok(false)) => Some(format!("the licence of {name} is not allowed")),
        Some(Err(why)) => Some(format!("{name}: {why}")),
        None => Some(format!("{name} names no licence")),
    }
}

/// The licences that packages may be under.
struct Allowed(Vec<Licensee>);

impl Allowed {
    fn read() -> Result<Self, String> {
        let path = workspace::root().join("deny.toml");
        let text = fs::read_to_string(path).map_err(|error| format!("deny.toml: {error}"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let settings: toml::Table = text
            .parse()
            .map_err(|error| format!("deny.toml: {error}"))?;
        let list = settings
            .get("licenses")
            .and_then(|licenses| licenses.get("allow"))
            .and_then(|allow| allow.as_array())
            .ok_or("deny.toml has no `allow` under `licenses`")?;
        let names = list.iter().filter_map(|name| name.as_str());
        let parsed = names.map(|name| Licensee::parse(name).map_err(|error| error.to_string()));
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a package under this SPDX expression may be used.
    fn is_enough_for(&self, expression: &str) -> Result<bool, String> {
        let parsed = Expression::parse(expression)
            .map_err(|_| format!("`{expression}` is no SPDX expression"))?;
        let is_allowed =
            |needed: &spdx::LicenseReq| self.0.iter().any(|licence| licence.satisfies(needed));
        Ok(parsed.evaluate(is_allowed))
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

#[cfg(test)]
mod tests {
    use super::{Allowed, fault};
    use serde_json::json;

    fn allowed() -> Allowed {
        let text = "[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]";
        Allowed::parse(text).expect("settings")
    }

    #[test]
    fn an_expression_is_met_by_what_is_allowed() {
        for (expression, enough) in [
            ("MIT", Ok(true)),
            ("(GPL-3.0-only OR MIT)", Ok(true)),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only", Ok(true)),
            ("MIT AND GPL-3.0-only", Ok(false)),
            ("Apache-2.0", Ok(false)),
            ("MIT OR", Err("`MIT OR` is no SPDX expression".to_owned())),
            ("", Err("`` is no SPDX expression".to_owned())),
        ] {
            assert_eq!(allowed().is_enough_for(expression), enough, "{expression}");
        }
    }

    #[test]
    fn each_fault_of_an_entry_is_named() {
        let (digest, weak) = ("sha512-AA==", "sha1-AA==");
        for (entry, told) in [
            (json!({ "integrity": digest, "license": "MIT" }), None),
            (
                json!({ "integrity": digest, "license": "MIT", "resolved": "https://example.org" }),
                Some("p is locked to an address"),
            ),
            (
                json!({ "integrity": weak, "license": "MIT" }),
                Some("p is not locked by a SHA-512 digest"),
            ),
            (
                json!({ "integrity": digest, "license": "GPL-3.0-only" }),
                Some("the licence of p is not allowed"),
            ),
            (
                json!({ "integrity": digest, "license": "SEE LICENSE" }),
                Some("p: `SEE LICENSE` is no SPDX expression"),
            ),
            (json!({ "integrity": digest }), Some("p names no licence")),
        ] {
            let found = fault("node_modules/p", &entry, &allowed());
            assert_eq!(found.as_deref(), told, "{entry}");
        }
    }
}
