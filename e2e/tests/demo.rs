//! What a newcomer does: starts the demo, reads a record, fetches a proof and
//! verifies it; stops, starts again; makes the mistake of starting it twice.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, fetch_proof, program, until, verify};
use std::{
    fs,
    process::{Command, Stdio},
};

const PATIENT: &str = r#"{"resourceType":"Patient","active":true,
    "identifier":[{"system":"urn:oid:1.2.3.4","value":"first-reader-1"}],
    "name":[{"family":"Firstreader","given":["Nora"]}],"birthDate":"1961-03-05"}"#;

/// Creates the patient and gives `Patient/id`.
fn create_patient(demo: &Demo) -> String {
    let created = demo
        .caller("system")
        .post("Patient", PATIENT)
        .expect(201, "create");
    assert_eq!(created.header("etag"), Some("W/\"1\""));
    let version = created.location();
    let (reference, number) = version.split_once("/_history/").expect("a version");
    assert_eq!(number, "1");
    reference.to_owned()
}

#[test]
fn a_first_reader_gets_a_record_and_a_proof_that_verifies() {
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--patients", "2"]);
    let about = &demo.about;
    assert!(about.fhir_base.starts_with(&about.base), "{about:?}");
    assert!(about.rpc_url.starts_with("http://127.0.0.1:"), "{about:?}");
    assert!(about.chain_id > 0, "{about:?}");
    assert_eq!(about.registry.len(), 42, "{about:?}");
    assert!(about.trust_file.is_file(), "{about:?}");

    let server = Caller::new(&about.base, None);
    assert_eq!(server.get("healthz").status, 200);
    assert_eq!(server.get("readyz").status, 200);
    let capabilities = demo.stranger().get("metadata").expect(200, "metadata");
    assert_eq!(
        capabilities.json().get("fhirVersion").expect("a version"),
        "4.0.1"
    );

    let reference = create_patient(&demo);
    let record = demo
        .caller("clinician")
        .get(&reference)
        .expect(200, "the clinician reads");
    let family = record.json().pointer("/name/0/family").cloned();
    assert_eq!(family.expect("a name"), "Firstreader");
    let auditor = demo.caller("auditor").get(&reference);
    assert!(
        matches!(auditor.status, 403 | 404) && auditor.is_error_outcome(),
        "an auditor sees no record: {}",
        auditor.text()
    );

    let proof = folder.path().join("proof.json");
    let resource = folder.path().join("resource.json");
    fs::write(&resource, &record.body).expect("written");
    let path = format!("{reference}/_history/1/$proof");
    let report = until("a final proof", 60, || {
        let bundle = demo.caller("clinician").get(&path).expect(200, "$proof");
        fs::write(&proof, &bundle.body).expect("written");
        let ran = verify(&proof, &demo.about.trust_file, Some(&resource));
        (ran.code == 0 && ran.member("reached") == Some("finalized")).then_some(ran)
    });
    for check in ["content", "commitment", "inclusion", "checkpoint", "anchor"] {
        assert_eq!(report.verdict(check), Some("holds"), "{}", report.text);
    }
    assert_eq!(report.member("stated"), Some("finalized"));
    assert_eq!(report.member("independent"), Some("no"));

    let started = demo.stop();
    assert!(started.success(), "{started}\n{}", demo.printed());
}

