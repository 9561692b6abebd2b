//! The root of a million leaf hashes: with the tiles that the log keeps, and by
//! the streaming range that keeps a few nodes.

use crate::{
    Failed,
    report::{Aim, Report},
};
use model::Digest;
use std::{convert::Infallible, time::Instant};
use tlog::tree::{CompactRange, tile};

const LEAVES: u32 = 1_000_000;
const AIM: Aim = Aim::Below(0.2);
/// The best of so many counts: the first one also waits for memory.
const ROUNDS: u32 = 5;

/// Measures both ways, and that they agree.
pub fn measure(report: &Report) -> Result<(), Failed> {
    let leaves: Vec<Digest> = (0..LEAVES).map(leaf).collect();
    let mut tiles = f64::INFINITY;
    let mut range = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let grown = tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None))
            .map_err(|_| "an empty log does not grow")?;
        tiles = tiles.min(start.elapsed().as_secs_f64());

        let start = Instant::now();
        let mut compact = CompactRange::new();
        compact.extend(leaves.iter().copied());
        let root = compact.root();
        range = range.min(start.elapsed().as_secs_f64());
        if root != grown.root {
            return Err("the two roots differ".into());
        }
    }
    report.figure("root of 1,000,000 leaf hashes, with tiles", tiles, "s", AIM);
    report.figure("root of 1,000,000 leaf hashes, streaming", range, "s", AIM);
    Ok(())
}

fn leaf(number: u32) -> Digest {
    let mut bytes = [0; Digest::LEN];
    for (byte, source) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *byte = source;
    }
    Digest::new(bytes)
}
