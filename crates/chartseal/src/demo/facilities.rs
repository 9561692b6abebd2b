//! The two facilities of the demo, their keys and logs.

use super::{Failed, layout::Layout};
use crate::facility::{self, First};
use anchor_service::LogKeys;
use model::{Clock, FacilityName, LogId, Random};
use sealing::{FileKms, KmsError};
use store::Store;

/// The log host of the demo; it stands in origins whatever the listener is.
const LOG_HOST: &str = "demo.chartseal.example";

/// The names: first the one of most demo users, then the other.
pub fn names() -> Result<[FacilityName; 2], Failed> {
    Ok(["riverside".parse()?, "hillcrest".parse()?])
}

/// The file KMS; made when it is not there. Only the demo keeps it beside the
/// database.
pub fn kms(layout: &Layout) -> Result<FileKms, Failed> {
    match FileKms::open(&layout.kms_file()) {
        Err(KmsError::FileAbsent { .. }) if !layout.announcement().exists() => {
            Ok(FileKms::create(&layout.kms_file())?)
        }
        opened => Ok(opened?),
    }
}

/// Makes the facilities that are not there yet.
pub async fn create(
    store: &Store,
    kms: &FileKms,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<(), Failed> {
    for name in names()? {
        facility::create(store, kms, (&name, First::default()), clock, random).await?;
    }
    facility::fix_log_host(store, LOG_HOST).await
}

/// Makes the logs that are not there yet; gives the names of all on the chain.
pub async fn open_logs(
    store: &Store,
    keys: &LogKeys,
    random: &dyn Random,
) -> Result<Vec<LogId>, Failed> {
    facility::open_logs(store, keys, random, LOG_HOST).await
}
