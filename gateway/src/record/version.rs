//! A stored version, opened but withheld: what a decision and the audit may know
//! of it, and the content that only a Permit releases.

use crate::{
    exchange::{
        asked::{Asked, Examined},
        facts,
    },
    facility::Facility,
    failure::Failure,
    log::leaf_proof,
    record::{
        committed,
        damage::{Damage, RowPlace, check_padded_size},
        named_context::NamedContext,
        own_leaf::OwnLeaf,
    },
};
use fhir::{LocalBase, Resource, audit_event::AuditPatient};
use model::{
    Commitment, Digest, FacilityName, LeafKind, LogicalId, Tag, VersionInteraction, VersionNumber,
};
use policies::Withheld;
use sealing::{ClearFacts, Format, Place, Salts};
use std::sync::Arc;
use tlog::leaf::{self, Statement};
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
    /// Lets out the content, to be looked at.
    ///
    /// # Errors
    /// When the right was given for something else, or the record by whose rules it goes
    /// was not decided over.
    pub(crate) fn examine(self, asked: Asked) -> Result<Candidate, Failure> {
        if self.context.is_some() {
            return Err(Failure::fault("a security context was not decided over"));
        }
        Ok(Candidate {
            version: asked.examine(self.withheld)?,
            patients: self.patients,
        })
    }
}

/// A version that may be shown and is looked at first.
pub(crate) struct Candidate {
    /// It.
    pub version: Examined<OpenVersion>,
    /// The patients concerned, for the audit.
    pub patients: Vec<AuditPatient>,
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
    let facts = facts::of_record(&facility.name, &row.resource_type, tags);
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

/// The statement of a stored version, byte for byte as it was when sealed.
#[must_use]
pub fn statement_of(facility: &Facility, version: &OpenVersion, policy: Digest) -> Statement {
    Statement {
        content: leaf::content_digest(&version.salts.content, &version.content),
        facility: facility.name.clone(),
        interaction: version.row.interaction.as_str().to_owned(),
        kind: LeafKind::Version,
        policy,
        reference: format!("{}/{}", version.row.resource_type, version.id),
        seal: sealing::envelope_digest(&version.row.envelope),
        subject: version.row.subject,
        time: version.row.time,
        version: version.row.number.get(),
    }
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
    let resource = if is_delete(&row) {
        None
    } else {
        Some(
            Resource::parse(&opened.content)
                .map_err(|_| Failure::fault("a stored version is not a resource"))?,
        )
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
