//! The program `chartseal-verify` over golden files: exit codes, and a report for its
//! owner's eyes only. `e2e/tests/verifying_alone.rs` holds all of it against
//! `chartseal verify`.

#![expect(clippy::expect_used, reason = "test code")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const AT: &str = "--at=2026-11-22T11:00:00.000Z";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../proof/tests/golden")
        .join(name)
}

fn verify(words: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chartseal-verify"))
        .args(words)
        .arg(AT)
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_exit_code_says_what_a_proof_shows() {
    let trust = ["--trust".into(), golden("trust/anchor.json")];
    for (proof, resource, code) in [
        ("version-finalized", "version", 0),
        ("content-value", "content-value", 1),
        ("refused-array", "version", 2),
    ] {
        let proof = golden(&format!("proofs/{proof}.json"));
        let resource = golden(&format!("resources/{resource}.json"));
        let ended = verify(&[
            &proof,
            &trust[0],
            &trust[1],
            Path::new("--resource"),
            &resource,
        ]);
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        let (printed, errors) = (text(&ended.stdout), text(&ended.stderr));
        assert_eq!(printed.is_empty(), code == 2, "{printed}");
        assert_eq!(errors.starts_with("chartseal verify: "), code == 2);
    }
}

#[test]
fn a_report_is_closed_to_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.html");
    let ended = verify(&[
        &golden("proofs/version-finalized.json"),
        Path::new("--trust"),
        &golden("trust/anchor.json"),
        Path::new("--report"),
        &report,
    ]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let mode = fs::metadata(&report)
        .expect("a report")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
