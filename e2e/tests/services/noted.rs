//! Where the logs are anchored stands in the database with a mac: rows that somebody else
//! wrote, or that an earlier release wrote without one, lead nowhere until the configuration
//! or the operator names the registry.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation, LOG_HOST, User, is_ready, metric, operations},
    moved::name_registry,
};
use devkit::issuer::DemoUser;
use std::path::Path;

const OTHER: &str = "0x0909090909090909090909090909090909090909";
const NOT_SHOWN: &str = "nothing shows that the registry which the database names";

fn check(house: &Installation, config: &Path) -> e2e::Ran {
    house.chartseal(&["serve"], config, &["--check-only"])
}

fn adopt(house: &Installation, config: &Path, more: &[&str]) -> e2e::Ran {
    house.chartseal(&["anchor", "registry", "adopt"], config, more)
}

/// No proof names what somebody wrote; how the log stands is told all the same, and what is
/// not known of it.
fn assert_told(system: &User, version: &str, watch: u16) {
    let proof = system.at.get(&format!("{version}/$proof"));
    drop(proof.expect(500, "a proof"));
    drop(system.at.get(version).expect(200, "the version"));
    let size = format!("chartseal_log_size{{facility=\"{HOME}\"}}");
    assert!(metric(watch, &size) > 0.5);
    let ready = operations(watch, "readyz").unwrap();
    let said = ready.expect(503, "ready").text();
    assert!(said.contains("is not known: nothing shows"), "{said}");
}

#[test]
fn a_registry_without_its_mac_is_used_by_nobody_until_it_is_named() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    let (log, registry) = house.go_live(&config);
    let start = || {
        let mut service = house.start("serve", &config);
        service.wait_until("ready", || is_ready(watch));
        service
    };
    let other = format!(
        "UPDATE meta SET value = '{}:{OTHER}' WHERE name = 'registry'",
        chain.id()
    );
    let service = start();
    let system = User::new(&issuer, &DemoUser::System, port);
    let version = system.create_patient("Quintessa");
    house.assert_proof(&system, &version, &log, &chain, &registry);
    house.sql("CREATE TABLE kept AS SELECT * FROM meta");
    house.sql(&other);
    assert_told(&system, &version, watch);
    drop(service);

    // Changed by somebody: no service and no command goes by it.
    let admin = house.path("admin.key").display().to_string();
    check(&house, &config).refused(NOT_SHOWN);
    house.grant(&config, &["--all"]).refused(NOT_SHOWN);
    house
        .chartseal(&["anchor", "deploy"], &config, &["--admin-key", &admin])
        .refused(NOT_SHOWN);
    let shown = adopt(&house, &config, &[]).good().text;
    assert!(shown.contains(OTHER), "{shown}");

    house.sql("DELETE FROM meta WHERE name = 'registry'");
    check(&house, &config).refused(NOT_SHOWN);

    // As an earlier release left it: the operator compares it.
    house.sql("DELETE FROM meta; INSERT INTO meta SELECT name, value, NULL FROM kept");
    check(&house, &config).refused(NOT_SHOWN);
    let shown = adopt(&house, &config, &[]).good().text;
    assert!(
        shown.contains(&format!("registry {registry} on chain")),
        "{shown}"
    );
    assert!(shown.contains("Nothing was written"), "{shown}");
    check(&house, &config).refused(NOT_SHOWN);
    drop(adopt(&house, &config, &["--confirm"]).good());
    drop(check(&house, &config).good());
    let again = adopt(&house, &config, &[]).good().text;
    assert!(again.contains("nothing to adopt"), "{again}");

    // Or the configuration names it.
    house.sql("UPDATE meta SET mac = NULL");
    name_registry(&config, &registry);
    let service = start();
    let version = system.create_patient("Rosalind");
    house.assert_proof(&system, &version, &log, &chain, &registry);
    drop(service);
    let again = adopt(&house, &config, &[]).good().text;
    assert!(again.contains("nothing to adopt"), "{again}");
}

#[test]
fn a_host_that_somebody_wrote_names_no_log() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let (sample, ..) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    let log = house.init(&config, HOME);
    let origin = format!("{LOG_HOST}/log/{HOME}");
    assert_eq!(log.origin, origin);
    let facility = ["--facility", HOME];
    house.sql("UPDATE meta SET value = 'other.example' WHERE name = 'log_host'");
    let again = house.chartseal(&["init"], &config, &facility).good().text;
    assert!(again.contains(&origin), "{again}");
    // With no log that says it, the operator does.
    house.sql(
        "DELETE FROM leaf; DELETE FROM log_key; DELETE FROM log;
         UPDATE meta SET value = 'other.example' WHERE name = 'log_host'",
    );
    house
        .chartseal(&["init"], &config, &facility)
        .refused("`other.example`, is this installation's");
    let named = [&facility[..], &["--log-host", LOG_HOST]].concat();
    let again = house.chartseal(&["init"], &config, &named).good().text;
    assert!(again.contains(&origin), "{again}");
}
