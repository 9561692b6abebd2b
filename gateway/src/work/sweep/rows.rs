//! Versions and audit records: each has one leaf, which commits to what the row says.

use super::{
    BOUND, Sweep,
    fault::{Fault, FaultKind, SweptTable},
    progress::{Batch, Pass, Place},
};
use crate::{
    audit::opened,
    failure::{Category, Failure},
    record::version,
};
use model::{Commitment, DataKeyId};
use std::sync::Arc;
use store::{Audit, Reader, RowLeaves, RowName, SweptRow, Version};

impl Sweep {
    pub(super) async fn versions(&self, after: Option<&Place>) -> Result<Batch, Failure> {
        let (id, from) = (self.facility.id, after.and_then(Place::name));
        let read = move |reader: &mut Reader| reader.sweep().versions(id, from.as_ref(), BOUND);
        let rows = self.store.search("sweep: versions", read).await?;
        self.hold_keys(rows.iter().filter_map(version_key)).await?;
        let mut batch = Batch::of(match rows.last() {
            Some(row) => Pass::Versions {
                after: Some(Place::from(&row.name)),
            },
            None => Pass::Cards { after: None },
        });
        for SweptRow { name, row, leaves } in rows {
            let commitment = match row {
                Ok(row) => version::commitment(&self.facility, Arc::new(row)).await,
                Err(error) => Err(Failure::fault(error)),
            };
            batch.check(SweptTable::Version, &name, &leaves, commitment)?;
        }
        Ok(batch)
    }

    pub(super) async fn audits(&self, after: Option<&Place>) -> Result<Batch, Failure> {
        let (id, from) = (self.facility.id, after.and_then(Place::name));
        let read = move |reader: &mut Reader| reader.sweep().audits(id, from.as_ref(), BOUND);
        let rows = self.store.search("sweep: audit records", read).await?;
        self.hold_keys(rows.iter().flat_map(audit_keys)).await?;
        let mut batch = Batch::of(match rows.last() {
            Some(row) => Pass::Audits {
                after: Some(Place::from(&row.name)),
            },
            None => Pass::Logs { after: None },
        });
        let mut events = Vec::new();
        for SweptRow { name, row, leaves } in rows {
            let computed = match row {
                Ok(row) => opened::compute(&self.facility, row).await,
                Err(error) => Err(Failure::fault(error)),
            };
            let commitment = computed.map(|computed| {
                events.extend(computed.events);
                computed.own.commitment
            });
            batch.check(SweptTable::Audit, &name, &leaves, commitment)?;
        }
        let missing = move |reader: &mut Reader| reader.sweep().missing_events(id, &events);
        for row in self.store.search("sweep: events", missing).await? {
            batch.faults.push(Fault {
                record: row.record.to_string(),
                version: Some(i64::from(row.event)),
                ..Fault::at(FaultKind::NoEvent, SweptTable::AuditPatient)
            });
        }
        Ok(batch)
    }

    /// Reads the keys of a batch at once.
    pub(super) async fn hold_keys(
        &self,
        ids: impl Iterator<Item = DataKeyId>,
    ) -> Result<(), Failure> {
        self.facility.keys.hold_all(ids.collect()).await?;
        Ok(())
    }
}

fn version_key(row: &SweptRow<Version>) -> Option<DataKeyId> {
    row.row.as_ref().ok().map(|row| row.data_key)
}

fn audit_keys(row: &SweptRow<Audit>) -> Vec<DataKeyId> {
    let Ok(row) = &row.row else {
        return Vec::new();
    };
    let queries = row.queries.iter().map(|query| query.data_key);
    std::iter::once(row.data_key).chain(queries).collect()
}

impl Batch {
    /// Holds the leaves of a row against the commitment that is computed from it.
    pub(super) fn check(
        &mut self,
        table: SweptTable,
        name: &RowName,
        leaves: &RowLeaves,
        commitment: Result<Commitment, Failure>,
    ) -> Result<(), Failure> {
        self.rows = self.rows.saturating_add(1);
        let kind = match (commitment, leaves.count) {
            (Err(failure), _) if failure.category == Category::Unavailable => return Err(failure),
            // Whatever it names: a leaf of that name has no row.
            _ if !name.is_well_formed() => FaultKind::Unreadable,
            (_, 0) => FaultKind::NoLeaf,
            (_, 2..) => FaultKind::ManyLeaves,
            (Err(_), _) => FaultKind::Unreadable,
            (Ok(own), _) if leaves.commitment.as_deref() == Some(own.as_bytes().as_slice()) => {
                return Ok(());
            }
            (Ok(_), _) => FaultKind::OtherLeaf,
        };
        self.faults
            .push(Fault::of_name(kind, table, name, leaves.index));
        Ok(())
    }
}
