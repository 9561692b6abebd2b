//! The HL7 examples and Synthea's patients, as others wrote them: everything
//! parses, nothing changes, every transaction rewrites completely.
//!
//! The data is not part of the project (`real/mod.rs`).

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod real;

use fhir::{
    LocalBase, Resource,
    bundle::{Bundle, Entry, NamedRecord, Names, Versions, rewrite_links},
    json::{self, Value},
};
use real::data;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().unwrap() == ending)
        .collect();
    paths.sort();
    paths
}

/// Every number of a text in order, found without the parser under test.
fn numbers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (_, tail) = rest.split_at(at);
        if let Some(string) = tail.strip_prefix('"') {
            let mut escaped = false;
            let end = string.find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            rest = &string[end.unwrap() + 1..];
        } else {
            let end = tail.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
            let (number, after) = tail.split_at(end.unwrap());
            found.push(number);
            rest = after;
        }
    }
    found.sort_unstable();
    found
}

/// Parses a resource and holds it against its text and serde_json.
fn check(bytes: &[u8], name: &str) -> Resource {
    let resource =
        Resource::parse(bytes).unwrap_or_else(|e| panic!("{name}: {e} {:?}", e.expression));
    let canonical = resource.canonical();
    let again = Resource::parse(&canonical).unwrap();
    assert!(again == resource, "{name}");
    assert_eq!(again.canonical(), canonical, "{name}");
    let text = std::str::from_utf8(bytes).unwrap();
    assert_eq!(
        numbers(text),
        numbers(std::str::from_utf8(&canonical).unwrap()),
        "{name}"
    );
    let read = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    assert!(read(bytes) == read(&canonical), "{name}");
    resource
}

#[test]
fn every_hl7_example_keeps_its_content() {
    let Some(folder) = data("hl7-r4-examples") else {
        return;
    };
    let (mut count, mut trailing_zeros) = (0, 0);
    for path in files(&folder, "json") {
        let bytes = fs::read(&path).unwrap();
        let resource = check(&bytes, &path.display().to_string());
        let text = String::from_utf8(resource.canonical()).unwrap();
        trailing_zeros += numbers(&text)
            .iter()
            .filter(|number| number.contains('.') && number.ends_with('0'))
            .count();
        count += 1;
    }
    assert!(count > 600, "{count}");
    assert!(trailing_zeros > 50, "{trailing_zeros}");
}

#[test]
fn every_line_of_the_bulk_data_keeps_its_content_and_names_one_patient_or_none() {
    let Some(folder) = data("synthea-us-core") else {
        return;
    };
    let (mut count, mut of_one) = (0, 0);
    for path in files(&folder, "ndjson") {
        if path.ends_with("log.ndjson") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let resource = check(line.as_bytes(), &path.display().to_string());
            let patients = resource.compartment_patients(&LocalBase::default());
            assert!(patients.len() <= 1);
            of_one += patients.len();
            count += 1;
        }
    }
    assert!(count > 7_000, "{count}");
    assert!(of_one > 6_000 && of_one < count, "{of_one}");
}

fn transaction(bytes: &[u8]) -> Vec<Entry> {
    match Bundle::parse(json::parse(bytes).unwrap(), 10_000) {
        Ok(Bundle::Transaction(entries)) => entries,
        other => panic!("{other:?}"),
    }
}

/// Gives each entry with a fullUrl a new identity.
fn names(entries: &[Entry]) -> Names {
    let mut names = Names::default();
    for entry in entries {
        let record = format!("{}/new-{}", entry.url.resource_type().unwrap(), entry.index);
        if let Some(full_url) = &entry.full_url {
            let versions = Versions::Source(None);
            names.insert(full_url, NamedRecord { record, versions });
        }
    }
    names
}

fn count_references(value: &Value, unresolved: &mut usize, all: &mut usize) {
    match value {
        Value::Array(items) => {
            items
                .iter()
                .for_each(|item| count_references(item, unresolved, all));
        }
        Value::Object(object) => {
            for (name, value) in object.iter() {
                if let ("reference", Some(text)) = (name, value.as_str()) {
                    *all += 1;
                    *unresolved += usize::from(text.contains("urn:uuid:"));
                }
                count_references(value, unresolved, all);
            }
        }
        _ => {}
    }
}

/// Parses a transaction, rewrites it and writes each resource.
fn rewrite(bytes: &[u8], path: &Path) -> Vec<Vec<u8>> {
    let mut entries = transaction(bytes);
    let names = names(&entries);
    for entry in &mut entries {
        entry.refuse_conditional_references().unwrap();
        rewrite_links(entry, &names)
            .unwrap_or_else(|e| panic!("{}: {e} {:?}", path.display(), e.expression));
    }
    let resources = entries.iter().map(|entry| entry.resource.as_ref().unwrap());
    resources.map(Resource::canonical).collect()
}

#[test]
fn every_synthea_transaction_rewrites_completely_and_fast() {
    let Some(folder) = data("synthea") else {
        return;
    };
    let (mut bytes_read, mut references, mut seconds) = (0, 0, 0.0);
    for path in files(&folder, "json") {
        let bytes = fs::read(&path).unwrap();
        // The best of five, for other work on the machine is not what is measured.
        let times = (0..5).map(|_| {
            let start = Instant::now();
            rewrite(&bytes, &path);
            start.elapsed().as_secs_f64()
        });
        seconds += times.fold(f64::INFINITY, f64::min);
        bytes_read += bytes.len();
        let (mut unresolved, mut all) = (0, 0);
        for bytes in &rewrite(&bytes, &path) {
            count_references(&json::parse(bytes).unwrap(), &mut unresolved, &mut all);
        }
        assert_eq!(unresolved, 0, "{}", path.display());
        references += all;
    }
    assert!(references > 20_000, "{references}");
    let rate = bytes_read as f64 / seconds / 1e6;
    println!("parsed, rewritten and written: {rate:.0} MB/s");
}
