//! "Move to another registry" in the runbook, by its commands, over PostgreSQL and anvil: an
//! installation's logs go on at another contract, and what was proved stays proved.

use crate::{
    installation::{Ended as _, HOME, Installation, Log, is_ready, metric},
    page::by_page,
    postgres::Postgres,
    site::Site,
};
use e2e::{Ran, program, run, until, verify, verify_by_second};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PAGE: &str = "Move to another registry";
const GATEWAY: usize = 0;
const ANCHORING: usize = 1;

#[test]
fn logs_move_to_another_registry_and_proofs_stay() {
    let database = Postgres::create();
    let url = format!("{}\n", database.url());
    let mut site = Site::start(&url, &url, 1);
    let (config, old) = (site.config(), site.registry.clone());
    let before = site.users()[0].create_patient("Astrid");
    prove(&site, &before, &old);
    let first = keep(&site.house, "first.json");

    // 1. The other registry is deployed; nothing is noted.
    let new = deploy_another(&site);
    assert_ne!(new, old);
    name_registry(&config, &new);
    set(&site, &old, &["--confirm"]).refused("an anchor-service works over this database");

    // 2. All is final, everything has stopped.
    site.end(GATEWAY);
    until("all is final", 60, || all_is_final(&site).then_some(()));
    site.end(ANCHORING);

    // 3 and 4. Both are asked, and the move is noted.
    refusals(&site, &old, &new);
    let shown = set(&site, &old, &[]).good().text;
    assert!(shown.contains(&format!("at {new}: no anchor")), "{shown}");
    assert!(shown.contains("Nothing was written"), "{shown}");
    check(&site).refused("the database is anchored at registry");
    drop(by_page(&site, (PAGE, 2), &[("OLD", &old)], &[]).good());

    // 5 and 6. The submitter is admitted there, and the services go on.
    drop(by_page(&site, (PAGE, 3), &[], &[]).good());
    drop(check(&site).good());
    // Until the next anchor proofs name the registry that was left.
    site.begin(GATEWAY);
    until("the gateway", 60, || {
        is_ready(site.watch(GATEWAY)).then_some(())
    });
    prove(&site, &before, &old);
    site.begin(ANCHORING);
    site.wait();
    let after = site.users()[0].create_patient("Bertram");
    prove(&site, &after, &new);
    let second = keep(&site.house, "second.json");
    prove(&site, &before, &new);
    let whole = site.house.chartseal(&["log", "check"], &config, &[]);
    let whole = whole.good().text;
    assert!(!whole.contains("not compared"), "{whole}");
    believe(&site, (&old, &new), &[first, second]);
    site.stop();
}

/// `chartseal anchor deploy --another`; the address.
pub fn deploy_another(site: &Site) -> String {
    let deployed = by_page(site, (PAGE, 0), &[], &[]).good().text;
    let (_, rest) = deployed.split_once("deployed registry ").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// `chartseal anchor registry set`.
pub fn set(site: &Site, from: &str, more: &[&str]) -> Ran {
    by_page(site, (PAGE, 1), &[("OLD", from)], more)
}

/// `chartseal anchor --check-only`.
fn check(site: &Site) -> Ran {
    site.house
        .chartseal(&["anchor"], &site.config(), &["--check-only"])
}

fn refusals(site: &Site, old: &str, new: &str) {
    let config = site.config();
    set(site, new, &["--confirm"]).refused("not that of `--from`");
    name_registry(&config, &format!("0x{}", "ab".repeat(20)));
    set(site, old, &["--confirm"]).refused("there is no contract at");
    name_registry(&config, old);
    set(site, old, &["--confirm"]).refused("names the registry that is left");
    name_registry(&config, new);
}

/// 7. A verifier's file by both registries, and both verifiers.
fn believe(site: &Site, (old, new): (&str, &str), proofs: &[PathBuf]) {
    let trust = site.house.path("verifiers.json");
    refresh(site, old, &site.log, &trust);
    let (url, out) = (site.chain.url(), trust.display().to_string());
    let (vkey, facility) = (site.log.vkey.as_str(), HOME);
    let names = [
        ("URL", url.as_str()),
        ("NEW", new),
        ("VKEY", vkey),
        ("NAME", facility),
        ("TRUST", &out),
    ];
    let renewed = by_page(site, (PAGE, 4), &names, &["--finality", "immediate"]);
    drop(renewed.good());
    for proof in proofs {
        for checked in [verify(proof, &trust, None), verify_by_second(proof, &trust)] {
            assert_eq!(checked.code, 0, "{}", checked.text);
            assert_eq!(checked.verdict("anchor"), Some("holds"));
        }
    }
}

fn prove(site: &Site, version: &str, registry: &str) {
    let user = &site.users()[0];
    let (log, chain) = (&site.log, &site.chain);
    site.house.assert_proof(user, version, log, chain, registry);
}

fn keep(house: &Installation, name: &str) -> PathBuf {
    fs::copy(house.path("proof.json"), house.path(name)).unwrap();
    house.path(name)
}

/// As the operator sees it.
fn all_is_final(site: &Site) -> bool {
    let of = |name: &str| {
        let series = format!("{name}{{facility=\"{HOME}\"}}");
        metric(site.watch(ANCHORING), &series)
    };
    let waiting = metric(site.watch(ANCHORING), "chartseal_pending_leaves");
    waiting < 0.5 && (of("chartseal_log_size") - of("chartseal_log_final_size")).abs() < 0.5
}

/// Writes `registry` into `[anchor]`, in the place of any that is there.
/// Names a registry in `[anchor]`.
pub fn name_registry(config: &Path, registry: &str) {
    let text = fs::read_to_string(config).unwrap();
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("registry = "))
        .collect();
    let section = lines.iter().position(|line| *line == "[anchor]").unwrap();
    let named = format!("registry = \"{registry}\"");
    lines.insert(section + 1, &named);
    fs::write(config, lines.join("\n") + "\n").unwrap();
}

/// `chartseal trust refresh` by the log's first key.
pub fn refresh(site: &Site, registry: &str, log: &Log, out: &Path) {
    let ran = run(Command::new(program())
        .args(["trust", "refresh", "--rpc", &site.chain.url()])
        .args(["--registry", registry, "--log", &log.vkey])
        .args(["--facility", HOME, "--finality", "immediate", "--out"])
        .arg(out)
        .current_dir(site.house.path("")));
    drop(ran.good());
}
