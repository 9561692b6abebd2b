//! One facility in this process: its keys, its tags, the policy set in force, and
//! who is registered.

pub(crate) mod damage_counts;
pub(crate) mod in_force;
pub(crate) mod keyring;
pub(crate) mod old_facility;
pub(crate) mod own;
pub(crate) mod own_seal;
pub(crate) mod own_urls;
pub(crate) mod policy_set;
pub(crate) mod registered;
pub(crate) mod registration;
pub(crate) mod sealed_json;
pub mod setup;
pub(crate) mod side;
pub(crate) mod statement;

use crate::{
    facility::{
        damage_counts::DamageCounts,
        in_force::InForce,
        keyring::{HeldKey, Keyring},
        own_seal::{Envelope, OwnContent, OwnPlace, OwnSeal},
        statement::log::{Breach, Source, StatementLog},
    },
    failure::Failure,
    log::unshown_keys::UnshownKeys,
    ports::Ports,
    work::{index::status::IndexStatus, sweep::status::SweepStatus},
};
use fhir::LocalBase;
use model::{Clock, DataKeyId, FacilityName, Random, Scope};
use sealing::{CursorKey, IdRoot, IndexRoot, Opened, RequestKey, Sealed};
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};
use store::{FacilityId, StatementKind, Store};
use tokio::sync::{Mutex, MutexGuard};

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
    /// What it has stated about itself.
    pub(crate) statements: StatementLog,
    /// How many of its rows were found damaged.
    pub damages: DamageCounts,
    /// How often nothing showed the keys of its log.
    pub unshown_keys: Arc<UnshownKeys>,
    /// How far it is swept, and what was found.
    pub sweep: SweepStatus,
    /// Whether each current version has its index card.
    pub index_status: IndexStatus,
    pub(crate) store: Store,
    clock: Arc<dyn Clock>,
    in_force: RwLock<Arc<InForce>>,
    /// Whoever holds it reads what is in force.
    reading: Mutex<()>,
    /// Whoever holds it proposes or decides.
    deciding: Mutex<()>,
    refusals: AtomicU64,
}

impl Facility {
    /// Opens a facility that the database holds. Rules that are refused do not keep it
    /// from opening: nothing is permitted then, and others are served.
    ///
    /// # Errors
    /// When it is not there, not taken over from version 0.1 or turned back to it, or its
    /// keys cannot be opened.
    pub async fn open(name: &FacilityName, ports: Ports<'_>) -> Result<Self, Failure> {
        let facility = Self::open_keys(name, ports).await?;
        if facility.is_of_0_1().await? {
            return Err(Failure::fault(format!(
                "facility `{name}` was made by version 0.1, whose policy sets and registrations \
                 anyone could change who can write to the database; look at them with `chartseal \
                 take-over`, which seals them once"
            )));
        }
        facility.refresh().await?;
        Ok(facility)
    }

    /// Opens its keys alone.
    ///
    /// # Errors
    /// When it is not there, or its keys cannot be opened.
    pub(crate) async fn open_keys(name: &FacilityName, ports: Ports<'_>) -> Result<Self, Failure> {
        let Ports {
            store,
            kms,
            clock,
            random,
        } = ports;
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
        let id_root = keys.existing(Scope::IdRoot).await?;
        let index_root = keys.existing(Scope::IndexRoot(FIRST_INDEX_EPOCH)).await?;
        Ok(Self {
            name: name.clone(),
            id,
            index: IndexRoot::new(FIRST_INDEX_EPOCH, &index_root.key),
            cursors: CursorKey::new(&id_root.key),
            requests: RequestKey::new(&id_root.key),
            local: LocalBase::default(),
            tags: IdRoot::new(&id_root.key),
            keys,
            statements: StatementLog::default(),
            store: store.clone(),
            in_force: RwLock::new(Arc::new(InForce::nothing(clock.now()))),
            clock: Arc::clone(clock),
            reading: Mutex::default(),
            deciding: Mutex::default(),
            refusals: AtomicU64::new(0),
            damages: DamageCounts::default(),
            unshown_keys: Arc::new(UnshownKeys::new(name.clone(), Arc::clone(clock))),
            sweep: SweepStatus::default(),
            index_status: IndexStatus::default(),
        })
    }

