//! The two facilities of the demo, their keys and logs.

use super::layout::Layout;
use crate::setup::{
    facility::{self, First},
    take_over,
};
use anchor_service::LogKeys;
use command::{CommandError, say};
use gateway::{
    facility::setup::{Confirmed, TakeOver},
    ports::Ports,
};
use model::{Clock, FacilityName, LogId, Random};
use sealing::{FileKms, KmsError};
use std::sync::Arc;
use store::Store;

/// The log host of the demo; it stands in origins whatever the listener is.
const LOG_HOST: &str = "demo.chartseal.example";

/// The names: first the one of most demo users, then the other.
pub fn names() -> Result<[FacilityName; 2], CommandError> {
    Ok(["riverside".parse()?, "hillcrest".parse()?])
}

/// The file KMS; made when it is not there. Only the demo keeps it beside the
/// database.
pub fn kms(layout: &Layout) -> Result<FileKms, CommandError> {
    match FileKms::open(&layout.kms_file()) {
        Err(KmsError::FileAbsent { .. }) if !layout.announcement().exists() => {
            Ok(FileKms::create(&layout.kms_file())?)
        }
        opened => Ok(opened?),
    }
}

/// Makes the facilities that are not there yet, and takes over those of version 0.1.
/// Each shares with the other.
pub async fn create(
    store: &Store,
    kms: &FileKms,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<(), CommandError> {
    for name in names()? {
        let others = names()?.into_iter().filter(|other| *other != name);
        let first = First {
            shares_with: others.collect(),
            ..First::default()
        };
        let confirmed = Confirmed {
            client_issuer: None,
            shares_with: first.shares_with.clone(),
        };
        facility::create(store, kms, &name, first, &**clock, &**random).await?;
        let ports = Ports {
            store,
            kms,
            clock,
            random,
        };
        let old = TakeOver::look(&name, ports).await?;
        if let Some(old) = old {
            take_over::describe(old.found());
            if !old.found().is_as_shipped() {
                return Err(not_as_shipped(&name));
            }
            old.seal(&confirmed).await?;
            say!("  sealed; the demo's facilities share with each other");
        }
    }
    facility::fix_log_host(store, LOG_HOST, true).await
}

/// Nobody looks at what the demo prints before it is sealed, so it seals by itself only what
/// everybody has.
fn not_as_shipped(name: &FacilityName) -> CommandError {
    format!(
        "facility `{name}` has a policy set in clear that 0.1.0 did not ship; read it above. The \
         demo takes over by itself only what was shipped: start with another `--data`, or run \
         `chartseal take-over` with a configuration over this directory"
    )
    .into()
}

/// Makes the logs that are not there yet; gives the names of all on the chain.
pub async fn open_logs(
    store: &Store,
    keys: &LogKeys,
    random: &dyn Random,
) -> Result<Vec<LogId>, CommandError> {
    facility::open_logs(store, keys, random, LOG_HOST).await
}
