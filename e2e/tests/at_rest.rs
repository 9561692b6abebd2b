//! Nothing that identifies anyone stands in clear at rest: the data directory
//! (database, write-ahead log, all else) and what the process printed are
//! searched for what was posted.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Needles, synthea};
use fhir::json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Elements whose text identifies a person, a record or a condition.
const TELLING: [&str; 14] = [
    "birthDate",
    "city",
    "deceasedDateTime",
    "display",
    "div",
    "family",
    "given",
    "id",
    "line",
    "postalCode",
    "reference",
    "text",
    "unit",
    "value",
];

#[test]
fn nothing_posted_is_found_in_the_clear() {
    let Some(bundles) = synthea() else { return };
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let system = demo.caller("system");
    let clinician = demo.caller("clinician");

    let mut needles = Needles::default();
    let mut kinds = BTreeSet::new();
    for bundle in &bundles {
        for posted in bundle.post(&system) {
            collect(&posted.resource, "", &mut needles);
            for name in &posted.former_names {
                needles.add(name);
            }
            // Its place in the API, and the id alone, are as telling.
            needles.add(&posted.reference);
            let (kind, id) = posted.reference.split_once('/').expect("a reference");
            needles.add(id);
            if kind == "Patient" {
                search_for(&clinician, &posted.resource, id);
            }
            kinds.insert(kind.to_owned());
        }
    }
    // Types stand in clear by design, and some texts are just such a word.
    for kind in &kinds {
        needles.forget(kind);
    }
    forget_what_no_one_posted(&mut needles);
    assert!(needles.count() > 10_000, "{} needles", needles.count());

    // While it runs, the write-ahead log is there.
    assert_eq!(needles.find_in(&[folder.path()]), [""; 0]);
    assert!(demo.stop().success());
    assert_eq!(needles.find_in(&[folder.path()]), [""; 0]);

    // So that the search can fail: one of the texts, among random bytes.
    let database = largest_file(folder.path());
    let mut bytes = fs::read(&database).expect("the database");
    let middle = bytes.len() / 2;
    let planted = b"Schowalter";
    drop(bytes.splice(middle..middle + planted.len(), planted.iter().copied()));
    let copy = folder.path().join("data").join("planted");
    fs::write(&copy, bytes).expect("written");
    let mut needles = Needles::default();
    needles.add("Schowalter");
    let finds = needles.find_in(&[folder.path()]);
    assert_eq!(finds, [format!("{}: Schowalter", copy.display())]);
}

/// Some texts are words of our own too, such as "laboratory" in the policy
/// schema: what stands where nothing was posted tells nothing.
fn forget_what_no_one_posted(needles: &mut Needles) {
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--empty"]);
    assert!(demo.stop().success());
    let forgotten = needles.forget_those_in(folder.path());
    assert!(forgotten.len() < 10, "{forgotten:?}");
}

/// Searches put their text into URLs, logs and audit records.
fn search_for(caller: &Caller, patient: &Value, id: &str) {
    let identifier = patient
        .get("identifier")
        .and_then(Value::as_array)
        .and_then(|all| all.last()?.get("value")?.as_str())
        .expect("an identifier");
    let found = caller.get(&format!("Patient?identifier={identifier}"));
    let found = found.expect(200, "search by identifier").json();
    let first = found.pointer("/entry/0/resource/id");
    assert_eq!(first.and_then(|found| found.as_str()), Some(id));
    let missing = caller.get(&format!("Patient/{id}-none"));
    assert_eq!(missing.status, 404);
}

/// All telling texts of a resource.
fn collect(value: &Value, element: &str, needles: &mut Needles) {
    match value {
        // Addresses of code systems are part of the standard.
        Value::String(text) if TELLING.contains(&element) && !text.starts_with("http://") => {
            needles.add(text);
            // A short name alone would be found by chance.
            needles.add(&format!("{element}\":\"{text}\""));
            needles.add(&format!("{element}\":[\"{text}\""));
        }
        Value::Array(items) => {
            for item in items {
                collect(item, element, needles);
            }
        }
        Value::Object(object) => {
            for (name, member) in object.iter() {
                collect(member, name, needles);
            }
        }
        _ => {}
    }
}

fn largest_file(folder: &Path) -> PathBuf {
    let mut folders = vec![folder.to_path_buf()];
    let mut largest = (0, folder.to_path_buf());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let about = entry.metadata().expect("its size");
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                largest = largest.max((about.len(), entry.path()));
            }
        }
    }
    largest.1
}
