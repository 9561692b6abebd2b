//! Before clients are let in: whether logs, keys and registry fit each other.

use super::{Failed, Service, assemble, check as check_configuration};
use crate::{config::Config, database, output::say};
use actix_web::web;
use anchor_service::StatusReader;
use gateway::App;
use sealing::FileKms;
use std::{path::Path, time::Duration};

/// How often it is asked whether the comparison has passed.
const LOOK: Duration = Duration::from_millis(100);

/// Lets writes go once the logs have been compared with the registry.
pub async fn release(app: web::Data<App>, anchor: StatusReader) {
    while !anchor.compared() {
        tokio::time::sleep(LOOK).await;
    }
    app.hold.open();
    tracing::info!("the logs fit the registry; writes are taken");
}

/// Looks at keys, logs and registry without serving anybody or writing anything but what
/// a start brings up to date in the tables.
pub async fn check(service: Service, config: &Path) -> Result<(), Failed> {
    let config = Config::read(config)?;
    check_configuration(service, &config)?;
    let store = database::open(&config)?;
    if service != Service::Anchor {
        let kms = FileKms::open(&config.keys()?.file)?;
        crate::facility::check_keys(&store, &kms).await?;
        say!("root keys   open what is in the database");
    }
    let mut anchoring = assemble(&config, &store).await?;
    anchoring.step_keys().await?;
    say!("key files   the submitter's and every log's are there");
    anchoring.check().await?;
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
