//! Making a facility: its key encryption key, its first data keys, its first policy
//! set and whoever is registered from the first, in one transaction. The root key must
//! be in the KMS before; the log is made by the anchor-service, which alone holds its
//! key.

mod recovery;

pub use recovery::{Recovered, recover};

use crate::{
    facility::FIRST_INDEX_EPOCH,
    failure::Failure,
    keyring::{self, HeldKey},
    log_proof,
    registration::{Administrator, Client, Registrant},
};
use model::{Clock, FacilityName, Random, Scope, Timestamp};
use policies::{Compiled, PolicySource};
use sealing::{IdRoot, Kek, Kms};
use std::sync::Arc;
use store::{FacilityId, PolicySet, Registration, Store, StoredKek, StoredKey, Tx};

/// The generation of a new facility's KEK.
pub const FIRST_GENERATION: u32 = 1;

/// What a new facility is given from outside.
pub struct NewFacility {
    /// Its name.
    pub name: FacilityName,
    /// Its first policy set.
    pub policies: PolicySource,
    /// Its first administrators.
    pub administrators: Vec<Administrator>,
    /// Its first clients.
    pub clients: Vec<Client>,
}

/// Makes a facility.
///
/// # Errors
/// When its policy set does not compile, the KMS or the database refuses, or a
/// facility of this name exists.
pub async fn create_facility(
    new: NewFacility,
    store: &Store,
    kms: &dyn Kms,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<(), Failure> {
    let made = MadeFacility::new(&new, kms, clock.now(), random)?;
    store
        .run_tx("new facility", &[], move |tx| made.insert(tx).map(drop))
        .await?;
    Ok(())
}

/// A facility with everything that its first transaction stores.
pub(crate) struct MadeFacility {
    name: FacilityName,
    created: Timestamp,
    kek: StoredKek,
    keys: Vec<StoredKey>,
    policies: PolicySet,
    registrations: Vec<Registration>,
}

impl MadeFacility {
    /// Makes keys and rows; nothing is stored yet.
    ///
    /// # Errors
    /// When its policy set does not compile, or the KMS refuses.
    pub(crate) fn new(
        new: &NewFacility,
        kms: &dyn Kms,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Self, Failure> {
        let policies = policy_set(1, &new.policies, now)?;
        let kek = Kek::generate(new.name.clone(), FIRST_GENERATION, random)?;
        let wrapped = kms
            .wrap_kek(&kek, random)
            .map_err(|error| Failure::fault(format!("key of facility `{}`: {error}", new.name)))?;
        let make = |scope| keyring::new_key(&kek, scope, now, random);
        let (id_root, own) = (make(Scope::IdRoot)?, make(Scope::Facility)?);
        let registrations = register(new, &kek, (&id_root, &own), now, random)?;
        let index_root = make(Scope::IndexRoot(FIRST_INDEX_EPOCH))?;
        Ok(Self {
            name: new.name.clone(),
            created: now,
            kek: StoredKek {
                generation: FIRST_GENERATION,
                wrapped,
                created: now,
            },
            keys: vec![id_root, index_root, make(Scope::Audit)?, own],
            policies,
            registrations,
        })
    }

    /// Stores it.
    ///
    /// # Errors
    /// `Taken` when there is a facility of this name.
    pub(crate) fn insert(&self, tx: &mut Tx) -> Result<FacilityId, store::Error> {
        let facility = tx.facilities().insert(&self.name, self.created)?;
        tx.keys().insert_kek(facility, &self.kek)?;
        for key in &self.keys {
            tx.keys().insert(facility, key)?;
        }
        for registration in &self.registrations {
            tx.registrations().insert(facility, registration)?;
        }
        tx.policies().insert(facility, &self.policies)?;
        Ok(facility)
    }
}

/// A policy set as it is stored, once it has been seen to compile.
fn policy_set(number: u32, source: &PolicySource, now: Timestamp) -> Result<PolicySet, Failure> {
    let compiled = Compiled::new(number, source)
        .map_err(|error| Failure::fault(format!("policy set {number}: {error}")))?;
    Ok(PolicySet {
        number,
        digest: compiled.digest(),
        schema: source.schema.clone(),
        policies: serde_json::to_string(&source.policies).map_err(Failure::fault)?,
        created: now,
    })
}

/// The first registrations, sealed under keys that are not stored yet.
fn register(
    new: &NewFacility,
    kek: &Kek,
    (id_root, own): (&StoredKey, &StoredKey),
    now: Timestamp,
    random: &dyn Random,
) -> Result<Vec<Registration>, Failure> {
    let open = |row: &StoredKey| {
        let key = kek.unwrap(row.scope, row.id, &row.wrapped);
        key.map_err(Failure::fault)
    };
    let tags = IdRoot::new(&open(id_root)?);
    let key = HeldKey {
        id: own.id,
        scope: own.scope,
        key: Arc::new(open(own)?),
    };
    let people = new.administrators.iter().cloned();
    let clients = new.clients.iter().cloned();
    people
        .map(Registrant::Administrator)
        .chain(clients.map(Registrant::Client))
        .map(|registrant| {
            registrant.check()?;
            registrant.seal((&new.name, &tags, &key), (1, true), now, random)
        })
        .collect()
}

/// Chain and registry at which the facilities' logs are anchored, once noted.
///
/// # Errors
/// When the database cannot be read.
pub async fn noted_registry(store: &Store) -> Result<Option<(u64, [u8; 20])>, Failure> {
    let text = store
        .read("registry", |reader| reader.meta().find(log_proof::REGISTRY))
        .await?;
    Ok(text.as_deref().and_then(log_proof::parse_registry))
}

/// Notes which registry the facilities' logs are anchored at.
///
/// # Errors
/// When another is noted already.
pub async fn note_registry(store: &Store, chain_id: u64, address: [u8; 20]) -> Result<(), Failure> {
    let text = format!("{chain_id}:0x{}", hex::encode(address));
    let insert = text.clone();
    let found = store
        .run_tx("note registry", &[], move |tx| {
            let found = tx.meta().find(log_proof::REGISTRY)?;
            if found.is_none() {
                tx.meta().insert(log_proof::REGISTRY, &insert)?;
            }
            Ok(found)
        })
        .await?;
    match found {
        Some(other) if other != text => Err(Failure::fault(format!(
            "the database is anchored at registry {other}, not {text}; \
             use the registry and the L2 that it was made with"
        ))),
        _ => Ok(()),
    }
}
