//! Making facilities, as `init` and the demo do it: root key, keys, policy set and
//! first registrations, then the log. Each step finds what an earlier, unfinished run made.

use anchor_service::{LogHost, LogKeys};
use command::CommandError;
use gateway::{
    Administrator, Client,
    facility::setup::{self, FIRST_GENERATION, NewFacility},
};
use model::{Clock, FacilityName, LogId, Random};
use policies::PolicySource;
use sealing::{FileKms, Kms, KmsError};
use std::collections::BTreeSet;
use store::{Facility, KeysShown, Log, Store};

/// Fixes the host for good. One that nothing in the database shows counts when the operator
/// has named it.
///
/// # Errors
/// When another is fixed already, or nothing shows this one.
pub async fn fix_log_host(store: &Store, host: &str, named: bool) -> Result<(), CommandError> {
    match anchor_service::find_log_host(store).await? {
        Some(LogHost { doubt: Some(_), .. }) if named => {}
        Some(found) => {
            let fixed = found.shown()?;
            if fixed != host {
                return Err(format!(
                    "the logs of this database are known by the host `{fixed}` for good, not by \
                     `{host}`; leave `--log-host` out"
                )
                .into());
            }
        }
        None => {}
    }
    Ok(anchor_service::note_log_host(store, host).await?)
}

/// Refuses logs that somebody put into the database who has no leaf key: their ids are not
/// told to the registry. On a machine without one they are taken as they stand.
pub fn check_logs(reader: &mut store::Reader, logs: &[Log]) -> Result<(), store::Error> {
    for keys in reader.log_keys().of_all(logs)? {
        if keys.by() != KeysShown::Unknown {
            keys.shown()?;
        }
    }
    Ok(())
}

/// Who is registered at a facility from the first.
#[derive(Debug, Clone, Default)]
pub struct First {
    /// Its administrators.
    pub administrators: Vec<Administrator>,
    /// Its clients.
    pub clients: Vec<Client>,
    /// With which facilities it shares.
    pub shares_with: BTreeSet<FacilityName>,
}

/// Makes a facility with its keys and the shipped policy set; gives false when it
/// was there.
pub async fn create(
    store: &Store,
    kms: &FileKms,
    name: &FacilityName,
    first: First,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<bool, CommandError> {
    if find(store, name).await?.is_some() {
        return Ok(false);
    }
    match kms.add_root(name, FIRST_GENERATION, random) {
        // A run that was cut short has made it already.
        Ok(()) | Err(KmsError::RootTaken { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let new = NewFacility {
        name: name.clone(),
        policies: PolicySource::shipped(),
        administrators: first.administrators,
        clients: first.clients,
        shares_with: first.shares_with,
    };
    setup::create_facility(new, store, kms, clock, random).await?;
    Ok(true)
}

/// The facility of this name.
pub async fn find(store: &Store, name: &FacilityName) -> Result<Option<Facility>, CommandError> {
    let wanted = name.clone();
    let find = move |reader: &mut store::Reader| reader.facilities().find(&wanted);
    Ok(store.read("facility", find).await?)
}

/// All facilities.
pub async fn list(store: &Store) -> Result<Vec<Facility>, CommandError> {
    let list = |reader: &mut store::Reader| reader.facilities().list();
    Ok(store.read("facilities", list).await?)
}

/// All facilities; what is wrong with a row that cannot be read in the place of that row.
///
/// # Errors
/// When there is none, as [`some`].
pub async fn each(store: &Store) -> Result<Vec<Result<Facility, CommandError>>, CommandError> {
    let each = |reader: &mut store::Reader| reader.facilities().each();
    let unread = |error| format!("a row of `facility` cannot be read: {error}").into();
    let rows = store.read("facilities", each).await?;
    if rows.is_empty() {
        return Err(NONE.into());
    }
    Ok(rows.into_iter().map(|row| row.map_err(unread)).collect())
}

/// What to say where there is none.
const NONE: &str = "the database holds no facility: on a new installation run `chartseal init` \
                    first; else `[database]` names another one than that in use";

/// All facilities, for a command that has nothing to do without one.
///
/// # Errors
/// When there is none: it would say that all is well.
pub async fn some(store: &Store) -> Result<Vec<Facility>, CommandError> {
    let facilities = list(store).await?;
    if facilities.is_empty() {
        return Err(NONE.into());
    }
    Ok(facilities)
}

/// Makes the logs that are not there yet; gives the names of all on the chain.
#[cfg(feature = "demo")]
pub async fn open_logs(
    store: &Store,
    keys: &LogKeys,
    random: &dyn Random,
    host: &str,
) -> Result<Vec<LogId>, CommandError> {
    let mut logs = Vec::new();
    for facility in list(store).await? {
        logs.push(open_log(store, keys, random, host, &facility).await?);
    }
    Ok(logs)
}

/// Makes a facility's log, or finds it, with its key.
pub async fn open_log(
    store: &Store,
    keys: &LogKeys,
    random: &dyn Random,
    host: &str,
    facility: &Facility,
) -> Result<LogId, CommandError> {
    Ok(anchor_service::open_log(store, keys, host, facility, random).await?)
}

/// Makes sure that this KMS holds the root keys of this database.
///
/// # Errors
/// With the first key encryption key that does not open.
pub async fn check_keys(store: &Store, kms: &dyn Kms) -> Result<(), CommandError> {
    for facility in list(store).await? {
        let id = facility.id;
        let list = move |reader: &mut store::Reader| reader.keys().list_keks(id);
        for kek in store.read("key encryption keys", list).await? {
            kms.unwrap_kek(&facility.name, kek.generation, &kek.wrapped)?;
        }
    }
    Ok(())
}
