//! The service's hold on the store: what it reads there, and its transactions,
//! each a method. What belongs together is written together; nothing here waits
//! for the ledger.

mod backfill;
mod checkpoints;
mod growth;
mod late_evidence;
mod lost_anchors;
mod posts;
mod standing;
mod thinning;
mod without_log;

pub(crate) use checkpoints::Signers;
pub(crate) use growth::LogState;
pub(crate) use posts::LEDGER;

use crate::{
    failure::StepError,
    log::effects::{Effects, Undisturbed},
    service::{counts::Counters, tenure::Tenure},
};
use checkpoints::Told;
use model::{Digest, FacilityName, LogId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::{
    EachLog, Error, Facility, FacilityId, LogKeySet, LogRowId, Reader, Store, StoredCheckpoint,
    StoredLease, StoredLogKey, Tx,
};
use tlog::{
    notes::checkpoint::Origin,
    tree::{self, TreeError, consistency, tile},
};

/// A log of a facility.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) id: LogRowId,
    pub(crate) facility: FacilityName,
    facility_id: FacilityId,
    pub(crate) epoch: u32,
    pub(crate) origin: Origin,
    pub(crate) log_id: LogId,
    /// Its first key.
    pub(crate) public_key: [u8; 32],
    /// Its keys, and what shows them.
    pub(crate) keys: LogKeySet,
    pub(crate) size: u64,
    /// Whether a later log of the facility took its place: it takes no leaf any more.
    pub(crate) ended: bool,
    moved_at: Result<u64, Error>,
}

impl Log {
    /// Rows of anchors have the registry's number and this one, which is that of the last
    /// anchor at the registries of before.
    ///
    /// # Errors
    /// When nothing shows which registries those are.
    pub(crate) fn moved_at(&self) -> Result<u64, Error> {
        self.moved_at.clone()
    }
}

impl Log {
    /// Its keys that sign, the oldest first: those that are not retired. Nothing signs
    /// while nothing shows that they are its own.
    pub(crate) fn signers(&self) -> Vec<&StoredLogKey> {
        let keys = self.keys.shown().unwrap_or_default();
        keys.iter().filter(|key| key.retired.is_none()).collect()
    }
}

/// The store as the service uses it.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    store: Store,
    pub(crate) counters: Counters,
    pub(crate) tenure: Tenure,
    told: Told,
    /// What a write meets with besides the database.
    pub(crate) effects: Arc<dyn Effects>,
}

impl Log {
    /// Whether this is its row, as far as that says whose it is.
    pub(crate) fn is(&self, row: &store::Log) -> bool {
        let whose = (row.facility, row.epoch, row.log_id);
        row.origin == self.origin.as_str() && whose == (self.facility_id, self.epoch, self.log_id)
    }
}

