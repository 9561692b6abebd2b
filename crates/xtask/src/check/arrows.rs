//! Which crate may import which: the table of ARCHITECTURE.md, held against
//! every Cargo.toml. Tests may import anything; production never the devkit.

use crate::metadata::{Dependency, Metadata, Package};

/// Each crate of the workspace and the crates of the workspace it may import.
const ARROWS: [(&str, &[&str]); 22] = [
    ("model", &[]),
    ("files", &[]),
    ("lease", &[]),
    ("fhir", &["model"]),
    ("sealing", &["files", "model"]),
    ("index", &["model", "sealing"]),
    ("cards", &["fhir", "index", "model"]),
    ("tlog", &["model"]),
    ("proof", &["model", "fhir", "tlog"]),
    ("policies", &["model"]),
    ("store", &["model"]),
    (
        "anchor-service",
        &["files", "lease", "model", "store", "tlog"],
    ),
    (
        "gateway",
        &[
            "cards", "index", "lease", "model", "fhir", "oidc", "policies", "proof", "sealing",
            "store", "tlog",
        ],
    ),
    ("devkit", &["files", "model"]),
    ("command", &["files"]),
    ("verifying", &["command", "model", "proof"]),
    ("oidc", &[]),
    ("client", &["command", "fhir", "model", "oidc", "proof"]),
    (
        "chartseal",
        &[
            "model",
            "anchor-service",
            "client",
            "command",
            "devkit",
            "fhir",
            "gateway",
            "policies",
            "proof",
            "sealing",
            "store",
            "tlog",
            "verifying",
        ],
    ),
    (
        "bench",
        &[
            "model",
            "anchor-service",
            "devkit",
            "fhir",
            "gateway",
            "policies",
            "proof",
            "sealing",
            "store",
            "tlog",
        ],
    ),
    ("xtask", &[]),
    ("e2e", &["model", "fhir", "proof"]),
];

/// Other people's crates that only some of ours may import, because what they
/// do has one home.
const FENCES: [(&[&str], &[&str]); 11] = [
    (
        &[
            "diesel",
            "diesel_migrations",
            "libsqlite3-sys",
            "openssl-sys",
            "pq-sys",
            "r2d2",
            "scheduled-thread-pool",
        ],
        &["store"],
    ),
    (&["cedar-policy", "cedar-policy-core"], &["policies"]),
    (&["aes-gcm", "aes", "unicode-normalization"], &["sealing"]),
    // The store's are the macs of leaves, by keys that open nothing.
    (&["hkdf", "hmac"], &["sealing", "store"]),
    (
        &["actix-web"],
        &["gateway", "devkit", "client", "chartseal"],
    ),
    (&["openidconnect"], &["gateway", "oidc", "client"]),
    (&["jsonwebtoken"], &["gateway", "devkit"]),
    (&["alloy"], &["anchor-service", "devkit"]),
    (
        &[
            "alloy-consensus",
            "alloy-primitives",
            "alloy-rlp",
            "alloy-trie",
        ],
        &["proof", "anchor-service", "devkit"],
    ),
    (&["rs_merkle", "signed_note", "ct-merkle"], &["tlog"]),
    (&["revm"], &["devkit"]),
];

/// What speaks to a network, and the crates that never may.
const NETWORK: [&str; 5] = ["reqwest", "tokio", "hyper", "http", "actix-web"];
const OFFLINE: [&str; 12] = [
    "model",
    "files",
    "lease",
    "fhir",
    "index",
    "cards",
    "sealing",
    "tlog",
    "proof",
    "policies",
    "command",
    "verifying",
];

/// Every crate of the workspace against the table.
pub fn check() -> Result<(), String> {
    let metadata = Metadata::read()?;
    let faults: Vec<String> = metadata.ours().flat_map(faults).collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

fn faults(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, may)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == name) else {
        return vec![format!(
            "{name} stands in no row of the import table (crates/xtask/src/check/arrows.rs)"
        )];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| !dependency.is_dev())
        .filter_map(|dependency| fault(name, may, dependency))
        .collect()
}

fn fault(name: &str, may: &[&str], dependency: &Dependency) -> Option<String> {
    let other = dependency.name.as_str();
    if dependency.path.is_some() {
        if !may.contains(&other) {
            return Some(format!("{name} must not import {other}"));
        }
        // The benchmarks are no part of what is shipped.
        let bare = other == "devkit" && !dependency.optional && name != "bench";
        return bare.then(|| format!("{name} may import {other} behind a feature only"));
    }
    if OFFLINE.contains(&name) && NETWORK.contains(&other) {
        return Some(format!("{name} must not know the network, {other} does"));
    }
    FENCES
        .iter()
        .find(|(fenced, inside)| fenced.contains(&other) && !inside.contains(&name))
        .map(|(_, inside)| {
            format!(
                "{name} must not import {other}, only {} may",
                inside.join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::metadata::Package;
    use serde_json::json;

    /// A crate with one dependency: name, kind, whether optional, whether ours.
    fn package(name: &str, other: (&str, Option<&str>, bool, bool)) -> Package {
        let (other, kind, optional, ours) = other;
        serde_json::from_value(json!({
            "name": name,
            "manifest_path": "there/Cargo.toml",
            "source": null,
            "dependencies": [{
                "name": other,
                "kind": kind,
                "optional": optional,
                "path": ours.then_some("there"),
            }],
        }))
        .expect("a package")
    }

    #[test]
    fn an_arrow_of_the_table_passes() {
        for (name, other) in [
            ("proof", ("tlog", None, false, true)),
            ("chartseal", ("devkit", None, true, true)),
            ("gateway", ("devkit", Some("dev"), false, true)),
            ("bench", ("devkit", None, false, true)),
            ("store", ("diesel", None, false, false)),
            ("proof", ("alloy-trie", None, false, false)),
            ("proof", ("tokio", Some("dev"), false, false)),
            ("model", ("serde", None, false, false)),
        ] {
            assert_eq!(faults(&package(name, other)), [""; 0], "{name} {other:?}");
        }
    }

    #[test]
    fn an_arrow_against_the_table_is_named() {
        for (name, other) in [
            ("model", ("fhir", None, false, true)),
            ("anchor-service", ("fhir", None, false, true)),
            ("anchor-service", ("sealing", Some("build"), false, true)),
            ("chartseal", ("devkit", None, false, true)),
            ("gateway", ("diesel", None, false, false)),
            ("gateway", ("alloy", None, false, false)),
            ("proof", ("reqwest", None, false, false)),
            ("stranger", ("serde", None, false, false)),
        ] {
            let found = faults(&package(name, other));
            assert_eq!(found.len(), 1, "{name} {other:?}");
            assert!(found.concat().contains(name), "{found:?}");
        }
    }
}
