//! Routes of proofs (docs/proof-format.md).

use super::{Answer, Arrived, path};
use crate::{context::Context, exchange, http::head, interaction::kinds::Place, operation::proof};
use model::Interaction;

/// The proof of a version, the current one when none is named. An audit event has one.
pub(super) async fn prove(arrived: Arrived<'_>) -> Answer {
    let request = arrived.request;
    let (kind, id) = (path::kind(request)?, path::id(request)?);
    let version = match arrived.row.place {
        Place::ProofOfVersion => Some(path::version(request)?),
        _ => None,
    };
    head::plain(request)?;
    let prove = async move |context: &Context| {
        exchange::run(context, Interaction::Proof, async |exchange| {
            proof::prove(exchange, &kind, &id, version).await
        })
        .await
    };
    let reply = arrived.context.carry_out(false, prove).await?;
    Ok(reply.into_json_response())
}
