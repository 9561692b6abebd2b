//! `chartseal serve` on SQLite with the dev L2, from `init` to a verified proof.

use crate::{
    chain::Chain,
    installation::{
        Ended as _, HOME, Installation, LOG_HOST, Log, OTHER, User, founders, is_ready, metric,
        operations,
    },
};
use devkit::issuer::{DemoUser, DevIssuer};
use std::path::Path;

const NAME: &str = "Quintessa";

#[test]
fn from_init_to_a_verified_proof_in_one_process() {
    let house = Installation::new();
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
    let config = house.write("serve.toml", &sample);

    let (log, registry) = install(&house, &config);
    let mut service = house.start("serve", &config);
    service.wait_until("ready", || is_ready(watch));
    let system = User::new(&issuer, &DemoUser::System, port);
    let version = system.create_patient(NAME);
    house.assert_proof(&system, &version, &log, &chain, &registry);

    let_in(&issuer, port);

    let nobody = e2e::Caller::new(&format!("http://127.0.0.1:{port}/fhir"), None);
    drop(nobody.get("Patient/x").expect(401, "without a token"));
    assert_metrics(watch);
    assert_eq!(operations(watch, "healthz").unwrap().status, 200);
    assert_eq!(operations(watch, "fhir/metadata").unwrap().status, 404);

    let logged = service.logged();
    assert!(service.stop().success());
    assert!(logged.contains("\"route\":\"/fhir/{type}\""), "{logged}");
    assert!(logged.lines().all(|line| line.starts_with('{')), "{logged}");
    assert!(
        !logged.contains(NAME) && !logged.contains(&version),
        "{logged}"
    );

    // Before anybody is let in, and nobody is.
    let check = || house.chartseal(&["serve"], &config, &["--check-only"]);
    let checked = check().good().text;
    for expected in [HOME, OTHER, &log.id, "root keys", "key files"] {
        assert!(checked.contains(expected), "{expected}: {checked}");
    }
    let folder = house.path("keys/logs");
    std::fs::rename(&folder, house.path("aside")).unwrap();
    check().refused("is missing");
    std::fs::rename(house.path("aside"), &folder).unwrap();

    let keys = house.chartseal(&["keys"], &config, &["list"]).good().text;
    for expected in [HOME, OTHER, &log.vkey, &log.id, "one for each patient: 2"] {
        assert!(keys.contains(expected), "{expected}: {keys}");
    }
    let custody = house
        .chartseal(&["keys"], &config, &["custody"])
        .good()
        .text;
    assert!(custody.contains("kms.json"), "{custody}");
}

/// The commands of going live, each of them once more.
fn install(house: &Installation, config: &Path) -> (Log, String) {
    house
        .chartseal(&["init"], config, &["--facility", HOME])
        .refused("give `--log-host`");
    let nobody = ["--facility", HOME, "--log-host", LOG_HOST];
    house
        .chartseal(&["init"], config, &nobody)
        .refused("give `--administrator ISSUER SUBJECT` twice or more");
    let log = house.init(config, HOME);
    assert_eq!(log.origin, format!("{LOG_HOST}/log/{HOME}"));
    // Again it says so; another facility needs no host, and no other one is taken.
    let again = house.chartseal(&["init"], config, &["--facility", HOME]);
    assert!(again.good().text.contains("exists already"));
    let other = founders(config, OTHER);
    let mut other: Vec<&str> = other.iter().map(String::as_str).collect();
    let elsewhere = [other.as_slice(), &["--log-host", "x.example"]].concat();
    house
        .chartseal(&["init"], config, &elsewhere)
        .refused("for good");
    other[3] = "https://login.hospital.example";
    house
        .chartseal(&["init"], config, &other)
        .refused("not listed in `[[gateway.issuers]]`");
    let other = founders(config, OTHER);
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    let other = house.chartseal(&["init"], config, &other);
    assert!(
        other
            .good()
            .text
            .contains(&format!("{LOG_HOST}/log/{OTHER}"))
    );

    house
        .chartseal(&["serve"], config, &[])
        .refused("`chartseal anchor deploy`");
    let registry = house.deploy(config);
    let admin = house.path("admin.key").display().to_string();
    let again = house.chartseal(&["anchor", "deploy"], config, &["--admin-key", &admin]);
    assert!(again.good().text.contains("in use already"));
    let granted = house.grant(config, &["--all"]).good().text;
    assert!(
        granted.contains(HOME) && granted.contains(OTHER),
        "{granted}"
    );
    (log, registry)
}

/// A clinician whose client nobody has registered, until two administrators do.
fn let_in(issuer: &DevIssuer, port: u16) {
    let clinician = User::new(issuer, &DemoUser::Clinician, port);
    let patient = r#"{"resourceType":"Patient"}"#;
    drop(clinician.at.post("Patient", patient).expect(403, "not yet"));
    let [one, two] = [DemoUser::Admin, DemoUser::AdminSecond].map(|user| {
        let token = User::new(issuer, &user, port).token;
        e2e::Caller::new(&format!("http://127.0.0.1:{port}/admin"), Some(&token))
    });
    let client = r#"{"clientId":"demo-clinician","roles":["clinician"]}"#;
    let proposed = one.post("clients", client).expect(202, "proposed");
    let approve = format!("{}/approve", proposed.header("location").unwrap());
    drop(one.post(&approve, "").expect(403, "alone"));
    drop(two.post(&approve, "").expect(200, "approved"));
    drop(clinician.at.post("Patient", patient).expect(201, "let in"));
}

fn assert_metrics(watch: u16) {
    let created =
        r#"chartseal_http_requests_total{method="POST",route="/fhir/{type}",status="201"}"#;
    assert!(metric(watch, created) >= 1.0);
    let took = r#"chartseal_http_request_seconds_count{method="POST",route="/fhir/{type}"}"#;
    assert!(metric(watch, took) >= 1.0);
    assert!(metric(watch, "chartseal_unauthenticated_requests_total") >= 1.0);
    assert!(metric(watch, "chartseal_store_commits_total") >= 2.0);
    assert!(metric(watch, "chartseal_posts_total") >= 1.0);
    assert!(metric(watch, "chartseal_posts_final_total") >= 1.0);
    let of_home = |name: &str| format!("{name}{{facility=\"{HOME}\"}}");
    assert!(metric(watch, &of_home("chartseal_key_opens_total")) >= 1.0);
    assert!(metric(watch, &of_home("chartseal_log_final_size")) >= 1.0);
    assert!(metric(watch, &of_home("chartseal_last_final_anchor_age_seconds")) < 3_600.0);
    assert!(metric(watch, "chartseal_pending_leaf_age_seconds") < 3_600.0);
    assert!((metric(watch, "chartseal_anchor_alarm")).abs() < f64::EPSILON);
    assert!(metric(watch, "chartseal_database_up") > 0.5);
}
