//! A gateway of two facilities in a folder of its own, which goes away with the
//! test.

use crate::{
    caller::Caller,
    database::{Kind, Place},
};
use actix_web::{dev::ServerHandle, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use devkit::issuer::{DemoUser, DevIssuer, DevIssuerConfig};
use gateway::{
    Administrator, App, Certificates, Client, Failure, Limits, Proxies, RegisteredOnly,
    SWEEP_WITHIN, Settings,
    facility::setup::{self, FIRST_GENERATION, NewFacility, TakeOver},
    identity::{IdentityConfig, IssuerConfig},
    listener::server::{self, Gateway, Listening},
    log::refused_leaves::RefusedLeaves,
    ports::Ports,
    record::misplaced,
    work::{index, jobs::Turn},
};
use model::{Clock, FacilityName, Random, SystemClock, SystemRandom, Timestamp};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use policies::PolicySource;
use sealing::{FileKms, Kms};
use serde_json::Value;
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::{Audit, AuditRange, AuditsOf, FacilityId, Store};
use tempfile::TempDir;

/// The facility of most demo users.
pub const HOME: &str = "riverside";
/// The facility of `clinicianOther`.
pub const OTHER: &str = "hillcrest";
/// What the `aud` of every token is.
pub const AUDIENCE: &str = "gateway-tests";
/// How long tokens are good.
pub const HOUR: Duration = Duration::from_secs(3_600);

/// A running gateway with all that it needs.
pub struct House {
    pub store: Store,
    pub clock: Arc<MovedClock>,
    pub kms: Arc<FileKms>,
    settings: Settings,
    pub app: web::Data<App>,
    url: String,
    issuer: DevIssuer,
    server: Option<ServerHandle>,
    others: Vec<ServerHandle>,
    _gateway: Option<Gateway>,
    client: reqwest::Client,
    folder: TempDir,
    place: Place,
}

/// The machine's clock, wrong by what a test wants.
#[derive(Default)]
pub struct MovedClock(AtomicI64);

impl MovedClock {
    /// Seconds ahead of the right time, or behind it.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds * 1_000, Ordering::SeqCst);
    }

    fn ahead(&self) -> i64 {
        self.0.load(Ordering::SeqCst) / 1_000
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Who is registered at a facility from the first.
pub type First = (Vec<Administrator>, Vec<Client>);

/// How a gateway listens, and a client that can talk to it.
pub struct Front {
    pub scheme: &'static str,
    pub client: reqwest::Client,
    pub certificates: Option<Arc<Certificates>>,
    pub proxies: Proxies,
}

impl House {
    pub async fn start() -> Self {
        Self::start_on(Kind::Sqlite).await
    }

    /// The same over a database of this kind.
    pub async fn start_on(kind: Kind) -> Self {
        Self::start_with(kind, |_| {}).await
    }

    /// The same with other settings.
    pub async fn start_with(kind: Kind, change: impl FnOnce(&mut Settings)) -> Self {
        let nobody = |_: &str| [First::default(), First::default()];
        Self::build((kind, None), nobody, change).await
    }

    /// One that believes of a token only what is registered: at each facility these,
    /// made for the issuer of its tokens.
    pub async fn registered(kind: Kind, first: impl FnOnce(&str) -> [First; 2]) -> Self {
        Self::registered_with(kind, first, |_| {}).await
    }

    /// The same with other settings.
    pub async fn registered_with(
        kind: Kind,
        first: impl FnOnce(&str) -> [First; 2],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::build((kind, None), first, |settings| {
            settings.registered_only = RegisteredOnly {
                administrators: true,
                clients: true,
                person_claims: false,
            };
            change(settings);
        })
        .await
    }

    /// One that listens in its own way.
    pub async fn behind(front: Front) -> Self {
        let nobody = |_: &str| [First::default(), First::default()];
        Self::build((Kind::Sqlite, Some(front)), nobody, |_| {}).await
    }

    async fn build(
        (kind, front): (Kind, Option<Front>),
        first: impl FnOnce(&str) -> [First; 2],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let scheme = front.as_ref().map_or("http", |front| front.scheme);
        let mut client = client();
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(kind);
        let store = place.open(&folder);
        let issuer = start_issuer(&folder);
        let kms = Arc::new(facilities(&store, &folder, first(&issuer.issuer_url())).await);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let mut settings = usual_settings(&url, &issuer);
        change(&mut settings);
        let clock = Arc::new(MovedClock::default());
        let app = open(&settings, &store, &kms, &clock).await;
        let told = app.clone();
        let (mut server, mut gateway) = (None, None);
        if let Some(front) = front {
            client = front.client;
            let listening = Listening {
                listener,
                workers: 1,
                certificates: front.certificates,
                proxies: front.proxies,
            };
            gateway = Some(Gateway::start(app, listening).unwrap());
        } else {
            let running = server::serve(app, listener, 1).unwrap();
            server = Some(running.handle());
            actix_web::rt::spawn(running);
        }
        Self {
            store,
            clock,
            kms,
            settings,
            app: told,
            url,
            issuer,
            server,
            others: Vec::new(),
            _gateway: gateway,
            client,
            folder,
            place,
        }
    }

    /// Where the database is, for those who want to get in its way.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("chartseal.db")
    }

    /// What the operator is told is wrong with what decides at a facility.
    pub fn troubles(&self, name: &str) -> Vec<String> {
        let facility = self.app.facility(&name.parse().unwrap());
        facility.unwrap().troubles()
    }

    /// How often the operator was told that something of what decides is refused.
    pub fn refusals(&self, name: &str) -> u64 {
        let facility = self.app.facility(&name.parse().unwrap());
        facility.unwrap().refusals()
    }

    /// Runs SQL past the gateway.
    pub fn sql(&self, statements: &str) {
        self.place.sql(&self.folder, statements);
    }

    /// What a query past the gateway gives: lines of cells.
    pub fn query(&self, query: &str) -> Vec<Vec<String>> {
        self.place.query(&self.folder, query)
    }

    /// The facility as the take-over from version 0.1 sees it.
    pub async fn take_over(&self, name: &str) -> Result<Option<TakeOver>, Failure> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let name = name.parse().unwrap();
        let ports = Ports {
            store: &self.store,
            kms: &*self.kms,
            clock: &clock,
            random: &random,
        };
        TakeOver::look(&name, ports).await
    }

    /// The URL of another gateway over the same database, with what it has in memory
    /// its own. On PostgreSQL it has connections of its own too.
    pub async fn another(&mut self) -> String {
        self.another_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn another_with(&mut self, change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let store = match self.place {
            Place::Sqlite => self.store.clone(),
            Place::Postgres { .. } => self.place.open(&self.folder),
        };
        let app = open(&settings, &store, &self.kms, &self.clock).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let running = server::serve(app, listener, 1).unwrap();
        self.others.push(running.handle());
        actix_web::rt::spawn(running);
        url
    }

    /// Whether another process could open the data.
    pub async fn opens(&self) -> Result<(), Failure> {
        try_open(&self.settings, &self.store, &self.kms, &self.clock)
            .await
            .map(drop)
    }

    /// The refused leaves of a facility, as a command of the operator sees them.
    pub async fn refused_leaves(&self, name: &str) -> RefusedLeaves {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let ports = Ports {
            store: &self.store,
            kms: &*self.kms,
            clock: &clock,
            random: &random,
        };
        let name = name.parse().unwrap();
        RefusedLeaves::open(&name, ports).await.unwrap()
    }

    /// The records of a facility with versions under a wrong scope, these versions, and
    /// whether the current one is among them.
    pub async fn misplaced(&self, name: &str, former: &[String]) -> Vec<(String, Vec<u32>, bool)> {
        let urls = [std::slice::from_ref(&self.settings.public_url), former].concat();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let name = name.parse().unwrap();
        let ports = Ports {
            store: &self.store,
            kms: &*self.kms,
            clock: &clock,
            random: &random,
        };
        let found = misplaced::misplaced(&name, &urls, ports).await;
        let line = |row: misplaced::Misplaced| {
            let versions = row.versions.iter().map(|version| version.get());
            (
                format!("{}/{}", row.resource_type, row.id),
                versions.collect(),
                row.is_current,
            )
        };
        let found = found.unwrap();
        assert_eq!(found.unread, 0);
        found.records.into_iter().map(line).collect()
    }

    /// Whose tokens are taken.
    pub fn issuer_url(&self) -> String {
        self.issuer.issuer_url()
    }

    /// The folder of database and keys.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A demo user at the base of its own facility.
    pub fn caller(&self, user: &DemoUser) -> Caller {
        self.bearer(&self.token_with(user, |_| {}))
    }

    /// The same user with other claims, under the issuer's real signature.
    pub fn caller_with(&self, user: &DemoUser, change: impl FnOnce(&mut Value)) -> Caller {
        self.bearer(&self.token_with(user, change))
    }

    /// The backend service of the other facility.
    pub fn system_of_other(&self) -> Caller {
        self.caller_with(&DemoUser::System, |claims| {
            claims["facility"] = OTHER.into()
        })
    }

    /// Whoever holds this token.
    pub fn bearer(&self, token: &str) -> Caller {
        self.anyone().presenting(Some(format!("Bearer {token}")))
    }

    /// Someone without a token, at the short base.
    pub fn anyone(&self) -> Caller {
        Caller::new(self.client.clone(), self.url.clone())
    }

    /// A token of this user, made now by the house's clock, with claims changed before
    /// it is signed.
    pub fn token_with(&self, user: &DemoUser, change: impl FnOnce(&mut Value)) -> String {
        let keys = self.folder.path().join("issuer");
        minted((&self.issuer, keys.as_path()), user, |claims| {
            for name in ["iat", "nbf", "exp"] {
                claims[name] = (claims[name].as_i64().unwrap() + self.clock.ahead()).into();
            }
            change(claims);
        })
    }

    /// Lets the job make the index cards that are missing, and find that none is.
    pub async fn index(&self) {
        for facility in self.app.facilities() {
            let mut worker = index::worker(&self.app, &facility).unwrap();
            while worker.turn().await.unwrap() == Turn::Worked {}
            worker.release().await;
        }
    }

    /// The rows of a facility.
    pub async fn facility(&self, name: &str) -> FacilityId {
        let name: FacilityName = name.parse().unwrap();
        self.store
            .read("facility", move |reader| reader.facilities().find(&name))
            .await
            .unwrap()
            .unwrap()
            .id
    }

    /// All audit records of a facility, newest first.
    pub async fn audits(&self, name: &str) -> Vec<Audit> {
        let facility = self.facility(name).await;
        let read = move |reader: &mut store::Reader| {
            let (of, all) = (AuditsOf::Facility, AuditRange::default());
            reader.audits().page(facility, &of, &all, 10_000)
        };
        let hits = self.store.read("audits", read).await.unwrap();
        hits.into_iter().map(|hit| hit.audit.unwrap()).collect()
    }
}

/// What a gateway is told when a test wants nothing else.
fn usual_settings(url: &str, issuer: &DevIssuer) -> Settings {
    Settings {
        public_url: url.to_owned(),
        former_urls: Vec::new(),
        allowed_origins: Vec::new(),
        identity: IdentityConfig {
            issuers: vec![IssuerConfig::new(&issuer.issuer_url(), AUDIENCE)],
        },
        log_public: false,
        // A test asks faster than people do.
        limits: Limits {
            client_requests: None,
            user_requests: None,
            ..Limits::default()
        },
        registered_only: RegisteredOnly::default(),
        sweep_within: SWEEP_WITHIN,
    }
}

/// A token of an issuer, which keeps its keys in this folder, with claims changed before it
/// is signed.
pub fn minted(
    (issuer, keys): (&DevIssuer, &Path),
    user: &DemoUser,
    change: impl FnOnce(&mut Value),
) -> String {
    let token = issuer.mint(user, HOUR).unwrap();
    let mut parts = token.split('.');
    let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
    let mut claims: Value = serde_json::from_slice(&BASE64URL.decode(claims).unwrap()).unwrap();
    change(&mut claims);
    let kept = fs::read(keys.join("issuer-keys.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let scalar = BASE64URL.decode(kept["current"].as_str().unwrap()).unwrap();
    let key = SigningKey::from_slice(&scalar).unwrap();
    let input = format!("{header}.{}", BASE64URL.encode(claims.to_string()));
    let signature: Signature = key.sign(input.as_bytes());
    format!("{input}.{}", BASE64URL.encode(signature.to_bytes()))
}

/// A client of plain HTTP.
pub fn client() -> reqwest::Client {
    // A second provider is an error that changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl Drop for House {
    fn drop(&mut self) {
        for server in self.server.iter().chain(&self.others) {
            drop(server.stop(false));
        }
    }
}

async fn try_open(
    settings: &Settings,
    store: &Store,
    kms: &Arc<FileKms>,
    clock: &Arc<MovedClock>,
) -> Result<App, Failure> {
    App::open(
        settings.clone(),
        store.clone(),
        kms.clone(),
        clock.clone(),
        Arc::new(SystemRandom),
    )
    .await
}

async fn open(
    settings: &Settings,
    store: &Store,
    kms: &Arc<FileKms>,
    clock: &Arc<MovedClock>,
) -> web::Data<App> {
    let app = try_open(settings, store, kms, clock).await.unwrap();
    app.identity.refresh().await;
    web::Data::new(app)
}

async fn facilities(store: &Store, folder: &TempDir, first: [First; 2]) -> FileKms {
    let kms = FileKms::create(&folder.path().join("kms")).unwrap();
    for (name, (administrators, clients)) in [HOME, OTHER].into_iter().zip(first) {
        let other = if name == HOME { OTHER } else { HOME };
        let name: FacilityName = name.parse().unwrap();
        kms.add_root(&name, FIRST_GENERATION, &SystemRandom)
            .unwrap();
        let new = NewFacility {
            name,
            policies: PolicySource::shipped(),
            administrators,
            clients,
            shares_with: [other.parse().unwrap()].into(),
        };
        setup::create_facility(new, store, &kms, &SystemClock, &SystemRandom)
            .await
            .unwrap();
    }
    kms
}

fn start_issuer(folder: &TempDir) -> DevIssuer {
    DevIssuer::start(DevIssuerConfig {
        dir: folder.path().join("issuer"),
        port: None,
        audience: AUDIENCE.to_owned(),
        lifetime: HOUR,
        facilities: [HOME, OTHER].map(|name| name.parse().unwrap()),
    })
    .unwrap()
}
