//! A database that is not where the configuration says: nothing is made in its place, by
//! which a second registry or a second log of the same key would come about.

use crate::{
    installation::{Ended as _, HOME, Installation},
    one_process::OneProcess,
};
use e2e::Ran;
use std::{fs, path::Path};

/// Every command that opens a database and is not `init`.
const COMMANDS: [&[&str]; 18] = [
    &["serve"],
    &["serve", "--check-only"],
    &["sweep"],
    &["jobs"],
    &["index", "rebuild"],
    &["leaves"],
    &["scopes", "list"],
    &["take-over"],
    &["keys", "list"],
    &["keys", "rotate", "--facility", HOME],
    &["anchor", "adopt"],
    &["anchor", "registry", "adopt"],
    &["anchor", "post-again"],
    &["anchor", "new-epoch", "--facility", HOME],
    &["anchor", "grant", "--all", "--admin-key", "absent"],
    &["anchor", "deploy", "--admin-key", "absent"],
    &["anchor", "revoke", "--all", "--admin-key", "absent"],
    &[
        "anchor",
        "close",
        "--facility",
        HOME,
        "--reason",
        "log-key",
        "--admin-key",
        "absent",
    ],
];

fn run(house: &Installation, config: &Path, words: &[&str]) -> Ran {
    let config = format!("--config={}", config.display());
    // `keys` takes it before its own subcommand.
    let (first, rest) = words.split_at(1);
    let at_keys = first == ["keys"];
    let words: Vec<&str> = if at_keys {
        [first, &[config.as_str()], rest].concat()
    } else {
        [words, &[config.as_str()]].concat()
    };
    house.plain(&words)
}

fn all_refuse(house: &Installation, config: &Path, advice: &str) {
    for words in COMMANDS {
        let ran = run(house, config, words);
        assert!([1, 2].contains(&ran.code), "{words:?}: {}", ran.text);
        assert!(ran.text.contains(advice), "{words:?}: {}", ran.text);
    }
}

#[test]
fn a_database_that_is_gone_is_not_made_anew() {
    let one = OneProcess::go_live("");
    let (house, config) = (&one.house, &one.config);
    let service = one.start();
    let system = one.system();
    let version = system.create_patient("Astrid");
    one.assert_proof(&system, &version);
    assert!(service.stop().success());

    let (database, aside) = (house.path("data/chartseal.sqlite"), house.path("aside"));
    fs::rename(&database, &aside).unwrap();
    all_refuse(house, config, "there is no database at");
    house
        .init_again(config, HOME)
        .refused("which the database does not have");
    house
        .init_again(config, "another")
        .refused("which the database does not have");
    let left: Vec<_> = fs::read_dir(house.path("data")).unwrap().collect();
    let made = |name: &str| house.path("data").join(name).exists();
    assert!(
        !made("chartseal.sqlite") && !made("chartseal.sqlite-wal"),
        "{left:?}"
    );

    fs::rename(&aside, &database).unwrap();
    let swept = run(house, config, &["sweep"]).good();
    assert!(swept.text.contains("0 faults"), "{}", swept.text);
    drop(house.init_again(config, HOME).good());
    drop(house.init(config, "another"));
}

#[test]
fn before_init_every_command_names_it() {
    let house = Installation::new();
    let config = house.write("serve.toml", &house.sample("serve.toml"));
    all_refuse(&house, &config, "run `chartseal init` first");
}
