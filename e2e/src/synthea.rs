//! The Synthea bundles of the real data, and what became of their entries.

use crate::{
    caller::{Caller, last_parts},
    places,
};
use fhir::json::{self, Value};
use std::{collections::BTreeMap, fs};

/// One transaction Bundle as it is posted.
#[derive(Debug)]
pub struct SyntheaBundle {
    /// File name, for messages.
    pub name: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// One entry: what was sent and where it is now.
#[derive(Debug)]
pub struct Posted {
    /// `Type/id`.
    pub reference: String,
    /// `Type/id/_history/version`.
    pub version: String,
    /// The resource as sent, its references within the Bundle rewritten.
    pub resource: Value,
    /// The entry's `fullUrl` and the resource's own id as sent.
    pub former_names: Vec<String>,
}

/// All bundles in the order in which they must be posted; none when this run
/// was told to go without data.
#[must_use]
pub fn synthea() -> Option<Vec<SyntheaBundle>> {
    let folder = places::data()?.join("synthea");
    let mut bundles: Vec<SyntheaBundle> = fs::read_dir(&folder)
        .expect("the folder of the bundles")
        .map(|entry| {
            let entry = entry.expect("an entry");
            SyntheaBundle {
                name: entry.file_name().to_string_lossy().into_owned(),
                bytes: fs::read(entry.path()).expect("a readable bundle"),
            }
        })
        .filter(|bundle| bundle.name.ends_with(".json"))
        .collect();
    // The practitioners first: the others refer to them.
    bundles.sort_by_key(|bundle| {
        let others = !bundle.name.starts_with("practitionerInformation");
        (others, bundle.name.clone())
    });
    assert!(bundles.len() > 1, "no bundles in `{}`", folder.display());
    Some(bundles)
}

impl SyntheaBundle {
    /// Posts the transaction and pairs each entry with its answer.
    #[must_use]
    pub fn post(&self, caller: &Caller) -> Vec<Posted> {
        let sent = json::parse(&self.bytes).expect("a bundle is JSON");
        let reply = caller
            .post("", self.bytes.clone())
            .expect(200, &self.name)
            .body;
        let answer = json::parse(&reply).expect("the answer is JSON");
        let entries = list(&sent, "entry");
        let answers = list(&answer, "entry");
        assert_eq!(
            entries.len(),
            answers.len(),
            "{}: one answer each",
            self.name
        );

        let mut references = BTreeMap::new();
        let mut versions = Vec::new();
        for (entry, answer) in entries.iter().zip(answers) {
            let response = answer.get("response").expect("an answer of each entry");
            let status = text(response, "status");
            assert!(status.starts_with("201"), "{}: {status}", self.name);
            let version = last_parts(text(response, "location"), 4);
            let (reference, _) = version.split_once("/_history/").expect("a version");
            references.insert(text(entry, "fullUrl").to_owned(), reference.to_owned());
            versions.push(version);
        }
        let posted = entries.iter().zip(versions).map(|(entry, version)| {
            let mut resource = entry.get("resource").expect("a resource").clone();
            let full_url = text(entry, "fullUrl").to_owned();
            let former_names = vec![text(&resource, "id").to_owned(), full_url.clone()];
            rewrite(&mut resource, &references);
            Posted {
                reference: references.get(&full_url).expect("just put there").clone(),
                version,
                resource,
                former_names,
            }
        });
        posted.collect()
    }
}

/// Every `reference` that names an entry of the same Bundle.
fn rewrite(value: &mut Value, references: &BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, references)),
        Value::Object(object) => {
            let target = object.get("reference").and_then(Value::as_str);
            if let Some(rewritten) = target.and_then(|target| references.get(target)) {
                object.insert("reference".to_owned(), Value::String(rewritten.clone()));
            }
            for (_, member) in object.iter_mut() {
                rewrite(member, references);
            }
        }
        _ => {}
    }
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).expect("a list")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
