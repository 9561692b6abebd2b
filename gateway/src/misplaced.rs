//! Records that are sealed under another scope than the one they belong to: version
//! 0.1.0 did not understand every spelling of a reference to a patient of its own. They
//! are found here, for the operator; a new version, written by whoever may write the
//! record, is sealed as it should be. Earlier versions keep their envelopes.

use crate::{
    facility::Facility,
    failure::Failure,
    own_urls,
    version::{self, is_delete, patients_of},
};
use fhir::tables;
use model::{Clock, FacilityName, LogicalId, Random, ResourceType, Tag, VersionNumber};
use sealing::Kms;
use std::sync::Arc;
use store::{Hit, Order, Store, Version};

/// Rows read at a time.
const BATCH: u32 = 200;
/// Versions of a record that are looked at.
const VERSIONS: u32 = 10_000;

/// A record whose current version is under another scope than its content says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: LogicalId,
    /// Its versions that are misplaced, the newest first.
    pub versions: Vec<VersionNumber>,
}

/// The misplaced records of a facility at a gateway of these URLs, the public one first.
///
/// # Errors
/// When the facility, a record, or the database cannot be opened or read.
pub async fn misplaced(
    name: &FacilityName,
    urls: &[String],
    (store, kms): (&Store, &dyn Kms),
    (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
) -> Result<Vec<Misplaced>, Failure> {
    let mut facility = Facility::open(name, store, kms, clock, random).await?;
    facility.local = own_urls::local_base(&facility, urls, store, &**clock, &**random).await?;
    let mut found = Vec::new();
    for definition in tables::RESOURCES {
        let kind: ResourceType = definition.name.parse().map_err(Failure::fault)?;
        let mut after = None;
        loop {
            let rows = page(&facility, store, &kind, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.record);
            for row in rows {
                let row = row
                    .version
                    .map_err(|error| facility.refuse_read(&kind, row.record, error))?;
                found.extend(look_at(&facility, store, row).await?);
            }
        }
    }
    Ok(found)
}

async fn page(
    facility: &Facility,
    store: &Store,
    kind: &ResourceType,
    after: Option<Tag>,
) -> Result<Vec<Hit>, Failure> {
    let (id, kind) = (facility.id, kind.clone());
    let read = move |reader: &mut store::Reader| {
        let order = Order::Record { after };
        reader.versions().search(id, &kind, &[], order, BATCH)
    };
    Ok(store.read("misplaced records", read).await?)
}

/// The record of a current version, if it is misplaced.
async fn look_at(
    facility: &Facility,
    store: &Store,
    row: Version,
) -> Result<Option<Misplaced>, Failure> {
    let (record, kind) = (row.record, row.resource_type.clone());
    let Some(id) = misplaced_id(facility, row).await? else {
        return Ok(None);
    };
    let facility_id = facility.id;
    let read = move |reader: &mut store::Reader| {
        let mut versions = reader.versions();
        versions.history(facility_id, record, None, None, VERSIONS)
    };
    let mut versions = Vec::new();
    for row in store.read("misplaced versions", read).await? {
        let number = row.number;
        if misplaced_id(facility, row).await?.is_some() {
            versions.push(number);
        }
    }
    Ok(Some(Misplaced {
        resource_type: kind,
        id,
        versions,
    }))
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
