//! Versions that are sealed under another scope than the one they belong to: version
//! 0.1.0 did not understand every spelling of a reference to a patient of its own. They
//! are found here, for the operator; a new version, written by whoever may write the
//! record, is sealed as it should be. Earlier versions keep their envelopes, and stay
//! listed: an erasure has to name them.

use crate::{
    facility::{Facility, own_urls},
    failure::Failure,
    ports::Ports,
    record::version::{self, is_delete, patients_of},
};
use model::{FacilityName, LogicalId, ResourceType, Tag, VersionNumber};
use std::sync::Arc;
use store::{BatchBound, Reader, Version};

/// What is read at a time.
const BOUND: BatchBound = BatchBound {
    rows: 200,
    bytes: 16 * 1024 * 1024,
};

/// A record with versions that are under another scope than their content says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    record: Tag,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: LogicalId,
    /// Its versions that are misplaced, the newest first.
    pub versions: Vec<VersionNumber>,
    /// Whether its current version is one of them, so that writing it again mends it.
    pub is_current: bool,
}

/// What was found in a facility.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its records with misplaced versions.
    pub records: Vec<Misplaced>,
    /// How many versions could not be opened; each was named to the operator's log.
    pub unread: u64,
}

/// The misplaced versions of a facility at a gateway of these URLs, the public one first.
///
/// # Errors
/// When the facility cannot be opened, or the database cannot be read.
pub async fn misplaced(
    name: &FacilityName,
    urls: &[String],
    ports: Ports<'_>,
) -> Result<Listing, Failure> {
    let mut facility = Facility::open(name, ports).await?;
    facility.local = own_urls::local_base(&facility, urls, ports).await?;
    let (mut listing, mut after) = (Listing::default(), None);
    loop {
        let (id, from) = (facility.id, after);
        let read = move |reader: &mut Reader| reader.sweep().versions(id, from.as_ref(), BOUND);
        let rows = ports.store.search("misplaced versions", read).await?;
        let Some(last) = rows.last() else {
            return Ok(listing);
        };
        after = Some(last.name.clone());
        for swept in rows {
            match swept.row {
                Ok(row) => listing.look_at(&facility, row).await,
                Err(_) => listing.unread += 1,
            }
        }
    }
}

impl Listing {
    /// Looks at one version; those of a record come one after the other, the oldest first.
    async fn look_at(&mut self, facility: &Facility, row: Version) {
        let (record, number) = (row.record, row.number);
        let resource_type = row.resource_type.clone();
        let Ok(misplaced) = misplaced_id(facility, row).await else {
            self.unread += 1;
            return;
        };
        let last = self.records.last_mut().filter(|last| last.record == record);
        match (last, misplaced) {
            (Some(known), misplaced) => {
                known.is_current = misplaced.is_some();
                if known.is_current {
                    known.versions.insert(0, number);
                }
            }
            (None, Some(id)) => self.records.push(Misplaced {
                record,
                resource_type,
                id,
                versions: vec![number],
                is_current: true,
            }),
            (None, None) => {}
        }
    }
}

/// The id of a version that names one patient and is not under that patient, or is
/// under a patient and does not name that one alone.
async fn misplaced_id(facility: &Facility, row: Version) -> Result<Option<LogicalId>, Failure> {
    // A delete names nobody; it keeps the scope of the version that it ended.
    if is_delete(&row) {
        return Ok(None);
    }
    let version = version::open_row(facility, Arc::new(row)).await?;
    let Some(resource) = &version.resource else {
        return Ok(None);
    };
    let patients = patients_of(facility, &facility.local, resource);
    let right = match patients.as_slice() {
        [only] => Some(only.tag),
        _ => None,
    };
    // A Binary goes by the scope of what its `securityContext` names.
    let settled = resource.resource_type().as_str() == "Binary" && right.is_none();
    Ok((right != version.row.subject && !settled).then_some(version.id))
}
