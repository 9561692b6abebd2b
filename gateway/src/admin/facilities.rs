//! `/admin/facilities`: the facilities of the installation. The first one makes the
//! others. `/admin/facility`: what each says of itself.

use super::{
    Answer, answer,
    clients::default_issuer,
    done,
    proposal::{Facility, Proposal},
    propose, read, run,
};
use crate::facility::registration::{Profile, Sharing};
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use serde_json::json;

/// All facilities.
pub(super) async fn list(request: HttpRequest) -> Answer {
    answer(&request, "facility-list", async |context| {
        let views = run(&context, "facility-list", async |exchange| {
            let list = |reader: &mut store::Reader| reader.facilities().list();
            let rows = exchange.app().store.read("facilities", list).await?;
            let view = |row: &store::Facility| json!({"name": row.name, "since": row.created});
            Ok(rows.iter().map(view).collect::<Vec<_>>())
        })
        .await?;
        Ok(done(&json!({"facilities": views})))
    })
    .await
}

/// Proposes to make a facility.
pub(super) async fn make(request: HttpRequest, payload: web::Payload) -> Answer {
    answer(&request, "facility-make", async |context| {
        let mut facility: Facility = read(&request, payload).await?;
        for client in &mut facility.clients {
            default_issuer(&context, &facility.name, client)?;
        }
        propose(&context, "facility-make", |_| {
            Ok(Proposal::FacilityMake(facility.clone()))
        })
        .await
    })
    .await
}

/// What a facility may say of itself; its name is that of the facility asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    organisation: Option<String>,
    /// Always said: to leave it out must not end sharing.
    sharing: Sharing,
}

/// What the facility says of itself, and with whom it shares.
pub(super) async fn profile(request: HttpRequest) -> Answer {
    answer(&request, "facility-read", async |context| {
        let view = run(&context, "facility-read", async |exchange| {
            let held = exchange.registered().profile();
            let profile = held.map_or_else(
                || Profile {
                    name: exchange.facility().name.clone(),
                    organisation: None,
                    sharing: Sharing::default(),
                    makes_facilities: false,
                },
                |held| held.registrant.clone(),
            );
            Ok(profile)
        })
        .await?;
        Ok(done(&view))
    })
    .await
}

/// Proposes to change it.
pub(super) async fn change(request: HttpRequest, payload: web::Payload) -> Answer {
    answer(&request, "facility-change", async |context| {
        let said: Said = read(&request, payload).await?;
        propose(&context, "facility-change", |exchange| {
            Ok(Proposal::FacilityChange(Profile {
                name: exchange.facility().name.clone(),
                organisation: said.organisation.clone(),
                sharing: said.sharing.clone(),
                makes_facilities: exchange.registered().makes_facilities(),
            }))
        })
        .await
    })
    .await
}
