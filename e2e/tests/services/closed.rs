//! "Stolen keys" in docs/operations.md, step by step, over PostgreSQL and anvil: the
//! submitter's right is taken back, a log is closed at the registry, and both verifiers
//! read from the trust file why.

use crate::{
    installation::{Ended as _, HOME, Log, metric, operations},
    moved::{deploy_another, name_registry, refresh, set},
    postgres::Postgres,
    site::Site,
};
use e2e::{Ran, fetch_proof, until, verify, verify_by_second};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

const GATEWAY: usize = 0;
const ANCHORING: usize = 1;

#[test]
fn what_a_stolen_log_key_signed_counts_no_more_once_the_log_is_closed() {
    let database = Postgres::create();
    let url = format!("{}\n", database.url());
    let mut site = Site::start(&url, &url, 1);
    let (config, registry) = (site.config(), site.registry.clone());
    let trust = site.house.path("verifiers.json");
    let anchored = anchored(&site, "Astrid");

    // Taken back, the right is missed at once; the records go on.
    let revoked = command(&site, "revoke", &["--all"]).good().text;
    let told = format!("may no longer anchor the log of `{HOME}`");
    assert!(revoked.contains(&told), "{revoked}");
    let signed = signed_alone(&site, "Bertram");
    let refused = format!("chartseal_log_refused{{facility=\"{HOME}\"}}");
    until("the refusal", 30, || {
        let ready = operations(site.watch(ANCHORING), "readyz")?;
        let named = ready.text().contains("has no grant");
        (ready.status == 503 && named && metric(site.watch(ANCHORING), &refused) > 0.5)
            .then_some(())
    });
    refresh(&site, &registry, &site.log, &trust);
    assert_eq!(checked(&anchored, &trust), ["holds", "holds"]);
    assert_eq!(checked(&signed, &trust), ["holds", "not checked"]);

    // Another log goes on, and the old one is closed.
    let first = site.log.id.clone();
    let stolen = ["--facility", HOME, "--reason", "log-key"];
    command(&site, "close", &stolen).refused("no log of the facility has ended");
    site.end(ANCHORING);
    let next = next_log(&site);
    let shown = command(&site, "close", &stolen).good().text;
    assert!(shown.contains("Nothing was sent"), "{shown}");
    assert!(shown.contains(&next.id), "{shown}");
    let confirmed = [&stolen[..], &["--confirm"]].concat();
    drop(command(&site, "close", &confirmed).good());
    command(&site, "close", &confirmed).refused("the registry refuses");

    refresh(&site, &registry, &site.log, &trust);
    let closed = json!([{
        "logId": site.log.id, "reason": "log-key", "successor": next.id,
    }]);
    assert_eq!(told_closed(&trust), closed);
    assert_eq!(checked(&anchored, &trust), ["holds", "holds"]);
    assert_eq!(checked(&signed, &trust), ["not checked", "not checked"]);
    let told = [
        verify(&signed, &trust, None),
        verify_by_second(&signed, &trust),
    ];
    assert!(
        told.iter().all(|ran| ran.text.contains("stolen")),
        "{told:?}"
    );

    drop(site.house.grant(&config, &["--log", HOME]).good());
    site.begin(ANCHORING);
    site.wait();
    site.log = next;
    assert_eq!(site.users().len(), 1);
    let version = site.users()[0].create_patient("Clara");
    let (log, chain) = (&site.log, &site.chain);
    site.house
        .assert_proof(&site.users()[0], &version, log, chain, &registry);
    close_by_submitter(&site, &trust);
    move_closed(site, &database, &first);
}

/// The log that goes on is closed as well, before there is another: what it signed stays,
/// for nobody else has its key.
fn close_by_submitter(site: &Site, trust: &Path) {
    let proof = anchored(site, "Dora");
    let stolen = ["--facility", HOME, "--reason", "submitter-key"];
    let current = [&stolen[..], &["--current", "--confirm"]].concat();
    drop(command(site, "close", &current).good());
    let signed = signed_alone(site, "Erna");
    refresh(site, &site.registry, &site.log, trust);
    let all = told_closed(trust);
    let closed = json!({"logId": site.log.id, "reason": "submitter-key"});
    assert!(all.as_array().unwrap().contains(&closed), "{all}");
    assert_eq!(checked(&proof, trust), ["holds", "holds"]);
    assert_eq!(checked(&signed, trust), ["holds", "not checked"]);
    until("the refusal", 30, || {
        let ready = operations(site.watch(ANCHORING), "readyz")?;
        (ready.status == 503 && ready.text().contains("closed")).then_some(())
    });
}