    /// Policy set and registrations in force, as this process last read them. A transaction
    /// compares its epoch, so a stale one is noticed before anything is done.
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what is in force again when it has been used for a minute: an epoch that
    /// someone has turned back must not keep old rules alive.
    ///
    /// # Errors
    /// When the database or the keys cannot be read.
    pub(crate) async fn keep_fresh(&self) -> Result<(), Failure> {
        if self.in_force().is_fresh(self.clock.now()) {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        if self.in_force().is_fresh(self.clock.now()) {
            Ok(())
        } else {
            self.read_in_force().await
        }
    }

    /// Reads what is in force again, after a transaction found the epoch moved.
    ///
    /// # Errors
    /// When the database or the keys cannot be read.
    pub async fn refresh(&self) -> Result<(), Failure> {
        let _reading = self.reading.lock().await;
        self.read_in_force().await
    }

    async fn read_in_force(&self) -> Result<(), Failure> {
        let (before, now) = (self.in_force(), self.clock.now());
        let fresh = InForce::read(self.source(), &self.statements, &before, now).await?;
        self.report(&before, &fresh);
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    /// Says what is wrong, each time that it is read: until an operator has seen to it
    /// there is nothing else to be said of the facility.
    fn report(&self, before: &InForce, fresh: &InForce) {
        for trouble in &fresh.troubles {
            self.refusals.fetch_add(1, Ordering::Relaxed);
            tracing::error!(facility = %self.name, trouble,
                permits_nothing = fresh.rules.is_none(),
                "what decides was changed in the database by someone without the keys, or is \
                 not the newest; restore the database, see the runbook");
        }
        if fresh.rules.is_some() && fresh.policy_number() != before.policy_number() {
            tracing::info!(facility = %self.name, number = fresh.policy_number(),
                digest = %fresh.policy_digest(), "this policy set is in force");
        }
    }

    /// How often something of what decides was refused since the start.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Notes that something of what decides was refused.
    pub(crate) fn note_refusal(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// What is wrong now with what decides here.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        self.in_force().troubles.clone()
    }

    pub(crate) const fn source(&self) -> Source<'_> {
        Source {
            name: &self.name,
            id: self.id,
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
        }
    }

    /// Reads the statements of a kind that were made since.
    ///
    /// # Errors
    /// When they cannot be read, or are not all there.
    pub(crate) async fn read_statements(&self, kind: StatementKind) -> Result<(), Failure> {
        let read = self.statements.read(self.source(), kind).await?;
        read.map_err(|breach| self.refuse(&breach))
    }

    /// A request met rows that somebody without the keys has changed.
    pub(crate) fn refuse(&self, breach: &Breach) -> Failure {
        self.note_refusal();
        tracing::error!(facility = %self.name, %breach, "rows of the administration are refused");
        Failure::fault(breach)
    }

    /// Seals what the gateway has of its own here.
    pub(crate) const fn own_seal<'a>(
        &'a self,
        key: &'a HeldKey,
        random: &'a dyn Random,
    ) -> OwnSeal<'a> {
        OwnSeal {
            facility: &self.name,
            tags: &self.tags,
            key,
            random,
        }
    }

    /// Seals an own envelope under the key of a scope, which is made if there is none.
    ///
    /// # Errors
    /// When the key cannot be had, or sealing fails.
    pub(crate) async fn seal_own(
        &self,
        random: &dyn Random,
        scope: Scope,
        place: &OwnPlace<'_>,
        content: OwnContent<'_>,
    ) -> Result<(DataKeyId, Sealed), Failure> {
        let key = self.keys.for_scope(scope).await?;
        let sealed = self.own_seal(&key, random).seal(place, content)?;
        Ok((key.id, sealed))
    }

    /// Opens an own envelope.
    ///
    /// # Errors
    /// As [`own_seal::open`].
    pub(crate) async fn open_own(
        &self,
        place: &OwnPlace<'_>,
        envelope: Envelope<'_>,
    ) -> Result<Opened, Failure> {
        own_seal::open(&self.name, &self.keys, place, envelope).await
    }

    /// One at a time proposes or decides in this process, so that statements get their
    /// numbers without trying again.
    pub(crate) async fn turn_to_decide(&self) -> MutexGuard<'_, ()> {
        self.deciding.lock().await
    }
}
