//! Two anchor-services over one PostgreSQL database, with anvil: one works, the other
//! stands by and goes on when the first stops or is killed; a log's key is changed
//! meanwhile.

use crate::{
    chain::Chain,
    forged,
    installation::{Ended as _, HOME, Installation, Log, User, is_ready, metric},
    postgres::Postgres,
};
use devkit::issuer::DemoUser;
use e2e::{Service, until};
use std::path::Path;

fn holds(watch: u16) -> bool {
    metric(watch, "chartseal_anchor_lease_held") > 0.5
}

/// When the lease was taken, where it is held.
fn since(watch: u16) -> f64 {
    metric(watch, "chartseal_anchor_lease_since_timestamp_seconds")
}

fn start(house: &Installation, config: &Path, watch: u16) -> Service {
    let mut service = house.start("anchor", config);
    service.wait_until("ready", || is_ready(watch));
    service
}

#[test]
fn one_goes_on_where_the_other_ends() {
    let (house, database, chain) = (Installation::new(), Postgres::create(), Chain::anvil());
    house.write_secret("database-url", &format!("{}\n", database.url()));
    let (first, first_watch) = house.anchor("first-anchor.toml", &chain);
    let (second, second_watch) = house.anchor("second-anchor.toml", &chain);
    let issuer = house.issuer(None);
    let (mut log, registry) = house.go_live_by(&first, &issuer.issuer_url());

    let (config, port, watch) = house.gateway("gateway.toml", &issuer.issuer_url());
    let mut gateway = house.start("gateway", &config);
    gateway.wait_until("ready", || is_ready(watch));
    let user = User::new(&issuer, &DemoUser::System, port);

    let one = start(&house, &first, first_watch);
    until("the lease", 20, || holds(first_watch).then_some(()));
    let first_taken = since(first_watch);
    let two = start(&house, &second, second_watch);
    assert!(holds(first_watch) && !holds(second_watch));
    let prove =
        |version: &str, log: &Log| house.assert_proof(&user, version, log, &chain, &registry);
    prove(&user.create_patient("Astrid"), &log);

    // Stopped, it gives the lease back.
    let logged = one.logged();
    assert!(one.stop().success(), "{logged}");
    until("the lease", 20, || holds(second_watch).then_some(()));
    let taken = since(second_watch);
    assert!(taken > first_taken);
    prove(&user.create_patient("Bertram"), &log);
    assert_eq!(since(second_watch), taken, "renewed, it is the same");

    // Killed, it is waited for.
    let one = start(&house, &first, first_watch);
    assert!(!holds(first_watch));
    let late = user.create_patient("Cecilia");
    two.kill9();
    until("the lease", 40, || holds(first_watch).then_some(()));
    prove(&late, &log);

    // A new key is taken up while it runs.
    let rotate = |more: &[&str]| {
        let mut arguments = vec!["rotate", "--facility", HOME];
        arguments.extend(more);
        house.chartseal(&["keys"], &first, &arguments)
    };
    let text = rotate(&[]).good().text;
    let vkey = text
        .lines()
        .find_map(|line| line.strip_prefix("  log key    "));
    let both = user.create_patient("Dagmar");
    prove(&both, &log);
    log.vkey = vkey.unwrap().to_owned();
    prove(&both, &log);
    drop(rotate(&["--finish"]).good());
    prove(&user.create_patient("Egon"), &log);

    let zeros = |count: u32| format!("'\\x{}'::bytea", "00".repeat(count as usize));
    forged::attack(|text| database.run(text), zeros);
    until("the refusals", 20, || {
        ((metric(first_watch, "chartseal_refused_leaves") - forged::FORGED).abs() < 0.5)
            .then_some(())
    });
    prove(&user.create_patient("Fridolin"), &log);
    assert_each_leaf_once(&database);
    for service in [one, gateway] {
        let logged = service.logged();
        assert!(service.stop().success(), "{logged}");
        assert!(!logged.contains("Astrid") && !logged.contains(&database.url()));
    }
}

fn assert_each_leaf_once(database: &Postgres) {
    let count = |query: &str| database.number(query);
    until("no leaf waits", 20, || {
        (count("SELECT count(*) FROM pending_leaf") == 0).then_some(())
    });
    let leaves = count("SELECT count(*) FROM leaf");
    assert_eq!(count("SELECT count(DISTINCT commitment) FROM leaf"), leaves);
    assert_eq!(count("SELECT sum(size) FROM log"), leaves);
    let rows = ["version", "audit", "statement"];
    let rows = rows.map(|table| count(&format!("SELECT count(*) FROM {table}")));
    assert_eq!(rows.into_iter().sum::<u64>(), leaves);
}

#[test]
fn a_gateway_takes_writes_whose_anchor_service_stands_by() {
    let (house, database, chain) = (Installation::new(), Postgres::create(), Chain::anvil());
    house.write_secret("database-url", &format!("{}\n", database.url()));
    let issuer = house.issuer(None);
    let sqlite = format!(
        "sqlite = \"{}\"",
        house.path("data/chartseal.sqlite").display()
    );
    let url = house.path("database-url");
    let postgres = format!("postgres = {{ file = \"{}\" }}", url.display());
    let configured = |name: &str| {
        let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
        (
            house.write(name, &sample.with(&sqlite, &postgres)),
            port,
            watch,
        )
    };
    let (first, _, first_watch) = configured("first-serve.toml");
    let (second, port, watch) = configured("second-serve.toml");
    drop(house.go_live(&first));

    let mut one = house.start("serve", &first);
    one.wait_until("the lease", || is_ready(first_watch) && holds(first_watch));
    let mut two = house.start("serve", &second);
    two.wait_until("ready", || is_ready(watch));
    assert!(!holds(watch));
    let user = User::new(&issuer, &DemoUser::System, port);
    let patient = r#"{"resourceType":"Patient"}"#;
    two.wait_until("a write", || {
        user.at.post("Patient", patient.to_owned()).status == 201
    });
    assert!(two.stop().success() && one.stop().success());
}
