//! Two gateways and the anchor-service as processes over one PostgreSQL database,
//! with anvil.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation, OTHER, User, is_ready, metric, operations},
    postgres::Postgres,
};
use devkit::issuer::DemoUser;
use e2e::{free_port, until};

#[test]
fn two_gateways_and_the_anchor_service_over_postgres() {
    let (house, database, chain) = (Installation::new(), Postgres::create(), Chain::anvil());
    house.write_secret("database-url", &format!("{}\n", database.url()));
    let (anchor, watch) = house.anchor("anchor.toml", &chain);
    let issuer_port = free_port();
    let issuer_url = format!("http://127.0.0.1:{issuer_port}");
    let (first, first_port, first_watch) = house.gateway("first.toml", &issuer_url);
    let (second, second_port, second_watch) = house.gateway("second.toml", &issuer_url);

    let log = house.init_by(&anchor, HOME, &issuer_url);
    house
        .chartseal(&["anchor"], &anchor, &[])
        .refused("no registry is in use");
    let registry = house.deploy(&anchor);
    drop(house.grant(&anchor, &["--log", HOME]).good());

    // The issuer comes later: the gateways start, and say what they wait for.
    let mut one = house.start("gateway", &first);
    let mut two = house.start("gateway", &second);
    one.wait_until("it says what is missing", || {
        operations(first_watch, "readyz")
            .is_some_and(|reply| reply.status == 503 && reply.text().contains(&issuer_url))
    });
    assert_eq!(operations(first_watch, "healthz").unwrap().status, 200);
    let issuer = house.issuer(Some(issuer_port));
    one.wait_until("ready", || is_ready(first_watch));
    two.wait_until("ready", || is_ready(second_watch));
    let mut anchoring = house.start("anchor", &anchor);
    anchoring.wait_until("ready", || is_ready(watch));

    // Written at one, read and proved at the other.
    let here = User::new(&issuer, &DemoUser::System, first_port);
    let there = User::new(&issuer, &DemoUser::System, second_port);
    let version = here.create_patient("Astrid");
    house.assert_proof(&there, &version, &log, &chain, &registry);

    // A facility that is made while they run.
    let other_log = house.init_by(&anchor, OTHER, &issuer_url);
    drop(house.grant(&anchor, &["--log", OTHER]).good());
    let stranger = User::new(&issuer, &DemoUser::ClinicianOther, second_port);
    let patient = until("the new facility", 20, || {
        let body = r#"{"resourceType":"Patient"}"#;
        let reply = stranger.at.post("Patient", body);
        (reply.status != 404).then(|| reply.expect(201, "create").location())
    });
    house.assert_proof(&stranger, &patient, &other_log, &chain, &registry);

    // Killed in the middle, the anchor-service goes on where it was.
    let late = here.create_patient("Bertram");
    anchoring.kill9();
    let mut anchoring = house.start("anchor", &anchor);
    anchoring.wait_until("ready again", || is_ready(watch));
    house.assert_proof(&here, &late, &log, &chain, &registry);
    assert!(metric(watch, "chartseal_posts_total") >= 1.0);
    assert!(metric(first_watch, "chartseal_store_commits_total") >= 1.0);

    for service in [one, two, anchoring] {
        let logged = service.logged();
        assert!(service.stop().success(), "{logged}");
        assert!(!logged.contains("Astrid") && !logged.contains(&database.url()));
    }
}
