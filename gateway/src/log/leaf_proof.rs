//! How far a leaf has come: index, path and checkpoint from the log's tables,
//! anchor and evidence once they are final, put together as a proof bundle
//! (docs/proof-format.md).

use crate::{
    facility::Facility,
    failure::Failure,
    log::{checkpoints, unshown_keys::UnshownKeys},
    record::{committed, damage::RowPlace},
};
use model::{Commitment, Digest};
use proof::{Anchor, Bundle, Leaf, Registry, Rung};
use std::sync::Arc;
use store::{LeafPlace, Log, LogRowId, Reader, StoredCheckpoint};
use tlog::{
    notes::proof_text::ProofText,
    tree::{TreeError, inclusion, tile::TileId},
};

/// What the log's tables say of one leaf, read at one time.
struct Standing {
    place: LeafPlace,
    checkpoint: StoredCheckpoint,
    path: Vec<Digest>,
    anchor: Option<Anchor>,
}

/// The bundle of the leaf that commits to a row: by the newest final anchor that covers it,
/// else by the first checkpoint that covers it, else pending.
///
/// # Errors
/// When no leaf commits to the row, or the log cannot be read or does not fit itself.
pub async fn bundle(
    facility: &Facility,
    leaf: Leaf,
    commitment: Commitment,
    row: RowPlace<'_>,
) -> Result<Bundle, Failure> {
    let standing = match committed::leaf(facility, row, commitment).await? {
        Some(place) => {
            let unshown = Arc::clone(&facility.unshown_keys);
            let read = move |reader: &mut Reader| standing(reader, place, &unshown);
            facility.store.read("proof", read).await?
        }
        None => None,
    };
    let Some(standing) = standing else {
        return Ok(Bundle {
            rung: Rung::Pending,
            leaf,
            tlog_proof: None,
            anchor: None,
            evidence: None,
        });
    };
    let text = ProofText::new(
        standing.place.index,
        standing.path,
        &standing.checkpoint.note,
    )
    .map_err(Failure::fault)?;
    Ok(Bundle {
        rung: if standing.anchor.is_some() {
            Rung::Finalized
        } else {
            Rung::Sequenced
        },
        leaf,
        tlog_proof: Some(text),
        anchor: standing.anchor,
        evidence: None,
    })
}

fn standing(
    reader: &mut Reader,
    place: LeafPlace,
    unshown: &UnshownKeys,
) -> Result<Option<Standing>, store::Error> {
    let corrupt = store::Error::Corrupt("log");
    let log = reader
        .logs()
        .get(place.log)?
        .ok_or_else(|| corrupt.clone())?;
    let (checkpoint, anchor) = match anchored(reader, &log, place, unshown)? {
        Some((checkpoint, anchor)) => (checkpoint, Some(anchor)),
        None => match checkpoints::covering(reader, &log, place.index, unshown)? {
            Some(checkpoint) => (checkpoint, None),
            None => return Ok(None),
        },
    };
    let mut tile = |id: TileId| reader.logs().tile(place.log, id.level, id.index);
    let path =
        inclusion::path(&mut tile, place.index, checkpoint.size).map_err(|error| match error {
            TreeError::Read(error) => error,
            _ => corrupt,
        })?;
    Ok(Some(Standing {
        place,
        checkpoint,
        path,
        anchor,
    }))
}

/// The registry, and its number, of the anchor that has this number here: logs
/// may have been moved from one registry to another.
fn registry_of(
    reader: &mut Reader,
    log: LogRowId,
    seq: u64,
) -> Result<(store::Registry, u64), store::Error> {
    let registries = reader.registries().find()?.shown()?;
    let mut before = 0;
    for former in registries.of(log) {
        if seq <= former.last_seq {
            return Ok((former.registry, seq - before));
        }
        before = former.last_seq;
    }
    let registry = registries.now.ok_or(store::Error::Registry)?;
    Ok((registry, seq - before))
}

/// The newest final anchor that covers the leaf, with its checkpoint. Without one that the
/// log's keys signed an anchor proves nothing.
fn anchored(
    reader: &mut Reader,
    log: &Log,
    place: LeafPlace,
    unshown: &UnshownKeys,
) -> Result<Option<(StoredCheckpoint, Anchor)>, store::Error> {
    let Some(anchor) = reader.anchors().covering(place.log, place.index)? else {
        return Ok(None);
    };
    let (size, root) = (anchor.new.size, anchor.new.root);
    let Some(checkpoint) = checkpoints::of_root(reader, log, size, root, unshown)? else {
        return Ok(None);
    };
    let (registry, seq) = registry_of(reader, place.log, anchor.new.seq)?;
    let anchor = Anchor {
        chain_id: registry.chain_id,
        registry: Registry(registry.address),
        log_id: log.log_id,
        seq,
        size,
        root,
    };
    Ok(Some((checkpoint, anchor)))
}

/// The digest of a policy set of this facility, as its statement has it; zeros for the
/// number 0, which stands where none was valid.
///
/// # Errors
/// When it was never put in force.
pub fn policy_digest(facility: &Facility, number: u32) -> Result<Digest, Failure> {
    if number == 0 {
        return Ok(Digest::ZERO);
    }
    facility
        .statements
        .digest_of_set(number)
        .ok_or_else(|| Failure::fault(format!("policy set {number} was never put in force")))
}
