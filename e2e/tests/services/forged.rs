//! Someone who can write to the database and holds no key puts rows among the waiting
//! leaves: none of them gets an index, the genuine ones do, and the operator is told.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation, User, is_ready, metric},
};
use devkit::issuer::DemoUser;
use std::fs;

/// The number of leaves that [`attack`] puts there.
pub const FORGED: f64 = 4.0;

/// A leaf of a record that never was, one with the mac of another, a leaf of the log once
/// more, and one of no form; `zeros` spells so many bytes of 0.
pub fn attack(sql: impl Fn(&str), zeros: impl Fn(u32) -> String) {
    let into = "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)";
    let (mac, tag, commitment) = (zeros(16), zeros(16), zeros(32));
    let short = zeros(1);
    sql(&format!(
        "{into} SELECT id, {commitment}, {tag}, 1, {mac} FROM facility WHERE name = '{HOME}';
         {into} SELECT f.id, {commitment}, s.record_tag, 1, s.record_tag
            FROM facility f JOIN statement s ON s.facility_id = f.id
            WHERE f.name = '{HOME}' AND s.kind = 'policy' AND s.number = 1;
         {into} SELECT g.facility_id, l.commitment, l.record_tag, l.version, {mac}
            FROM leaf l JOIN log g ON g.id = l.log_id JOIN facility f ON f.id = g.facility_id
            WHERE f.name = '{HOME}' AND l.idx = 0;
         {into} SELECT id, {short}, {short}, 0, {short} FROM facility WHERE name = '{HOME}'"
    ));
}

/// A leaf without a mac, which a gateway looks at while it runs; and leaves where the next
/// one belongs, and far behind: by the name of one that is there, and of none.
fn without_mac_and_beyond(house: &Installation) {
    house.sql(&format!(
        "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
         SELECT id, zeroblob(32), zeroblob(16), 2, NULL FROM facility WHERE name = '{HOME}';
         INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
         SELECT g.id, g.size, zeroblob(32), zeroblob(16), 3
            FROM log g JOIN facility f ON f.id = g.facility_id WHERE f.name = '{HOME}';
         INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
         SELECT l.log_id, 1000000000000, l.commitment, l.record_tag, l.version
            FROM leaf l JOIN log g ON g.id = l.log_id JOIN facility f ON f.id = g.facility_id
            WHERE f.name = '{HOME}' AND l.idx = 0"
    ));
}

#[test]
fn a_leaf_that_no_gateway_made_gets_no_index_and_the_operator_is_told() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    house.go_live(&config);
    let start = || {
        let mut service = house.start("serve", &config);
        service.wait_until("ready", || is_ready(watch));
        service
    };
    let none_waits = || metric(watch, "chartseal_pending_leaves").abs() < f64::EPSILON;
    let refused = |count: f64| (metric(watch, "chartseal_refused_leaves") - count).abs() < 0.5;

    let mut service = start();
    let system = User::new(&issuer, &DemoUser::System, port);
    system.create_patient("Quintessa");
    service.wait_until("every leaf has an index", none_waits);
    attack(|text| house.sql(text), |count| format!("zeroblob({count})"));
    service.wait_until("the refusals", || refused(FORGED));
    without_mac_and_beyond(&house);
    system.create_patient("Rosalind");
    service.wait_until("the refusals", || refused(FORGED + 3.0));
    service.wait_until("every leaf has an index", none_waits);
    let logged = service.logged();
    let line = "a waiting leaf was refused and has no index";
    assert_eq!(logged.matches(line).count(), 7, "{logged}");
    assert!(
        logged.contains("leaves beyond the end of a log"),
        "{logged}"
    );
    assert!(service.stop().success());

    let leaves = |more: &[&str]| house.chartseal(&["leaves"], &config, more);
    let shown = leaves(&[]).good().text;
    assert_eq!(shown.matches("\tmac\tno-row").count(), 2, "{shown}");
    assert_eq!(shown.matches("\tmac\thas-leaf").count(), 2, "{shown}");
    assert_eq!(shown.matches("\trow\tno-row").count(), 2, "{shown}");
    assert_eq!(shown.matches("\thas-leaf").count(), 3, "{shown}");
    let sweep = house.chartseal(&["sweep"], &config, &[]).good().text;
    assert!(sweep.contains(" ms, 0 faults"), "{sweep}");
    drop(leaves(&["--put-again", "--forget"]).good());
    assert_eq!(leaves(&[]).good().text, "");

    let unknown = leaves(&["--facility", "nowhere"]);
    assert_eq!(unknown.code, 2, "{}", unknown.text);
    assert!(unknown.text.contains("there is no facility `nowhere`"));
    let tag = "0".repeat(32);
    let none = leaves(&["--put-again", "--facility", HOME, "--record", &tag]);
    assert_eq!(none.code, 2, "{}", none.text);
    assert!(none.text.contains("there is no such row"), "{}", none.text);
}

#[test]
fn no_other_leaf_key_takes_the_place_of_one_in_use_unasked() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);
    house.go_live(&config);
    let serve = |name: &str| {
        let mut service = house.start("serve", &config);
        service.wait_until("ready", || is_ready(watch));
        User::new(&issuer, &DemoUser::System, port).create_patient(name);
        let none_waits = || metric(watch, "chartseal_pending_leaves").abs() < f64::EPSILON;
        service.wait_until("every leaf has an index", none_waits);
        assert!(service.stop().success());
    };
    serve("Quintessa");
    let (key, aside) = (house.path("keys/leaf.key"), house.path("aside"));
    fs::rename(&key, &aside).unwrap();
    let ended = house.chartseal(&["serve"], &config, &[]);
    assert_eq!(ended.code, 1, "{}", ended.text);
    assert!(
        ended.text.contains("the leaf key is missing"),
        "{}",
        ended.text
    );
    let made = house.init_again(&config, HOME);
    assert_eq!(made.code, 1, "{}", made.text);
    assert!(made.text.contains("--new-leaf-key"), "{}", made.text);
    assert!(!key.exists());
    fs::rename(&aside, &key).unwrap();
    serve("Rosalind");

    // Where it is lost for good another is made, and the log goes on with that.
    fs::remove_file(&key).unwrap();
    let anew = ["--facility", HOME, "--new-leaf-key"];
    let made = house.chartseal(&["init"], &config, &anew).good().text;
    assert!(made.contains("made the leaf key"), "{made}");
    // Nothing but the operator shows then where the logs are anchored.
    let registry = |more: &[&str]| house.chartseal(&["anchor", "registry", "adopt"], &config, more);
    let shown = registry(&[]).good().text;
    assert!(shown.contains("anchored at registry"), "{shown}");
    drop(registry(&["--confirm"]).good());
    serve("Saskia");
}
