//! Licences and sources of every crate that a build may use: the licence is one
//! of a short list, the source is the public crate registry or this workspace.

use crate::{
    metadata::{Metadata, Package},
    spdx,
};

/// Permissive licences that ask for no more than their text to be passed on.
const ALLOWED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "PostgreSQL",
    "Unicode-3.0",
    "Zlib",
];

/// Crate, its licence, and why it may stay.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "fastrlp",
    "MPL-2.0",
    "only named by a weak feature of ruint, never compiled",
)];

const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Whether a package under this SPDX expression may be used.
pub fn allowed(expression: &str) -> Result<bool, String> {
    spdx::met(expression, &|id| ALLOWED.contains(&id))
}

/// Every package of the lock file, and that no exception outlives its crate.
pub fn check() -> Result<(), String> {
    let metadata = Metadata::read()?;
    let mut faults: Vec<String> = metadata.packages.iter().filter_map(fault).collect();
    for (name, licence, _) in EXCEPTIONS {
        let used = metadata
            .packages
            .iter()
            .any(|package| package.name == name && package.license.as_deref() == Some(licence));
        if !used {
            faults.push(format!("`{name}` under {licence} is excepted but not used"));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

fn fault(package: &Package) -> Option<String> {
    let named = format!("{} {}", package.name, package.version);
    if package
        .source
        .as_deref()
        .is_some_and(|source| source != SOURCE)
    {
        return Some(format!("{named} comes from elsewhere than the registry"));
    }
    let Some(licence) = package.license.as_deref() else {
        return Some(format!("{named} names no licence"));
    };
    let excepted = EXCEPTIONS
        .iter()
        .any(|(name, under, _)| *name == package.name && *under == licence);
    match allowed(licence) {
        Ok(true) => None,
        Ok(false) if excepted => None,
        Ok(false) => Some(format!("{named} is under {licence}, which is not allowed")),
        Err(why) => Some(format!("{named}: {why}")),
    }
}
