//! Index cards of current versions, and the patient heads that add them up: both are
//! replaced in the transaction of the version. What stands in either is not known here.
//!
//! Order. The heads are locked first, sorted, then the cards are replaced, then the heads.
//! So writers of one patient follow each other, and each adds to what the one before left.
//! The card that a writer replaces is the one of the version before: only one writer gets
//! the next number, and whoever makes cards of older versions locks the record's link to
//! itself, which a new version takes away.

use crate::{
    Error, FacilityId,
    access::Writes,
    cards::{
        heads,
        rows::{HeadChange, HeadMember, KeepsHead, NewCard, Replaced},
        write,
    },
};
use model::Tag;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

/// Cards in one statement.
const BATCH: usize = 500;

/// A batch ends before a record would come twice in it. The heads of all batches are locked
/// first: locked batch by batch, two requests could each wait for a head of the other.
pub(crate) fn put_many(
    tx: &mut impl Writes,
    facility: FacilityId,
    new: &[NewCard],
) -> Result<(), Error> {
    let mut rest = new;
    while !rest.is_empty() {
        let mut seen = HashSet::new();
        let fresh = rest
            .iter()
            .take(BATCH)
            .take_while(|new| seen.insert(new.record));
        let (batch, after) = rest.split_at(fresh.count().max(1));
        if rest.len() == new.len() && !after.is_empty() {
            heads::hold(tx, facility, &patients(new))?;
        }
        put(tx, facility, batch)?;
        rest = after;
    }
    Ok(())
}

fn put(tx: &mut impl Writes, facility: FacilityId, batch: &[NewCard]) -> Result<(), Error> {
    let keepers: BTreeMap<Tag, &Arc<dyn KeepsHead>> = batch
        .iter()
        .flat_map(|new| &new.heads)
        .map(|keeper| (keeper.patient(), keeper))
        .collect();
    let held = heads::hold(tx, facility, &patients(batch))?;
    let replaced = write::replace(tx, facility, batch)?;
    let mut changed = Vec::new();
    for (patient, change) in changes(batch, &replaced) {
        let Some(keeper) = keepers.get(&patient) else {
            // A card of a patient whom the version before does not name: its head stays,
            // and the next search within that patient misses it.
            continue;
        };
        let before = held.get(&patient).map(Vec::as_slice);
        if let Some(head) = keeper.changed(before, &change)? {
            changed.push((patient, head));
        }
    }
    heads::put(tx, facility, &changed)
}

/// The patients whose heads change, sorted, each once.
fn patients(new: &[NewCard]) -> Vec<Tag> {
    let keepers = new.iter().flat_map(|new| &new.heads);
    let patients: BTreeSet<Tag> = keepers.map(|keeper| keeper.patient()).collect();
    patients.into_iter().collect()
}

fn changes(batch: &[NewCard], replaced: &[Replaced]) -> BTreeMap<Tag, HeadChange> {
    let mut changes: BTreeMap<Tag, HeadChange> = BTreeMap::new();
    for Replaced { member, subject } in replaced {
        if let Some(patient) = subject {
            changes.entry(*patient).or_default().removed.push(*member);
        }
    }
    for card in batch.iter().filter_map(|new| new.card.as_ref()) {
        if let Some(patient) = card.subject {
            let member = HeadMember {
                record: card.record,
                number: card.number,
            };
            changes.entry(patient).or_default().added.push(member);
        }
    }
    changes
}
