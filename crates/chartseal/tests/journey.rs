//! The journey of one record: posted over FHIR REST, authorised, sealed, stored,
//! audited, sequenced, anchored, proved, verified offline. The same on SQLite
//! with the dev L2 and on PostgreSQL with anvil.

#![expect(clippy::unwrap_used, reason = "test code")]
#![expect(clippy::expect_used, reason = "test code")]
#![expect(clippy::indexing_slicing, reason = "test code")]
#![expect(clippy::panic, reason = "test code")]

mod assembly;

use assembly::{Assembly, Chain, Client, TestDatabase, trust_file};
use devkit::issuer::DemoUser;
use model::{Clock as _, SystemClock};
use proof::{Bundle, Rung, Trust, Verdict};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(120);
const URN: &str = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";

#[actix_web::test]
async fn on_sqlite_with_the_dev_l2() {
    let assembly = Assembly::start(TestDatabase::Sqlite, Chain::dev).await;
    journey(&assembly).await;
}

#[actix_web::test]
async fn on_postgresql_with_anvil() {
    let assembly = Assembly::start(TestDatabase::postgres(), Chain::anvil).await;
    journey(&assembly).await;
}

async fn journey(assembly: &Assembly) {
    let system = assembly.client(&DemoUser::System);
    let records = write(&system).await;
    look(assembly, &records).await;
    let auditor = assembly.client(&DemoUser::Auditor);
    let events = auditor.get("AuditEvent?_count=100", 200).await.resources();
    // Nine requests; the transaction and the search concern one patient each.
    assert_eq!(events.len(), 9, "one event for each request so far");

    let mut proved = Vec::new();
    for version in &records.versions {
        let resource = system.get(version, 200).await.body;
        proved.push(Proved::fetch(&system, version, Some(resource)).await);
    }
    proved.push(Proved::fetch(&system, &records.deleted, None).await);
    for event in &events {
        let path = format!("AuditEvent/{}", event["id"].as_str().unwrap());
        let resource = auditor.get(&path, 200).await.body;
        proved.push(Proved::fetch(&auditor, &path, Some(resource)).await);
    }
    let trust = trust_file(assembly).await;
    let trust = Trust::parse(&trust.to_bytes()).unwrap();
    for one in &proved {
        one.holds(&trust);
        one.is_false_when_changed(&trust);
    }
    on_the_command_line(assembly.folder.path(), &proved[0], &trust);
}

/// What was written, as paths below the base.
struct Records {
    patient: String,
    /// Versions that have content.
    versions: Vec<String>,
    /// The version that a delete made.
    deleted: String,
}

/// Create, update and delete one by one, then a transaction.
async fn write(system: &Client) -> Records {
    let patient = json!({"resourceType": "Patient", "name": [{"family": "Quillfeather"}]});
    let patient = system.post("Patient", patient, 201).await.id();

    let observation = observation(&format!("Patient/{patient}"), "1.500");
    let made = system.post("Observation", &observation, 201).await;
    assert_eq!(made.etag.as_deref(), Some("W/\"1\""));
    let path = format!("Observation/{}", made.id());
    let changed = observation.replacen('{', &format!(r#"{{"id":"{}","#, made.id()), 1);
    let changed = changed.replace("1.500", "2.00");
    let stale = Some("W/\"7\"");
    system.send("PUT", &path, stale, changed.clone(), 412).await;
    let first = Some("W/\"1\"");
    let updated = system.send("PUT", &path, first, changed, 200).await;
    assert_eq!(updated.etag.as_deref(), Some("W/\"2\""));
    system.send("DELETE", &path, None, String::new(), 204).await;

    let done = system.post("", transaction(), 200).await.json();
    let location = |index: usize| {
        let url = done["entry"][index]["response"]["location"]
            .as_str()
            .unwrap();
        let parts: Vec<&str> = url.rsplit('/').take(4).collect();
        parts.into_iter().rev().collect::<Vec<_>>().join("/")
    };
    let versions = vec![
        format!("Patient/{patient}/_history/1"),
        format!("{path}/_history/1"),
        format!("{path}/_history/2"),
        location(0),
        location(1),
    ];
    Records {
        patient: location(1).split('/').nth(1).unwrap().to_owned(),
        versions,
        deleted: format!("{path}/_history/3"),
    }
}

/// As text: numbers must keep their digits.
fn observation(subject: &str, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"Body mass"}},"subject":{{"reference":"{subject}"}},"valueQuantity":{{"value":{value},"unit":"kg"}}}}"#
    )
}

fn transaction() -> String {
    let observation = observation(URN, "70.10");
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{observation},"request":{{"method":"POST","url":"Observation"}}}},{{"fullUrl":"{URN}","resource":{{"resourceType":"Patient","name":[{{"family":"Thistlewood"}}]}},"request":{{"method":"POST","url":"Patient"}}}}]}}"#
    )
}

