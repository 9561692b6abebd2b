//! HL7's examples through the gateway: what is valid R4 is stored and comes back the same.
//!
//! What is wrong with each example that is no R4 stands in
//! `crates/fhir/tests/vectors/refused.txt`.

use crate::{caller::Reply, house::House, real};
use devkit::issuer::DemoUser;
use fhir::{
    json::{self, Value},
    validate::{outcome, validate_value},
};
use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

const REASONS: &str = "\
# HL7's examples that the gateway refuses though they are valid R4, with its reason; lines
# that begin with `#` are read by nobody. `CHARTSEAL_GOLDEN=write` writes the file anew.
";

/// A resource without what a server gives it
/// (<https://hl7.org/fhir/R4/http.html#create>).
fn as_sent(bytes: &[u8]) -> String {
    let mut value = json::parse(bytes).unwrap();
    let members = value.as_object_mut().unwrap();
    members.remove("id");
    if let Some(Value::Object(mut meta)) = members.remove("meta") {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        if !meta.is_empty() {
            members.insert("meta", Value::Object(meta));
        }
    }
    String::from_utf8(value.to_canonical()).unwrap()
}

fn examples(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// A refusal as a line of the golden file.
fn line(name: &str, reply: &Reply) -> String {
    let outcome = reply.json();
    let issue = &outcome["issue"][0];
    let mut line = format!(
        "{name} {} {}",
        reply.status,
        issue["code"].as_str().unwrap()
    );
    if let Some(expression) = issue["expression"][0].as_str() {
        write!(line, " {expression}").unwrap();
    }
    format!("{line}: {}\n", issue["diagnostics"].as_str().unwrap())
}

#[actix_web::test]
async fn every_valid_example_is_stored_and_comes_back_the_same() {
    let Some(data) = real::data("hl7-r4-examples") else {
        return;
    };
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let (mut stored, mut invalid, mut refused) = (0, 0, String::new());
    for path in examples(&data) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let value = json::parse(&bytes).unwrap();
        let kind = value.get("resourceType").and_then(Value::as_str).unwrap();
        let faults = validate_value(&value);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let reply = system.post(kind, text).await;
        match (reply.status, &*faults) {
            (201, []) => {
                let read = format!("{kind}/{}", reply.id());
                let read = system.get(&read).await.expect(200);
                assert_eq!(as_sent(read.text.as_bytes()), as_sent(&bytes), "{name}");
                stored += 1;
            }
            (422, [_, ..]) => {
                let told = String::from_utf8(outcome(&faults).to_canonical()).unwrap();
                assert_eq!(reply.text, told, "{name}");
                invalid += 1;
            }
            _ => refused += &line(&name, &reply),
        }
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/examples.txt");
    if env::var_os("CHARTSEAL_GOLDEN").is_some_and(|what| what == "write") {
        fs::write(golden, format!("{REASONS}{refused}")).unwrap();
    }
    let kept = fs::read_to_string(golden).unwrap();
    let kept: Vec<&str> = kept.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(refused.lines().collect::<Vec<_>>(), kept);
    assert!(
        stored > 450 && invalid > 100,
        "{stored} stored, {invalid} invalid"
    );
}
