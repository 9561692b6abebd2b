//! Rows that wait, inside a transaction on PostgreSQL, for others to be stored with
//! them: there each statement is a message to the server and back, so the versions
//! and audit records of all closures of a group go in one statement each. They go
//! before any other statement of the transaction, which so sees them, and before
//! COMMIT.

use crate::{
    Error, FacilityId, NewAudit, NewVersion, Tx,
    records::{audit_insert, version_insert},
    tx::Backend,
};
use std::{collections::BTreeMap, mem};

/// More rows than this in one call go by themselves: little is saved then by waiting,
/// and they would have to be copied.
const FEW: usize = 32;

#[derive(Default)]
pub(crate) struct Waiting {
    versions: Vec<(FacilityId, NewVersion)>,
    audits: Vec<(FacilityId, NewAudit)>,
}

/// How much waited at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    versions: usize,
    audits: usize,
}

impl Waiting {
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            versions: self.versions.len(),
            audits: self.audits.len(),
        }
    }

    /// Forgets what came after the mark.
    pub(crate) fn forget_after(&mut self, mark: Mark) {
        self.versions.truncate(mark.versions);
        self.audits.truncate(mark.audits);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.audits.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Stores versions, now or with those of others. Only the end of the transaction
/// tells whether those that waited were stored.
pub(crate) fn add_versions(
    tx: &mut Tx,
    facility: FacilityId,
    new: &[NewVersion],
) -> Result<(), Error> {
    if tx.backend() == Backend::Sqlite || new.len() > FEW {
        return version_insert::insert_many(tx, facility, new);
    }
    let new = new.iter().cloned().map(|new| (facility, new));
    tx.waiting.versions.extend(new);
    Ok(())
}

/// Stores an audit record, as [`add_versions`] does versions.
pub(crate) fn add_audit(tx: &mut Tx, facility: FacilityId, new: &NewAudit) -> Result<(), Error> {
    if tx.backend() == Backend::Sqlite {
        return audit_insert::insert_many(tx, facility, std::slice::from_ref(new));
    }
    tx.waiting.audits.push((facility, new.clone()));
    Ok(())
}

/// Stores what waits. After an error the transaction must not be committed.
pub(crate) fn store(tx: &mut Tx) -> Result<(), Error> {
    let Waiting { versions, audits } = mem::take(&mut tx.waiting);
    for (facility, versions) in by_facility(versions) {
        version_insert::insert_many(tx, facility, &versions)?;
    }
    for (facility, audits) in by_facility(audits) {
        audit_insert::insert_many(tx, facility, &audits)?;
    }
    Ok(())
}

fn by_facility<T>(rows: Vec<(FacilityId, T)>) -> BTreeMap<FacilityId, Vec<T>> {
    let mut grouped: BTreeMap<_, Vec<T>> = BTreeMap::new();
    for (facility, row) in rows {
        grouped.entry(facility).or_default().push(row);
    }
    grouped
}
