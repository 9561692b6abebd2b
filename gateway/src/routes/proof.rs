//! Routes of proofs (docs/proof-format.md).

use super::{Answer, Arrived, path};
use crate::{
    audit::sealed::AUDIT_EVENT, context::Context, exchange, http::head, interaction::kinds::Place,
    operation::proof,
};
use model::{Interaction, VersionNumber};

/// The proof of a version, the current one when none is named. An audit event has one.
pub(super) async fn prove(arrived: Arrived<'_>) -> Answer {
    let request = arrived.request;
    let (kind, id) = (path::kind(request)?, path::id(request)?);
    let version = match arrived.row.place {
        Place::ProofOfVersion => Some(path::version(request)?),
        _ => None,
    };
    head::plain(request)?;
    let of_event =
        kind.as_str() == AUDIT_EVENT && version.is_none_or(|number| number == VersionNumber::FIRST);
    let prove = async move |context: &Context| {
        exchange::run(context, Interaction::Proof, async |exchange| {
            if of_event {
                proof::of_audit_event(exchange, &id).await
            } else {
                proof::of_version(exchange, &kind, &id, version).await
            }
        })
        .await
    };
    let reply = arrived.context.carry_out(false, prove).await?;
    Ok(reply.into_json_response())
}
