//! The gateway as one value: everything its handlers share, put together once.

use crate::{
    facility::Facility,
    failure::Failure,
    identity::{Identity, IdentityConfig},
    limits::{Limits, Throttle},
};
use fhir::LocalBase;
use model::{Clock, FacilityName, Random};
use sealing::Kms;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use store::Store;

/// What the gateway is told from outside.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host and port under which clients reach the gateway; links and
    /// Locations are built from it. No final slash.
    pub public_url: String,
    /// The issuers whose tokens are accepted.
    pub identity: IdentityConfig,
    /// Whether anyone may read the logs; else only who has the right.
    pub log_public: bool,
    /// How much a client may ask.
    pub limits: Limits,
}

/// Everything the handlers share.
pub struct App {
    /// The database.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids, salts and nonces.
    pub random: Arc<dyn Random>,
    /// Turns tokens into callers.
    pub identity: Identity,
    /// What has been counted since the start.
    pub counters: Counters,
    /// Whether anyone may read the logs.
    pub log_public: bool,
    /// What each client may still ask.
    pub throttle: Throttle,
    /// The largest body that is read, in bytes.
    pub body_bytes: usize,
    facilities: BTreeMap<FacilityName, Arc<Facility>>,
    public_url: String,
}

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct Counters {
    unauthenticated: AtomicU64,
    throttled: AtomicU64,
}

impl Counters {
    pub(crate) fn unauthenticated(&self) {
        self.unauthenticated.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the number of requests without a valid token since the last time.
    pub(crate) fn take_unauthenticated(&self) -> u64 {
        self.unauthenticated.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the number of requests that were too many since the last time.
    pub(crate) fn take_throttled(&self) -> u64 {
        self.throttled.swap(0, Ordering::Relaxed)
    }

    /// Counts them again, when they could not be audited.
    pub(crate) fn put_back_throttled(&self, count: u64) {
        self.throttled.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts them again, when they could not be audited.
    pub(crate) fn put_back_unauthenticated(&self, count: u64) {
        self.unauthenticated.fetch_add(count, Ordering::Relaxed);
    }
}

impl App {
    /// Opens every facility of the database and is then ready to serve.
    ///
    /// # Errors
    /// When a facility's keys or policy set cannot be opened.
    pub async fn open(
        settings: Settings,
        store: Store,
        kms: &dyn Kms,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let rows = store
            .read("facilities", |reader| reader.facilities().list())
            .await?;
        let mut facilities = BTreeMap::new();
        for row in rows {
            let facility = Facility::open(&row.name, &store, kms, &clock, &random).await?;
            facilities.insert(row.name, Arc::new(facility));
        }
        let identity = Identity::new(settings.identity, Arc::clone(&clock))
            .map_err(|error| Failure::fault(format!("identity: {error}")))?;
        let throttle = Throttle::new(&settings.limits, Arc::clone(&clock));
        Ok(Self {
            store,
            clock,
            random,
            identity,
            counters: Counters::default(),
            log_public: settings.log_public,
            throttle,
            body_bytes: settings.limits.body_bytes,
            facilities,
            public_url: settings.public_url,
        })
    }

    /// A facility by name.
    #[must_use]
    pub fn facility(&self, name: &FacilityName) -> Option<Arc<Facility>> {
        self.facilities.get(name).cloned()
    }

    /// All facilities.
    pub fn facilities(&self) -> impl Iterator<Item = &Arc<Facility>> {
        self.facilities.values()
    }

    /// The FHIR base of a facility: the one that names it, or the short one.
    #[must_use]
    pub fn base_of(&self, facility: &FacilityName, named: bool) -> String {
        if named {
            format!("{}/f/{facility}/fhir", self.public_url)
        } else {
            format!("{}/fhir", self.public_url)
        }
    }

    /// Both bases of a facility, by which its own URLs are known.
    #[must_use]
    pub fn local_base(&self, facility: &FacilityName) -> LocalBase {
        LocalBase {
            bases: vec![self.base_of(facility, true), self.base_of(facility, false)],
        }
    }

    /// Scheme, host and port under which clients reach the gateway.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }
}
