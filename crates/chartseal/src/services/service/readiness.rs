//! Before clients are let in: whether logs, keys and registry fit each other.

use super::{Service, assemble, check as check_configuration};
use crate::{
    config::Config,
    database,
    setup::{facility, leaf_key},
};
use actix_web::web;
use anchor_service::{LeaseState, StatusReader};
use command::{CommandError, say};
use gateway::App;
use sealing::FileKms;
use std::{path::Path, time::Duration};

/// How often it is asked how the logs stand.
const LOOK: Duration = Duration::from_millis(100);

/// Lets writes go while the logs are known to fit what was signed and anchored, and holds
/// them otherwise: what is written over a database that has lost leaves has to be thrown
/// away. Where another process has the lease, that one looks at the logs.
pub async fn admit_writes(app: web::Data<App>, anchor: StatusReader) {
    loop {
        let looked_at = anchor.compared() || matches!(anchor.lease(), LeaseState::HeldBy(_));
        let fit = looked_at && anchor.alarm().is_none();
        match (fit, app.hold.is_closed()) {
            (true, true) => {
                app.hold.open();
                tracing::info!("the logs fit what was signed and anchored; writes are taken");
            }
            (false, false) => {
                app.hold.close();
                tracing::error!("writes are held, until the data is put right");
            }
            _ => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Looks at keys, logs and registry without serving anybody or writing a row; tables of an
/// earlier release are brought up to date.
pub async fn check(service: Service, config: &Path) -> Result<(), CommandError> {
    let config = Config::read(config)?;
    check_configuration(service, &config)?;
    let store = database::open(&config)?;
    drop(facility::some(&store).await?);
    leaf_key::hold(&config.needed_leaf_key()?, &store)?;
    if service != Service::Anchor {
        let kms = FileKms::open(&config.keys()?.file)?;
        facility::check_keys(&store, &kms).await?;
        say!("root keys   open what is in the database");
    }
    let mut anchoring = assemble(&config, &store).await?;
    anchoring.step_keys().await?;
    let unshown = anchoring.check().await?;
    say!("key files   the submitter's, every log's and the leaf key are there");
    for origin in unshown.logs {
        say!(
            "log keys    of `{origin}` have no mac of the newest leaf key; a start gives them one, for \
             their files are here and fit what was signed last"
        );
    }
    if unshown.registry {
        say!(
            "registry    the row that notes it has no mac of the newest leaf key; a start gives it \
             one, for it is the one in use"
        );
    }
    for log in anchoring.status().read().await?.logs {
        say!(
            "log         of `{}` (0x{}): {} leaves, as its checkpoint and the registry have them",
            log.facility,
            log.log_id,
            log.size
        );
    }
    Ok(())
}
