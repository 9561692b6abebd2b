//! `/admin/clients`: whose tokens count at the facility.

use super::{Answer, done, proposal::Proposal, propose, read, run};
use crate::{context::Context, failure::Failure, registered::Held, registration::Client};
use actix_web::{HttpRequest, web};
use model::{Tag, Timestamp};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    client: Client,
    tag: Tag,
    since: Timestamp,
}

impl From<&Held<Client>> for View {
    fn from(held: &Held<Client>) -> Self {
        Self {
            client: held.of.clone(),
            tag: held.tag,
            since: held.since,
        }
    }
}

/// The registered clients.
pub(super) async fn list(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let views = run(&context, "client-list", async |exchange| {
        let views: Vec<View> = exchange.registered().clients().map(View::from).collect();
        Ok(views)
    })
    .await?;
    Ok(done(&json!({"clients": views})))
}

/// Proposes to register a client, or to change what is registered of it.
pub(super) async fn register(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
    let client: Client = read(&request, payload).await?;
    propose(&context, "client-register", |_| {
        Ok(Proposal::ClientRegister(client.clone()))
    })
    .await
}

/// Proposes to end the registration of a client, named by its id or its tag.
pub(super) async fn revoke(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let named = request.match_info().get("id").unwrap_or_default();
    // The router leaves `/`, `+` and `%` as they were written, and decodes the rest.
    let named = percent_decode_str(named).decode_utf8_lossy();
    propose(&context, "client-revoke", |exchange| {
        let held = exchange.registered().client(&named);
        let client = held.ok_or_else(Failure::not_found)?.of.clone();
        Ok(Proposal::ClientRevoke(client))
    })
    .await
}
