//! Configurations and key files that cannot work are refused at the start, with a
//! text that says what to do.

use crate::{
    installation::{Ended as _, HOME, Installation, Sample, founders},
    postgres::Postgres,
};
use e2e::free_port;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

/// Starts a command on a sample that was changed, which must not go well.
fn refused(house: &Installation, command: &str, sample: &Sample, advice: &str) {
    let config = house.write("changed.toml", sample);
    let ran = house.chartseal(&[command], &config, &[]);
    ran.refused(advice);
    assert!(
        ran.text.starts_with(&format!("chartseal {command}: ")),
        "{}",
        ran.text
    );
}

/// One that only lacks an installation around it.
fn serve(house: &Installation) -> Sample {
    let (port, watch) = (free_port(), free_port());
    house
        .sample("serve.toml")
        .with_gateway("127.0.0.1:8080", port, "http://127.0.0.1:1")
        .with_operations("127.0.0.1:9464", watch)
}

#[test]
fn a_login_that_is_refused_is_not_waited_for() {
    let (house, database) = (Installation::new(), Postgres::create());
    house.write_secret("database-url", &format!("{}_absent\n", database.url()));
    let (config, _, _) = house.gateway("gateway.toml", "http://127.0.0.1:1");
    let ran = house.chartseal(&["gateway"], &config, &[]);
    ran.refused("refuses the login: database");
    assert!(!ran.text.contains("waiting for it"), "{}", ran.text);
}

#[test]
fn configurations_that_cannot_work() {
    let house = Installation::new();
    let changed = |old: &str, new: &str| serve(&house).with(old, new);
    refused(
        &house,
        "serve",
        &changed("sqlite =", "sqlight ="),
        "unknown field `sqlight`",
    );
    refused(&house, "gateway", &serve(&house), "run `chartseal serve`");
    refused(
        &house,
        "anchor",
        &serve(&house),
        "use PostgreSQL with `chartseal anchor`",
    );
    let open = serve(&house)
        .with("listen = \"127.0.0.1:", "listen = \"0.0.0.0:")
        .with("trusted = [\"127.0.0.1/32\"]", "");
    refused(
        &house,
        "serve",
        &open,
        "plain HTTP is served on a loopback address only",
    );
    let issuer = changed("http://127.0.0.1:1\"", "http://login.example\"");
    refused(&house, "serve", &issuer, "`gateway.issuers`");
    let anchor = changed("chainId = 1337", "chainId = 1337\npostMillis = 1");
    refused(&house, "serve", &anchor, "`postMillis` must be at least 10");

    let of_gateway = || house.sample("gateway.toml");
    refused(
        &house,
        "gateway",
        &of_gateway(),
        "`database.postgres`: the file",
    );
    let inline = of_gateway().with(
        &format!("{{ file = \"{}/database-url\" }}", house.path("").display()),
        "\"postgres://u:hunter2@h/d\"",
    );
    refused(&house, "gateway", &inline, "must not stand in this file");
    assert!(
        !house
            .chartseal(&["gateway"], &house.path("changed.toml"), &[])
            .text
            .contains("hunter2")
    );
    refused(&house, "anchor", &of_gateway(), "has no section `[anchor]`");
    house
        .chartseal(&["serve"], &house.path("nowhere.toml"), &[])
        .refused("cannot be read");
}

#[test]
fn keys_that_are_not_this_databases() {
    let house = Installation::new();
    let config = house.write("serve.toml", &serve(&house));
    drop(house.init(&config, HOME));
    let kms = house.path("keys/kms.json");
    fs::set_permissions(&kms, Permissions::from_mode(0o644)).unwrap();
    house
        .chartseal(&["serve"], &config, &[])
        .refused("chmod 600");
    house
        .chartseal(&["keys"], &config, &["list"])
        .refused("chmod 600");
    let mine = fs::read(&kms).unwrap();
    fs::remove_file(&kms).unwrap();
    let more = founders(&config, "another");
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    house
        .chartseal(&["init"], &config, &more)
        .refused("there is no key file");

    let foreign = Installation::new();
    drop(foreign.init(&foreign.write("serve.toml", &serve(&foreign)), HOME));
    fs::copy(foreign.path("keys/kms.json"), &kms).unwrap();
    house
        .chartseal(&["init"], &config, &more)
        .refused("use those made with this data");
    house
        .chartseal(&["serve"], &config, &[])
        .refused("use those made with this data");

    // Put back, all is as it was.
    fs::write(&kms, mine).unwrap();
    let again = house
        .chartseal(&["init"], &config, &["--facility", HOME])
        .good();
    assert!(again.text.contains("exists already"));
}
