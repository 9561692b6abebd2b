//! What a report says that a proof is about, of the golden files.

#![expect(clippy::expect_used, reason = "test code")]

use fhir::json::{self, Value};
use proof::{Bundle, Report, Trust, verify};
use std::{fs, path::Path};

fn report(proof: &str, trust: &str, resource: Option<&str>) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let read = |name: String| fs::read(folder.join(name)).expect("a golden file");
    let bundle = Bundle::parse(&read(format!("proofs/{proof}.json"))).expect("a bundle");
    let trust = Trust::parse(&read(format!("trust/{trust}.json"))).expect("a trust file");
    let resource = resource.map(|name| read(format!("resources/{name}.json")));
    let at = "2026-11-22T11:00:00.000Z".parse().expect("a moment");
    verify(&bundle, &trust, resource.as_deref(), at).expect("a report")
}

fn json(report: &Report) -> Value {
    json::parse(report.to_json().as_bytes()).expect("JSON")
}

/// The text of a member of a member.
fn text(json: &Value, outer: &str, inner: &str) -> Option<String> {
    let value = json.get(outer)?.get(inner)?;
    value.as_str().map(str::to_owned)
}

#[test]
fn a_report_says_what_was_done_where_and_by_whose_word() {
    let report = report("version-first-anchor", "anchor", Some("version"));
    let json = json(&report);
    for (outer, inner, expected) in [
        ("statement", "reference", "Patient/p1"),
        ("statement", "facility", "st-mary"),
        ("log", "origin", "gw.example/log/st-mary"),
        ("log", "source", "operator"),
        ("anchor", "source", "operator"),
    ] {
        assert_eq!(text(&json, outer, inner).as_deref(), Some(expected));
    }
    let told = report.to_string();
    for words in [
        "version 1 of Patient/p1, by create",
        "2026-11-22T10:00:00.123Z",
        "st-mary",
        "leaf 5 of 256",
        "anchor 1 at registry 0xabab",
        "by the operator's word",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(told.starts_with("proved:"), "{told}");
}

#[test]
fn independence_is_claimed_by_the_word_of_the_trust_file_only() {
    let report = report("version-first-anchor", "node", Some("version"));
    assert_eq!(report.independent_word(), "yes");
    let told = report.to_string();
    assert!(told.contains("by the word of the trust file"), "{told}");
    let source = text(&json(&report), "anchor", "source");
    assert_eq!(source.as_deref(), Some("node"));
}

#[test]
fn what_is_not_proved_is_called_a_claim() {
    let report = report("inclusion-index", "anchor", Some("version"));
    assert_eq!(report.exit_code(), 1);
    let told = report.to_string();
    assert!(told.starts_with("claimed, and not proved:"), "{told}");
    let unsigned = crate::report("trust-without-log", "no-log", Some("version"));
    assert_eq!(unsigned.exit_code(), 0, "its trust file demands no more");
    let told = unsigned.to_string();
    for words in [
        "claimed, under a checkpoint that nothing authenticated:",
        "under the checkpoint's root, and nothing authenticated that checkpoint",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let pending = crate::report("version-pending", "inclusion", Some("late"));
    assert_eq!(json(&pending).get("log"), None);
    assert_eq!(json(&pending).get("anchor"), None);
}
