//! The user's commands, run to the end: `chartseal verify`, `chartseal proof`.

use crate::places;
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Its output, when that is JSON.
    pub json: Option<Value>,
    /// Output and errors, for messages.
    pub text: String,
}

impl Ran {
    /// The verdict of one check in the report of `verify --json`.
    #[must_use]
    pub fn verdict(&self, check: &str) -> Option<&str> {
        let pointer = format!("/checks/{check}/verdict");
        self.json.as_ref()?.pointer(&pointer)?.as_str()
    }

    /// A text member of the report.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.json.as_ref()?.get(name)?.as_str()
    }
}

/// `chartseal verify PROOF --trust FILE [--resource FILE] --json`.
#[must_use]
pub fn verify(proof: &Path, trust: &Path, resource: Option<&Path>) -> Ran {
    let mut command = Command::new(places::program());
    command.arg("verify").arg(proof).arg("--trust").arg(trust);
    if let Some(resource) = resource {
        command.arg("--resource").arg(resource);
    }
    run(command.arg("--json"))
}

/// The same question to the second verifier, `e2e/verify.py`, without a resource.
#[must_use]
pub fn verify_by_second(proof: &Path, trust: &Path) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py");
    let mut command = Command::new(places::python());
    command.arg(script).arg(proof).arg("--trust").arg(trust);
    run(command.arg("--json"))
}

/// `chartseal proof URL --out FILE`, the token in `CHARTSEAL_TOKEN`; the URL is
/// that of a version or of an audit event.
#[must_use]
pub fn fetch_proof(url: &str, token: &str, out: &Path) -> Ran {
    let mut command = Command::new(places::program());
    command
        .args(["proof", url, "--out"])
        .arg(out)
        .env("CHARTSEAL_TOKEN", token);
    run(&mut command)
}

/// Runs any command to the end, without input.
#[must_use]
pub fn run(command: &mut Command) -> Ran {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    Ran {
        code: output.status.code().expect("it was not killed"),
        json: serde_json::from_str(&printed).ok(),
        text: format!("{printed}{complaint}"),
    }
}
