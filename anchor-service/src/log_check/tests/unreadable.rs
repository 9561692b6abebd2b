//! Rows that hold what no row of ours can: they are named, and the rest is checked. A size that
//! nothing bears out makes nobody walk.

use super::{Server, Site, faults::LOG};
use crate::{Alarm, StepError, log_check::FindingKind};
use std::fs;

on_both! {
    a_size_that_nothing_bears_out_is_named_and_not_walked_through,
    rows_that_cannot_be_read_are_named_where_the_walk_is_broken_too,
    a_signed_state_that_cannot_be_read_is_named_and_the_rest_is_checked,
    a_signed_state_that_no_log_can_have_hides_no_finding,
    a_registry_that_somebody_wrote_leaves_the_rest_to_be_checked,
}

/// 2^60, and half of it.
const HUGE: u64 = 1 << 60;
const FAR: u64 = HUGE / 2;

async fn a_size_that_nothing_bears_out_is_named_and_not_walked_through(site: Site) {
    site.sql(&format!(
        "UPDATE log SET size = {HUGE} WHERE facility_id = 1"
    ));
    assert_eq!(site.found().await, [format!("size {HUGE}")]);
    // A leaf that stands far out: what lies between is passed over.
    site.sql(&format!(
        "INSERT INTO leaf SELECT log_id, {FAR}, commitment, record_tag, version FROM leaf
            WHERE idx = 3 AND {LOG}"
    ));
    let log = site.check().await.remove(0);
    assert_eq!(log.leaves, FAR + 1);
    let found = site.found().await;
    assert_eq!(found[0], format!("size {HUGE}"));
    // The rest of the last tile, and then one gap.
    assert_eq!(log.findings.count(FindingKind::NoEntry), 768 - 700 + 1);
    for named in ["no-entry 768", "tile 0/2", "tile 0/2251799813685248"] {
        assert!(found.iter().any(|line| line == named), "{named}: {found:?}");
    }
}

async fn rows_that_cannot_be_read_are_named_where_the_walk_is_broken_too(site: Site) {
    let short = site.bytes(1, 3);
    site.sql(&format!(
        "DELETE FROM leaf WHERE idx < 256 AND {LOG};
         DELETE FROM tile WHERE level = 0 AND idx = 0 AND {LOG};
         UPDATE checkpoint SET root = {short} WHERE size = 300 AND {LOG};
         UPDATE anchor SET root = {short} WHERE seq = 1 AND {LOG}"
    ));
    let mut found = site.found().await;
    found.sort_unstable();
    assert_eq!(found, ["anchor 1", "checkpoint 300", "no-entry 0"]);
}

async fn a_signed_state_that_cannot_be_read_is_named_and_the_rest_is_checked(mut site: Site) {
    let name = site.world.facilities[0].name.clone();
    let origin = site.check().await[0].origin.parse().unwrap();
    site.world.ledger.faults.damage_state(Some(origin));
    site.sql(&format!("DELETE FROM leaf WHERE idx = 3 AND {LOG}"));
    assert_eq!(site.world.service.step_check().await, Ok(2));
    let counts = site.world.service.status().checks().counts();
    for kind in [FindingKind::SignedState, FindingKind::NoEntry] {
        assert_eq!(counts[&(name.clone(), kind)], 1, "{kind}");
    }
}

async fn a_signed_state_that_no_log_can_have_hides_no_finding(mut site: Site) {
    let file = site.world.folder.path().join("signed.json");
    let origin = site.check().await[0].origin.clone();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&origin, "gw.test/elsewhere")).unwrap();
    site.sql(&format!("DELETE FROM leaf WHERE idx = 3 AND {LOG}"));
    assert_eq!(site.found().await, ["no-entry 3", "signed-state 0"]);
    let named = |outcome| match outcome {
        Err(StepError::Alarm(Alarm::NoRow { origin, .. })) => {
            assert_eq!(origin.as_str(), "gw.test/elsewhere");
        }
        other => panic!("{other:?}"),
    };
    named(site.check_with().check_names().await.map(|()| 0));
    named(site.world.service.step_check().await);
    let name = site.world.facilities[0].name.clone();
    let counts = site.world.service.status().checks().counts();
    assert_eq!(counts[&(name, FindingKind::NoEntry)], 1);
}

async fn a_registry_that_somebody_wrote_leaves_the_rest_to_be_checked(site: Site) {
    let address = site.bytes(0, 20);
    site.sql(&format!(
        "INSERT INTO former_registry SELECT min(id), 1, 1, {address} FROM log;
         DELETE FROM leaf WHERE idx = 3 AND {LOG}"
    ));
    let log = site.check().await.remove(0);
    let problem = store::Error::Registry.to_string();
    assert_eq!(log.chain, super::ChainPart::Failed(problem));
    assert_eq!(site.found().await, ["no-entry 3"]);
}
