//! "The chain lost final blocks" in the runbook, by its commands, over PostgreSQL and anvil:
//! it is named, nothing is posted before an operator says so, and then all is as it was.

use crate::{
    chain::{anchor, number},
    installation::{Ended as _, metric, operations},
    moved::refresh,
    page::by_page,
    postgres::Postgres,
    site::Site,
};
use e2e::{Ran, until, verify, verify_by_second};
use serde_json::{Value, json};
use std::fs;

const PAGE: &str = "The chain lost final blocks";
const ANCHORING: usize = 1;

fn post_again(site: &Site, more: &[&str]) -> Ran {
    by_page(site, (PAGE, 0), &[], more)
}

/// Blocks are lost for good: from that of a log's anchor of this number on.
fn lose_from(site: &Site, seq: u64) {
    let chain = &site.chain;
    let events = chain.events(&site.registry, &site.log.id);
    let event = events.iter().find(|event| anchor(event).0 == seq);
    let block = number(event.unwrap()["blockNumber"].as_str().unwrap());
    let newest = chain.ask("eth_blockNumber", &json!([]));
    let newest = number(newest.as_str().unwrap());
    chain.ask("anvil_reorg", &json!([newest + 1 - block, []]));
    chain.ask("anvil_dropAllTransactions", &json!([]));
}

#[test]
fn final_blocks_that_the_chain_lost_are_named_and_anchored_again() {
    let database = Postgres::create();
    let url = format!("{}\n", database.url());
    let mut site = Site::start(&url, &url, 1);
    let (registry, log) = (site.registry.clone(), site.log.id.clone());
    let user = site.users().remove(0);
    for name in ["Astrid", "Bertram"] {
        let version = user.create_patient(name);
        let (proof, _) = site.house.final_proof(&user, &version);
        fs::copy(proof, site.house.path(&format!("{name}.json"))).unwrap();
    }
    let trust = site.house.path("verifiers.json");
    refresh(&site, &registry, &site.log, &trust);

    let before = site.chain.anchors(&registry, &log);
    let bundle = fs::read(site.house.path("Bertram.json")).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    let (seq, size) = (&bundle["anchor"]["seq"], &bundle["anchor"]["size"]);
    lose_from(&site, seq.as_u64().unwrap());
    let named = "run `chartseal anchor post-again`";
    until("the loss", 30, || {
        let ready = operations(site.watch(ANCHORING), "readyz")?;
        let failing = "chartseal_anchor_step_failing{step=\"post\"}";
        let counted = metric(site.watch(ANCHORING), failing) > 0.5;
        (ready.status == 503 && ready.text().contains(named) && counted).then_some(())
    });
    assert!(site.chain.anchors(&registry, &log).len() < before.len());
    post_again(&site, &[]).refused("an anchor-service works over this database");

    site.end(ANCHORING);
    let shown = post_again(&site, &[]).good().text;
    let lost = format!("  anchor {seq}, size {size}, root ");
    assert!(shown.contains(&lost), "{shown}");
    assert!(shown.contains("Nothing was written"), "{shown}");
    let accepted = post_again(&site, &["--confirm"]).good().text;
    assert!(accepted.contains("wait to be posted again"), "{accepted}");
    let again = post_again(&site, &[]).good().text;
    assert!(again.contains("nothing is lost"), "{again}");

    site.begin(ANCHORING);
    site.wait();
    until("all that was there", 60, || {
        let now = site.chain.anchors(&registry, &log);
        let is_there = |(seq, size, root, _): &(u64, u64, String, u64)| {
            now.iter()
                .any(|head| (head.0, head.1, &head.2) == (*seq, *size, root))
        };
        before.iter().all(is_there).then_some(())
    });
    let version = user.create_patient("Clara");
    drop(site.house.final_proof(&user, &version));
    refresh(&site, &registry, &site.log, &trust);
    for name in ["Astrid", "Bertram"] {
        let proof = site.house.path(&format!("{name}.json"));
        for checked in [
            verify(&proof, &trust, None),
            verify_by_second(&proof, &trust),
        ] {
            assert_eq!(checked.verdict("anchor"), Some("holds"), "{}", checked.text);
        }
    }
    site.stop();
}
