//! No change of a single byte is believed.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod cases;
mod world;

use cases::{Case, Cases, Expected};
use model::Digest;
use proof::{Bundle, Check, Report, Require, Rung, Trust, Verdict, verify};
use proptest::prelude::*;
use std::convert::Infallible;
use tlog::leaf;
use tlog::notes::proof_text::ProofText;
use tlog::tree::inclusion;
use tlog::tree::tile;

/// The cases that tell the truth.
fn truths() -> Vec<Case> {
    let names = [
        "version-finalized",
        "version-first-anchor",
        "update-anchored",
        "delete-finalized",
        "audit-finalized",
        "system-finalized",
        "version-sequenced",
        "version-pending",
        "checkpoint-unknown-cosignature",
    ];
    let all = Cases::new().all;
    let truths: Vec<_> = all
        .into_iter()
        .filter(|case| names.contains(&case.name.as_str()))
        .collect();
    assert_eq!(truths.len(), names.len());
    truths
}

/// Whether a changed bundle is taken for the truth: nothing false, and every
/// check that held before holds.
fn believed(changed: &[u8], case: &Case, trust: &Trust) -> bool {
    let resource = case.resource.as_ref().map(|(_, bytes)| bytes.as_slice());
    let report =
        Bundle::parse(changed).and_then(|bundle| verify(&bundle, trust, resource, world::at()));
    report.is_ok_and(|report| same(&report, &case.expected))
}

fn same(report: &Report, expected: &Expected) -> bool {
    let Expected::Report(verdicts, exit, reached, independent) = expected else {
        return false;
    };
    let same = |(check, before): (&Check, char)| match check.verdict {
        Verdict::Holds => before == 'H',
        Verdict::NotChecked => before == 'N',
        Verdict::False => false,
    };
    report.checks.iter().zip(verdicts.chars()).all(same)
        && report.exit_code() == *exit
        && report.reached.map_or("none", Rung::as_str) == *reached
        && report.independent == *independent
}

/// What a proof does not bind: the line of a key that the trust file does not
/// know.
fn ignored(case: &Case) -> std::ops::Range<usize> {
    let text = std::str::from_utf8(&case.proof).expect("UTF-8");
    match case.name.as_str() {
        "checkpoint-unknown-cosignature" => {
            text.rfind('\u{2014}').expect("a signature line")..text.len() - 3
        }
        _ => 0..0,
    }
}

fn changes(case: &Case, values: impl Fn(u8) -> Vec<u8>) -> usize {
    let trust = Trust::parse(&case.trust.1).expect("a trust file");
    assert!(believed(&case.proof, case, &trust), "{}", case.name);
    let mut changed = case.proof.clone();
    let ignored = ignored(case);
    let mut tried = 0;
    for place in (0..case.proof.len()).filter(|place| !ignored.contains(place)) {
        let right = case.proof[place];
        for value in values(right) {
            changed[place] = value;
            assert!(
                !believed(&changed, case, &trust),
                "{}: byte {place}, {value}",
                case.name
            );
            tried += 1;
        }
        changed[place] = right;
    }
    tried
}

#[test]
fn no_flipped_bit_is_believed() {
    for case in truths() {
        changes(&case, |right| {
            (0..8).map(|bit| right ^ (1 << bit)).collect()
        });
    }
}

#[test]
#[ignore = "minutes of work: all 255 changes of every byte"]
fn no_changed_byte_is_believed() {
    for case in truths() {
        let all = |right| (0..=255).filter(|value| *value != right).collect();
        println!("{}: {} changes", case.name, changes(&case, all));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_byte_put_in_or_taken_out_is_believed(which: usize, place: usize, put: Option<u8>) {
        let truths = truths_once();
        let (case, trust) = &truths[which % truths.len()];
        let mut changed = case.proof.clone();
        let place = place % changed.len();
        if !ignored(case).contains(&place) {
            match put {
                Some(byte) => changed.insert(place, byte),
                None => {
                    changed.remove(place);
                }
            }
            prop_assert!(!believed(&changed, case, trust));
        }
    }

    #[test]
    fn reading_never_panics(bytes: Vec<u8>) {
        prop_assert!(Bundle::parse(&bytes).is_err());
        prop_assert!(Trust::parse(&bytes).is_err());
    }
}

fn truths_once() -> &'static [(Case, Trust)] {
    static ONCE: std::sync::OnceLock<Vec<(Case, Trust)>> = std::sync::OnceLock::new();
    ONCE.get_or_init(|| {
        let trust = |case: Case| {
            let trust = Trust::parse(&case.trust.1).expect("a trust file");
            (case, trust)
        };
        truths().into_iter().map(trust).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Logs of any size, a leaf anywhere in them; but none of a size at which the trust file
    /// has another root.
    #[test]
    fn any_leaf_of_any_log_verifies_at_its_place_only(size in 1..1500_u64, index: u64, other: u64) {
        let (index, other) = (index % size, other % size);
        let world = world_once();
        let mut bundle = world.bundle("version", Rung::Sequenced, 600);
        let filler = |n: u64| Digest::new(world::salt(&format!("any {n}")));
        let mut hashes: Vec<Digest> = (0..size).map(filler).collect();
        let commitment = leaf::commitment(&bundle.leaf.leaf_salt, &bundle.leaf.statement);
        hashes[usize::try_from(index).expect("small")] = leaf::leaf_hash(&commitment);
        let grown = tile::integrate(0, &hashes, |_| Ok::<_, Infallible>(None)).expect("fresh");
        let tiles: std::collections::BTreeMap<_, _> = grown.tiles.into_iter().collect();
        let mut read = |id| Ok::<_, Infallible>(tiles.get(&id).cloned());
        let note = world.key.sign(size, grown.root);
        let trust = world.trust(Require::Checkpoint);
        for at in [index, other] {
            let path = inclusion::path(&mut read, at, size).expect("stored");
            bundle.tlog_proof = ProofText::new(at, path, &note).ok();
            let again = Bundle::parse(&bundle.to_bytes()).expect("well formed");
            let report = verify(&again, &trust, None, world::at()).expect("well formed");
            let verifies = at == index && !world::ANCHORS.contains(&size);
            prop_assert_eq!(report.exit_code(), u8::from(!verifies));
        }
    }
}

fn world_once() -> &'static world::World {
    static ONCE: std::sync::OnceLock<world::World> = std::sync::OnceLock::new();
    ONCE.get_or_init(world::World::new)
}

#[test]
#[ignore = "a measurement, printed"]
fn how_long_a_verification_takes() {
    let (case, _) = &truths_once()[0];
    let start = std::time::Instant::now();
    for _ in 0..1000 {
        let trust = Trust::parse(&case.trust.1).expect("a trust file");
        assert!(believed(&case.proof, case, &trust));
    }
    println!("parse and verify: {:?}", start.elapsed() / 1000);
}
