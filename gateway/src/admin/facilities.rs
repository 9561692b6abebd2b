//! `/admin/facilities`: the facilities of the installation. The first one makes the
//! others.

use super::{
    Answer, done,
    proposal::{Facility, Proposal},
    propose, read, run,
};
use crate::context::Context;
use actix_web::{HttpRequest, web};
use serde_json::json;

/// All facilities.
pub(super) async fn list(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let views = run(&context, "facility-list", async |exchange| {
        let list = |reader: &mut store::Reader| reader.facilities().list();
        let rows = exchange.app().store.read("facilities", list).await?;
        let view = |row: &store::Facility| json!({"name": row.name, "since": row.created});
        Ok(rows.iter().map(view).collect::<Vec<_>>())
    })
    .await?;
    Ok(done(&json!({"facilities": views})))
}

/// Proposes to make a facility.
pub(super) async fn make(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
    let facility: Facility = read(&request, payload).await?;
    propose(&context, "facility-make", |_| {
        Ok(Proposal::FacilityMake(facility.clone()))
    })
    .await
}
