//! Old anchors are thinned: a bundle that was handed out before proves what it proved, to
//! both verifiers, and the record has another one.

use crate::{
    installation::Ended as _,
    one_process::OneProcess,
    trust::{Verifier, checked, holds},
};
use e2e::{fetch_proof, until};
use serde_json::Value;
use std::{fs, path::Path};

/// As if all were anchored in one hour of nine days ago.
const AGED: &str = "UPDATE checkpoint SET time_ms = time_ms - 777600000;
    UPDATE anchor SET block_time_ms = seq * 1000 - 777600000 +
        (SELECT min(block_time_ms) / 3600000 * 3600000 FROM anchor)";

/// Number of the anchor that a bundle names.
fn seq(bundle: &Path) -> u64 {
    let bundle: Value = serde_json::from_slice(&fs::read(bundle).unwrap()).unwrap();
    bundle["anchor"]["seq"].as_u64().unwrap()
}

#[test]
fn a_bundle_outlives_the_row_of_its_anchor() {
    let one = OneProcess::go_live("");
    let house = &one.house;
    let (kept, later) = (house.path("kept.json"), house.path("later.json"));
    let service = one.start();
    let user = one.system();
    let version = user.create_patient("first");
    let (proof, _) = house.final_proof(&user, &version);
    fs::copy(proof, &kept).unwrap();
    for name in ["second", "third"] {
        drop(house.final_proof(&user, &user.create_patient(name)));
    }
    assert!(service.stop().success());
    house.sql(AGED);
    // Not ready, for an anchor of nine days is old; it serves.
    let service = house.start("serve", &one.config);
    // Thinned after the check of a start: the row is gone where another anchor is named.
    until("another anchor", 60, || {
        let fetched = fetch_proof(&user.at.url(&version), &user.token, &later);
        let is_final = fetched.text.contains("(finalized)");
        (is_final && seq(&later) > seq(&kept)).then_some(())
    });
    let trust = house.path("trust.json");
    let by_proof = ["--proof", kept.to_str().unwrap()];
    drop(Verifier::of(&one).refresh(&trust, &by_proof).good());
    assert_eq!(checked(&kept, &trust), holds());
    assert_eq!(checked(&later, &trust), holds());
    assert!(service.stop().success());
}
