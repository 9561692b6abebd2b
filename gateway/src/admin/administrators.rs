//! `/admin/administrators`: who administers the facility.

use super::{Answer, asked::Asked, done, proposal::Proposal};
use crate::{
    exchange::Exchange,
    facility::{registered::Held, registration::Administrator},
    failure::Failure,
};
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
pub(super) async fn list(asked: Asked) -> Answer {
    let views = asked.run(async |exchange| {
        let all = exchange.registered().administrators();
        Ok(all.map(View::from).collect::<Vec<_>>())
    });
    Ok(done(&json!({"administrators": views.await?})))
}

/// Proposes to register an administrator.
pub(super) async fn register(mut asked: Asked) -> Answer {
    let person: Administrator = asked.read().await?;
    let propose = |_: &Exchange<'_>| Ok(Proposal::AdministratorRegister(person.clone()));
    asked.propose(propose).await
}

/// Proposes to end the registration of an administrator, named by its tag.
pub(super) async fn revoke(mut asked: Asked) -> Answer {
    asked.refuse_body().await?;
    let tag: Option<Tag> = asked.named("tag").parse().ok();
    let propose = |exchange: &Exchange<'_>| {
        let held = tag.and_then(|tag| exchange.registered().administrator(tag));
        let person = held.ok_or_else(Failure::not_found)?.registrant.clone();
        Ok(Proposal::AdministratorRevoke(person))
    };
    asked.propose(propose).await
}
