//! A Python with the package `cryptography`, for the second verifier
//! (`e2e/verify.py`).

use crate::{debian, workspace};
use std::{path::PathBuf, process::Command};

/// The second verifier's own words for what it needs.
const NEEDED: &str = "import sys; assert sys.version_info >= (3, 9); \
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey";

/// Debian's own Python, which sees Debian's packages also where another one
/// comes first in PATH.
const OF_DEBIAN: &str = "/usr/bin/python3";

/// Finds such a Python; installs Debian's when it can.
pub fn ready() -> Result<PathBuf, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    debian::install(
        &["python3", "python3-cryptography"],
        "Python with `cryptography`",
    )?;
    find().ok_or_else(|| "Python 3.9 or newer with `cryptography`: still not found".to_owned())
}

fn find() -> Option<PathBuf> {
    let in_path = workspace::in_path("python3");
    let mut candidates = in_path.into_iter().chain([PathBuf::from(OF_DEBIAN)]);
    candidates.find(|python| workspace::output(Command::new(python).args(["-c", NEEDED])).is_ok())
}

#[cfg(test)]
mod tests {
    use super::ready;
    use crate::workspace;
    use std::process::Command;

    #[test]
    fn the_second_verifier_runs_with_what_is_found() {
        let python = ready().expect("a Python");
        let verifier = workspace::root().join("e2e/verify.py");
        let help = workspace::output(Command::new(python).arg(verifier).arg("--help"));
        assert!(help.expect("its help").contains("--trust"));
    }
}
