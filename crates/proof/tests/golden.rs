//! The golden files: they are what our code makes, and every case gives exactly
//! what is written of it. A second verifier is run over the same files, listed
//! in `golden/cases.json`.
//!
//! `CHARTSEAL_WRITE_GOLDEN=1` writes them anew; formats are frozen, so files
//! only ever come in addition.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod cases;
mod world;

use cases::{Case, Cases, Expected};
use fhir::json::Value;
use proof::{Bundle, FormError, Report, Trust, Verdict, verify};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const NAMES: [&str; 6] = [
    "content",
    "commitment",
    "inclusion",
    "checkpoint",
    "anchor",
    "block",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn run(case: &Case) -> Result<Report, FormError> {
    let bundle = Bundle::parse(&case.proof)?;
    let trust = Trust::parse(&case.trust.1)?;
    let resource = case.resource.as_ref().map(|(_, bytes)| bytes.as_slice());
    verify(&bundle, &trust, resource, world::at())
}

/// All files by their path below the folder.
fn files(cases: &[Case]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut index = Vec::new();
    let mut put = |path: String, bytes: &[u8]| {
        let before = files.insert(path.clone(), bytes.to_vec());
        assert!(
            before.is_none_or(|before| before == bytes),
            "`{path}` means two things"
        );
        path
    };
    for case in cases {
        let proof = put(format!("proofs/{}.json", case.name), &case.proof);
        let trust = put(format!("trust/{}.json", case.trust.0), &case.trust.1);
        let mut line = vec![
            ("name", Value::from(case.name.as_str())),
            ("proof", proof.into()),
            ("trust", trust.into()),
            ("at", world::at().to_string().into()),
        ];
        if let Some((name, bytes)) = &case.resource {
            line.push((
                "resource",
                put(format!("resources/{name}.json"), bytes).into(),
            ));
        }
        line.extend(expectation(&case.expected));
        let line = Value::Object(line.into_iter().collect()).to_canonical();
        index.push(String::from_utf8(line).expect("UTF-8"));
    }
    let index = format!("{{\"cases\":[\n{}\n]}}\n", index.join(",\n"));
    files.insert("cases.json".to_owned(), index.into_bytes());
    files
}

fn expectation(expected: &Expected) -> Vec<(&'static str, Value)> {
    match expected {
        Expected::Refused => vec![("exit", 2_u32.into())],
        Expected::Report(verdicts, exit, reached, independent) => {
            let checks = NAMES.into_iter().zip(verdicts.chars());
            let checks = checks.map(|(name, verdict)| (name, word(verdict).as_str().into()));
            let independent = if *independent { "yes" } else { "no" };
            vec![
                ("exit", u32::from(*exit).into()),
                ("checks", Value::Object(checks.collect())),
                ("reached", (*reached).into()),
                ("independent", independent.into()),
            ]
        }
    }
}

fn word(letter: char) -> Verdict {
    match letter {
        'H' => Verdict::Holds,
        'F' => Verdict::False,
        _ => Verdict::NotChecked,
    }
}

#[test]
fn every_case_gives_what_is_written_of_it() {
    for case in Cases::new().all {
        let name = &case.name;
        match (&case.expected, run(&case)) {
            (Expected::Refused, result) => assert!(result.is_err(), "{name} was not refused"),
            (Expected::Report(..), Err(error)) => panic!("{name} was refused: {error}"),
            (Expected::Report(verdicts, exit, reached, independent), Ok(report)) => {
                for (check, letter) in NAMES.into_iter().zip(verdicts.chars()) {
                    assert_eq!(
                        report.verdict(check),
                        Some(word(letter)),
                        "{name}\n{report}"
                    );
                }
                let word = report.reached.map_or("none", proof::Rung::as_str);
                assert_eq!(
                    (report.exit_code(), word, report.independent),
                    (*exit, *reached, *independent),
                    "{name}\n{report}"
                );
            }
        }
    }
}

#[test]
fn each_check_is_caught_lying() {
    let cases = Cases::new().all;
    for (place, check) in NAMES
        .into_iter()
        .enumerate()
        .filter(|(_, check)| *check != "block")
    {
        let lies = |case: &&Case| {
            matches!(&case.expected, Expected::Report(verdicts, 1, ..)
                if verdicts.chars().nth(place) == Some('F'))
        };
        assert!(cases.iter().filter(lies).count() >= 3, "{check}");
    }
}

#[test]
fn the_files_are_what_is_made() {
    let made = files(&Cases::new().all);
    if std::env::var_os("CHARTSEAL_WRITE_GOLDEN").is_some() {
        for (path, bytes) in &made {
            let path = folder().join(path);
            std::fs::create_dir_all(path.parent().expect("in the folder")).expect("a folder");
            std::fs::write(path, bytes).expect("written");
        }
    }
    for (path, bytes) in &made {
        let kept = std::fs::read(folder().join(path)).unwrap_or_default();
        assert!(kept == *bytes, "`{path}` differs from what is made");
    }
    for sub in ["proofs", "trust", "resources"] {
        for entry in std::fs::read_dir(folder().join(sub)).expect("a folder") {
            let name = entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8");
            assert!(
                made.contains_key(&format!("{sub}/{name}")),
                "`{sub}/{name}` is left over"
            );
        }
    }
}

#[test]
fn what_is_read_is_written_back() {
    for case in Cases::new().all {
        // Only a case that is refused may have a file that cannot be read.
        let refused = matches!(case.expected, Expected::Refused);
        match Bundle::parse(&case.proof) {
            Ok(bundle) => assert_eq!(bundle.to_bytes(), case.proof, "{}", case.name),
            Err(error) => assert!(refused, "{}: {error}", case.name),
        }
        match Trust::parse(&case.trust.1) {
            Ok(trust) => assert_eq!(Trust::parse(&trust.to_bytes()), Ok(trust), "{}", case.name),
            Err(error) => assert!(refused, "{}: {error}", case.name),
        }
    }
}

#[test]
fn the_report_is_said_in_json_and_in_lines() {
    let case = Cases::new()
        .all
        .into_iter()
        .find(|case| case.name == "version-sequenced");
    let report = run(&case.expect("a case")).expect("well formed");
    let json = fhir::json::parse(report.to_json().as_bytes()).expect("JSON");
    let text = |path: &[&str]| {
        let found = path.iter().try_fold(&json, |value, name| value.get(name));
        found.and_then(Value::as_str).map(str::to_owned)
    };
    assert_eq!(text(&["stated"]).as_deref(), Some("sequenced"));
    assert_eq!(text(&["reached"]).as_deref(), Some("sequenced"));
    assert_eq!(text(&["independent"]).as_deref(), Some("no"));
    assert_eq!(
        text(&["checks", "content", "verdict"]).as_deref(),
        Some("holds")
    );
    assert_eq!(
        text(&["checks", "anchor", "verdict"]).as_deref(),
        Some("not checked")
    );
    assert_eq!(
        text(&["checks", "anchor", "reason"]).as_deref(),
        Some("the bundle holds no anchor yet")
    );
    let lines = report.to_string();
    // What is claimed, an empty line, then the verdicts.
    let (_, verdicts) = lines.split_once("\n\n").expect("two parts");
    for (line, name) in verdicts.lines().zip(NAMES) {
        assert!(line.starts_with(name), "{line}");
    }
    assert_eq!(verdicts.lines().count(), 8);
}

/// The worked example of `docs/proof-format.md` is a golden file; its values
/// must stand in the text.
#[test]
fn the_documented_example_is_real() {
    let document = folder().join("../../../../docs/proof-format.md");
    let document = std::fs::read_to_string(document).expect("the document");
    let case = Cases::new()
        .all
        .into_iter()
        .find(|case| case.name == "version-first-anchor");
    let case = case.expect("a case");
    let bundle = Bundle::parse(&case.proof).expect("well formed");
    let proof = bundle.tlog_proof.expect("a proof");
    let trust = Trust::parse(&case.trust.1).expect("well formed");
    let (_, resource) = case.resource.expect("a resource");
    let canonical = fhir::json::parse(&resource).expect("JSON").to_canonical();
    let mut values = vec![
        hex::encode(bundle.leaf.entry),
        hex::encode(bundle.leaf.leaf_salt),
        hex::encode(bundle.leaf.content_salt.expect("a salt")),
        bundle.leaf.statement,
        String::from_utf8(canonical).expect("UTF-8"),
        proof.checkpoint().claim().text().replace('\n', "\\n"),
        proof.checkpoint().claim().root.to_string(),
        trust.logs[0].vkeys[0].to_string(),
        trust.logs[0].log_id.to_string(),
    ];
    values.extend(proof.path.iter().map(ToString::to_string));
    for value in values {
        assert!(document.contains(&value), "{value}");
    }
}
