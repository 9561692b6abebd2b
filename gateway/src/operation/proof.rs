//! `$proof` of a version and of an audit event: the bundle of
//! docs/proof-format.md, as far as the leaf has come.
//!
//! Making one needs the right to read what it proves and is audited like a read;
//! a caller who may only see that something was logged gets no content salt.

use crate::{
    audit::sealed::{self, AUDIT_EVENT},
    exchange::{Exchange, asked::Named},
    failure::Failure,
    http::reply::{Reply, Success},
    interaction::{
        audit::event,
        kinds::{ALL_TYPES, Does, Place, Row, TypeClass},
    },
    log::leaf_proof,
    record::{
        damage::RowPlace,
        version::{OpenVersion, statement_of},
    },
};
use model::{Commitment, LogicalId, ResourceType, VersionNumber};
use policies::Action;
use proof::{Event, Leaf};
use std::sync::Arc;
use tlog::{leaf, tree::event_tree};

/// How a record is proved.
pub static OF_RECORD: Row = Row::get(Place::Proof, Does::Proves, &[], ALL_TYPES);
/// How one of its versions is.
pub static OF_VERSION: Row = Row::get(Place::ProofOfVersion, Does::Proves, &[], ALL_TYPES);

/// The proof of one version; of the current one when none is named.
///
/// # Errors
/// Not found for what is absent or hidden alike.
pub async fn prove(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    version: Option<VersionNumber>,
) -> Result<Reply, Failure> {
    match (TypeClass::of(kind.as_str()), version) {
        (TypeClass::Audit, None | Some(VersionNumber::FIRST)) => of_audit_event(exchange, id).await,
        _ => of_version(exchange, kind, id, version).await,
    }
}

async fn of_version(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    version: Option<VersionNumber>,
) -> Result<Reply, Failure> {
    let either = [Action::Proof, Action::ProofWithoutContent];
    let looked = exchange.look(&either, kind, id, version).await?;
    let target = looked.target(exchange, kind, id);
    let mut asked = exchange.ask(Action::Proof, kind, id);
    let mut with_content = exchange.permit(&mut asked, Action::Proof, &target);
    let mut found = looked.found();
    if let (Some(found), true) = (&mut found, with_content) {
        with_content = exchange.context_shows(found).await?;
    }
    // Without content nothing is shown of a Binary, so its context is not asked.
    let permitted =
        with_content || exchange.permit(&mut asked, Action::ProofWithoutContent, &target);
    let Some(found) = found.filter(|_| permitted) else {
        return Err(Failure::not_found());
    };
    let (row, facility) = (Arc::clone(&found.row), exchange.facility());
    let policy = leaf_proof::policy_digest(facility, row.policy_number)?;
    let open_leaf = |version: &OpenVersion, with_content: bool| {
        let statement = statement_of(facility, version, policy).encode();
        let commitment = leaf::commitment(&version.salts.leaf, &statement);
        let leaf = Leaf {
            entry: leaf::entry(&commitment),
            statement,
            leaf_salt: version.salts.leaf,
            content_salt: with_content.then_some(version.salts.content),
            event: None,
        };
        (leaf, commitment)
    };
    let (leaf, commitment) = if with_content {
        open_leaf(&exchange.release(asked, found)?, true)
    } else {
        let named = Named {
            kind: kind.clone(),
            id: id.clone(),
            version: Some(row.number),
            patients: found.patients,
        };
        exchange.disclose_leaf(&asked, found.withheld, named, |version| {
            open_leaf(&version, false)
        })?
    };
    answer(exchange, leaf, commitment, RowPlace::of(&row)).await
}

async fn of_audit_event(exchange: &mut Exchange<'_>, id: &LogicalId) -> Result<Reply, Failure> {
    let event = event::find(exchange, Action::Proof, id).await?;
    let opened = &event.audit;
    let leaves = sealed::event_leaves(&opened.record, &opened.salts, &opened.queries)?;
    let path = event_tree::path(&leaves, event.index)
        .ok_or_else(|| Failure::fault("an audit record does not render its events"))?;
    let policy = leaf_proof::policy_digest(exchange.facility(), opened.row.policy_number)?;
    let statement = sealed::statement_of(
        exchange.facility(),
        &opened.row,
        &opened.record,
        &leaves,
        policy,
    )?
    .encode();
    let commitment = leaf::commitment(&opened.salts.leaf, &statement);
    let leaf = Leaf {
        entry: leaf::entry(&commitment),
        statement,
        leaf_salt: opened.salts.leaf,
        content_salt: None,
        event: Some(Event {
            index: event.index as u64,
            size: leaves.len() as u64,
            path,
            salt: sealed::event_salt(&opened.record, &opened.salts, event.index)?,
        }),
    };
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let row = RowPlace {
        version: Some(VersionNumber::FIRST),
        data_key: Some(opened.row.data_key),
        ..RowPlace::of_record(&kind, opened.row.record)
    };
    answer(exchange, leaf, commitment, row).await
}

async fn answer(
    exchange: &Exchange<'_>,
    leaf: Leaf,
    commitment: Commitment,
    row: RowPlace<'_>,
) -> Result<Reply, Failure> {
    let bundle = leaf_proof::bundle(exchange.facility(), leaf, commitment, row).await?;
    Ok(Reply {
        success: Success::Ok,
        version: None,
        location: None,
        chosen: None,
        body: Some(bundle.to_bytes()),
    })
}
