//! How fast pending leaves get their index on SQLite, and in how much memory.
//! `CHARTSEAL_LEAVES` sets their number; the bound is for 1,000,000.
#![expect(clippy::unwrap_used, reason = "test code")]

/// The one of the benchmark, which measures the same with a million leaves.
#[path = "../../crates/bench/src/house/silent_ledger.rs"]
mod silent_ledger;

use anchor_service::{
    AnchorService, LogKeys, SignedFile,
    config::{Config, RpcUrl},
    ledger::FinalityRule,
    open_log,
};
use model::{Commitment, ManualClock, SeededRandom, Tag, Timestamp};
use silent_ledger::SilentLedger;
use std::{fs, sync::Arc, time::Instant};
use store::{Database, Facility, NewAudit, Store, samples};

fn audit(number: u64) -> NewAudit {
    // Scattered, as tags and commitments are.
    let mut bytes = [0; 32];
    for (byte, source) in bytes.iter_mut().zip(0_u64..) {
        let mixed = (number + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(7 * source as u32);
        *byte = mixed.to_be_bytes()[0];
    }
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    let mut tag = [0; 16];
    tag[..8].copy_from_slice(&bytes[..8]);
    tag[8..].copy_from_slice(&number.to_be_bytes());
    let time = Timestamp::from_millis(0).unwrap();
    samples::audit(Tag::new(tag), time, Commitment::new(bytes))
}

/// Peak resident memory in MiB since the last call.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    fs::write("/proc/self/clear_refs", "5").unwrap();
    kib / 1_024
}

#[tokio::test]
async fn pending_leaves_get_their_index_fast_and_in_little_memory() {
    let leaves: u64 =
        std::env::var("CHARTSEAL_LEAVES").map_or(40_000, |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Database::Sqlite {
        path: folder.path().join("db"),
    })
    .unwrap();
    store.leaf_keys().set([&[1; 32]]);
    let created = Timestamp::from_millis(0).unwrap();
    let name: model::FacilityName = "general".parse().unwrap();
    let insert = name.clone();
    let made = store.run_tx("facility", &[], move |tx| {
        tx.facilities().insert(&insert, created)
    });
    let id = made.await.unwrap();
    let facility = Facility { id, name, created };
    let keys = LogKeys::new(folder.path());
    open_log(&store, &keys, "gw.test", &facility, &SeededRandom::new(1))
        .await
        .unwrap();
    for first in (0..leaves).step_by(10_000) {
        let range = first..leaves.min(first + 10_000);
        let plant = store.run_tx("plant", &[], move |tx| {
            range
                .clone()
                .try_for_each(|number| tx.audits().insert(id, &audit(number)))
        });
        plant.await.unwrap();
    }

    let config = Config {
        rpc_url: RpcUrl::open("http://unused"),
        chain_id: 1,
        registry: None,
        submitter_key: "unused".into(),
        log_keys: folder.path().into(),
        signed: None,
        finality: FinalityRule::Immediate,
        sequence_millis: 200,
        checkpoint_millis: 1_000,
        post_millis: 2_000,
        heartbeat_seconds: 0,
        max_anchor_age_seconds: None,
        check_hour: 2,
        resend_seconds: 10,
        replace_seconds: 48,
        max_fee_gwei: 500,
        max_tip_gwei: 100,
        min_balance_gwei: None,
    };
    let clock = Arc::new(ManualClock::new(created));
    let signed = Arc::new(SignedFile::new(config.signed_file()));
    let mut service = AnchorService::new(store.clone(), SilentLedger, keys, signed, clock, config);
    peak();
    let start = Instant::now();
    assert_eq!(service.step_sequence().await, Ok(leaves));
    let took = start.elapsed();
    let memory = peak();
    assert_eq!(service.step_checkpoint().await, Ok(1));
    println!("{leaves} leaves sequenced in {took:?}, peak {memory} MiB");
    assert!(memory < 300, "{memory} MiB");
}
