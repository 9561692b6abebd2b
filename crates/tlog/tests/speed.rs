//! How long the root of a million leaf hashes takes; run with `--ignored`. A
//! measurement, not a limit: machines differ.

use model::Digest;
use std::convert::Infallible;
use std::time::Instant;
use tlog::tree::{CompactRange, event_tree, tile};

#[test]
#[ignore = "a measurement, printed"]
fn a_million_leaves() {
    let leaf = |n: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Digest::new(bytes)
    };
    let leaves: Vec<Digest> = (0..1_000_000).map(leaf).collect();
    for _ in 0..5 {
        let start = Instant::now();
        tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None)).expect("fresh");
        println!("integrate: {:?}", start.elapsed());
    }
    let start = Instant::now();
    let grown = tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None)).expect("fresh");
    println!("integrate: {:?}", start.elapsed());
    let start = Instant::now();
    let mut range = CompactRange::new();
    range.extend(leaves.iter().copied());
    assert_eq!(range.root(), grown.root);
    println!("compact range: {:?}", start.elapsed());
    let start = Instant::now();
    let tiles: Vec<_> = leaves.chunks(256).map(event_tree::root).collect();
    assert_eq!(tiles.len(), 3907);
    println!("rs_merkle, tile by tile: {:?}", start.elapsed());
}
