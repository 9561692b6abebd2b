//! Data kept from earlier versions: formats freeze with the first stored byte, so
//! every release must open what an earlier one wrote and prove what it proved.
//!
//! Each folder under `e2e/kept` is a stopped demo's data directory, with a proof,
//! its trust file and its resource fetched at the time. `e2e/kept/keep.sh` makes
//! one; a folder that was released is never changed.

#![expect(
    clippy::expect_used,
    reason = "test code: what is not as expected ends the test"
)]

use e2e::{Caller, Demo, fetch_proof, program, python, run, until, verify};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

const VERSIONS: [&str; 1] = ["0.1.0"];

fn kept(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("kept")
        .join(version)
}

/// Copies a folder; files closed to others, as git does not keep that.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("its mode");
    for entry in fs::read_dir(from).expect("the kept folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).expect("its mode");
        }
    }
}

/// What an earlier version wrote is found at the time when it was written, and
/// everything stands in its order once.
fn found_by_time(caller: &Caller, patient: &Value) {
    let text = |pointer: &str| patient.pointer(pointer).and_then(Value::as_str);
    let (id, time) = (text("/id"), text("/meta/lastUpdated").expect("a time"));
    let page = caller.get(&format!("Patient?_lastUpdated={time}"));
    let page = page.expect(200, "a search by time").json();
    let entries = page.pointer("/entry").and_then(Value::as_array);
    let ids = entries
        .expect("matches")
        .iter()
        .map(|entry| entry.pointer("/resource/id"));
    assert!(ids.flatten().any(|found| found.as_str() == id), "{page}");

    let (mut times, mut total) = (Vec::new(), None);
    let mut next = Some("Observation?_sort=_lastUpdated&_count=2&_total=accurate".to_owned());
    while let Some(path) = next {
        let page = caller.get(&path).expect(200, "a page").json();
        total = total.or(page.pointer("/total").and_then(Value::as_u64));
        for entry in page
            .pointer("/entry")
            .and_then(Value::as_array)
            .expect("matches")
        {
            let time = entry
                .pointer("/resource/meta/lastUpdated")
                .and_then(Value::as_str);
            times.push(time.expect("a time").to_owned());
        }
        let links = page
            .pointer("/link")
            .and_then(Value::as_array)
            .expect("links");
        let to_next = links
            .iter()
            .find(|link| link.get("relation") == Some(&"next".into()));
        next = to_next
            .and_then(|link| link.pointer("/url"))
            .and_then(Value::as_str)
            .map(str::to_owned);
    }
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(total, Some(times.len() as u64));
    assert!(times.len() > 2);
}

/// The audit of what an earlier version wrote: found by time, rendered as it was hashed,
/// proved.
fn audit_still_proves(demo: &Demo, folder: &Path, patient: &Value) {
    let time = patient.pointer("/meta/lastUpdated").and_then(Value::as_str);
    let auditor = demo.caller("auditor");
    let search = format!("AuditEvent?_lastUpdated={}", time.expect("a time"));
    let page = auditor
        .get(&search)
        .expect(200, "the audit of a write")
        .json();
    let id = page.pointer("/entry/0/resource/id").and_then(Value::as_str);
    let place = format!("AuditEvent/{}", id.expect("an event"));
    let event = auditor.get(&place).expect(200, "the event").body;
    let (proof, file) = (folder.join("event-proof.json"), folder.join("event.json"));
    fs::write(&file, &event).expect("the event");
    let token = demo.about.tokens.get("auditor").expect("a token");
    until("the kept event verifies", 30, || {
        let fetched = fetch_proof(&auditor.url(&place), token, &proof);
        assert_eq!(fetched.code, 0, "{}", fetched.text);
        (verify(&proof, &demo.about.trust_file, Some(&file)).code == 0).then_some(())
    });
}

/// Policy sets and registrations of the time before they were sealed are shown when they
/// are taken over, with what the log says of them.
fn taken_over(demo: &Demo) {
    let printed = demo.printed();
    for name in ["riverside", "hillcrest"] {
        let facility = format!("facility `{name}`, made by version 0.1:");
        let (_, said) = printed.split_once(&facility).expect(&printed);
        assert!(said.contains("policy set 1, IN FORCE"), "{printed}");
        assert!(said.contains("clinician-own-facility"), "{printed}");
    }
    assert!(
        printed.contains("under a checkpoint, says the same"),
        "{printed}"
    );
    // What was shared then is shared by the lists now.
    let caller = demo.caller("clinicianOther");
    let shared = format!("{}/f/riverside/fhir/Patient?_count=1", demo.about.base);
    drop(caller.get(&shared).expect(200, "a search next door"));
}

