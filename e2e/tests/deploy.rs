//! What `deploy/` says of the programs, held against their sources: the series that
//! dashboard and alerts ask for, and the sentences that the runbook explains. That
//! the configurations are read is tested beside the configuration.

#![expect(clippy::expect_used, clippy::panic, reason = "test code")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Where series are named.
const SERIES: [&str; 4] = [
    "gateway/src/listener/metrics.rs",
    "crates/chartseal/src/services/operations/metrics.rs",
    "crates/chartseal/src/services/operations/metrics/anchor.rs",
    "crates/chartseal/src/services/operations/metrics/sweep.rs",
];

/// Whose sentences an operator meets.
const SENTENCES: [&str; 16] = [
    "anchor-service/src/posting/address.rs",
    "anchor-service/src/service/alarm.rs",
    "anchor-service/src/failure.rs",
    "anchor-service/src/keys/signed/error.rs",
    "anchor-service/src/ledger/error.rs",
    "anchor-service/src/keys/key_file.rs",
    "anchor-service/src/keys/keys_fault.rs",
    "anchor-service/src/config.rs",
    "anchor-service/src/posting/lost_blocks.rs",
    "anchor-service/src/posting/move_registry.rs",
    "anchor-service/src/keys/rotation.rs",
    "crates/store/src/error.rs",
    "crates/sealing/src/keys/kms.rs",
    "gateway/src/listener/tls.rs",
    "gateway/src/identity/error.rs",
    "crates/chartseal/src/config.rs",
];

/// The same, where a sentence is made beside what it is about.
const FAULTS: [&str; 5] = [
    "gateway/src/facility/mod.rs",
    "gateway/src/facility/old_facility.rs",
    "gateway/src/facility/own_urls.rs",
    "gateway/src/facility/setup/take_over.rs",
    "gateway/src/facility/setup/take_over/old_set.rs",
];

/// Sentences that are no errors of their own, or stand among others.
const SPOKEN: [(&str, &str); 16] = [
    (
        "crates/oidc/src/lib.rs",
        "the HTTP client for issuers cannot be made; are CA certificates installed?",
    ),
    (
        "crates/chartseal/src/services/service.rs",
        "no registry is in use; run `chartseal anchor deploy` and `chartseal anchor grant` first",
    ),
    (
        "crates/chartseal/src/services/service.rs",
        "cannot listen on …: …; choose another `listen` in `[gateway]`",
    ),
    (
        "crates/chartseal/src/services/operations.rs",
        "cannot listen on …: …; choose another `listen` in `[operations]`",
    ),
    (
        "crates/chartseal/src/database.rs",
        "the PostgreSQL server does not answer; waiting for it",
    ),
    (
        "anchor-service/src/posting/poster/fitting.rs",
        "a log is not anchored; the others are",
    ),
    (
        "crates/chartseal/src/anchor/registry.rs",
        "the database is anchored on chain …, but `chainId` is …; use the chain that it was made with",
    ),
    (
        "crates/chartseal/src/anchor/registry.rs",
        "the database is anchored at registry …, but `registry` is …; correct it or leave it out",
    ),
    (
        "crates/chartseal/src/anchor/registry.rs",
        "no registry is known; run `chartseal anchor deploy` first",
    ),
    (
        "crates/chartseal/src/setup/init.rs",
        "give `--log-host`: the host by which this installation's logs are known, such as `log.hospital.example`; it is fixed for good",
    ),
    (
        "crates/chartseal/src/setup/init/first.rs",
        "`…` has clients already; they are changed through `/admin/clients`",
    ),
    (
        "gateway/src/facility/setup/recovery.rs",
        "none of the clients may carry the role `admin`, so no administrator could come in: name one that may by `--client ID=admin,auditor`",
    ),
    (
        "crates/chartseal/src/anchor/accounts.rs",
        "there is no key at `…`: `--new-key` makes the admin's key there, once; a key that was made before is put back from where it is kept",
    ),
    (
        "crates/chartseal/src/anchor/accounts.rs",
        "facility `…` has no log; make it with `chartseal init`",
    ),
    (
        "crates/chartseal/src/anchor/move_registry.rs",
        "the registry in use is …, not that of `--from`",
    ),
    (
        "crates/chartseal/src/anchor/move_registry.rs",
        "`registry` in `[anchor]` names the registry that is left",
    ),
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
    literals_after(source, "#[error(")
}

/// The texts of faults that a file makes, in the same form.
fn faults(source: &str) -> Vec<String> {
    let of = |start| literals_after(source, start);
    [of("Failure::fault("), of("Failure::fault(format!(")].concat()
}

