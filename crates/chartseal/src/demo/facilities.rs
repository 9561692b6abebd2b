//! The two facilities of the demo, their keys and logs.

use super::{Failed, layout::Layout};
use anchor_service::LogKeys;
use gateway::setup::{self, FIRST_GENERATION, NewFacility};
use model::{Clock, FacilityName, LogId, Random};
use policies::PolicySource;
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
        let wanted = name.clone();
        let found = store
            .read("facility", move |reader| reader.facilities().find(&wanted))
            .await?;
        if found.is_some() {
            continue;
        }
        match kms.add_root(&name, FIRST_GENERATION, random) {
            // A start that was cut short has made it already.
            Ok(()) | Err(KmsError::RootTaken { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let new = NewFacility {
            name,
            policies: PolicySource::shipped(),
        };
        setup::create_facility(new, store, kms, clock, random).await?;
    }
    Ok(())
}

/// Makes the logs that are not there yet; gives the names of all on the chain.
pub async fn open_logs(
    store: &Store,
    keys: &LogKeys,
    random: &dyn Random,
) -> Result<Vec<LogId>, Failed> {
    let mut logs = Vec::new();
    for facility in store
        .read("facilities", |reader| reader.facilities().list())
        .await?
    {
        let log = anchor_service::open_log(store, keys, LOG_HOST, &facility, random);
        logs.push(log.await?);
    }
    Ok(logs)
}
