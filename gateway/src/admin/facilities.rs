//! `/admin/facilities`: the facilities of the installation. The first one makes the
//! others. `/admin/facility`: what each says of itself.

use super::{
    Answer,
    asked::Asked,
    clients::default_issuer,
    done,
    proposal::{Facility, Proposal},
};
use crate::{
    exchange::Exchange,
    facility::registration::{Profile, Sharing},
};
use serde::Deserialize;
use serde_json::json;

/// All facilities.
pub(super) async fn list(asked: Asked) -> Answer {
    let views = asked.run(async |exchange| {
        let list = |reader: &mut store::Reader| reader.facilities().list();
        let rows = exchange.app().store.read("facilities", list).await?;
        let view = |row: &store::Facility| json!({"name": row.name, "since": row.created});
        Ok(rows.iter().map(view).collect::<Vec<_>>())
    });
    Ok(done(&json!({"facilities": views.await?})))
}

/// Proposes to make a facility.
pub(super) async fn make(mut asked: Asked) -> Answer {
    let mut facility: Facility = asked.read().await?;
    for client in &mut facility.clients {
        default_issuer(&asked.context, &facility.name, client)?;
    }
    let propose = |_: &Exchange<'_>| Ok(Proposal::FacilityMake(facility.clone()));
    asked.propose(propose).await
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
pub(super) async fn profile(asked: Asked) -> Answer {
    let view = asked.run(async |exchange| {
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
    });
    Ok(done(&view.await?))
}

/// Proposes to change it.
pub(super) async fn change(mut asked: Asked) -> Answer {
    let said: Said = asked.read().await?;
    let propose = |exchange: &Exchange<'_>| {
        Ok(Proposal::FacilityChange(Profile {
            name: exchange.facility().name.clone(),
            organisation: said.organisation.clone(),
            sharing: said.sharing.clone(),
            makes_facilities: exchange.registered().makes_facilities(),
        }))
    };
    asked.propose(propose).await
}
