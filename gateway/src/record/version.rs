//! A stored version, opened but withheld: what a decision and the audit may know
//! of it, and the content that only a Permit releases.

use crate::{
    facility::Facility,
    failure::Failure,
    log::{leaf_proof, waiting_leaves::OwnLeaf},
    record::{
        committed,
        damage::{Damage, RowPlace, check_padded_size},
        security_context::NamedContext,
        write::statement_of,
    },
};
use fhir::{LocalBase, Resource, audit_event::AuditPatient};
use model::{Commitment, FacilityName, LogicalId, Tag, VersionInteraction, VersionNumber};
use policies::{Permit, TargetFacts, Withheld};
use sealing::{ClearFacts, Format, Place, Salts};
use std::sync::Arc;
use tlog::leaf;
use zeroize::Zeroizing;

/// A stored version: its row, which is in clear, whom it is about, and the rest,
/// withheld.
pub struct Found {
    /// The row.
    pub row: Arc<store::Version>,
    /// The patients concerned, for the audit.
    pub patients: Vec<AuditPatient>,
    /// What its `securityContext` names, until it was decided over for a read.
    pub context: Option<NamedContext>,
    /// The rest.
    pub withheld: Withheld<OpenVersion>,
}

impl Found {
    /// Lets out the content, and whom it is about.
    ///
    /// # Errors
    /// When the permit was given for something else, or the record by whose rules it goes
    /// was not decided over.
    pub fn release(self, permit: &Permit) -> Result<(OpenVersion, Vec<AuditPatient>), Failure> {
        if self.context.is_some() {
            return Err(Failure::fault("a security context was not decided over"));
        }
        let version = permit.release(self.withheld).map_err(Failure::fault)?;
        Ok((version, self.patients))
    }
}

/// A version whose envelope is open.
pub struct OpenVersion {
    /// Its row.
    pub row: Arc<store::Version>,
    /// The logical id of the record, which stands nowhere in clear.
    pub id: LogicalId,
    /// The canonical bytes; empty for a delete.
    pub content: Zeroizing<Vec<u8>>,
    /// The same, read; none for a delete.
    pub resource: Option<Resource>,
    /// The salts of its leaf.
    pub salts: Salts,
}

/// Whether a version is a delete.
#[must_use]
pub fn is_delete(row: &store::Version) -> bool {
    row.interaction == VersionInteraction::Delete
}

/// The number of the version that a delete ended; `None` for any other version.
///
/// # Errors
/// When nothing can stand before the delete.
pub fn ended_by(row: &store::Version) -> Result<Option<VersionNumber>, Failure> {
    if !is_delete(row) {
        return Ok(None);
    }
    let before = row.number.get().checked_sub(1);
    let before = before.and_then(VersionNumber::new);
    before.map(Some).ok_or_else(missing)
}

fn missing() -> Failure {
    Failure::fault("the version before a delete is missing")
}

/// Opens the envelope of a row; a delete comes with the version that it ended.
///
/// # Errors
/// When its key is gone or the envelope does not belong to this row.
pub async fn open(
    facility: &Facility,
    local: &LocalBase,
    row: store::Version,
    ended: Option<store::Version>,
) -> Result<Found, Failure> {
    let row = Arc::new(row);
    let version = open_row(facility, Arc::clone(&row)).await?;
    let before;
    let resource = match &version.resource {
        Some(resource) => resource,
        None => {
            before = open_row(facility, Arc::new(ended.ok_or_else(missing)?)).await?;
            before.resource.as_ref().ok_or_else(missing)?
        }
    };
    let patients = patients_of(facility, local, resource);
    let context = NamedContext::by(resource, local);
    // The subject under which it was sealed counts whatever the bytes say now:
    // when the gateway's own URL has changed, an absolute reference may no longer
    // be recognised as one to a record of this facility.
    let mut tags: Vec<Tag> = patients.iter().map(|patient| patient.tag).collect();
    tags.extend(row.subject);
    let facts = TargetFacts {
        facility: facility.name.clone(),
        resource_type: row.resource_type.clone(),
        patients: tags,
        labels: Vec::new(),
    };
    Ok(Found {
        withheld: Withheld::new(row.record, facts, version),
        patients,
        context,
        row,
    })
}

