//! Everything that a record passes on its way, put together in one process from
//! the parts' public interfaces: database, file KMS, two facilities, issuer,
//! gateway, chain with the registry, anchor-service.

mod chain;
mod client;
mod database;
mod trust;

pub use chain::Chain;
pub use client::Client;
pub use database::TestDatabase;
pub use trust::trust_file;

use actix_web::{dev::ServerHandle, web};
use anchor_service::{
    AnchorService, LogKeys, SignedFile,
    config::{Config, RpcUrl},
    ledger::{FinalityRule, evm::EvmLedger},
    open_log,
};
use devkit::issuer::{DemoUser, DevIssuer, DevIssuerConfig};
use gateway::{
    App, Limits, RegisteredOnly, SWEEP_WITHIN, Settings,
    facility::setup::{self, FIRST_GENERATION, NewFacility},
    identity::{IdentityConfig, IssuerConfig},
    listener::server,
};
use model::{FacilityName, LogId, SystemClock, SystemRandom};
use policies::PolicySource;
use sealing::{FileKms, Kms as _};
use std::{net::TcpListener, sync::Arc, time::Duration};
use store::Store;
use tempfile::TempDir;
use tokio::sync::oneshot;

const FACILITIES: [&str; 2] = ["riverside", "hillcrest"];
const AUDIENCE: &str = "journey";
const LOG_HOST: &str = "journey.example";
const HOUR: Duration = Duration::from_secs(3_600);

/// A running house.
pub struct Assembly {
    pub store: Store,
    pub chain: Chain,
    pub registry: [u8; 20],
    pub folder: TempDir,
    url: String,
    issuer: DevIssuer,
    server: ServerHandle,
    _anchoring: oneshot::Sender<()>,
    // Given up last: the store has connections to it.
    _database: TestDatabase,
}

impl Assembly {
    /// Starts all parts; `chain` makes the chain in the folder of the test.
    pub async fn start(database: TestDatabase, chain: impl FnOnce(&TempDir) -> Chain) -> Self {
        // A second provider is an error that changes nothing.
        drop(rustls_provider());
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&database.place(&folder)).unwrap();
        store.leaf_keys().set([&[1; 32]]);
        let kms = facilities(&store, &folder).await;
        let chain = chain(&folder);
        let keys = LogKeys::new(folder.path());
        let logs = logs(&store, &keys).await;
        let registry = chain.registry(&logs).await;
        let noted = store::Registry {
            chain_id: chain.id(),
            address: registry,
        };
        setup::note_registry(&store, noted).await.unwrap();
        let issuer = start_issuer(&folder);
        let (server, url) = serve(&store, kms, &issuer).await;
        let anchoring = anchor(&store, &chain, registry, keys, &folder);
        Self {
            store,
            chain,
            registry,
            folder,
            url,
            issuer,
            server,
            _anchoring: anchoring,
            _database: database,
        }
    }

    /// A demo user at the base of the first facility.
    pub fn client(&self, user: &DemoUser) -> Client {
        let base = format!("{}/f/{}/fhir", self.url, FACILITIES[0]);
        Client::new(base, self.issuer.mint(user, HOUR).unwrap())
    }
}

impl Drop for Assembly {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

fn rustls_provider() -> Result<(), Arc<rustls::crypto::CryptoProvider>> {
    rustls::crypto::ring::default_provider().install_default()
}

async fn facilities(store: &Store, folder: &TempDir) -> FileKms {
    let kms = FileKms::create(&folder.path().join("kms")).unwrap();
    for name in FACILITIES {
        let others = FACILITIES.into_iter().filter(|other| *other != name);
        let shares_with = others.map(|other| other.parse().unwrap()).collect();
        let name: FacilityName = name.parse().unwrap();
        kms.add_root(&name, FIRST_GENERATION, &SystemRandom)
            .unwrap();
        let new = NewFacility {
            name,
            policies: PolicySource::shipped(),
            administrators: Vec::new(),
            clients: Vec::new(),
            shares_with,
        };
        setup::create_facility(new, store, &kms, &SystemClock, &SystemRandom)
            .await
            .unwrap();
    }
    kms
}

async fn logs(store: &Store, keys: &LogKeys) -> Vec<LogId> {
    let facilities = store
        .read("facilities", |reader| reader.facilities().list())
        .await
        .unwrap();
    let mut logs = Vec::new();
    for facility in facilities {
        let log = open_log(store, keys, LOG_HOST, &facility, &SystemRandom);
        logs.push(log.await.unwrap());
    }
    logs
}

fn start_issuer(folder: &TempDir) -> DevIssuer {
    DevIssuer::start(DevIssuerConfig {
        dir: folder.path().join("issuer"),
        port: None,
        audience: AUDIENCE.to_owned(),
        lifetime: HOUR,
        facilities: FACILITIES.map(|name| name.parse().unwrap()),
    })
    .unwrap()
}

async fn serve(store: &Store, kms: FileKms, issuer: &DevIssuer) -> (ServerHandle, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = Settings {
        public_url: url.clone(),
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
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let app = App::open(settings, store.clone(), Arc::new(kms), clock, random)
        .await
        .unwrap();
    app.identity.refresh().await;
    let running = server::serve(web::Data::new(app), listener, 1).unwrap();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    (handle, url)
}

/// Runs the anchor-service until the sender is dropped.
fn anchor(
    store: &Store,
    chain: &Chain,
    registry: [u8; 20],
    keys: LogKeys,
    folder: &TempDir,
) -> oneshot::Sender<()> {
    let submitter = chain::submitter();
    let ledger = EvmLedger::new(&chain.url(), chain.id(), registry, submitter).unwrap();
    let config = Config {
        rpc_url: RpcUrl::open(chain.url()),
        chain_id: chain.id(),
        registry: Some(format!("0x{}", hex::encode(registry))),
        submitter_key: folder.path().join("not-used"),
        log_keys: folder.path().to_owned(),
        signed: None,
        finality: FinalityRule::Tag,
        sequence_millis: 50,
        checkpoint_millis: 100,
        post_millis: 200,
        heartbeat_seconds: 3_600,
        max_anchor_age_seconds: None,
        check_hour: 2,
        resend_seconds: 10,
        replace_seconds: 48,
        max_fee_gwei: 500,
        max_tip_gwei: 100,
        min_balance_gwei: None,
    };
    config.validate().unwrap();
    let clock = Arc::new(SystemClock);
    let signed = Arc::new(SignedFile::new(config.signed_file()));
    let service = AnchorService::new(store.clone(), ledger, keys, signed, clock, config);
    let (stop, stopped) = oneshot::channel::<()>();
    actix_web::rt::spawn(async move {
        let shutdown = async move {
            let _ = stopped.await;
        };
        if let Err(alarm) = service.run(shutdown).await {
            panic!("the anchor-service has stopped: {alarm}");
        }
    });
    stop
}
