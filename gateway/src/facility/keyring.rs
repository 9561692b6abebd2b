//! The data keys of one facility that are open in this process.
//!
//! Opened keys are kept for five minutes at most; a key that is not held is
//! found in the database and unwrapped, and a scope without a key gets one.

use crate::failure::Failure;
use model::{Clock, DataKeyId, FacilityName, Random, Scope, Timestamp};
use sealing::{DataKey, Kek};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use store::{FacilityId, Reader, Store, StoredKey};

const HELD_FOR: Duration = Duration::from_secs(300);
const HELD_AT_MOST: u64 = 50_000;

/// A data key, its name and what it is for.
#[derive(Clone)]
pub struct HeldKey {
    /// Names the key.
    pub id: DataKeyId,
    /// What it is for.
    pub scope: Scope,
    /// The key.
    pub key: Arc<DataKey>,
}

/// The data keys of one facility.
pub struct Keyring {
    name: FacilityName,
    facility: FacilityId,
    kek: Kek,
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    by_scope: moka::sync::Cache<Scope, HeldKey>,
    by_id: moka::sync::Cache<DataKeyId, HeldKey>,
    opened: AtomicU64,
}

impl Keyring {
    /// The keyring of a facility whose KEK is open.
    pub fn new(
        name: FacilityName,
        facility: FacilityId,
        kek: Kek,
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        fn cache<K>() -> moka::sync::Cache<K, HeldKey>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
        {
            moka::sync::Cache::builder()
                .max_capacity(HELD_AT_MOST)
                .time_to_live(HELD_FOR)
                .build()
        }
        Self {
            name,
            facility,
            kek,
            store,
            clock,
            random,
            by_scope: cache(),
            by_id: cache(),
            opened: AtomicU64::new(0),
        }
    }

    /// How many keys were unwrapped since the start.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// The key that seals a scope; makes it when there is none.
    ///
    /// # Errors
    /// When the database or the source of randomness fails.
    pub async fn for_scope(&self, scope: Scope) -> Result<HeldKey, Failure> {
        self.find_or_make(scope).await.map(|(held, _)| held)
    }

    /// The same; also whether it was made now, in a commit of its own.
    ///
    /// # Errors
    /// As [`Self::for_scope`].
    pub(crate) async fn find_or_make(&self, scope: Scope) -> Result<(HeldKey, bool), Failure> {
        if let Some(held) = self.by_scope.get(&scope) {
            return Ok((held, false));
        }
        if let Some(row) = self.find(scope).await? {
            return Ok((self.hold(&row)?, false));
        }
        match self
            .make(new_key(&self.kek, scope, self.clock.now(), &*self.random)?)
            .await
        {
            // Another process made it in between.
            Err(store::Error::KeyTaken) => {
                let row = self
                    .find(scope)
                    .await?
                    .ok_or_else(|| Failure::fault("a data key is taken and yet not there"))?;
                Ok((self.hold(&row)?, false))
            }
            made => Ok((self.hold(&made?)?, true)),
        }
    }

    /// The key that seals a scope, which must be there. For keys that everything else
    /// is read by: another in the place of one that is gone would make all of it strange.
    ///
    /// # Errors
    /// When there is none, or it does not unwrap.
    pub async fn existing(&self, scope: Scope) -> Result<HeldKey, Failure> {
        let row = self.find(scope).await?.ok_or_else(|| {
            let (kind, name) = (scope.kind(), &self.name);
            Failure::fault(format!(
                "the data key of kind {kind} of facility `{name}` is gone; restore the database"
            ))
        })?;
        self.hold(&row)
    }

    /// The key of this name.
    ///
    /// # Errors
    /// When there is none (its scope was erased) or it does not unwrap.
    pub async fn by_id(&self, id: DataKeyId) -> Result<HeldKey, Failure> {
        if let Some(held) = self.by_id.get(&id) {
            return Ok(held);
        }
        let facility = self.facility;
        let row = self
            .store
            .read("data key by id", move |reader| {
                reader.keys().find_by_id(facility, id)
            })
            .await?
            .ok_or_else(|| {
                Failure::fault(format!(
                    "data key {id} is not in the database, or its row cannot be read"
                ))
            })?;
        self.hold(&row)
    }

    /// These keys: those that are not held are read at once. One that is not there or does not
    /// unwrap is left out, for [`Self::by_id`] to refuse.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn hold_all(
        &self,
        ids: BTreeSet<DataKeyId>,
    ) -> Result<HashMap<DataKeyId, HeldKey>, Failure> {
        let mut all = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.by_id.get(&id) {
                Some(held) => drop(all.insert(id, held)),
                None => missing.push(id),
            }
        }
        if missing.is_empty() {
            return Ok(all);
        }
        let facility = self.facility;
        let read = move |reader: &mut Reader| reader.keys().find_many(facility, &missing);
        for row in self.store.search("data keys", read).await? {
            if let Ok(held) = self.hold(&row) {
                all.insert(held.id, held);
            }
        }
        Ok(all)
    }

    async fn find(&self, scope: Scope) -> Result<Option<StoredKey>, store::Error> {
        let facility = self.facility;
        self.store
            .read("data key by scope", move |reader| {
                reader.keys().find(facility, scope)
            })
            .await
    }

    async fn make(&self, row: StoredKey) -> Result<StoredKey, store::Error> {
        let (facility, insert) = (self.facility, row.clone());
        self.store
            .run_tx("new data key", &[], move |tx| {
                tx.keys().insert(facility, &insert)
            })
            .await?;
        Ok(row)
    }

    fn hold(&self, row: &StoredKey) -> Result<HeldKey, Failure> {
        let key = self
            .kek
            .unwrap(row.scope, row.id, &row.wrapped)
            .map_err(|error| {
                Failure::fault(format!("data key {} of `{}`: {error}", row.id, self.name))
            })?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let held = HeldKey {
            id: row.id,
            scope: row.scope,
            key: Arc::new(key),
        };
        self.by_id.insert(held.id, held.clone());
        self.by_scope.insert(held.scope, held.clone());
        Ok(held)
    }
}

/// A fresh key for a scope, wrapped, as the row that stores it.
pub(crate) fn new_key(
    kek: &Kek,
    scope: Scope,
    now: Timestamp,
    random: &dyn Random,
) -> Result<StoredKey, sealing::SealError> {
    let mut id = [0; DataKeyId::LEN];
    random.fill(&mut id)?;
    let id = DataKeyId::new(id);
    let wrapped = kek.wrap(scope, id, &DataKey::generate(random)?, random)?;
    Ok(StoredKey {
        id,
        scope,
        generation: kek.generation(),
        wrapped,
        created: now,
    })
}
