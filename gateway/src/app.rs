//! The gateway as one value: everything its handlers share, put together once.

mod counters;

pub use counters::Counters;

use crate::{
    facility::{Facility, own_urls, registered::RegisteredOnly},
    failure::Failure,
    hold::Hold,
    identity::{Identity, IdentityConfig},
    limits::{
        long_work::LongWork, places::Places, rates::Throttle, settings::Limits, under_way::UnderWay,
    },
    listener::metrics::RequestMetrics,
    log::waiting_leaves,
    ports::Ports,
};
use model::{Clock, FacilityName, Random, Timestamp};
use sealing::Kms;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};
use store::Store;
use tokio::sync::Mutex;

/// The time within which every row is swept, when nothing else is set.
pub const SWEEP_WITHIN: Duration = Duration::from_secs(24 * 3_600);
/// Between two looks for facilities because of names that are not known here.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What the gateway is told from outside.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host and port under which clients reach the gateway; links and
    /// Locations are built from it. No final slash.
    pub public_url: String,
    /// Others under which it was reached before.
    pub former_urls: Vec<String>,
    /// The origins of pages that may use the FHIR bases by script, as browsers write them.
    pub allowed_origins: Vec<String>,
    /// The issuers whose tokens are accepted.
    pub identity: IdentityConfig,
    /// Whether anyone may read the logs; else only who has the right.
    pub log_public: bool,
    /// How much a client may ask.
    pub limits: Limits,
    /// Whose token claims count only if they are registered.
    pub registered_only: RegisteredOnly,
    /// The time within which every row is swept.
    pub sweep_within: Duration,
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
    /// When it was opened.
    pub started: Timestamp,
    /// What has been counted since the start.
    pub counters: Counters,
    /// Whether writes are held back.
    pub hold: Hold,
    /// Whether anyone may read the logs.
    pub log_public: bool,
    /// Whose token claims count only if they are registered.
    pub registered_only: RegisteredOnly,
    /// What each client and user may still ask.
    pub throttle: Throttle,
    /// Carries out long requests.
    pub(crate) long_work: LongWork,
    /// By which requests that are not long search the database.
    pub(crate) short_searches: Arc<Places>,
    /// Bodies that come and answers that go.
    pub(crate) under_way: Arc<UnderWay>,
    /// How much a client may ask.
    pub limits: Limits,
    /// The time within which every row is swept.
    pub sweep_within: Duration,
    /// What is counted for metrics.
    pub metrics: RequestMetrics,
    kms: Arc<dyn Kms>,
    facilities: RwLock<Arc<Facilities>>,
    /// When facilities were last looked for; whoever holds it is looking.
    looked: Mutex<Instant>,
    /// Under which clients reach the gateway, and then those of before.
    urls: Vec<String>,
    allowed_origins: Vec<String>,
}

type Facilities = BTreeMap<FacilityName, Arc<Facility>>;

impl App {
    /// Opens every facility of the database and is then ready to serve.
    ///
    /// # Errors
    /// When a facility's keys cannot be opened or it is still as version 0.1 left it; when
    /// the URLs of the gateway cannot be kept or read; when an issuer must not be trusted as
    /// it is configured. Rules that are refused do not count: nothing is permitted then.
    pub async fn open(
        settings: Settings,
        store: Store,
        kms: Arc<dyn Kms>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let rows = rows(&store).await?;
        let mut urls = vec![settings.public_url];
        urls.extend(settings.former_urls);
        let mut facilities = BTreeMap::new();
        for row in rows {
            let ports = Ports {
                store: &store,
                kms: &*kms,
                clock: &clock,
                random: &random,
            };
            let facility = open(&row.name, &urls, ports).await?;
            facilities.insert(row.name, Arc::new(facility));
        }
        let identity = Identity::new(settings.identity, Arc::clone(&clock))
            .map_err(|error| Failure::fault(format!("identity: {error}")))?;
        let throttle = Throttle::new(&settings.limits, Arc::clone(&clock));
        // Of the searches three quarters are left to requests that are short.
        let long = (store.searches() / 4).max(1);
        let short = store.searches().saturating_sub(long).max(1);
        let long_work =
            LongWork::start(long).map_err(|error| Failure::fault(format!("threads: {error}")))?;
        Ok(Self {
            store,
            started: clock.now(),
            clock,
            random,
            identity,
            counters: Counters::default(),
            hold: Hold::default(),
            log_public: settings.log_public,
            registered_only: settings.registered_only,
            throttle,
            long_work,
            short_searches: Places::new(short),
            under_way: UnderWay::new(&settings.limits),
            limits: settings.limits,
            sweep_within: settings.sweep_within,
            metrics: RequestMetrics::new()
                .map_err(|error| Failure::fault(format!("metrics: {error}")))?,
            kms,
            facilities: RwLock::new(Arc::new(facilities)),
            looked: Mutex::new(Instant::now()),
            urls,
            allowed_origins: settings.allowed_origins,
        })
    }

