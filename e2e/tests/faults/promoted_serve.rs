//! A failover of PostgreSQL to a standby that lagged, under `chartseal serve`: it halts and
//! takes no write, and reads go on.

use crate::{
    checks::wait_until_final,
    installation::{Ended as _, Installation, metric, operations},
    one_process::OneProcess,
    promoted::state,
    server::{Server, Stop},
};
use e2e::Caller;

/// `serve` over the database of this server.
fn over(server: &Server) -> OneProcess {
    let house = Installation::new();
    let url = server.url_at(server.port());
    house.write_secret("database-url", &format!("{url}\n"));
    let file = house.path("data/chartseal.sqlite");
    let sqlite = format!("sqlite = \"{}\"", file.display());
    let postgres = "postgres = { file = \"database-url\" }";
    OneProcess::go_live_with(house, |sample| sample.with(&sqlite, postgres))
}

#[test]
fn one_process_over_a_standby_that_lags_takes_no_write() {
    let mut server = Server::start();
    let one = over(&server);
    let mut service = one.start();
    let system = one.system();
    let kept = system.create_patient("Astrid");
    one.assert_proof(&system, &kept);
    let mut standby = server.standby();
    wait_until_final(&server);
    server.wait_for_standby();
    standby.cut_off();
    let lost = system.create_patient("Bertram");
    one.assert_proof(&system, &lost);
    let before = state(&standby);
    assert_ne!(before, state(&server));

    server.stop(Stop::Immediate);
    standby.promote(server.port());
    let ready = || operations(one.watch, "readyz");
    service.wait_until("the alarm", || {
        ready().is_some_and(|reply| reply.status == 503 && reply.text().contains("alarm: "))
    });
    assert!(metric(one.watch, "chartseal_anchor_alarm") > 0.5);
    let patient = r#"{"resourceType":"Patient","name":[{"family":"Clara"}]}"#;
    let write = || system.at.post("Patient", patient);
    // The gateway asks ten times a second.
    let gateway = Caller::new(&format!("http://127.0.0.1:{}", one.port), None);
    let held = || gateway.get("readyz").status == 503;
    service.wait_until("the gateway holding writes", held);
    let refused = write().expect(503, "a write over an older database");
    assert!(refused.header("retry-after").is_some());
    // A read is audited into the table, where its leaf waits.
    drop(system.at.get(&kept).expect(200, "a read"));
    assert!(standby.number("SELECT count(*) FROM pending_leaf") > 0);
    assert_eq!(state(&standby), before, "nothing is signed or has an index");
    assert!(service.stop().success());

    // So it is after a restore, whatever is started.
    let checked = one
        .house
        .chartseal(&["serve"], &one.config, &["--check-only"]);
    checked.refused("the database has lost leaves");
    let mut service = one.house.start("serve", &one.config);
    service.wait_until("the alarm again", || {
        ready().is_some_and(|reply| reply.status == 503 && reply.text().contains("alarm: "))
    });
    drop(write().expect(503, "a write after a start"));
    drop(system.at.get(&kept).expect(200, "a read"));
    assert_eq!(state(&standby), before);
    assert!(service.stop().success());
}
