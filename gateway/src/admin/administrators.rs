//! `/admin/administrators`: who administers the facility.

use super::{Answer, answer, done, proposal::Proposal, propose, read, run};
use crate::{
    facility::{registered::Held, registration::Administrator},
    failure::Failure,
    http::body,
};
use actix_web::{HttpRequest, web};
use model::{Tag, Timestamp};
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    administrator: Administrator,
    tag: Tag,
    since: Timestamp,
}

impl From<&Held<Administrator>> for View {
    fn from(held: &Held<Administrator>) -> Self {
        Self {
            administrator: held.registrant.clone(),
            tag: held.tag,
            since: held.since,
        }
    }
}

/// The registered administrators.
pub(super) async fn list(request: HttpRequest) -> Answer {
    answer(&request, "administrator-list", async |context| {
        let views = run(&context, "administrator-list", async |exchange| {
            let all = exchange.registered().administrators();
            Ok(all.map(View::from).collect::<Vec<_>>())
        })
        .await?;
        Ok(done(&json!({"administrators": views})))
    })
    .await
}

/// Proposes to register an administrator.
pub(super) async fn register(request: HttpRequest, payload: web::Payload) -> Answer {
    answer(&request, "administrator-register", async |context| {
        let person: Administrator = read(&request, payload).await?;
        propose(&context, "administrator-register", |_| {
            Ok(Proposal::AdministratorRegister(person.clone()))
        })
        .await
    })
    .await
}

/// Proposes to end the registration of an administrator, named by its tag.
pub(super) async fn revoke(request: HttpRequest, payload: web::Payload) -> Answer {
    answer(&request, "administrator-revoke", async |context| {
        body::refuse(&request, payload).await?;
        let tag: Option<Tag> = request
            .match_info()
            .get("tag")
            .and_then(|tag| tag.parse().ok());
        propose(&context, "administrator-revoke", |exchange| {
            let held = tag.and_then(|tag| exchange.registered().administrator(tag));
            let person = held.ok_or_else(Failure::not_found)?.registrant.clone();
            Ok(Proposal::AdministratorRevoke(person))
        })
        .await
    })
    .await
}
