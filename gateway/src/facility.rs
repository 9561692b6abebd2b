//! One facility in this process: its keys, its tags, the policy set in force, and
//! who is registered.

use crate::{failure::Failure, keyring::Keyring, registered::Registered};
use fhir::LocalBase;
use model::{Clock, EpochRead, FacilityName, Random, Scope, Tag};
use policies::{Compiled, PolicySource};
use sealing::{CursorKey, IdRoot, IndexRoot, Kms, RequestKey};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use store::{FacilityId, Store};

/// The index epoch of a new facility.
pub(crate) const FIRST_INDEX_EPOCH: u32 = 1;

/// A facility whose keys are open.
pub struct Facility {
    /// Its name in URLs, origins and hashes.
    pub name: FacilityName,
    /// Its rows.
    pub id: FacilityId,
    /// Its data keys.
    pub keys: Keyring,
    /// Makes its tags.
    pub tags: IdRoot,
    /// Makes its search tokens.
    pub index: IndexRoot,
    /// Seals its paging cursors.
    pub cursors: CursorKey,
    /// Tells whether requests under one idempotency key ask for the same.
    pub requests: RequestKey,
    /// Tells this facility's own URLs from foreign ones.
    pub local: LocalBase,
    store: Store,
    in_force: RwLock<Arc<InForce>>,
}

/// The policy set in force and who is registered, with the epoch under which both
/// were read.
pub struct InForce {
    /// The set, ready to decide.
    pub rules: Arc<Compiled>,
    /// Clients and administrators.
    pub registered: Registered,
    /// The facility's epoch for policy set, clients, roles and keys.
    pub epoch: EpochRead,
}

impl Facility {
    /// Opens a facility that the database holds.
    ///
    /// # Errors
    /// When it is not there, or its keys or policy set cannot be opened.
    pub async fn open(
        name: &FacilityName,
        store: &Store,
        kms: &dyn Kms,
        clock: &Arc<dyn Clock>,
        random: &Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let wanted = name.clone();
        let (id, kek) = store
            .read("facility", move |reader| {
                let Some(facility) = reader.facilities().find(&wanted)? else {
                    return Ok(None);
                };
                Ok(reader
                    .keys()
                    .list_keks(facility.id)?
                    .pop()
                    .map(|kek| (facility.id, kek)))
            })
            .await?
            .ok_or_else(|| {
                Failure::fault(format!("facility `{name}` has no key; make it first"))
            })?;
        let kek = kms
            .unwrap_kek(name, kek.generation, &kek.wrapped)
            .map_err(|error| Failure::fault(format!("key of facility `{name}`: {error}")))?;
        let keys = Keyring::new(
            name.clone(),
            id,
            kek,
            store.clone(),
            Arc::clone(clock),
            Arc::clone(random),
        );
        let id_root = keys.for_scope(Scope::IdRoot).await?;
        let index_root = keys.for_scope(Scope::IndexRoot(FIRST_INDEX_EPOCH)).await?;
        let tags = IdRoot::new(&id_root.key);
        Ok(Self {
            name: name.clone(),
            id,
            index: IndexRoot::new(FIRST_INDEX_EPOCH, &index_root.key),
            cursors: CursorKey::new(&id_root.key),
            requests: RequestKey::new(&id_root.key),
            local: LocalBase::default(),
            in_force: RwLock::new(Arc::new(
                read_in_force((name, id), store, &keys, &tags).await?,
            )),
            tags,
            keys,
            store: store.clone(),
        })
    }

    /// Policy set and registrations in force, as this process last read them. A transaction
    /// compares its epoch, so a stale one is noticed before anything is done.
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads both again, after a transaction found the epoch moved.
    ///
    /// # Errors
    /// When they cannot be read or the set does not compile; nothing is permitted then.
    pub async fn refresh(&self) -> Result<(), Failure> {
        let fresh = Arc::new(
            read_in_force((&self.name, self.id), &self.store, &self.keys, &self.tags).await?,
        );
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

async fn read_in_force(
    (name, id): (&FacilityName, FacilityId),
    store: &Store,
    keys: &Keyring,
    tags: &IdRoot,
) -> Result<InForce, Failure> {
    // The epoch is read first: a set put in force in between makes the epoch
    // stale, never the set newer than its epoch says.
    let (epoch, row, registrations) = store
        .read("what is in force", move |reader| {
            let epochs = reader.epochs().read(id, &[Tag::ZERO])?;
            Ok((
                epochs.into_iter().next(),
                reader.policies().newest(id)?,
                reader.registrations().newest(id)?,
            ))
        })
        .await?;
    let row = row.ok_or_else(|| Failure::fault("no policy set is in force"))?;
    let policies: BTreeMap<String, String> = serde_json::from_str(&row.policies)
        .map_err(|_| Failure::fault(format!("policy set {} cannot be read", row.number)))?;
    let source = PolicySource {
        schema: row.schema,
        policies,
    };
    let compiled = Compiled::new(row.number, &source)
        .map_err(|error| Failure::fault(format!("policy set {}: {error}", row.number)))?;
    if compiled.digest() != row.digest {
        return Err(Failure::fault(format!(
            "policy set {} is not what was put in force",
            row.number
        )));
    }
    Ok(InForce {
        rules: Arc::new(compiled),
        registered: Registered::open(name, keys, tags, registrations).await?,
        epoch: epoch.unwrap_or(EpochRead {
            scope: Tag::ZERO,
            number: 0,
        }),
    })
}
