//! "Anchor stuck" and "L2 down" in the runbook, as they are come upon: what `/readyz` names,
//! the commands of the page, and that all goes on by itself.

use crate::{
    chain::Chain,
    installation::{Ended as _, is_ready, metric, operations},
    page::by_page,
    postgres::Postgres,
    site::Site,
};
use e2e::{fetch_proof, free_port, until};
use serde_json::json;
use std::{fs, process::Command};

const STUCK: &str = "Anchor stuck";
const GATEWAY: usize = 0;
const ANCHORING: usize = 1;

fn start() -> (Postgres, Site) {
    let database = Postgres::create();
    let url = format!("{}\n", database.url());
    let site = Site::start(&url, &url, 1);
    (database, site)
}

/// A step of the anchor-service is named with these words.
fn wait_until_named(site: &Site, step: &str, words: &str) {
    until(words, 60, || {
        let ready = operations(site.watch(ANCHORING), "readyz")?;
        let named = ready.text().contains(&format!("{step}: ")) && ready.text().contains(words);
        (ready.status == 503 && named).then_some(())
    });
    let failing = format!("chartseal_anchor_step_failing{{step=\"{step}\"}}");
    assert!(metric(site.watch(ANCHORING), &failing) > 0.5);
}

/// It is ready again, and a new record has a final proof.
fn wait_until_well(site: &mut Site, name: &str) {
    let user = site.users().remove(0);
    let version = user.create_patient(name);
    drop(site.house.final_proof(&user, &version));
    site.wait();
}

#[test]
fn an_anchor_that_is_stuck_is_named_and_goes_on_by_the_page() {
    let (_database, mut site) = start();
    // No grant.
    let admin = site.house.path("admin.key").display().to_string();
    let revoke = ["--admin-key", &admin, "--all"];
    let revoked = site
        .house
        .chartseal(&["anchor", "revoke"], &site.config(), &revoke);
    drop(revoked.good());
    drop(site.users()[0].create_patient("Astrid"));
    wait_until_named(&site, "post", "the submitter has no grant for log");
    drop(by_page(&site, (STUCK, 0), &[], &[]).good());
    wait_until_well(&mut site, "Bertram");
    // No funds.
    let custody = by_page(&site, (STUCK, 1), &[], &[]).good().text;
    let addresses = custody.split_whitespace().filter_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        (word.starts_with("0x") && word.len() == 42).then(|| word.to_owned())
    });
    let addresses: Vec<_> = addresses.collect();
    let balance = |wei: &str| {
        for account in &addresses {
            let set = json!([account, wei]);
            drop(site.chain.ask("anvil_setBalance", &set));
        }
    };
    assert!(!addresses.is_empty(), "{custody}");
    balance("0x0");
    drop(site.users()[0].create_patient("Clara"));
    wait_until_named(&site, "post", "the account has no funds");
    balance("0xde0b6b3a7640000");
    wait_until_well(&mut site, "Dora");
    site.stop();
}

/// Lets anvil fall silent, or answer again.
fn silence(chain: &Chain, silent: bool) {
    let Chain::Anvil { child, .. } = chain else {
        panic!("it has no process of its own");
    };
    let signal = if silent { "-STOP" } else { "-CONT" };
    let id = child.id().to_string();
    let status = Command::new("kill").args([signal, &id]).status();
    assert!(status.unwrap().success(), "{signal}");
}

#[test]
fn without_the_l2_records_are_served_and_anchors_wait() {
    let (_database, mut site) = start();
    let user = site.users().remove(0);
    // A running service, which has compared its log with the registry: the node falls silent.
    let first = user.create_patient("Anna");
    drop(site.house.final_proof(&user, &first));
    silence(&site.chain, true);
    let version = user.create_patient("Astrid");
    drop(user.at.get(&version).expect(200, "a read"));
    let proof = site.house.path("waiting.json");
    until("a checkpoint", 60, || {
        let fetched = fetch_proof(&user.at.url(&version), &user.token, &proof);
        fetched.text.contains("(sequenced)").then_some(())
    });
    wait_until_named(&site, "post", "the L2 node gives no answer");
    assert!(is_ready(site.watch(GATEWAY)));
    silence(&site.chain, false);
    drop(site.house.final_proof(&user, &version));
    site.wait();
    // One that is started while it is away.
    site.end(ANCHORING);
    let (config, url) = (site.config(), site.chain.url());
    let text = fs::read_to_string(&config).unwrap();
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    fs::write(&config, text.replace(&url, &nowhere)).unwrap();
    site.begin(ANCHORING);
    let version = user.create_patient("Bertram");
    wait_until_named(&site, "sequence", "nothing listens at its address");
    assert!(metric(site.watch(ANCHORING), "chartseal_pending_leaves") > 0.5);
    // Another node of the same chain, and a restart.
    site.end(ANCHORING);
    fs::write(&config, text).unwrap();
    site.begin(ANCHORING);
    drop(site.house.final_proof(&user, &version));
    site.wait();
    site.stop();
}
