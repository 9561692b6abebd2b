//! Routes of proofs (docs/proof-format.md).

use super::{
    Answer,
    path::{id, kind, version},
};
use crate::{
    audit::sealed::AUDIT_EVENT,
    context::Context,
    exchange::{self, door},
    http::head,
    operation::proof,
};
use actix_web::HttpRequest;
use model::{Interaction, LogicalId, ResourceType, VersionNumber};

pub(super) async fn get_proof(request: HttpRequest) -> Answer {
    door::answer(&request, operation(), async |context| {
        let (kind, id) = (kind(&request)?, id(&request)?);
        prove(&request, context, kind, id, None).await
    })
    .await
}

pub(super) async fn get_version_proof(request: HttpRequest) -> Answer {
    door::answer(&request, operation(), async |context| {
        let (kind, id, version) = (kind(&request)?, id(&request)?, version(&request)?);
        prove(&request, context, kind, id, Some(version)).await
    })
    .await
}

fn operation() -> Interaction {
    Interaction::Proof
}

/// The proof of a version, the current one when none is named. An audit event has one.
async fn prove(
    request: &HttpRequest,
    context: Context,
    kind: ResourceType,
    id: LogicalId,
    version: Option<VersionNumber>,
) -> Answer {
    head::plain(request)?;
    let of_event =
        kind.as_str() == AUDIT_EVENT && version.is_none_or(|number| number == VersionNumber::FIRST);
    let prove = async move |context: &Context| {
        exchange::run(context, operation(), async |exchange| {
            if of_event {
                proof::of_audit_event(exchange, &id).await
            } else {
                proof::of_version(exchange, &kind, &id, version).await
            }
        })
        .await
    };
    let reply = context.carry_out(false, prove).await?;
    Ok(reply.into_json_response())
}