impl Journal {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            counters: Counters::default(),
            tenure: Tenure::default(),
            told: Told::default(),
            effects: Arc::new(Undisturbed),
        }
    }

    /// One transaction, of whoever has the lease and of nobody else.
    pub(crate) async fn write<T, F>(&self, name: &'static str, mut f: F) -> Result<T, Error>
    where
        F: FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.effects.before()?;
        let fence = self.tenure.fence();
        let fenced = move |tx: &mut Tx| fence(tx).and_then(|()| f(tx));
        let outcome = self.store.run_tx(name, &[], fenced).await;
        self.tenure.note(&outcome);
        let value = outcome?;
        self.effects.after()?;
        Ok(value)
    }

    pub(crate) async fn read<T, F>(&self, name: &'static str, f: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.store.read(name, f).await
    }

    /// Who has the lease.
    pub(crate) async fn lease(&self) -> Result<Option<StoredLease>, StepError> {
        Ok(self.read("lease", |reader| reader.lease().find()).await?)
    }

    /// Puts `after` in the place of `before`.
    pub(crate) async fn swap_lease(
        &self,
        before: Option<StoredLease>,
        after: StoredLease,
    ) -> Result<(), StepError> {
        let swap = move |tx: &mut Tx| tx.lease().swap(before.as_ref(), &after);
        Ok(self.store.run_tx("lease", &[], swap).await?)
    }

    /// The names of all logs as they stand in the rows.
    pub(crate) async fn origins(&self) -> Result<BTreeSet<String>, StepError> {
        let logs = self.read("origins", |reader| reader.logs().each()).await?;
        Ok(logs.into_iter().map(|each| each.origin).collect())
    }

    /// All logs of all epochs. Of a facility with a row that cannot be read there is none:
    /// which of its logs goes on is not known.
    pub(crate) async fn all_logs(&self) -> Result<Vec<Log>, StepError> {
        Ok(self.read("logs", list_logs).await?)
    }

    /// The store itself.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Shows by the newest leaf key that the keys of a log are its own.
    pub(crate) async fn adopt_keys(&self, log: &Log) -> Result<(), StepError> {
        let (id, keys) = (log.id, log.keys.as_they_stand().to_vec());
        let adopt = move |tx: &mut Tx| tx.log_keys().adopt(id, &keys);
        Ok(self.write("adopt log keys", adopt).await?)
    }

    /// Looks for facilities and logs whose rows cannot be read: the steps go on without
    /// them.
    ///
    /// # Errors
    /// With the first.
    pub(crate) async fn check_rows(&self) -> Result<(), StepError> {
        let check = |reader: &mut Reader| {
            let facilities = reader.facilities().list()?;
            let checked = |each: EachLog| {
                let error = each.log.and_then(|log| origin(&log)).err()?;
                Some((each.facility, error))
            };
            let wrong = reader.logs().each()?.into_iter().find_map(checked);
            Ok(wrong.map(|(id, error)| {
                let facility = facilities.into_iter().find(|facility| facility.id == id);
                (facility.map(|facility| facility.name), error)
            }))
        };
        match self.read("rows of facilities", check).await? {
            None => Ok(()),
            Some((Some(facility), error)) => Err(StepError::from(error).of_log(&facility)),
            Some((None, error)) => Err(error.into()),
        }
    }

    /// The logs that take leaves: of each facility the newest.
    pub(crate) async fn current_logs(&self) -> Result<Vec<Log>, StepError> {
        Ok(current(self.all_logs().await?))
    }

    /// Those of these for which leaves wait. A look costs the database less than a
    /// transaction that finds none.
    pub(crate) async fn awaited(&self, logs: Vec<Log>) -> Result<Vec<Log>, StepError> {
        let awaited = self.read("logs awaited", |reader| {
            let mut awaited = Vec::new();
            for log in logs {
                if reader.leaves().is_awaited(log.facility_id)? {
                    awaited.push(log);
                }
            }
            Ok(awaited)
        });
        Ok(awaited.await?)
    }

    /// How many leaves the log has now.
    pub(crate) async fn size(&self, log: LogRowId) -> Result<u64, StepError> {
        let row = self.read("log size", move |reader| reader.logs().get(log));
        Ok(row.await?.ok_or(Error::Corrupt("log"))?.size)
    }

    /// The root of the first `size` leaves.
    pub(crate) async fn root(&self, log: &Log, size: u64) -> Result<Digest, StepError> {
        let id = log.id;
        let root = self.read("root", move |reader| {
            let mut read = |tile: tile::TileId| reader.logs().tile(id, tile.level, tile.index);
            tree::root(&mut read, size).map_err(tree_error)
        });
        Ok(root.await?)
    }

    /// The proof that `new` leaves extend `old` ones.
    pub(crate) async fn consistency(
        &self,
        log: &Log,
        old: u64,
        new: u64,
    ) -> Result<Vec<Digest>, StepError> {
        let id = log.id;
        let path = self.read("consistency", move |reader| {
            let mut read = |tile: tile::TileId| reader.logs().tile(id, tile.level, tile.index);
            consistency::path(&mut read, old, new).map_err(tree_error)
        });
        Ok(path.await?)
    }

    /// Stores a signed checkpoint.
    pub(crate) async fn add_checkpoint(
        &self,
        log: LogRowId,
        checkpoint: StoredCheckpoint,
    ) -> Result<(), StepError> {
        let add = self.write("checkpoint", move |tx| {
            tx.logs().put_checkpoint(log, &checkpoint)
        });
        add.await?;
        self.counters.signed();
        Ok(())
    }
}

/// The facilities whose rows can be read; [`Journal::check_rows`] tells of the others.
fn readable(reader: &mut Reader) -> Result<Vec<Facility>, Error> {
    let rows = reader.facilities().each()?;
    Ok(rows.into_iter().filter_map(Result::ok).collect())
}

fn origin(log: &store::Log) -> Result<Origin, Error> {
    log.origin.parse().map_err(|_| Error::Corrupt("origin"))
}

/// The logs of these.
fn list_logs(reader: &mut Reader) -> Result<Vec<Log>, Error> {
    let facilities = readable(reader)?;
    let (mut logs, mut unread) = (Vec::new(), BTreeSet::new());
    for each in reader.logs().each()? {
        match each.log {
            Ok(log) => logs.push(log),
            Err(_) => drop(unread.insert(each.facility)),
        }
    }
    // An older log must not take leaves in the place of one that cannot be read.
    logs.retain(|log| !unread.contains(&log.facility));
    let keys = reader.log_keys().of_all(&logs)?;
    let mut newest = BTreeMap::new();
    for log in &logs {
        let epoch = newest.entry(log.facility).or_insert(log.epoch);
        *epoch = log.epoch.max(*epoch);
    }
    let registries = reader.registries().find()?.shown();
    let with_name = |(log, keys): (store::Log, LogKeySet)| {
        let facility = facilities
            .iter()
            .find(|facility| facility.id == log.facility)?;
        Some(Log {
            id: log.id,
            facility: facility.name.clone(),
            facility_id: log.facility,
            epoch: log.epoch,
            origin: origin(&log).ok()?,
            log_id: log.log_id,
            public_key: log.public_key,
            keys,
            size: log.size,
            ended: newest.get(&log.facility) != Some(&log.epoch),
            moved_at: registries
                .as_ref()
                .map(|all| all.last_seq(log.id))
                .map_err(Error::clone),
        })
    };
    Ok(logs.into_iter().zip(keys).filter_map(with_name).collect())
}

/// Of each facility the newest.
fn current(mut logs: Vec<Log>) -> Vec<Log> {
    logs.retain(|log| !log.ended);
    logs
}

/// A log whose tiles do not hold what its size demands is damaged.
fn tree_error(error: TreeError<Error>) -> Error {
    match error {
        TreeError::Read(error) => error,
        TreeError::Tile(_) | TreeError::TooLarge | TreeError::Beyond => Error::Corrupt("tile"),
    }
}
