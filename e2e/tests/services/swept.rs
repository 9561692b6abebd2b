//! `chartseal serve` on SQLite comes by what nobody reads: rows that were cut behind its
//! back are found when it starts again, and by the command.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation, User, is_ready, metric, operations},
};
use devkit::issuer::DemoUser;

fn has_swept(watch: u16) -> bool {
    let series = format!("chartseal_sweep_end_timestamp_seconds{{facility=\"{HOME}\"}}");
    operations(watch, "metrics").is_some_and(|reply| reply.text().contains(&series))
}

fn faults(watch: u16, fault: &str) -> f64 {
    let series = format!("chartseal_sweep_faults{{facility=\"{HOME}\",fault=\"{fault}\"}}");
    metric(watch, &series)
}

#[test]
fn what_was_cut_behind_a_service_is_found_when_it_starts_again() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    house.go_live(&config);

    let mut service = house.start("serve", &config);
    service.wait_until("ready", || is_ready(watch));
    let system = User::new(&issuer, &DemoUser::System, port);
    system.create_patient("Quintessa");
    service.wait_until("a sweep", || has_swept(watch));
    assert!(faults(watch, "no-row").abs() < f64::EPSILON);
    service.wait_until("every leaf has an index", || {
        metric(watch, "chartseal_pending_leaves").abs() < f64::EPSILON
    });
    assert!(service.stop().success());
    let sweep = || house.chartseal(&["sweep"], &config, &[]);
    let clean = sweep().good().text;
    assert!(clean.contains(" ms, 0 faults"), "{clean}");

    // A facility that does not open holds up itself alone.
    house.sql("INSERT INTO facility VALUES (0, 'before', 0)");
    let others = sweep();
    assert_eq!(others.code, 2, "{}", others.text);
    assert!(others.text.contains("sweep: before: "), "{}", others.text);
    assert!(others.text.contains(" ms, 0 faults"), "{}", others.text);

    // The version of the patient, and then the name of its leaf.
    house.sql(
        "UPDATE leaf SET record_tag = zeroblob(16) WHERE record_tag IN
            (SELECT record_tag FROM version);
         DELETE FROM version",
    );
    let found = sweep();
    assert_eq!(found.code, 1, "{}", found.text);
    assert!(found.text.contains("sweep: before: "), "{}", found.text);
    house.sql("DELETE FROM facility WHERE id = 0");
    let line = format!("{HOME}\tno-row\tleaf\t{}\t1\t", "0".repeat(32));
    assert!(found.text.contains(&line), "{}", found.text);
    assert!(
        found.text.contains("The sweep found faults"),
        "{}",
        found.text
    );
    let jobs = house.chartseal(&["jobs"], &config, &[]).good().text;
    assert!(jobs.contains("with 0 faults"), "what `serve` found: {jobs}");

    let mut service = house.start("serve", &config);
    service.wait_until("ready", || is_ready(watch));
    service.wait_until("the fault", || faults(watch, "no-row") > 0.5);
    let logged = service.logged();
    assert!(service.stop().success());
    assert!(
        logged.contains("the sweep found a row or a leaf"),
        "{logged}"
    );
    let jobs = house.chartseal(&["jobs"], &config, &[]).good().text;
    assert!(
        jobs.contains("with 1 fault") || jobs.contains("1 fault so far"),
        "{jobs}"
    );
    let rebuilt = house.chartseal(&["index", "rebuild"], &config, &[]);
    // The record whose version was cut gets no card.
    assert_eq!(rebuilt.code, 1, "{}", rebuilt.text);
    let told = format!("{HOME}\t0 cards were damaged; 0 heads were added up anew; 1 current");
    assert!(rebuilt.text.contains(&told), "{}", rebuilt.text);
}
