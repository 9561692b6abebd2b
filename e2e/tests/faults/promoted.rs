//! A failover of PostgreSQL to a standby that lagged, made by `pg_basebackup`, under
//! services that nobody starts anew; then the runbook's "The anchor-service halts" and
//! "Restore" to their end. No newer copy is there.

use crate::{
    checks::{assert_once, wait_until_final},
    installation::{Ended as _, HOME, Log, is_ready, metric},
    server::{Server, Stop},
    site::Site,
};
use e2e::{fetch_proof, until, verify, verify_by_second};
use std::{fs, path::PathBuf};

const GATEWAY: usize = 0;
const ANCHORING: usize = 1;

/// A proof, and a trust file of its moment.
type Kept = (PathBuf, PathBuf);

#[test]
fn a_standby_that_lacks_anchors_is_promoted() {
    failover(anchored, "the database has lost leaves", |lost| {
        assert_eq!(checked(lost, "anchor"), both(0));
    });
}

/// Nobody knows of these but what the log's key signed last.
#[test]
fn a_standby_that_lacks_checkpoints_alone_is_promoted() {
    failover(signed_alone, "what its key signed last", |lost| {
        // Asked for an anchor, it has none.
        assert_eq!(checked(lost, "checkpoint"), both(1));
    });
}

/// The failover and what follows. The standby lacks what `write` has written, whose proof
/// is then looked at by `look`; the service says `sentence`.
fn failover(write: fn(&Site, &str) -> Kept, sentence: &str, look: fn(&Kept)) {
    let mut server = Server::start();
    let url = server.url_at(server.port());
    let mut site = Site::start(&url, &url, 1);
    let kept = anchored(&site, "Astrid");
    let mut standby = server.standby();
    wait_until_final(&server);
    server.wait_for_standby();
    standby.cut_off();
    let lost = write(&site, "Bertram");
    let before = state(&standby);
    assert_ne!(before, state(&server));

    server.stop(Stop::Immediate);
    standby.promote(server.port());
    let logged = site.ended(ANCHORING);
    assert!(logged.contains(sentence), "{sentence}: {logged}");
    assert_eq!(state(&standby), before, "nothing is signed or has an index");
    // A gateway of its own knows nothing of it and takes writes, whose leaves wait.
    let ready = || is_ready(site.watch(GATEWAY));
    until("the gateway", 30, || ready().then_some(()));
    drop(site.users()[0].create_patient("Clara"));
    assert!(standby.number("SELECT count(*) FROM pending_leaf") > 0);
    assert_eq!(state(&standby), before);

    restore(&mut site);
    let user = &site.users()[0];
    let version = user.create_patient("Dora");
    let (log, chain) = (&site.log, &site.chain);
    site.house
        .assert_proof(user, &version, log, chain, &site.registry);
    assert!(metric(site.watch(ANCHORING), "chartseal_anchor_alarm") < 0.5);
    assert!(is_ready(site.watch(ANCHORING)));
    // What the old log proved it proves.
    assert_eq!(checked(&kept, "anchor"), both(0));
    look(&lost);
    until("no leaf waits", 30, || {
        (standby.number("SELECT count(*) FROM pending_leaf") == 0).then_some(())
    });
    assert_once(&standby);
    assert_whole(&site);
    site.stop();
}

/// Each log fits itself, what was signed and the chain.
fn assert_whole(site: &Site) {
    let whole = site.house.chartseal(&["log", "check"], &site.config(), &[]);
    assert_eq!(whole.code, 0, "{}", whole.text);
}

/// "Restore" of the runbook, from its step 4 on.
fn restore(site: &mut Site) {
    site.end(GATEWAY);
    let config = site.config();
    let anchor = |words: &[&str]| site.house.chartseal(&["anchor"], &config, words);
    let lost = "the database has lost leaves";
    anchor(&["--check-only"]).refused(lost);
    anchor(&[]).refused(lost);
    let new_epoch = |words: &[&str]| {
        let named = [&["--facility", HOME], words].concat();
        let ran = site
            .house
            .chartseal(&["anchor", "new-epoch"], &config, &named);
        ran.good().text
    };
    assert!(new_epoch(&[]).contains("Nothing was written"));
    let next = Log::of(&new_epoch(&["--confirm"]));
    assert_ne!(next.id, site.log.id);
    drop(site.house.grant(&config, &["--log", HOME]).good());
    let checked = anchor(&["--check-only"]);
    assert_eq!(checked.code, 0, "{}", checked.text);
    site.log = next;
    site.begin(GATEWAY);
    site.begin(ANCHORING);
    site.wait();
}

/// A new record's final proof, and a trust file of now that holds it.
fn anchored(site: &Site, name: &str) -> Kept {
    let user = &site.users()[0];
    let version = user.create_patient(name);
    let (log, chain) = (&site.log, &site.chain);
    site.house
        .assert_proof(user, &version, log, chain, &site.registry);
    let keep = |from: &str| {
        let kept = site.house.path(&format!("{name}-{from}"));
        fs::copy(site.house.path(from), &kept).unwrap();
        kept
    };
    (keep("proof.json"), keep("trust.json"))
}

/// A new record's proof that the log's key alone has signed: nothing is anchored any more.
fn signed_alone(site: &Site, name: &str) -> Kept {
    let (house, config) = (&site.house, site.config());
    let admin = house.path("admin.key").display().to_string();
    let revoke = ["--admin-key", &admin, "--all"];
    drop(
        house
            .chartseal(&["anchor", "revoke"], &config, &revoke)
            .good(),
    );
    let user = &site.users()[0];
    let url = user.at.url(&user.create_patient(name));
    let kept = (
        house.path(&format!("{name}.json")),
        house.path("Astrid-trust.json"),
    );
    until("a checkpoint", 30, || {
        let fetched = fetch_proof(&url, &user.token, &kept.0);
        fetched.text.contains("(sequenced)").then_some(())
    });
    kept
}

/// Exit code and verdict of a check by both verifiers.
fn checked((proof, trust): &Kept, check: &str) -> [(i32, String); 2] {
    [verify(proof, trust, None), verify_by_second(proof, trust)]
        .map(|ran| (ran.code, ran.verdict(check).unwrap().to_owned()))
}

/// How far the logs are, and what was signed of them.
pub fn state(server: &Server) -> String {
    server.ask(
        "SELECT l.size, (SELECT count(*) FROM leaf), (SELECT max(size) FROM checkpoint), \
         (SELECT count(*) FROM checkpoint), (SELECT count(*) FROM anchor) FROM log l",
    )
}

/// The check holds, and the command ends so.
fn both(code: i32) -> [(i32, String); 2] {
    [(); 2].map(|()| (code, "holds".to_owned()))
}
