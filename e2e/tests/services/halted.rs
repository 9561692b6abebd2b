//! `chartseal serve` with an anchor-service that has halted: records go on being read, no
//! write is taken over data that does not fit the registry, and everything that is there
//! to be looked at says so.

use crate::{
    installation::{Ended as _, HOME, Installation, metric, operations},
    one_process::OneProcess,
};
use std::{fs, process::Command};

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
    for end in ["-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{end}", database.display())));
    }
    fs::copy(&backup, &database).unwrap();
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
