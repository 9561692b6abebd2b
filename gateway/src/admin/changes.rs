//! `/admin/changes`: what was proposed, and deciding it.

use super::{Answer, change, done, open_change, proposal::Proposal, run, touch};
use crate::{context::Context, failure::Failure};
use actix_web::HttpRequest;
use serde_json::json;

/// How many are shown, newest first.
const SHOWN: u32 = 100;

/// The newest changes of the facility.
pub(super) async fn list(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let views = run(&context, "change-list", async |exchange| {
        let changes = open_change::newest(exchange, SHOWN).await?;
        Ok(changes
            .iter()
            .map(|it| it.view(exchange))
            .collect::<Vec<_>>())
    })
    .await?;
    Ok(done(&json!({"changes": views})))
}

/// One change.
pub(super) async fn read(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let id = id(&request);
    let view = run(&context, "change-read", async |exchange| {
        let change = open_change::find(exchange, id).await?;
        let view = change.view(exchange);
        touch(exchange, format!("changes/{}", view.id), "read");
        Ok(view)
    })
    .await?;
    Ok(done(&view))
}

/// Approves a change, which then takes effect.
pub(super) async fn approve(request: HttpRequest) -> Answer {
    decide(&request, "change-approve", true).await
}

/// Turns a change down; its proposer withdraws it.
pub(super) async fn reject(request: HttpRequest) -> Answer {
    decide(&request, "change-reject", false).await
}

async fn decide(request: &HttpRequest, name: &str, approve: bool) -> Answer {
    let context = Context::enter(request).await?;
    let id = id(request);
    let _turn = context.facility.turn_to_decide().await;
    let (view, made) = run(&context, name, async |exchange| {
        let change = change::decide(exchange, id, approve).await?;
        let made = approve && matches!(change.proposal, Proposal::FacilityMake(_));
        Ok((change.view(exchange), made))
    })
    .await?;
    if made {
        // It is made; when it cannot be opened now, it will be at the next look.
        let look: Result<(), Failure> = context.app.look_for_facilities().await;
        drop(look);
    }
    Ok(done(&view))
}

fn id(request: &HttpRequest) -> &str {
    request.match_info().get("id").unwrap_or_default()
}
