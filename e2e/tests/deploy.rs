//! What `deploy/` says of the programs, held against their sources: the series that
//! dashboard and alerts ask for, and the sentences that the runbook explains. That
//! the configurations are read is tested beside the configuration.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Where series are named.
const SERIES: [&str; 2] = [
    "gateway/src/metrics.rs",
    "crates/chartseal/src/operations/metrics.rs",
];

/// Whose sentences an operator meets.
const SENTENCES: [&str; 10] = [
    "anchor-service/src/alarm.rs",
    "anchor-service/src/failure.rs",
    "anchor-service/src/ledger.rs",
    "anchor-service/src/key_file.rs",
    "anchor-service/src/config.rs",
    "crates/store/src/error.rs",
    "crates/sealing/src/kms.rs",
    "gateway/src/tls.rs",
    "gateway/src/identity/issuers.rs",
    "crates/chartseal/src/config.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_default()
}

/// Words of a text that begin as every series does.
fn series(text: &str) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        let within = |c: &char| c.is_ascii_lowercase() || *c == '_';
        rest.chars().take_while(within).collect()
    };
    text.match_indices("chartseal_")
        .map(|(at, _)| word(text.get(at..).unwrap_or_default()))
        .collect()
}

/// The texts of `#[error("...")]`, with `…` for each placeholder and one space for
/// any white space.
fn sentences(source: &str) -> Vec<String> {
    let starts = source.split("#[error(").skip(1);
    let literals = starts.filter_map(|rest| rest.trim_start().strip_prefix('"'));
    literals.map(sentence).collect()
}

/// The text of a literal whose opening quote is gone.
fn sentence(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '{' => {
                text.push('…');
                rest.by_ref().find(|c| *c == '}');
            }
            // A quote, or the end of a line; what follows that is white space.
            '\\' => text.extend(rest.next().filter(|c| *c != '\n')),
            c => text.push(c),
        }
    }
    one_spaced(&text)
}

fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn dashboard_and_alerts_ask_for_series_that_there_are() {
    let exported: BTreeSet<String> = SERIES.iter().flat_map(|name| series(&read(name))).collect();
    assert!(exported.len() > 20, "{exported:?}");
    for name in [
        "deploy/grafana/chartseal.json",
        "deploy/grafana/alerts.yaml",
    ] {
        let asked = series(&read(name));
        assert!(asked.len() > 10, "{name}: {asked:?}");
        for one in asked {
            // Of a histogram.
            let parts = ["_bucket", "_count", "_sum"];
            let whole = parts.iter().find_map(|part| one.strip_suffix(part));
            let whole = whole.unwrap_or(&one);
            assert!(exported.contains(whole), "{name}: {one}");
        }
    }
}

#[test]
fn the_runbook_has_every_sentence() {
    let runbook = one_spaced(&read("deploy/runbook.md"));
    for name in SENTENCES {
        let all = sentences(&read(name));
        assert!(!all.is_empty(), "{name} has no sentences");
        for sentence in all {
            // Another error's text alone.
            if sentence.trim_matches('`') != "…" {
                assert!(runbook.contains(&sentence), "{name}: {sentence}");
            }
        }
    }
}

#[test]
fn alerts_name_sections_of_the_runbook() {
    let runbook = read("deploy/runbook.md");
    let alerts = read("deploy/grafana/alerts.yaml");
    let named: Vec<_> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: "))
        .collect();
    assert!(!named.is_empty());
    for section in named {
        assert!(runbook.contains(&format!("\n## {section}\n")), "{section}");
    }
}