#[test]
fn a_kept_proof_still_holds() {
    for version in VERSIONS {
        let kept = kept(version);
        let ran = verify(
            &kept.join("proof.json"),
            &kept.join("trust.json"),
            Some(&kept.join("resource.json")),
        );
        assert_eq!(ran.code, 0, "{version}: {}", ran.text);
        assert_eq!(ran.verdict("content"), Some("holds"), "{version}");
    }
}

#[test]
fn a_kept_data_directory_opens_and_proves_the_same() {
    for version in VERSIONS {
        let (kept, folder) = (kept(version), Demo::folder());
        copy(&kept.join("data"), &folder.path().join("data"));
        let demo = Demo::start(folder.path(), &["--patients", "1"]);
        taken_over(&demo);
        let resource = fs::read(kept.join("resource.json")).expect("the kept resource");
        let text = String::from_utf8(resource.clone()).expect("JSON text");
        let id = text
            .split("\"id\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let place = format!("Patient/{}/_history/1", id.expect("an id"));
        let caller = demo.caller("system");
        let read = caller.get(&place).expect(200, "the kept version");
        assert_eq!(read.body, resource, "{version}: the very bytes");
        found_by_time(&caller, &read.json());
        audit_still_proves(&demo, folder.path(), &read.json());
        // A policy set from before the log could be read permits it to nobody.
        let log = format!("{}/log/riverside/checkpoint", demo.about.base);
        drop(demo.caller("auditor").get(&log).expect(403, "the log"));
        let (proof, file) = (
            folder.path().join("proof.json"),
            folder.path().join("resource.json"),
        );
        fs::write(&file, &read.body).expect("the resource");
        let token = demo.about.tokens.get("system").expect("a token");
        let url = caller.url(&place);
        until("the kept version verifies", 30, || {
            let fetched = fetch_proof(&url, token, &proof);
            assert_eq!(fetched.code, 0, "{version}: {}", fetched.text);
            (verify(&proof, &demo.about.trust_file, Some(&file)).code == 0).then_some(())
        });
    }
}

/// A configuration for `serve` over a kept data directory.
fn configuration(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    let text = format!(
        r#"
[database]
sqlite = "{data}/chartseal.sqlite"
[keys]
file = "{data}/keys/kms.json"
[gateway]
listen = "127.0.0.1:0"
publicUrl = "http://127.0.0.1:1"
[[gateway.issuers]]
url = "https://login.hospital.example/realms/care"
audience = "https://fhir.hospital.example"
[anchor]
rpcUrl = "http://127.0.0.1:1"
chainId = 20261
submitterKey = "{data}/keys/submitter.key"
logKeys = "{data}/keys/logs"
finality = "immediate"
"#,
        data = data.display()
    );
    let file = folder.join("serve.toml");
    fs::write(&file, text).expect("the configuration");
    file
}

#[test]
fn policy_sets_in_clear_are_served_by_nobody_until_an_operator_has_looked() {
    let folder = Demo::folder();
    copy(&kept("0.1.0").join("data"), &folder.path().join("data"));
    let config = configuration(folder.path());
    let chartseal = |words: &[&str]| {
        let mut command = Command::new(program());
        run(command.args(words).arg("--config").arg(&config))
    };
    let refused = |command: &[&str], says: &str| {
        let ran = chartseal(command);
        assert_eq!(ran.code, 1, "{}", ran.text);
        assert!(ran.text.contains("`chartseal take-over`"), "{}", ran.text);
        assert!(ran.text.contains(says), "{}", ran.text);
    };
    // Nothing is brought up to date before somebody looks: version 0.1 may run on it.
    for command in [
        ["serve"].as_slice(),
        &["serve", "--check-only"],
        &["keys", "list"],
    ] {
        refused(command, "the database is of version 0.1");
    }
    let shown = chartseal(&["take-over"]);
    assert_eq!(shown.code, 0, "{}", shown.text);
    for expected in [
        "facility `riverside`, made by version 0.1",
        "policy set 1, IN FORCE",
        "under a checkpoint, says the same",
        "as shipped by 0.1.0",
        "the first facility here",
        "Nothing was sealed",
    ] {
        assert!(shown.text.contains(expected), "{expected}: {}", shown.text);
    }
    refused(&["serve"], "was made by version 0.1");
    let sealed = chartseal(&["take-over", "--confirm"]);
    assert_eq!(sealed.code, 0, "{}", sealed.text);
    assert_eq!(
        sealed.text.matches("  sealed").count(),
        2,
        "{}",
        sealed.text
    );
    // What that version wrote fits its leaves.
    let begun = chartseal(&["jobs"]);
    let none = begun.text.matches("sweep\tnot begun").count();
    assert_eq!((begun.code, none), (0, 2), "{}", begun.text);
    let swept = chartseal(&["sweep"]);
    let clean = swept.text.matches(" ms, 0 faults").count();
    assert_eq!((swept.code, clean), (0, 2), "{}", swept.text);
    // A facility whose row cannot be read holds up no other.
    let database = folder.path().join("data/chartseal.sqlite");
    run_python(ADD_FACILITY, &database);
    for (command, others) in [("sweep", " ms, 0 faults"), ("jobs", "sweep\t")] {
        let ran = chartseal(&[command]);
        let told = ran.text.matches("a row of `facility` cannot be read");
        let found = (ran.code, told.count(), ran.text.matches(others).count());
        assert_eq!(found, (2, 1, 2), "{command}: {}", ran.text);
    }
    run_python(CUT_FACILITY, &database);
    let again = chartseal(&["take-over", "--confirm"]);
    let nothing = again.text.matches("needs no taking over").count();
    assert_eq!((again.code, nothing), (0, 2), "{}", again.text);
}

/// Runs a program on a database.
fn run_python(program: &str, database: &Path) {
    let mut python = Command::new(python());
    let ran = run(python.args(["-c", program]).arg(database));
    assert_eq!(ran.code, 0, "{}", ran.text);
}

const ADD_FACILITY: &str = r#"
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("INSERT INTO facility (name, created_ms) VALUES ('Not a Name', 0)")
"#;
const CUT_FACILITY: &str = r#"
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("DELETE FROM facility WHERE name = 'Not a Name'")
"#;

/// Puts a policy set after the last one, with its right digest, as whoever can write to the
/// database could.
const ADD_SET: &str = r#"
import hashlib, json, sqlite3, struct, sys
with sqlite3.connect(sys.argv[1]) as database:
    row = "SELECT schema_text, policies_text, created_ms FROM policy_set WHERE facility_id = 1"
    schema, policies, created = database.execute(row).fetchone()
    policies = json.loads(policies)
    policies["all"] = '@id("all") permit (principal, action, resource); // \u202e hidden'
    digest = hashlib.sha256(b"chartseal/1/policy\n")
    for text in [schema] + [text for pair in sorted(policies.items()) for text in pair]:
        digest.update(struct.pack(">I", len(text.encode())) + text.encode())
    values = (1, 2, digest.digest(), schema, json.dumps(policies), created)
    database.execute("INSERT INTO policy_set VALUES (?, ?, ?, ?, ?, ?)", values)
"#;

#[test]
fn a_demo_takes_over_by_itself_only_what_was_shipped() {
    let folder = Demo::folder();
    let data = folder.path().join("data");
    copy(&kept("0.1.0").join("data"), &data);
    run_python(ADD_SET, &data.join("chartseal.sqlite"));
    let mut demo = Command::new(program());
    demo.args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data);
    let refused = run(&mut demo);
    assert_eq!(refused.code, 1, "{}", refused.text);
    for expected in [
        "policy set 2, IN FORCE",
        "none that 0.1.0 shipped",
        r#"@id("all") permit (principal, action, resource); // \u{202e} hidden"#,
        "takes over by itself only what was shipped",
    ] {
        assert!(
            refused.text.contains(expected),
            "{expected}: {}",
            refused.text
        );
    }
    // Whoever has read it may seal it all the same.
    let config = configuration(folder.path());
    let mut command = Command::new(program());
    let sealed = run(command
        .args(["take-over", "--confirm", "--config"])
        .arg(&config));
    assert_eq!(sealed.code, 0, "{}", sealed.text);
    assert!(sealed.text.contains("permit (principal, action, resource)"));
}
