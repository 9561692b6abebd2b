//! What a newcomer does: starts the demo, reads a record, fetches a proof and
//! verifies it; stops, starts again; makes the mistake of starting it twice.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Ran, fetch_proof, program, run, until, verify};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
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
    // Hidden is absent.
    assert_eq!(auditor.status, 404, "an auditor: {}", auditor.text());
    assert!(auditor.is_error_outcome(), "{}", auditor.text());

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

/// `chartseal proof` with the resource, waiting until the proof is final.
fn fetch_both(url: &str, token: &str, proof: &Path, resource: &Path) -> Ran {
    let mut command = Command::new(program());
    command
        .args(["proof", url, "--wait", "60", "--out"])
        .arg(proof)
        .arg("--resource")
        .arg(resource)
        .env("CHARTSEAL_TOKEN", token);
    run(&mut command)
}

/// The trust file has an anchor before the gateway shows it as final.
#[test]
fn a_proof_that_is_final_verifies_at_once() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let token = demo.about.tokens.get("clinician").expect("a token");
    let (proof, resource) = (folder.path().join("p.json"), folder.path().join("r.json"));
    for round in 1..=8 {
        let reference = create_patient(&demo);
        let url = demo
            .caller("clinician")
            .url(&format!("{reference}/_history/1"));
        let fetched = fetch_both(&url, token, &proof, &resource);
        assert!(fetched.text.contains("finalized"), "{}", fetched.text);
        let verified = verify(&proof, &demo.about.trust_file, Some(&resource));
        assert_eq!(verified.code, 0, "round {round}: {}", verified.text);
    }
    // What was fetched is its owner's alone; so is all that the demo keeps.
    let data = folder.path().join("data");
    for file in [
        proof,
        resource,
        data.join("l2/chain.journal"),
        data.join("demo.json"),
        data.join("env.sh"),
        data.join("tokens/clinician"),
    ] {
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn the_tour_can_be_followed_from_what_the_demo_leaves() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--patients", "1"]);
    let printed = until("it has said where everything is", 20, || {
        let printed = demo.printed();
        printed.contains("trust file").then_some(printed)
    });
    assert!(printed.lines().count() <= 24, "{printed}");
    for token in demo.about.tokens.values() {
        assert!(!printed.contains(token.as_str()), "a token on the screen");
    }
    let text = fs::read_to_string(folder.path().join("data/demo.json")).expect("demo.json");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for pointer in [
        "/issuer/url",
        "/issuer/loginClientId",
        "/patient",
        "/program",
        "/commands/proof",
    ] {
        let value = json.pointer(pointer).and_then(|text| text.as_str());
        assert!(value.is_some_and(|text| !text.is_empty()), "{pointer}");
    }
    // The commands as they are printed, in a shell that has read env.sh.
    let tour = ". data/env.sh; set -e; \
        curl -sf -H \"Authorization: Bearer $CHARTSEAL_TOKEN\" \"$RECORD\" > /dev/null; \
        chartseal proof \"$RECORD\" --wait 60 --out p.json --resource r.json; \
        chartseal verify p.json --resource r.json --trust \"$TRUST\" --report report.html; \
        test \"$(curl -s -o /dev/null -w %{http_code} \
            -H \"Authorization: Bearer $AUDITOR\" $BASE/fhir/Patient/$P)\" = 404";
    let mut shell = Command::new("sh");
    let ran = run(shell.args(["-c", tour]).current_dir(folder.path()));
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(ran.text.contains("proved:"), "{}", ran.text);
    let report = fs::read_to_string(folder.path().join("report.html")).expect("the report");
    assert!(report.contains("Everything that the trust file demands holds."));
    for outside in ["http-equiv=\"refresh", "<script", "src=", "href="] {
        assert!(!report.contains(outside), "{outside}");
    }
}

/// The auditor's question: who looked, proved, on a page.
#[test]
fn an_access_is_told_by_name_once_it_is_proved() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let reference = create_patient(&demo);
    drop(demo.caller("clinician").get(&reference).expect(200, "read"));
    let auditor = demo.caller("auditor");
    let query = format!("AuditEvent?patient={reference}&_count=50");
    let id = until("the event", 20, || {
        let found = auditor.get(&query).expect(200, "events").json();
        let events = found.get("entry")?.as_array()?.clone();
        let read = events.into_iter().find(|event| {
            event
                .pointer("/resource/action")
                .is_some_and(|action| action == "R")
        })?;
        read.pointer("/resource/id")?.as_str().map(str::to_owned)
    });
    let (proof, event) = (folder.path().join("p.json"), folder.path().join("e.json"));
    let token = demo.about.tokens.get("auditor").expect("a token");
    let url = auditor.url(&format!("AuditEvent/{id}"));
    let fetched = fetch_both(&url, token, &proof, &event);
    assert_eq!(fetched.code, 0, "{}", fetched.text);
    let ask = |page: &str| {
        let mut command = Command::new(program());
        command.arg("verify").arg(&proof);
        command.args(["--report", page, "--resource"]).arg(&event);
        command.arg("--trust").arg(&demo.about.trust_file);
        run(command.current_dir(folder.path()))
    };
    let told = ask("good.html");
    assert_eq!(told.code, 0, "{}", told.text);
    for words in ["Ada Okafor", "read", &reference, "proved:"] {
        assert!(told.text.contains(words), "{words}: {}", told.text);
    }
    let page = fs::read_to_string(folder.path().join("good.html")).expect("a page");
    assert!(page.contains("Ada Okafor") && page.contains(&reference));

    // A forged event tells nothing.
    let forged = fs::read_to_string(&event).expect("the event");
    fs::write(&event, forged.replace("Ada Okafor", "Eve Okafor")).expect("written");
    let told = ask("bad.html");
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(
        told.text.contains("claimed, and not proved:"),
        "{}",
        told.text
    );
    let page = fs::read_to_string(folder.path().join("bad.html")).expect("a page");
    assert!(!told.text.contains("Eve Okafor") && !page.contains("Eve Okafor"));
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
    assert!(ended.text.contains("runs already"), "{}", ended.text);
    assert!(ended.text.contains("http://127.0.0.1:"), "{}", ended.text);
    assert!(!ended.text.contains("panicked"), "{}", ended.text);
    assert!(first.is_running());
    let read = first.caller("clinician").get(&reference);
    assert_eq!(read.expect(200, "the first still serves").status, 200);
}
