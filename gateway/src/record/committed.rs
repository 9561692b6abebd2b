//! Whether a row is what its leaf commits to. A row of format 1 says interaction, time,
//! policy set and subject in clear and unauthenticated, so it counts only then; and a
//! proof is made of the leaf that commits to what is proved, and of no other of that
//! record and version.

use crate::{
    facility::Facility,
    failure::Failure,
    record::damage::{Damage, RowPlace},
};
use model::{Commitment, VersionNumber};
use store::{LeafOfRow, LeafPlace};

/// The leaf with this commitment: its place, or `None` while it waits. A second leaf of
/// one record and version is reported.
///
/// # Errors
/// When there is no such leaf, or the log cannot be read.
pub async fn leaf(
    facility: &Facility,
    row: RowPlace<'_>,
    commitment: Commitment,
) -> Result<Option<LeafPlace>, Failure> {
    let (id, record) = (facility.id, row.record);
    let version = row.version.unwrap_or(VersionNumber::FIRST);
    let read = move |reader: &mut store::Reader| reader.leaves().of_row(id, record, version);
    let leaves = facility.store.read_by_key("leaves of a row", read).await?;
    if leaves.len() > 1 {
        facility.report_row(Damage::Leaf, row, "more than one leaf names this row");
    }
    let own = |leaf: &&LeafOfRow| leaf.commitment == commitment;
    match leaves.iter().find(own) {
        Some(leaf) => Ok(leaf.place),
        None => {
            let failure = Failure::fault("no leaf commits to what this row says");
            Err(facility.refuse_row(Damage::Leaf, row, failure))
        }
    }
}