#[test]
fn the_commands_tell_right_from_wrong_from_unreadable() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let reference = create_patient(&demo);
    let clinician = demo.caller("clinician");
    let url = clinician.url(&format!("{reference}/_history/1"));
    let token = demo.about.tokens.get("clinician").expect("a token");
    let trust = &demo.about.trust_file;

    let proof = folder.path().join("proof.json");
    until("`chartseal proof` gives what verifies", 60, || {
        let fetched = fetch_proof(&url, token, &proof);
        assert_eq!(fetched.code, 0, "{}", fetched.text);
        (verify(&proof, trust, None).code == 0).then_some(())
    });

    let record = clinician.get(&reference).expect(200, "read").body;
    let resource = folder.path().join("resource.json");
    fs::write(&resource, &record).expect("written");
    assert_eq!(verify(&proof, trust, Some(&resource)).code, 0);

    let changed = String::from_utf8(record).expect("text");
    let changed = changed.replacen("1961-03-05", "1961-03-06", 1);
    fs::write(&resource, changed).expect("written");
    let report = verify(&proof, trust, Some(&resource));
    assert_eq!((report.code, report.verdict("content")), (1, Some("false")));

    let whole = fs::read(&proof).expect("the proof");
    let half = whole.get(..whole.len() / 2).expect("half of it");
    fs::write(&proof, half).expect("written");
    assert_eq!(verify(&proof, trust, None).code, 2);
    assert_eq!(verify(&folder.path().join("none"), trust, None).code, 2);
}

#[test]
fn a_restart_goes_on_with_the_data() {
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let reference = create_patient(&demo);
    let before = demo
        .caller("system")
        .get(&reference)
        .expect(200, "read")
        .body;
    assert!(demo.stop().success());

    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let system = demo.caller("system");
    assert_eq!(
        system.get(&reference).expect(200, "read again").body,
        before
    );
    let again = system.send(
        "PUT",
        &reference,
        &[("if-match", "W/\"1\"")],
        String::from_utf8(before.clone())
            .expect("text")
            .replacen("Firstreader", "Secondreader", 1)
            .into_bytes(),
    );
    assert_eq!(again.expect(200, "update").header("etag"), Some("W/\"2\""));
    let first = system
        .get(&format!("{reference}/_history/1"))
        .expect(200, "vread");
    assert_eq!(first.body, before);

    // Both versions, one written before and one after, get final in one log.
    for version in [1, 2] {
        let path = format!("{reference}/_history/{version}/$proof");
        until("a final proof after the restart", 60, || {
            let bundle = system.get(&path).expect(200, "$proof").json();
            (bundle.get("rung")? == "finalized").then_some(())
        });
    }
    assert!(demo.is_running());
}

#[test]
fn a_stop_while_samples_are_written_is_clean_and_the_next_start_goes_on() {
    let folder = Demo::folder();
    let data = folder.path().join("data");
    let mut child = Command::new(program())
        .args(["demo", "--listen", "127.0.0.1:0", "--patients", "5000"])
        .arg("--data")
        .arg(&data)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    until("the first sample is written", 60, || {
        data.join("samples.json").exists().then_some(())
    });
    let terminate = format!("kill -TERM {}", child.id());
    drop(Command::new("sh").args(["-c", &terminate]).status());
    let status = until("it stops", 5, || child.try_wait().expect("its state"));
    assert!(status.success(), "{status}");
    assert!(!data.join("demo.json").exists(), "it was not ready");

    let demo = Demo::start(folder.path(), &["--patients", "1"]);
    let found = demo.caller("clinician").get("Patient?_count=1");
    let found = found.expect(200, "search").json();
    assert_eq!(
        found
            .pointer("/entry/0/resource/resourceType")
            .expect("a patient"),
        "Patient"
    );
}

#[test]
fn a_second_process_on_the_same_data_is_refused_and_harms_nothing() {
    let folder = Demo::folder();
    let mut first = Demo::start(folder.path(), &["--empty"]);
    let reference = create_patient(&first);
    let second = Demo::try_start(folder.path(), &["--empty"]);
    let ended = second.expect_err("a second process works on the same data");
    assert_eq!(ended.code, 1);
    assert!(ended.text.contains("in use"), "{}", ended.text);
    assert!(!ended.text.contains("panicked"), "{}", ended.text);
    assert!(first.is_running());
    let read = first.caller("clinician").get(&reference);
    assert_eq!(read.expect(200, "the first still serves").status, 200);
}