fn literals_after(source: &str, start: &str) -> Vec<String> {
    let starts = source.split(start).skip(1);
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
    let of_errors = SENTENCES.map(|name| (name, sentences(&read(name))));
    let of_faults = FAULTS.map(|name| (name, faults(&read(name))));
    for (name, all) in of_errors.into_iter().chain(of_faults) {
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
fn the_runbook_has_what_ends_a_start_or_a_command() {
    let runbook = one_spaced(&read("deploy/runbook.md"));
    for (name, spoken) in SPOKEN {
        let source = read(name);
        let mut quotes = source.match_indices('"');
        let is_said = quotes.any(|(at, _)| sentence(&source[at + 1..]) == spoken);
        assert!(is_said, "{name} does not say: {spoken}");
        assert!(runbook.contains(&format!("| {spoken} | ")), "{spoken}");
    }
}

/// The runbook says for each finding of a check of the logs what to do.
#[test]
fn the_runbook_has_every_finding() {
    let runbook = read("deploy/runbook.md");
    let source = read("anchor-service/src/log_check/finding.rs");
    let names: Vec<_> = literals_after(&source, "=> ")
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names.len(), 14, "{names:?}");
    for name in names {
        assert!(runbook.contains(&format!("\n| `{name}` | ")), "{name}");
    }
}

/// `ProtectSystem=strict` makes all read-only that a unit does not name.
#[test]
fn units_that_sign_can_write_where_the_log_keys_are() {
    for (unit, sample) in [
        ("chartseal.service", "serve.toml"),
        ("chartseal-anchor.service", "anchor.toml"),
    ] {
        let sample = read(&format!("deploy/config/{sample}"));
        let (_, rest) = sample
            .split_once("\nlogKeys = \"")
            .expect("a folder of keys");
        let (folder, _) = rest.split_once('"').expect("its end");
        let unit = read(&format!("deploy/systemd/{unit}"));
        assert!(unit.contains("ProtectSystem=strict"), "{unit}");
        let writable = format!("ReadWritePaths=-{folder}\n");
        assert!(unit.contains(&writable), "{unit}");
    }
}

/// The expression of an alert, with one space for any white space.
fn expression(alerts: &str, name: &str) -> String {
    let (_, rule) = alerts
        .split_once(&format!("- alert: {name}\n"))
        .unwrap_or_else(|| panic!("there is no alert `{name}`"));
    let (_, rest) = rule.split_once("expr:").expect("an expression");
    let (expression, _) = rest.split_once("labels:").expect("labels");
    let (expression, _) = expression.split_once(" for:").unwrap_or((expression, ""));
    one_spaced(expression)
}

#[test]
fn one_process_of_several_does_not_go_unnoticed() {
    let alerts = read("deploy/grafana/alerts.yaml");
    let down = expression(&alerts, "ChartsealInstanceDown");
    assert!(down.contains("up == 0"), "{down}");
    for (alert, series) in [
        (
            "ChartsealGatewayMissing",
            "chartseal_unauthenticated_requests_total",
        ),
        ("ChartsealNoStandby", "chartseal_anchor_lease_held"),
    ] {
        let expression = expression(&alerts, alert);
        assert!(
            expression.contains(&format!("count({series}) <")),
            "{expression}"
        );
    }
}

#[test]
fn containers_do_not_fill_the_disk_with_their_logs() {
    let compose = read("deploy/compose/compose.yaml");
    let services = compose.split_once("\nservices:").expect("services").1;
    let services = services.split_once("\nnetworks:").expect("networks").0;
    let mut blocks: Vec<String> = Vec::new();
    for line in services.lines() {
        let starts = line.starts_with("  ") && !line.starts_with("   ");
        match blocks.last_mut() {
            Some(block) if !starts => block.push_str(line),
            _ => blocks.push(line.to_owned()),
        }
    }
    // Each takes a limit of its own or that of a template.
    let named = blocks.iter().filter(|block| block.contains("image:"));
    assert_eq!(named.clone().count(), 4);
    for service in named {
        assert!(service.contains("<<: *bounded"), "{service}");
    }
    let template = compose.split_once("x-service:").expect("a template").1;
    let template = template.split_once("\nservices:").expect("services").0;
    assert!(template.contains("*bounded"), "{template}");
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

/// Each test that a table of findings names, and each golden case, is there.
#[test]
fn tests_that_the_chain_trial_names_are_there() {
    let mut sources = read("crates/proof/tests/golden/cases.json");
    for folder in ["anchor-service", "crates", "e2e/tests"] {
        gather(&root().join(folder), &mut sources);
    }
    let trial = read("docs/chain-trial.md");
    let held: Vec<&str> = trial
        .lines()
        .filter_map(|line| line.trim_end_matches(" |").rsplit_once(" | "))
        .flat_map(|(_, held)| held.split('`').skip(1).step_by(2))
        .collect();
    assert!(held.len() > 30, "{held:?}");
    for name in held {
        let there = [format!("fn {name}("), format!("\"{name}\"")];
        assert!(
            there.iter().any(|source| sources.contains(source)),
            "{name}"
        );
    }
}

/// All sources below a folder.
fn gather(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}
