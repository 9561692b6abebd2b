//! Two anchor-services over one PostgreSQL database, with anvil: one works, the other
//! stands by and goes on when the first stops or is killed; a log's key is changed
//! meanwhile.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation, Log, User, free_port, is_ready, metric},
    postgres::Postgres,
};
use devkit::issuer::DemoUser;
use e2e::{Service, until};
use std::path::PathBuf;

const TLS: &str = "[gateway.tls]\ncertificate = \"/etc/chartseal/tls/tls.crt\"\n\
                   key = \"/etc/chartseal/tls/tls.key\"\n";

fn holds(watch: u16) -> bool {
    metric(watch, "chartseal_anchor_lease_held") > 0.5
}

/// A configuration of the anchor-service with a listener of its own.
fn anchor(house: &Installation, name: &str, chain: &Chain) -> (PathBuf, u16) {
    let watch = free_port();
    let sample = house
        .sample("anchor.toml")
        .with_chain("http://l2-node:8545", chain)
        .with_operations("0.0.0.0:9464", watch);
    (house.write(name, &sample), watch)
}

fn start(house: &Installation, config: &std::path::Path, watch: u16) -> Service {
    let mut service = house.start("anchor", config);
    service.wait_until("ready", || is_ready(watch));
    service
}

#[test]
fn one_goes_on_where_the_other_ends() {
    let (house, database, chain) = (Installation::new(), Postgres::create(), Chain::anvil());
    house.write_secret("database-url", &format!("{}\n", database.url()));
    let (first, first_watch) = anchor(&house, "first-anchor.toml", &chain);
    let (second, second_watch) = anchor(&house, "second-anchor.toml", &chain);
    let mut log = house.init(&first, HOME);
    let registry = house.deploy(&first);
    drop(house.grant(&first, &["--all"]).good());

    let issuer = house.issuer(None);
    let (port, watch) = (free_port(), free_port());
    let sample = house
        .sample("gateway.toml")
        .with(TLS, "")
        .with_gateway("0.0.0.0:8443", port, &issuer.issuer_url())
        .with_operations("0.0.0.0:9464", watch);
    let mut gateway = house.start("gateway", &house.write("gateway.toml", &sample));
    gateway.wait_until("ready", || is_ready(watch));
    let user = User::new(&issuer, &DemoUser::System, port);

    let one = start(&house, &first, first_watch);
    until("the lease", 20, || holds(first_watch).then_some(()));
    let two = start(&house, &second, second_watch);
    assert!(holds(first_watch) && !holds(second_watch));
    let prove =
        |version: &str, log: &Log| house.assert_proof(&user, version, log, &chain, &registry);
    prove(&user.create_patient("Astrid"), &log);

    // Stopped, it gives the lease back.
    let logged = one.logged();
    assert!(one.stop().success(), "{logged}");
    until("the lease", 20, || holds(second_watch).then_some(()));
    prove(&user.create_patient("Bertram"), &log);

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
    assert_eq!(
        count("SELECT (SELECT count(*) FROM version) + (SELECT count(*) FROM audit)"),
        leaves
    );
}