/// The logs move to another registry: what is closed here is closed there before. `first` is
/// the log that was closed first; so is that which goes on in its place.
fn move_closed(mut site: Site, database: &Postgres, first: &str) {
    let (old, new) = (site.registry.clone(), deploy_another(&site));
    name_registry(&site.config(), &new);
    site.end(GATEWAY);
    // What was sent when the log was closed is refused, and given up.
    let open = "SELECT count(*) FROM post WHERE state IN ('prepared', 'broadcast', 'mined')";
    until("nothing is under way", 60, || {
        (database.number(open) == 0).then_some(())
    });
    site.end(ANCHORING);
    let shown = set(&site, &old, &[]).good().text;
    let open = format!("at {new}: no anchor; to be closed likewise");
    assert_eq!(shown.matches(&open).count(), 2, "{shown}");
    set(&site, &old, &["--confirm"]).refused("give `--admin-key`");
    let admin = site.house.path("admin.key").display().to_string();
    let moved = set(&site, &old, &["--admin-key", &admin, "--confirm"]);
    let moved = moved.good().text;
    for log in [first, &site.log.id] {
        let closed = format!("closed log 0x{log} at {new}");
        assert!(moved.contains(&closed), "{moved}");
    }
    // The registry in use is the new one now, and takes neither again.
    let stolen = ["--facility", HOME, "--confirm", "--reason"];
    let current = [&stolen[..], &["submitter-key", "--current"]].concat();
    for again in [[&stolen[..], &["log-key"]].concat(), current] {
        command(&site, "close", &again).refused("the registry refuses");
    }
}

/// `chartseal anchor COMMAND` with the admin's key.
fn command(site: &Site, name: &str, more: &[&str]) -> Ran {
    let admin = site.house.path("admin.key").display().to_string();
    let mut words = vec!["--admin-key", &admin];
    words.extend(more);
    site.house
        .chartseal(&["anchor", name], &site.config(), &words)
}

fn next_log(site: &Site) -> Log {
    let words = ["--facility", HOME, "--although-whole", "--confirm"];
    let begun = site
        .house
        .chartseal(&["anchor", "new-epoch"], &site.config(), &words);
    Log::of(&begun.good().text)
}

/// The proof of a new record that is anchored for good.
fn anchored(site: &Site, name: &str) -> PathBuf {
    let user = &site.users()[0];
    let version = user.create_patient(name);
    let (proof, _) = site.house.final_proof(user, &version);
    let kept = site.house.path(&format!("{name}.json"));
    fs::copy(proof, &kept).unwrap();
    kept
}

/// The proof of a new record that the log's key alone has signed.
fn signed_alone(site: &Site, name: &str) -> PathBuf {
    let user = &site.users()[0];
    let url = user.at.url(&user.create_patient(name));
    let kept = site.house.path(&format!("{name}.json"));
    until("a checkpoint", 30, || {
        let fetched = fetch_proof(&url, &user.token, &kept);
        fetched.text.contains("(sequenced)").then_some(())
    });
    kept
}

/// What both verifiers find of checkpoint and anchor.
fn checked(proof: &Path, trust: &Path) -> [String; 2] {
    let [ours, theirs] = [verify(proof, trust, None), verify_by_second(proof, trust)].map(|ran| {
        let all = ["checkpoint", "anchor"].map(|check| ran.verdict(check).unwrap().to_owned());
        let expected = i32::from(all[1] != "holds");
        assert_eq!(ran.code, expected, "{}", ran.text);
        all
    });
    assert_eq!(ours, theirs);
    ours
}

fn told_closed(trust: &Path) -> Value {
    let trust: Value = serde_json::from_slice(&fs::read(trust).unwrap()).unwrap();
    trust["chains"][0]["closed"].clone()
}
