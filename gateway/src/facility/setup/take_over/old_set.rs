//! A policy set as version 0.1 stored it: in clear, so it shows who made it only as far as
//! the log holds what was decided by it, or as it is one that was shipped.

use crate::{
    audit::sealed::{event_leaves, statement_of},
    facility::{
        Facility,
        own::Own,
        own_seal::{Envelope, OwnPlace},
    },
    failure::Failure,
};
use fhir::audit_event::StoredRecord;
use model::{Commitment, Digest, LogicalId, Timestamp, VersionNumber};
use policies::PolicySource;
use store::{Audit, PolicySetInClear, Reader, Store};
use tlog::leaf;

/// How many audit records are tried for each policy set.
const TRIED: u32 = 50;

/// The policy digests of the sets that facilities of version 0.1.0 were made with, while it
/// was on its way and when it was released.
const SHIPPED_BY_0_1_0: [&str; 3] = [
    "dcb17749c246adca0c5c72d4afe09a673b32d59868ce2b73d81c18d5c564ac8b",
    "2d4a31e1f48e9e631ec4a7a20a1969f976f250ae1ae8e60e22d6bc40b354c999",
    "3c6b9a69741e34b2a70ba267da526fde867cf540adac445e3274842fb1530b06",
];

/// A policy set of version 0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldSet {
    /// Its number.
    pub number: u32,
    /// Its policy digest, computed from its text.
    pub digest: Digest,
    /// Schema and policies.
    pub source: PolicySource,
    /// Whether version 0.1.0 shipped it, by its digest.
    pub shipped: bool,
    /// When it was put in force, as its row says.
    pub created: Timestamp,
    /// The index of a leaf under a checkpoint whose statement has this digest: the
    /// facility worked by this set then.
    pub leaf: Option<u64>,
}

/// Schema and policies of a row.
///
/// # Errors
/// When they are not in their form.
pub(super) fn source(row: &PolicySetInClear) -> Result<PolicySource, Failure> {
    let policies = serde_json::from_str(&row.policies)
        .map_err(|_| Failure::fault(format!("policy set {} cannot be read", row.number)))?;
    Ok(PolicySource {
        schema: row.schema.clone(),
        policies,
    })
}

/// Looks at a set, and at what the log says of it.
///
/// # Errors
/// When it is not what its row says, or the log says otherwise.
pub(super) async fn look(
    facility: &Facility,
    store: &Store,
    number: u32,
    row: &PolicySetInClear,
) -> Result<OldSet, Failure> {
    let source = source(row)?;
    let digest = source.digest();
    if row.number != number || row.digest != digest {
        return Err(Failure::fault(format!(
            "policy set {number} of facility `{}` is missing, or is not what its digest says; \
             restore the database",
            facility.name
        )));
    }
    Ok(OldSet {
        number,
        shipped: SHIPPED_BY_0_1_0.contains(&digest.to_string().as_str()),
        digest,
        source,
        created: row.created,
        leaf: leaf_of(facility, store, number, digest).await?,
    })
}

/// A leaf under a checkpoint that an audit record made under this set has, and would not
/// have under another.
async fn leaf_of(
    facility: &Facility,
    store: &Store,
    number: u32,
    digest: Digest,
) -> Result<Option<u64>, Failure> {
    let id = facility.id;
    let tried = move |reader: &mut Reader| {
        let mut tried = Vec::new();
        for audit in reader.audits().under_policy(id, number, TRIED)? {
            if let Some(place) = covered(reader, id, &audit)? {
                tried.push((audit, place));
            }
        }
        Ok(tried)
    };
    let mut contradicted = false;
    for (audit, (index, held)) in store.read("audit under a policy set", tried).await? {
        match commitment(facility, &audit, digest).await? {
            Some(commitment) if commitment == held => return Ok(Some(index)),
            Some(_) => contradicted = true,
            None => {}
        }
    }
    if contradicted {
        Err(Failure::fault(format!(
            "the log of facility `{}` says that policy set {number} was another one; restore the \
             database",
            facility.name
        )))
    } else {
        Ok(None)
    }
}

/// Index and commitment of the leaf of an audit record, when a checkpoint covers it.
fn covered(
    reader: &mut Reader,
    id: store::FacilityId,
    audit: &Audit,
) -> Result<Option<(u64, Commitment)>, store::Error> {
    let Some(place) = reader
        .leaves()
        .find(id, audit.record, VersionNumber::FIRST)?
    else {
        return Ok(None);
    };
    let newest = reader.logs().newest_checkpoint(place.log)?;
    if newest.is_none_or(|checkpoint| checkpoint.size <= place.index) {
        return Ok(None);
    }
    let leaf = reader.leaves().range(place.log, place.index, 1)?.pop();
    Ok(leaf.map(|leaf| (leaf.index, leaf.commitment)))
}

/// What the leaf of an audit record is when this set was in force; `None` for one with a
/// query text, which is left to others.
async fn commitment(
    facility: &Facility,
    audit: &Audit,
    policy: Digest,
) -> Result<Option<Commitment>, Failure> {
    // Sealed by version 0.1, in format 1, which its row takes no part in.
    let place = OwnPlace::only(Own::AuditRecord, audit.record, audit.time);
    let sealed = Envelope {
        data_key: audit.data_key,
        bytes: &audit.envelope,
    };
    let opened = facility.open_own(&place, sealed).await?;
    let tag_of = |id: &LogicalId| facility.tags.record_tag("Patient", id.as_str());
    let record = StoredRecord::parse(&opened.content, tag_of)
        .map_err(|_| Failure::fault("a sealed audit record cannot be read"))?;
    if record.query_count() > 0 {
        return Ok(None);
    }
    let leaves = event_leaves(&record, &opened.salts, &[])?;
    let statement = statement_of(facility, audit, &record, &leaves, policy)?.encode();
    Ok(Some(leaf::commitment(&opened.salts.leaf, &statement)))
}
