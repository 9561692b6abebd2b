//! `chartseal demo`: gateway, anchor-service, SQLite, file KMS, dev L2 and dev
//! issuer in one process, with sample patients written through the FHIR API.
//!
//! Everything lives below one directory; the next start goes on with it.

mod anchored;
mod announcement;
mod facilities;
mod layout;
mod registry;
mod samples;
mod stop;
mod tokens;
mod trust_file;

use crate::{cli::DemoArgs, services::service::anchoring::Anchoring};
use actix_web::web;
use anchor_service::ledger::evm::SubmitterKey;
use anchored::{Accounts, Anchored};
use announcement::Announcement;
use command::{CommandError, complain, say};
use devkit::{chain::DevChain, chain::DevChainConfig, issuer::DevIssuer, issuer::DevIssuerConfig};
use gateway::{
    App, Limits, Proxies, RegisteredOnly, SWEEP_WITHIN, Settings,
    identity::{IdentityConfig, IssuerConfig},
    listener::server::{Gateway, Listening},
};
use layout::{Layout, Ports};
use model::{Clock, Random, SystemClock, SystemRandom};
use std::{
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use store::{Database, OpenError, Options, Store};

/// What the dev L2 calls itself.
const CHAIN_ID: u64 = 20_261;
/// The audience of the demo's tokens.
const AUDIENCE: &str = "chartseal-demo";
/// How long the tokens of the token endpoint are good: as long as the gateway takes any.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3_600);
/// Gateway workers; the demo is meant for a small machine.
const WORKERS: usize = 2;

/// Runs until Ctrl-C or SIGTERM.
pub fn run(args: &DemoArgs) -> ExitCode {
    match crate::runtime::block_on(demo(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal demo: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(args: &DemoArgs) -> Result<(), CommandError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let layout = Layout::create(&args.data)?;
    layout.check_database()?;
    // The database first: it tells whether the directory is in use.
    let store = open_store(&layout)?;
    layout.hold_leaf_key(&store).await?;
    crate::services::logging::to_file(&layout.log())?;
    let listener = listen(args.listen)?;
    warn_of_others(args.listen);
    let kms = facilities::kms(&layout)?;
    facilities::create(&store, &kms, &clock, &random).await?;

    layout.check_accounts()?;
    let submitter = layout::submitter_key(&layout.submitter_key(), &*random)?;
    let admin = layout::submitter_key(&layout.admin_key(), &*random)?;
    let mut ports = Ports::read(&layout);
    let chain = start_chain(&layout, &mut ports, &submitter, &admin)?;
    let issuer = start_issuer(&layout, &mut ports)?;
    ports.write(&layout)?;

    let accounts = Accounts { submitter, admin };
    let anchored = Anchored::open(&layout, &store, &chain, accounts, Arc::clone(&clock)).await?;

    let url = format!("http://{}", layout::reachable(listener.local_addr()?));
    let settings = settings(url.clone(), &issuer);
    let app = App::open(settings, store.clone(), Arc::new(kms), clock, random).await?;
    let gateway = serve(app, listener).await?;
    let mut anchoring = Anchoring::start(anchored.service);
    let trust = anchored.trust_file.keep(store.clone());

    let announcement = Announcement::new(url, &chain, anchored.registry, &layout);
    let ready = async {
        let patient = samples::load(args, &layout, &announcement, &issuer).await?;
        announcement.publish(&issuer, patient.as_ref())?;
        announcement.keep_tokens(&issuer, patient.as_ref()).await
    };
    let ended = stop::wait(ready, &mut anchoring).await;
    trust.abort();
    gateway.stop().await;
    anchoring.stop().await;
    issuer.stop().await;
    chain.stop().await;
    if ended.is_ok() {
        say!(
            "\nstopped; the same command goes on with `{}`",
            args.data.display()
        );
    }
    ended
}

/// One of version 0.1 is brought up to date, for nobody else is on it.
fn open_store(layout: &Layout) -> Result<Store, CommandError> {
    let database = Database::Sqlite {
        path: layout.database(),
    };
    let options = Options {
        from_0_1: true,
        ..Options::default()
    };
    Store::open_with(&database, options).map_err(|error| match error {
        OpenError::InUse(_) => layout.runs_already().into(),
        error => error.into(),
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).map_err(|error| {
        format!("cannot listen on {address}: {error}; choose another with `--listen`").into()
    })
}

fn settings(public_url: String, issuer: &DevIssuer) -> Settings {
    Settings {
        public_url,
        former_urls: Vec::new(),
        allowed_origins: Vec::new(),
        identity: IdentityConfig {
            issuers: vec![IssuerConfig::new(&issuer.issuer_url(), AUDIENCE)],
        },
        log_public: false,
        limits: Limits::default(),
        registered_only: RegisteredOnly::default(),
        sweep_within: SWEEP_WITHIN,
    }
}

/// Who listens for others than this machine is told what they get.
fn warn_of_others(address: SocketAddr) {
    if !address.ip().is_loopback() {
        complain!(
            "{address} is reached by other machines: whoever can read this network reads tokens \
             and records, for the demo has no TLS"
        );
    }
}

async fn serve(app: App, listener: TcpListener) -> Result<Gateway, CommandError> {
    // Whoever sees that the demo is ready can use its tokens.
    app.identity.refresh().await;
    let listening = Listening {
        listener,
        workers: WORKERS,
        certificates: None,
        proxies: Proxies::default(),
    };
    Gateway::start(web::Data::new(app), listening)
}

fn start_chain(
    layout: &Layout,
    ports: &mut Ports,
    submitter: &SubmitterKey,
    admin: &SubmitterKey,
) -> Result<DevChain, CommandError> {
    let accounts = vec![submitter.address(), admin.address()];
    let start = |port| {
        DevChain::start(DevChainConfig {
            dir: layout.chain(),
            port,
            chain_id: CHAIN_ID,
            allowed: accounts.clone(),
            funded: accounts.clone(),
        })
    };
    let chain = match ports.chain {
        // A port that someone else took meanwhile is no reason not to start.
        Some(port) => start(Some(port)).or_else(|_| start(None))?,
        None => start(None)?,
    };
    ports.chain = layout::port_of(&chain.rpc_url());
    Ok(chain)
}

fn start_issuer(layout: &Layout, ports: &mut Ports) -> Result<DevIssuer, CommandError> {
    let start = |port| {
        DevIssuer::start(DevIssuerConfig {
            dir: layout.issuer(),
            port,
            audience: AUDIENCE.to_owned(),
            lifetime: TOKEN_LIFETIME,
            facilities: facilities::names()?,
        })
        .map_err(CommandError::from)
    };
    let issuer = match ports.issuer {
        Some(port) => start(Some(port)).or_else(|_| start(None))?,
        None => start(None)?,
    };
    ports.issuer = layout::port_of(&issuer.issuer_url());
    Ok(issuer)
}
