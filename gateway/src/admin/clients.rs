//! `/admin/clients`: whose tokens count at the facility.

use super::{Answer, asked::Asked, done, effect::conflict, proposal::Proposal};
use crate::{
    context::Context,
    exchange::Exchange,
    facility::{registered::Held, registration::Client},
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::{FacilityName, Tag, Timestamp};
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
            client: held.registrant.clone(),
            tag: held.tag,
            since: held.since,
        }
    }
}

/// The registered clients.
pub(super) async fn list(asked: Asked) -> Answer {
    let views = asked.run(async |exchange| {
        let all = exchange.registered().clients();
        Ok(all.map(View::from).collect::<Vec<_>>())
    });
    Ok(done(&json!({"clients": views.await?})))
}

/// Proposes to register a client, or to change what is registered of it.
pub(super) async fn register(mut asked: Asked) -> Answer {
    let mut client: Client = asked.read().await?;
    let facility = &asked.context.facility.name;
    default_issuer(&asked.context, facility, &mut client)?;
    let propose = |_: &Exchange<'_>| Ok(Proposal::ClientRegister(client.clone()));
    asked.propose(propose).await
}

/// Proposes to end the registration of a client, named by its id or its tag.
pub(super) async fn revoke(mut asked: Asked) -> Answer {
    asked.refuse_body().await?;
    // The router leaves `/`, `+` and `%` as they were written, and decodes the rest.
    let named = percent_decode_str(asked.named("id")).decode_utf8_lossy();
    let propose = |exchange: &Exchange<'_>| Ok(Proposal::ClientRevoke(find(exchange, &named)?));
    asked.propose(propose).await
}

/// The client of this tag, or the one of this id.
fn find(exchange: &Exchange<'_>, named: &str) -> Result<Client, Failure> {
    let registered = exchange.registered();
    let by_tag = named.parse().ok().and_then(|tag| registered.client(tag));
    let held = match (by_tag, registered.clients_of_id(named).as_slice()) {
        (Some(held), _) => held,
        (None, [only]) => only,
        (None, []) => return Err(Failure::not_found()),
        (None, _) => {
            return Err(conflict(
                "clients of several issuers have this id; name the client by its tag",
            ));
        }
    };
    Ok(held.registrant.clone())
}

/// Who names no issuer means the one that serves the facility, when there is but one.
pub(super) fn default_issuer(
    context: &Context,
    facility: &FacilityName,
    client: &mut Client,
) -> Result<(), Failure> {
    if !client.issuer.is_empty() {
        return Ok(());
    }
    let only = context.app.identity.only_issuer(facility).ok_or_else(|| {
        Failure::new(
            Category::Unprocessable,
            IssueCode::BusinessRule,
            "name the `issuer` of the client: not exactly one serves the facility",
        )
    })?;
    client.issuer = only.to_owned();
    Ok(())
}