/// Opens a version for whoever holds the keys. One that is not what was stored is
/// refused and named.
///
/// # Errors
/// When its key is gone, the envelope does not belong to this row, or no leaf commits to
/// it.
pub async fn open_row(
    facility: &Facility,
    row: Arc<store::Version>,
) -> Result<OpenVersion, Failure> {
    let place = RowPlace::of(&row);
    let (version, format) = unseal(facility, Arc::clone(&row))
        .await
        .map_err(|failure| facility.refuse_row(Damage::Unreadable, place, failure))?;
    if format == Format::One {
        let commitment = commitment_of(facility, &version)
            .map_err(|failure| facility.refuse_row(Damage::Leaf, place, failure))?;
        committed::leaf(facility, place, commitment).await?;
    }
    Ok(version)
}

/// Opens a version and computes its commitment; nothing is reported.
///
/// # Errors
/// As [`open_row`], but for its leaf.
pub(crate) async fn commitment(
    facility: &Facility,
    row: Arc<store::Version>,
) -> Result<Commitment, Failure> {
    let own = own_leaf(facility, row).await?;
    Ok(own.commitment)
}

/// [`commitment`], with whether the row needs its leaf to be believed.
///
/// # Errors
/// As [`commitment`].
pub(crate) async fn own_leaf(
    facility: &Facility,
    row: Arc<store::Version>,
) -> Result<OwnLeaf, Failure> {
    let (version, format) = unseal(facility, row).await?;
    Ok(OwnLeaf::new(commitment_of(facility, &version)?, format))
}

/// The commitment that is computed from a row.
fn commitment_of(facility: &Facility, version: &OpenVersion) -> Result<Commitment, Failure> {
    let policy = leaf_proof::policy_digest(facility, version.row.policy_number)?;
    let statement = statement_of(facility, version, policy).encode();
    Ok(leaf::commitment(&version.salts.leaf, &statement))
}

async fn unseal(
    facility: &Facility,
    row: Arc<store::Version>,
) -> Result<(OpenVersion, Format), Failure> {
    check_padded_size(row.padded_size, &row.envelope)?;
    let held = facility.keys.by_id(row.data_key).await?;
    let opened = sealing::open(&place(&facility.name, &row), &held.key, &row.envelope)?;
    let id: LogicalId = opened
        .id
        .parse()
        .map_err(|_| Failure::fault("a sealed id breaks the rule for ids"))?;
    let resource = match is_delete(&row) {
        true => None,
        false => Some(
            Resource::parse(&opened.content)
                .map_err(|_| Failure::fault("a stored version is not a resource"))?,
        ),
    };
    let version = OpenVersion {
        row,
        id,
        content: opened.content,
        resource,
        salts: opened.salts,
    };
    Ok((version, opened.format))
}

/// Where the envelope of a row belongs, and the facts that stand beside it.
fn place<'a>(facility: &'a FacilityName, row: &'a store::Version) -> Place<'a> {
    Place {
        facility,
        sealed_type: (&row.resource_type).into(),
        record: row.record,
        version: row.number,
        clear: ClearFacts {
            interaction: row.interaction.as_str(),
            time: row.time,
            policy_number: row.policy_number,
            subject: row.subject,
            audit: None,
        },
    }
}

/// The patients that a resource names, with their tags.
#[must_use]
pub fn patients_of(
    facility: &Facility,
    local: &LocalBase,
    resource: &Resource,
) -> Vec<AuditPatient> {
    let name = |id: LogicalId| AuditPatient {
        tag: facility.tags.record_tag("Patient", id.as_str()),
        id,
    };
    resource
        .compartment_patients(local)
        .into_iter()
        .map(name)
        .collect()
}
