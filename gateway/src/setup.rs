//! Making a facility: its key encryption key, its first data keys and its first
//! policy set, in one transaction. The root key must be in the KMS before; the
//! log is made by the anchor-service, which alone holds its key.

use crate::{facility::FIRST_INDEX_EPOCH, failure::Failure, keyring, log_proof};
use model::{Clock, FacilityName, Random, Scope};
use policies::{Compiled, PolicySource};
use sealing::{Kek, Kms};
use store::{PolicySet, Store, StoredKek};

/// The generation of a new facility's KEK.
pub const FIRST_GENERATION: u32 = 1;

/// What a new facility is given from outside.
pub struct NewFacility {
    /// Its name.
    pub name: FacilityName,
    /// Its first policy set.
    pub policies: PolicySource,
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
    let now = clock.now();
    let rules = Compiled::new(1, &new.policies)
        .map_err(|error| Failure::fault(format!("first policy set: {error}")))?;
    let kek = Kek::generate(new.name.clone(), FIRST_GENERATION, random)?;
    let wrapped = kms
        .wrap_kek(&kek, random)
        .map_err(|error| Failure::fault(format!("key of facility `{}`: {error}", new.name)))?;
    let stored_kek = StoredKek {
        generation: FIRST_GENERATION,
        wrapped,
        created: now,
    };
    let mut keys = Vec::new();
    for scope in [
        Scope::IdRoot,
        Scope::IndexRoot(FIRST_INDEX_EPOCH),
        Scope::Audit,
        Scope::Facility,
    ] {
        keys.push(keyring::new_key(&kek, scope, now, random)?);
    }
    let set = PolicySet {
        number: 1,
        digest: rules.digest(),
        schema: new.policies.schema.clone(),
        policies: serde_json::to_string(&new.policies.policies).map_err(Failure::fault)?,
        created: now,
    };
    store
        .run_tx("new facility", &[], move |tx| {
            let facility = tx.facilities().insert(&new.name, now)?;
            tx.keys().insert_kek(facility, &stored_kek)?;
            for key in &keys {
                tx.keys().insert(facility, key)?;
            }
            tx.policies().insert(facility, &set)
        })
        .await?;
    Ok(())
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