    /// A facility that is open here.
    #[must_use]
    pub fn facility(&self, name: &FacilityName) -> Option<Arc<Facility>> {
        self.held().get(name).cloned()
    }

    /// A facility by name; one that is not open here may have been made since, by
    /// another process, and is looked for in the database, once a second at most.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find_facility(
        &self,
        name: &FacilityName,
    ) -> Result<Option<Arc<Facility>>, Failure> {
        if let Some(facility) = self.facility(name) {
            return Ok(Some(facility));
        }
        let mut looked = self.looked.lock().await;
        // Whoever looked before may have found it.
        if self.facility(name).is_none() && looked.elapsed() >= BETWEEN_LOOKS {
            *looked = Instant::now();
            self.look_for_facilities().await?;
        }
        Ok(self.facility(name))
    }

    /// Opens the facilities that were made since; they are never removed. One that
    /// does not open is left out with a warning, and tried again at the next look.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn look_for_facilities(&self) -> Result<(), Failure> {
        for row in rows(&self.store).await? {
            if let Some(facility) = self.facility(&row.name) {
                // Also where nobody asks: what is refused has to be told.
                if let Err(failure) = facility.keep_fresh().await {
                    tracing::warn!(facility = %row.name, %failure, "its rules cannot be read");
                }
                continue;
            }
            match open(&row.name, &self.urls, self.ports()).await {
                Ok(facility) => {
                    tracing::info!(facility = %row.name, "a new facility is open");
                    self.hold(row.name, facility);
                }
                Err(failure) => {
                    tracing::warn!(facility = %row.name, %failure, "a facility does not open");
                }
            }
        }
        Ok(())
    }

    /// All facilities that are open here.
    #[must_use]
    pub fn facilities(&self) -> Vec<Arc<Facility>> {
        self.held().values().cloned().collect()
    }

    fn held(&self) -> Arc<Facilities> {
        Arc::clone(
            &self
                .facilities
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn hold(&self, name: FacilityName, facility: Facility) {
        let mut held = self
            .facilities
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut more = Facilities::clone(&held);
        // Two that looked at the same time: the first stays.
        more.entry(name).or_insert_with(|| Arc::new(facility));
        *held = Arc::new(more);
    }

    /// The FHIR base of a facility: the one that names it, or the short one.
    #[must_use]
    pub fn base_of(&self, facility: &FacilityName, named: bool) -> String {
        if named {
            format!("{}/f/{facility}/fhir", self.public_url())
        } else {
            format!("{}/fhir", self.public_url())
        }
    }

    /// Bytes of bodies that come and answers that go.
    #[must_use]
    pub fn bytes_under_way(&self) -> usize {
        self.under_way.all()
    }

    /// What a facility is opened with.
    #[must_use]
    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports {
            store: &self.store,
            kms: &*self.kms,
            clock: &self.clock,
            random: &self.random,
        }
    }

    /// Whoever keeps the root keys.
    #[must_use]
    pub fn kms(&self) -> &dyn Kms {
        &*self.kms
    }

    /// The origins of pages that may use the FHIR bases by script.
    #[must_use]
    pub(crate) fn allowed_origins(&self) -> &[String] {
        &self.allowed_origins
    }

    /// Scheme, host and port under which clients reach the gateway.
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }
}

/// The facilities of the database. A row that cannot be read holds up no other.
async fn rows(store: &Store) -> Result<Vec<store::Facility>, Failure> {
    let each = |reader: &mut store::Reader| reader.facilities().each();
    let (mut rows, each) = (Vec::new(), store.read("facilities", each).await?);
    for row in each {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => tracing::error!(%error, "a row of `facility` cannot be read: \
                someone without the keys has changed it; it is left out"),
        }
    }
    Ok(rows)
}

/// Opens a facility with all that this process knows of it.
async fn open(name: &FacilityName, urls: &[String], ports: Ports<'_>) -> Result<Facility, Failure> {
    let mut facility = Facility::open(name, ports).await?;
    facility.local = own_urls::local_base(&facility, urls, ports).await?;
    waiting_leaves::show_at_start(&facility).await?;
    Ok(facility)
}
