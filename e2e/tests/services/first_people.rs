//! Whom `chartseal init` lets in: first administrators and their issuers, those who are
//! replaced, and a client by which they come in.

use crate::{
    installation::{Ended as _, HOME, Installation, User},
    one_process::OneProcess,
};
use devkit::issuer::{DemoUser, DevIssuer};
use e2e::Ran;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// `chartseal init` of the first facility with these administrators of the issuer.
fn init(house: &Installation, config: &Path, issuer: &str, people: &[&str], more: &[&str]) -> Ran {
    let mut words = vec!["--facility", HOME];
    for subject in people {
        words.extend(["--administrator", issuer, subject]);
    }
    words.extend(more);
    house.chartseal(&["init"], config, &words)
}

/// Proposes a client by one administrator, and lets the other approve it.
fn decide(issuer: &DevIssuer, port: u16) {
    let at_admin = |user: &DemoUser| {
        let token = issuer
            .mint(user, std::time::Duration::from_secs(600))
            .unwrap();
        e2e::Caller::new(&format!("http://127.0.0.1:{port}/admin"), Some(&token))
    };
    let new = json!({"clientId": "lab", "roles": ["system"]}).to_string();
    let headers = [("content-type", "application/json")];
    let one = at_admin(&DemoUser::Admin);
    let proposed = one.send("POST", "clients", &headers, new.into_bytes());
    let change: Value = proposed.expect(202, "a proposal").json();
    let path = format!("changes/{}/approve", change["id"].as_str().unwrap());
    let two = at_admin(&DemoUser::AdminSecond);
    let approved = two.send("POST", &path, &headers, Vec::new());
    assert_eq!(approved.expect(200, "approved").json()["state"], "approved");
}

#[test]
fn administrators_who_never_decided_anything_are_replaced() {
    let one = OneProcess::go_live("");
    let (house, config) = (&one.house, &one.config);
    let issuer = one.issuer().issuer_url();
    let there = init(house, config, &issuer, &["eve", "frank"], &[]).good();
    assert!(
        there.text.contains("has administrators already"),
        "{}",
        there.text
    );
    assert!(
        there.text.contains("--replace-administrators"),
        "{}",
        there.text
    );
    let replace = ["--replace-administrators"];
    let replaced = init(house, config, &issuer, &["eve", "frank"], &replace).good();
    let (_, ended) = replaced
        .text
        .split_once("ended the administrators before them")
        .unwrap();
    for subject in ["chidi.marek", "dana.silva"] {
        assert!(ended.contains(subject), "{}", replaced.text);
    }
    let few = init(house, config, &issuer, &["eve"], &replace);
    few.refused("twice or more");
    // Those of before come in no more, and once they are put back they do.
    let service = one.start();
    let admin = User::new(one.issuer(), &DemoUser::Admin, one.port);
    let token = admin.token;
    let admin = e2e::Caller::new(
        &format!("http://127.0.0.1:{}/admin", one.port),
        Some(&token),
    );
    drop(
        admin
            .get("clients")
            .expect(403, "an administrator who was ended"),
    );
    assert!(service.stop().success());
    let back = ["chidi.marek", "dana.silva"];
    drop(init(house, config, &issuer, &back, &replace).good());
    let service = one.start();
    decide(one.issuer(), one.port);
    assert!(service.stop().success());
    // Now they have decided something.
    let late = init(house, config, &issuer, &["eve", "frank"], &replace).good();
    assert!(
        late.text.contains("has administrators already"),
        "{}",
        late.text
    );
    assert!(
        !late.text.contains("ended the administrators"),
        "{}",
        late.text
    );
}

/// Where no client may carry the role, nobody comes in to register one that may.
#[test]
fn a_facility_has_a_client_by_which_its_administrators_come_in() {
    let house = Installation::new();
    let sample = || house.sample("serve.toml");
    let config = house.write("serve.toml", &sample());
    let any = sample().with("clients = \"registered\"", "clients = \"any\"");
    let any = house.write("any.toml", &any);
    let issuer = "https://login.hospital.example/realms/care";
    let init = |config: &Path, name: &str, more: &[&str]| {
        let mut words = vec!["--facility", name, "--log-host", "log.hospital.example"];
        words.extend([
            "--administrator",
            issuer,
            "ada",
            "--administrator",
            issuer,
            "grace",
        ]);
        words.extend(more);
        house.chartseal(&["init"], config, &words)
    };
    let (system, admin) = (
        ["--client", "ehr=system"],
        ["--client", "front=admin,auditor"],
    );
    let none = "none of the clients may carry the role `admin`";
    init(&config, "f1", &system).refused(none);
    let listed = house.chartseal(&["keys"], &config, &["list"]);
    assert!(!listed.text.contains("facility f1"), "{}", listed.text);

    // Without any, as with some of which the configuration alone said that they do.
    let bare = init(&config, "f1", &[]).good();
    assert!(bare.text.contains("No client may carry"), "{}", bare.text);
    drop(init(&any, "f2", &system).good());
    for name in ["f1", "f2"] {
        init(&config, name, &system).refused(none);
        let mended = init(&config, name, &admin).good();
        assert!(
            mended
                .text
                .contains(&format!("registered clients of `{name}`:\n  front of")),
            "{}",
            mended.text
        );
        let again = init(&config, name, &["--client", "other=admin"]).good();
        assert!(again.text.contains("has clients already"), "{}", again.text);
        let same = init(&config, name, &["--replace-administrators"]).good();
        let just = "has just these administrators already";
        assert!(same.text.contains(just), "{}", same.text);
    }
}

/// On a machine whose configuration is none of a gateway's.
#[test]
fn init_checks_issuers_whatever_file_it_is_given() {
    let house = Installation::new();
    let gateways = house.write("gateways.toml", &house.sample("serve.toml"));
    let text = fs::read_to_string(&gateways).unwrap();
    let (head, rest) = text.split_once("[gateway]").unwrap();
    let (_, tail) = rest.split_once("[anchor]").unwrap();
    let config = house.path("operator.toml");
    fs::write(&config, format!("{head}[anchor]{tail}")).unwrap();
    let issuer = "https://login.hospital.example/realms/care";
    let gateways = gateways.display().to_string();
    let init = |issuer: &str, more: &[&str]| {
        let host = ["--log-host", "log.hospital.example"];
        let client = ["--client", "front=admin,auditor"];
        let more = [&host, &client, more].concat();
        init(&house, &config, issuer, &["ada", "grace"], &more)
    };
    init(issuer, &[]).refused("`--gateway-config`");
    let by_gateways = ["--gateway-config", gateways.as_str()];
    init("https://login.hospital.example/realms/Care", &by_gateways)
        .refused("not listed in `[[gateway.issuers]]`");
    let made = init(issuer, &by_gateways).good().text;
    for said in [
        format!("ada of {issuer}"),
        format!("grace of {issuer}"),
        format!("front of {issuer}, roles admin, auditor"),
    ] {
        assert!(made.contains(&said), "{said}: {made}");
    }
}
