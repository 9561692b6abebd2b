//! `chartseal-verify`, the verifying command as a program of its own, beside
//! `chartseal verify`: the same output, errors, reports and exit codes.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{program, verifying_program};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a program left behind.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    code: Option<i32>,
    output: String,
    errors: String,
    report: Option<String>,
}

/// Runs to the end; a report goes to this path, which is free again afterwards.
fn end(mut command: Command, words: &[String], report: &Path) -> Ended {
    let output = command
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let written = fs::read_to_string(report).ok();
    if written.is_some() {
        fs::remove_file(report).expect("removed");
    }
    Ended {
        code: output.status.code(),
        output: String::from_utf8(output.stdout).expect("UTF-8"),
        errors: String::from_utf8(output.stderr).expect("UTF-8"),
        report: written,
    }
}

/// Asks both programs, and expects one answer.
fn both(words: &[String], report: &Path) -> Ended {
    let mut whole = Command::new(program());
    whole.arg("verify");
    let whole = end(whole, words, report);
    let mut alone = end(Command::new(verifying_program()), words, report);
    // Only the usage names the program.
    alone.errors = alone
        .errors
        .replace("Usage: chartseal-verify", "Usage: chartseal verify");
    assert_eq!(whole, alone, "{words:?}");
    whole
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/proof/tests/golden")
}

/// The arguments of each golden case, with its exit code.
fn cases() -> Vec<(Vec<String>, i64)> {
    let text = fs::read(golden().join("cases.json")).expect("the list of cases");
    let list: Value = serde_json::from_slice(&text).expect("JSON");
    let cases = list.get("cases").and_then(Value::as_array);
    let of_case = |case: &Value| {
        let text = |member: &str| case.get(member).and_then(Value::as_str);
        let path = |member: &str| Some(golden().join(text(member)?).display().to_string());
        let mut words = vec![
            path("proof").expect("a proof"),
            "--trust".to_owned(),
            path("trust").expect("a trust file"),
            "--at".to_owned(),
            text("at").expect("a moment").to_owned(),
        ];
        words.extend(path("resource").map(|path| format!("--resource={path}")));
        let exit = case.get("exit").and_then(Value::as_i64);
        (words, exit.expect("an exit code"))
    };
    cases.expect("cases").iter().map(of_case).collect()
}

#[test]
fn both_programs_answer_the_golden_cases_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.html");
    let mut with_report = 0;
    for (words, exit) in cases() {
        for more in [
            vec![],
            vec!["--json".to_owned()],
            vec![format!("--report={}", report.display())],
            vec!["--require=block".to_owned()],
        ] {
            let is_case = more.iter().all(|word| !word.starts_with("--require"));
            let ended = both(&[&words[..], &more[..]].concat(), &report);
            if is_case {
                let code = ended.code.map(i64::from);
                assert_eq!(code, Some(exit), "{words:?} {more:?}: {ended:?}");
            }
            with_report += usize::from(ended.report.is_some());
        }
    }
    assert!(with_report > 0);
}

#[test]
fn both_programs_refuse_bad_arguments_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.html");
    let (good, _) = cases().into_iter().next().expect("a case");
    let refused = |words: &[String]| {
        let ended = both(words, &report);
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(!ended.errors.is_empty(), "{words:?}: {ended:?}");
    };
    refused(&[]);
    refused(&["absent.json".to_owned()]);
    for more in [
        "--require=settled".to_owned(),
        "--report=/absent/report.html".to_owned(),
        format!("--report={}", golden().join("cases.json").display()),
        "--resource=absent.json".to_owned(),
        "--unknown".to_owned(),
    ] {
        refused(&[&good[..], &[more]].concat());
    }
}
