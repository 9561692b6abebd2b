//! Making a facility: its key encryption key, its first data keys, its first policy
//! set and whoever is registered from the first, in one transaction. The root key must
//! be in the KMS before; the log is made by the anchor-service, which alone holds its
//! key.

mod next_log;
pub(crate) mod operator;
mod policies_in_force;
mod recovery;
mod take_over;

pub use next_log::{Continued, put_next_log};
pub use policies_in_force::put_in_force;
pub use recovery::{First, NO_ADMIN_CLIENT, Recovered, recover};
pub use take_over::{Confirmed, OldFacility, OldSet, TakeOver};

use crate::{
    facility::{
        FIRST_INDEX_EPOCH,
        keyring::{self, HeldKey},
        own_seal::OwnSeal,
        policy_set::{self, NewSet, Numbers},
        registration::{
            Administrator, Client, Entry, NewRegistration, Profile, Registrant, Sharing,
        },
    },
    failure::Failure,
};
use model::{Clock, FacilityName, Random, Scope, Timestamp};
use policies::PolicySource;
use sealing::{IdRoot, Kek, Kms};
use std::{collections::BTreeSet, sync::Arc};
use store::{FacilityId, Registry, Store, StoredKek, StoredKey, Tx};

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
    /// With which facilities it shares from the first.
    pub shares_with: BTreeSet<FacilityName>,
}

/// Makes a facility. The first one of a database is the one whose administrators make
/// others.
///
/// # Errors
/// When its policy set does not compile, the KMS or the database refuses, a facility of
/// this name exists, or another became the first one meanwhile.
pub async fn create_facility(
    new: NewFacility,
    store: &Store,
    kms: &dyn Kms,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<(), Failure> {
    let list = |reader: &mut store::Reader| reader.facilities().list();
    let first = store.read("facilities", list).await?.is_empty();
    let made = MadeFacility::new(&new, first, kms, clock.now(), random)?;
    store
        .run_tx("new facility", &[], move |tx| {
            if first && !tx.facilities().list()?.is_empty() {
                return Err(store::Error::Taken(store::Taken::FirstFacility));
            }
            made.insert(tx).map(drop)
        })
        .await?;
    Ok(())
}

/// A facility with everything that its first transaction stores.
pub(crate) struct MadeFacility {
    name: FacilityName,
    created: Timestamp,
    kek: StoredKek,
    keys: Vec<StoredKey>,
    policies: NewSet,
    registrations: Vec<NewRegistration>,
}

impl MadeFacility {
    /// Makes keys and rows; nothing is stored yet. `first` says that its administrators
    /// make other facilities.
    ///
    /// # Errors
    /// When its policy set does not compile, or the KMS refuses.
    pub(crate) fn new(
        new: &NewFacility,
        first: bool,
        kms: &dyn Kms,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Self, Failure> {
        let kek = Kek::generate(new.name.clone(), FIRST_GENERATION, random)?;
        let wrapped = kms
            .wrap_kek(&kek, random)
            .map_err(|error| Failure::fault(format!("key of facility `{}`: {error}", new.name)))?;
        let make = |scope| keyring::new_key(&kek, scope, now, random);
        let (id_root, own) = (make(Scope::IdRoot)?, make(Scope::Facility)?);
        let open = |row: &StoredKey| {
            let key = kek.unwrap(row.scope, row.id, &row.wrapped);
            key.map_err(Failure::fault)
        };
        let (tags, key) = (
            IdRoot::new(&open(&id_root)?),
            HeldKey {
                id: own.id,
                scope: own.scope,
                key: Arc::new(open(&own)?),
            },
        );
        let seal = OwnSeal {
            facility: &new.name,
            tags: &tags,
            key: &key,
            random,
        };
        let policies = policy_set::make(
            &seal,
            Numbers {
                set: 1,
                statement: 1,
            },
            &new.policies,
            now,
        )?;
        let registrations = register(new, first, &seal, now)?;
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
            registration.insert(tx, facility)?;
        }
        self.policies.insert(tx, facility)?;
        Ok(facility)
    }
}

/// The first registrations, sealed under keys that are not stored yet.
fn register(
    new: &NewFacility,
    first: bool,
    own: &OwnSeal<'_>,
    now: Timestamp,
) -> Result<Vec<NewRegistration>, Failure> {
    let people = new.administrators.iter().cloned();
    let clients = new.clients.iter().cloned();
    let profile = first_profile(&new.name, &new.shares_with, first);
    let all = people
        .map(Registrant::Administrator)
        .chain(clients.map(Registrant::Client))
        .chain(profile.map(Registrant::Facility));
    (1..)
        .zip(all)
        .map(|(statement, registrant)| {
            registrant.check()?;
            registrant.seal(own, Entry::FIRST, statement, now)
        })
        .collect()
}

/// What a facility says of itself from the first, when there is something to say.
fn first_profile(
    name: &FacilityName,
    shares_with: &BTreeSet<FacilityName>,
    first: bool,
) -> Option<Profile> {
    (first || !shares_with.is_empty()).then(|| Profile {
        name: name.clone(),
        organisation: None,
        sharing: Sharing {
            with: shares_with.clone(),
        },
        makes_facilities: first,
    })
}

/// Notes which registry the facilities' logs are anchored at.
///
/// # Errors
/// When another is noted already, or nothing shows the one that is.
pub async fn note_registry(store: &Store, registry: Registry) -> Result<(), Failure> {
    let found = store
        .run_tx("note registry", &[], move |tx| {
            let found = tx.registries().find()?.shown()?.now;
            if found.is_none() {
                tx.registries().insert(registry)?;
            }
            Ok(found)
        })
        .await?;
    match found {
        Some(other) if other != registry => Err(Failure::fault(format!(
            "the database is anchored at registry {other}, not {registry}; \
             use the registry and the L2 that it was made with"
        ))),
        _ => Ok(()),
    }
}
