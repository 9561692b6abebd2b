//! `chartseal serve` with an anchor-service that has halted: records go on being read, no
//! write is taken over data that does not fit the registry, and everything that is there
//! to be looked at says so.

use crate::{
    installation::{Ended as _, HOME, Installation, Log, metric, operations},
    one_process::OneProcess,
};
use e2e::{fetch_proof, until};
use std::{fs, path::Path, process::Command};

#[test]
fn an_alarm_and_a_hangup_end_no_gateway() {
    let one = OneProcess::go_live("");
    let (house, watch) = (&one.house, one.watch);
    let (database, backup) = (house.path("data/chartseal.sqlite"), house.path("backup"));
    fs::copy(&database, &backup).unwrap();

    let service = one.start();
    let system = one.system();
    let version = system.create_patient("Astrid");
    one.assert_proof(&system, &version);
    assert!(service.stop().success());

    // The backup is older than the anchor.
    restore(&backup, &database);
    let mut service = house.start("serve", &one.config);
    service.wait_until("the alarm", || {
        let ready = operations(watch, "readyz");
        ready.is_some_and(|reply| reply.status == 503 && reply.text().contains("alarm: "))
    });
    let patient = r#"{"resourceType":"Patient","name":[{"family":"Bertram"}]}"#;
    let assert_held = || {
        let refused = system.at.post("Patient", patient.to_owned());
        let refused = refused.expect(503, "a write over an older database");
        assert!(refused.header("retry-after").is_some());
        assert!(refused.is_error_outcome(), "{}", refused.text());
        drop(system.at.get("Patient?_count=1").expect(200, "a search"));
    };
    assert_held();
    assert!(metric(watch, "chartseal_anchor_alarm") > 0.5);
    service.hang_up();
    assert_held();
    assert!(metric(watch, "chartseal_pending_leaves") >= 2.0);
    let gateway = e2e::Caller::new(&format!("http://127.0.0.1:{}", one.port), None);
    drop(
        gateway
            .get("readyz")
            .expect(503, "the gateway takes no writes"),
    );
    let logged = service.logged();
    assert!(service.stop().success(), "{logged}");
    assert!(logged.contains("has halted"), "{logged}");

    let checked = house.chartseal(&["serve"], &one.config, &["--check-only"]);
    checked.refused("the database has lost leaves");
    checked.refused(HOME);
}

/// The runbook's "Restore", to its end: no newer backup is there.
#[test]
fn a_restored_database_goes_on_with_another_log() {
    let one = OneProcess::go_live("");
    let (house, config) = (&one.house, &one.config);
    let (database, backup) = (house.path("data/chartseal.sqlite"), house.path("backup"));
    let service = one.start();
    let system = one.system();
    let kept = system.create_patient("Astrid");
    one.assert_proof(&system, &kept);
    assert!(service.stop().success());
    fs::copy(&database, &backup).unwrap();
    // A log that is whole is not ended.
    let whole = house.chartseal(&["anchor", "new-epoch"], config, &["--facility", HOME]);
    let whole = whole.good().text;
    assert!(whole.contains("nothing is to be done"), "{whole}");
    house
        .chartseal(
            &["anchor", "new-epoch"],
            config,
            &["--facility", HOME, "--confirm"],
        )
        .refused("the log can go on");

    let service = one.start();
    let lost = system.create_patient("Bertram");
    let proof = house.path("lost.json");
    until("a checkpoint over it", 30, || {
        let fetched = fetch_proof(&system.at.url(&lost), &system.token, &proof);
        let rungs = ["(sequenced)", "(anchored)", "(finalized)"];
        rungs
            .iter()
            .any(|rung| fetched.text.contains(rung))
            .then_some(())
    });
    assert!(service.stop().success());
    restore(&backup, &database);
    house
        .chartseal(&["serve"], config, &["--check-only"])
        .refused("what its key signed last holds a root over");
    let check = || house.chartseal(&["log", "check"], config, &[HOME]);
    check().refused("fewer leaves than were signed");

    let shown = house.chartseal(&["anchor", "new-epoch"], config, &["--facility", HOME]);
    assert!(shown.good().text.contains("Nothing was written"));
    let begin = ["--facility", HOME, "--confirm"];
    let begun = house
        .chartseal(&["anchor", "new-epoch"], config, &begin)
        .good();
    let next = Log::of(&begun.text);
    assert_eq!(next.origin, format!("{}/2", one.log.origin));
    drop(house.grant(config, &["--log", HOME]).good());

    let service = one.start();
    drop(system.at.get(&lost).expect(404, "what the backup lacks"));
    let written = system.create_patient("Clara");
    house.assert_proof(&system, &written, &next, &one.chain, &one.registry);
    // What the old log proved it proves.
    one.assert_proof(&system, &kept);
    assert_checked(one.watch);
    assert!(service.stop().success());
    let checked = check().good().text;
    assert!(checked.contains("(ended)"), "{checked}");
    let checked = house.chartseal(&["serve"], config, &["--check-only"]);
    assert_eq!(checked.code, 0, "{}", checked.text);
    // The old log lacks what it lacked when it was ended, and nothing else.
    house.sql("UPDATE log SET size = size - 1 WHERE epoch = 1");
    check().refused("fewer leaves than were signed");
}

/// A replica that lagged and was promoted, as a running service meets it.
#[test]
fn a_database_that_goes_back_under_a_service_is_not_written_to() {
    let one = OneProcess::go_live("");
    let mut service = one.start();
    let system = one.system();
    let version = system.create_patient("Astrid");
    one.assert_proof(&system, &version);
    one.house.sql(
        // What a checkpoint covers is gone; the last leaf alone may not be signed yet.
        "UPDATE log SET size = 1;
         DELETE FROM leaf WHERE idx >= 1",
    );
    let patient = r#"{"resourceType":"Patient","name":[{"family":"Bertram"}]}"#;
    let write = || system.at.post("Patient", patient.to_owned());
    service.wait_until("writes are held", || write().status == 503);
    assert!(write().header("retry-after").is_some());
    let ready = operations(one.watch, "readyz")
        .unwrap()
        .expect(503, "ready");
    assert!(
        ready.text().contains("what its key signed last"),
        "{}",
        ready.text()
    );
    drop(system.at.get(&version).expect(200, "a read"));
    assert!(service.stop().success());
}

/// The service has checked the logs by itself, and lacks no leaves.
fn assert_checked(watch: u16) {
    until("a check of the logs", 60, || {
        let metrics = operations(watch, "metrics")?.text();
        let series = "chartseal_log_check_end_timestamp_seconds ";
        metrics.contains(series).then_some(())
    });
    let sizes = format!("chartseal_log_check_findings{{facility=\"{HOME}\",finding=\"size\"}}");
    assert!(metric(watch, &sizes) < 0.5);
}

/// Puts a backup in the database's place, as the runbook says.
fn restore(backup: &Path, database: &Path) {
    for end in ["-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{end}", database.display())));
    }
    fs::copy(backup, database).unwrap();
}

#[test]
fn a_reader_that_goes_ends_no_command() {
    let house = Installation::new();
    let config = house.write("serve.toml", &house.sample("serve.toml"));
    drop(house.init(&config, HOME));
    let script = format!(
        "{} keys --config {} list | true; exit ${{PIPESTATUS[0]}}",
        e2e::program().display(),
        config.display()
    );
    let ended = Command::new("bash").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && said.is_empty(), "{said}");
    drop(house.init(&config, "another"));
}