/// History, search and read, as those who may.
async fn look(assembly: &Assembly, records: &Records) {
    let clinician = assembly.client(&DemoUser::Clinician);
    let (path, _) = records.deleted.split_once("/_history").unwrap();
    let history = clinician.get(&format!("{path}/_history"), 200).await;
    let entries = history.json()["entry"].as_array().unwrap().clone();
    let methods: Vec<&Value> = entries
        .iter()
        .map(|entry| &entry["request"]["method"])
        .collect();
    assert_eq!(methods, ["DELETE", "PUT", "POST"]);
    assert!(history.text().contains(r#""value":1.500"#));
    assert!(history.text().contains(r#""value":2.00"#));

    let query = format!("Observation?patient={}", records.patient);
    let found = clinician.get(&query, 200).await;
    assert_eq!(found.resources().len(), 1);
    let reference = format!("Patient/{}", records.patient);
    assert_eq!(found.resources()[0]["subject"]["reference"], reference);
    assert!(found.text().contains(r#""value":70.10"#));

    let read = clinician.get(&reference, 200).await;
    assert_eq!(read.json()["name"][0]["family"], "Thistlewood");
}

/// A proof, and the resource that it is about unless that is a delete.
struct Proved {
    path: String,
    bundle: Bundle,
    resource: Option<Vec<u8>>,
}

impl Proved {
    /// Fetches the proof until it is final.
    async fn fetch(client: &Client, path: &str, resource: Option<Vec<u8>>) -> Self {
        let started = Instant::now();
        loop {
            let bytes = client.get(&format!("{path}/$proof"), 200).await.body;
            let bundle = Bundle::parse(&bytes).unwrap();
            assert_eq!(bundle.to_bytes(), bytes);
            if bundle.rung == Rung::Finalized {
                let path = path.to_owned();
                return Self {
                    path,
                    bundle,
                    resource,
                };
            }
            let waited = started.elapsed();
            assert!(
                waited < PATIENCE,
                "{path} is `{}` after {waited:?}",
                bundle.rung
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn holds(&self, trust: &Trust) {
        let now = SystemClock.now();
        let report = proof::verify(&self.bundle, trust, self.resource.as_deref(), now).unwrap();
        assert_eq!(report.exit_code(), 0, "{}: {report}", self.path);
        assert_eq!(
            report.reached,
            Some(Rung::Finalized),
            "{}: {report}",
            self.path
        );
        assert!(
            !report.independent,
            "all that is trusted here is the operator's"
        );
        for name in ["commitment", "inclusion", "checkpoint", "anchor"] {
            assert_eq!(
                report.verdict(name),
                Some(Verdict::Holds),
                "{}: {report}",
                self.path
            );
        }
        if self.resource.is_some() {
            assert_eq!(
                report.verdict("content"),
                Some(Verdict::Holds),
                "{}",
                self.path
            );
        }
    }

    fn is_false_when_changed(&self, trust: &Trust) {
        let Some(resource) = &self.resource else {
            return;
        };
        let now = SystemClock.now();
        let report = proof::verify(&self.bundle, trust, Some(&changed(resource)), now).unwrap();
        assert_eq!(
            report.verdict("content"),
            Some(Verdict::False),
            "{}: {report}",
            self.path
        );
        assert_eq!(report.exit_code(), 1);
    }
}

/// The resource with the smallest change there is to it: one letter of its time.
fn changed(resource: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(resource).unwrap();
    let (before, after) = text.split_once(r#""lastUpdated":"2"#).unwrap();
    format!(r#"{before}"lastUpdated":"3{after}"#).into_bytes()
}

/// `chartseal verify` on files says the same.
fn on_the_command_line(folder: &Path, proved: &Proved, trust: &Trust) {
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let resource = proved.resource.as_deref().unwrap();
    let proof = file("proof.json", &proved.bundle.to_bytes());
    let trust = file("trust.json", &trust.to_bytes());
    let right = file("resource.json", resource);
    let wrong = file("changed.json", &changed(resource));
    let broken = file("broken.json", b"{");

    assert_eq!(verify(&[&proof, "--trust", &trust]).0, 0);
    let (code, text) = verify(&[&proof, "--trust", &trust, "--resource", &right, "--json"]);
    assert_eq!(code, 0);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["checks"]["content"]["verdict"], "holds", "{text}");
    assert_eq!(report["stated"], "finalized", "{text}");
    let (code, text) = verify(&[&proof, "--trust", &trust, "--resource", &wrong, "--json"]);
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["checks"]["content"]["verdict"], "false", "{text}");
    // What the command line demands takes the place of the file's word.
    let demanding = |level: &str| verify(&[&proof, "--trust", &trust, "--require", level]).0;
    assert_eq!(["block", "anchor", "settled"].map(demanding), [1, 0, 2]);
    // Long after the anchor, the trust file's demand for a young one is not met.
    let late = ["--at", "2099-01-01T00:00:00.000Z"];
    assert_eq!(verify(&[&proof, "--trust", &trust, late[0], late[1]]).0, 1);
    assert_eq!(verify(&[&broken, "--trust", &trust]).0, 2);
    assert_eq!(verify(&[&proof, "--trust", &broken]).0, 2);
    assert_eq!(
        verify(&[&proof, "--trust", &trust, "--resource", &broken]).0,
        2
    );
    assert_eq!(verify(&["absent.json", "--trust", &trust]).0, 2);
}

/// Exit code and output of `chartseal verify`.
fn verify(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chartseal"))
        .arg("verify")
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}
