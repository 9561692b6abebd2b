//! Waiting leaves that have no mac: those of an earlier release, and whatever somebody
//! without the keys has put there. The anchor-service cannot tell them apart; whoever can
//! open the rows can. A leaf gets its mac when it is that of its row, and is refused else.

use crate::{
    audit::opened,
    facility::{Facility, statement},
    failure::{Category, Failure},
    record::{own_leaf::OwnLeaf, version},
};
use model::{Tag, VersionNumber};
use sealing::Format;
use std::sync::Arc;
use store::{Audit, LeafFault, LeafName, Reader, Statement, Version, WaitingLeaf};

/// Leaves that are looked at in one call.
const BATCH: u32 = 256;
/// Calls at a start, so that many leaves do not hold it up. The tasks of the process do the
/// rest.
const CALLS_AT_START: u32 = 16;

/// [`show`] for a facility that is opened.
///
/// # Errors
/// As [`show`].
pub(crate) async fn show_at_start(facility: &Facility) -> Result<(), Failure> {
    for _ in 0..CALLS_AT_START {
        if !show(facility).await? {
            break;
        }
    }
    Ok(())
}

/// Shows some leaves of the facility that have no mac to be its own, or refuses them;
/// whether there are more.
///
/// Nothing is done while its rules are refused: what is computed from a row then says
/// nothing of the leaf.
///
/// # Errors
/// When database or keys cannot be read; what was done before stands.
pub(crate) async fn show(facility: &Facility) -> Result<bool, Failure> {
    if !facility.troubles().is_empty() {
        return Ok(false);
    }
    let id = facility.id;
    let read = move |reader: &mut Reader| reader.leaves().without_mac(id, None, BATCH);
    let leaves = facility.store.search("leaves without a mac", read).await?;
    let more = leaves.len() >= BATCH as usize;
    for leaf in leaves {
        show_one(facility, leaf).await?;
    }
    Ok(more)
}

async fn show_one(facility: &Facility, leaf: WaitingLeaf) -> Result<(), Failure> {
    let name = leaf.name.of_leaf(facility.id);
    let own = match name {
        Some(name) => of_row(facility, &name).await?,
        None => None,
    };
    let own = own.map(|own| own.commitment.as_bytes().to_vec());
    let (id, is_own) = (facility.id, own.as_ref() == Some(&leaf.commitment));
    let named = leaf.name.to_string();
    let settle = move |tx: &mut store::Tx| {
        if is_own {
            tx.leaves().show(id, &leaf)
        } else {
            tx.leaves().refuse(id, &leaf, LeafFault::Row)
        }
    };
    let settled = facility.store.run_tx("leaf without a mac", &[], settle);
    if settled.await? && !is_own {
        tracing::error!(facility = %facility.name, leaf = named, fault = LeafFault::Row.as_str(),
            "a waiting leaf was refused and has no index; see the runbook, \
             \"A leaf was refused\"");
    }
    Ok(())
}

/// A row that a leaf names.
enum Row {
    Version(Box<Version>),
    Audit(Box<Audit>),
    Statement(Box<Statement>),
}

/// What the row of a leaf commits to; `None` when there is none, or it is not what was
/// stored.
///
/// # Errors
/// When database or keys cannot be read.
pub(crate) async fn of_row(
    facility: &Facility,
    name: &LeafName,
) -> Result<Option<OwnLeaf>, Failure> {
    let Some(row) = find(facility, name.record, name.version).await? else {
        return Ok(None);
    };
    let own = match row {
        Row::Version(row) => version::own_leaf(facility, Arc::new(*row)).await,
        Row::Audit(row) => opened::compute(facility, *row)
            .await
            .map(|opened| opened.own),
        Row::Statement(row) => {
            let (keys, tags) = (&facility.keys, &facility.tags);
            let opened = statement::open_with_leaf(&facility.name, keys, tags, &row).await;
            opened.map(|(_, commitment)| OwnLeaf::new(commitment, Format::Two))
        }
    };
    match own {
        Ok(own) => Ok(Some(own)),
        Err(failure) if failure.category == Category::Unavailable => Err(failure),
        Err(_) => Ok(None),
    }
}

async fn find(
    facility: &Facility,
    record: Tag,
    number: VersionNumber,
) -> Result<Option<Row>, Failure> {
    let id = facility.id;
    let find = move |reader: &mut Reader| {
        // Not as requests read it: a leaf that was put there may name a later version.
        if let Some(row) = reader.sweep().version(id, record, number)? {
            return Ok(Some(Row::Version(Box::new(row))));
        }
        if number != VersionNumber::FIRST {
            return Ok(None);
        }
        if let Some(row) = reader.audits().find(id, record)? {
            return Ok(Some(Row::Audit(Box::new(row))));
        }
        let row = reader.statements().find(id, record)?;
        Ok(row.map(|row| Row::Statement(Box::new(row))))
    };
    match facility.store.read("row of a leaf", find).await {
        Err(store::Error::Corrupt(_)) => Ok(None),
        found => Ok(found?),
    }
}
