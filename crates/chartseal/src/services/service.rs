//! `chartseal gateway`, `chartseal anchor` and `chartseal serve`: the services, each
//! alone or both in one process, until SIGTERM or SIGINT.
//!
//! A start needs the database and the keys. It needs neither the issuers nor the
//! L2: `/readyz` says what is missing, and each is tried again.

pub mod anchoring;
mod readiness;
pub mod root_keys;
pub mod stop;

use crate::{
    anchor::registry::Standing,
    config::{Config, Listener},
    database,
    services::{
        logging,
        operations::{self, Sources},
        traces::Traces,
    },
    setup::{leaf_key::LeafKeyFile, signed},
};
use actix_web::{dev::ServerHandle, rt, web};
use anchor_service::{AnchorService, ledger::evm::EvmLedger};
use anchoring::Anchoring;
use command::{CommandError, complain};
use gateway::{
    App,
    listener::server::{Gateway, Listening},
};
use model::{SystemClock, SystemRandom};
use root_keys::RootKeys;
use sealing::FileKms;
use std::{future, net::TcpListener, path::Path, process::ExitCode, sync::Arc, time::Duration};
use store::Store;
use tokio::task::JoinHandle;

/// How often the log says again that the anchor-service has halted.
const REMINDER: Duration = Duration::from_secs(600);

/// What runs in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The gateway; others may run beside it.
    Gateway,
    /// The anchor-service; of several one works, the others stand by.
    Anchor,
    /// Both.
    Both,
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Anchor => "anchor",
            Self::Both => "serve",
        }
    }
}

/// Runs until it is told to stop: 0 then, 1 when it cannot start or go on.
pub fn run(service: Service, config: &Path) -> ExitCode {
    ended(service, crate::runtime::block_on(serve(service, config)))
}

/// Looks whether it could run, over this data and with these keys: 0 then.
pub fn check_only(service: Service, config: &Path) -> ExitCode {
    ended(
        service,
        crate::runtime::block_on(readiness::check(service, config)),
    )
}

fn ended(service: Service, outcome: Result<(), CommandError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal {}: {problem}", service.name());
            ExitCode::FAILURE
        }
    }
}

async fn serve(service: Service, config: &Path) -> Result<(), CommandError> {
    let config = Config::read(config)?;
    check(service, &config)?;
    let traces = Traces::start(config.telemetry(), service.name())?;
    logging::to_stderr(config.telemetry().level.name(), traces.as_ref())?;
    stop::survive_hangup();
    let mut running = Running::start(service, &config, traces).await?;
    tracing::info!(service = service.name(), "started");

    let ended = tokio::select! {
        () = stop::asked() => Ok(()),
        ended = gateway_ended(running.gateway.as_mut()) => Err(ended),
        ended = anchoring_ended(running.anchoring.as_mut(), service) => Err(ended),
    };
    tracing::info!(service = service.name(), "stopping");
    running.stop().await;
    ended
}

/// The parts of this process, in the order in which they are stopped.
struct Running {
    writes: Option<JoinHandle<()>>,
    operations: Option<ServerHandle>,
    gateway: Option<Gateway>,
    anchoring: Option<Anchoring>,
    traces: Option<Traces>,
}

impl Running {
    async fn start(
        service: Service,
        config: &Config,
        traces: Option<Traces>,
    ) -> Result<Self, CommandError> {
        let store = database::wait(config)?;
        let mut opened = None;
        if service != Service::Anchor {
            opened = Some(open_gateway(config, &store).await?);
        }
        // After the facilities: one of version 0.1 is taken over first, which makes the key.
        let leaf_keys = LeafKeyFile::watch(config, &store)?;

        let mut gateway = None;
        let mut app = None;
        if let Some(open) = opened {
            if service == Service::Both {
                open.hold.close();
            }
            app = Some(open.clone());
            gateway = Some(listen(config, open)?);
        }
        let mut anchoring = None;
        if service != Service::Gateway {
            anchoring = Some(start_anchoring(config, &store).await?);
        }
        let held = app.clone().zip(anchoring.as_ref().map(Anchoring::status));
        let writes = held.map(|(app, status)| rt::spawn(readiness::admit_writes(app, status)));
        let root_keys = match service {
            Service::Anchor => None,
            Service::Gateway | Service::Both => Some(RootKeys::watch(&config.keys()?.file)),
        };
        let sources = Sources {
            store: store.clone(),
            gateway: app,
            root_keys,
            leaf_keys: Some(leaf_keys),
            certificates: gateway.as_ref().and_then(Gateway::certificates),
            anchor: anchoring.as_ref().map(Anchoring::status),
        };
        let operations = config
            .operations()
            .map(|section| operations::start(section.listen, sources))
            .transpose()?;
        Ok(Self {
            writes,
            operations,
            gateway,
            anchoring,
            traces,
        })
    }

    async fn stop(self) {
        // They share the gateway's app, which is to be let go of.
        if let Some(writes) = self.writes {
            writes.abort();
            let _ = writes.await;
        }
        if let Some(operations) = self.operations {
            operations.stop(true).await;
        }
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
        if let Some(anchoring) = self.anchoring {
            anchoring.stop().await;
        }
        if let Some(traces) = self.traces {
            traces.stop().await;
        }
    }
}

/// Refuses what cannot work before anything is opened.
fn check(service: Service, config: &Config) -> Result<(), CommandError> {
    if service != Service::Both && config.database().is_sqlite() {
        let problem = format!(
            "SQLite is for one process: run `chartseal serve`, which is gateway and \
             anchor-service in one, or use PostgreSQL with `chartseal {}`",
            service.name()
        );
        return Err(config.value(("database.sqlite", problem)).into());
    }
    if service != Service::Anchor {
        config.gateway()?;
        config.keys()?;
    }
    if service != Service::Gateway {
        config.anchor()?;
    }
    Ok(())
}

async fn open_gateway(config: &Config, store: &Store) -> Result<web::Data<App>, CommandError> {
    let kms = Arc::new(FileKms::open(&config.keys()?.file)?);
    let settings = config.gateway()?.settings(config.log().public);
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let app = App::open(settings, store.clone(), kms, clock, random).await?;
    Ok(web::Data::new(app))
}

fn listen(config: &Config, app: web::Data<App>) -> Result<Gateway, CommandError> {
    let section = config.gateway()?;
    let Listener {
        workers,
        certificates,
        proxies,
    } = section.listener().map_err(|fault| config.value(fault))?;
    let listener = TcpListener::bind(section.listen).map_err(|error| {
        let listen = section.listen;
        format!("cannot listen on {listen}: {error}; choose another `listen` in `[gateway]`")
    })?;
    let tls = certificates.is_some();
    tracing::info!(address = %listener.local_addr()?, tls, "the gateway listens");
    let listening = Listening {
        listener,
        workers,
        certificates,
        proxies,
    };
    Gateway::start(app, listening)
}

async fn start_anchoring(config: &Config, store: &Store) -> Result<Anchoring, CommandError> {
    let service = assemble(config, store).await?;
    Ok(Anchoring::start(service))
}

async fn assemble(
    config: &Config,
    store: &Store,
) -> Result<AnchorService<EvmLedger>, CommandError> {
    let section = config.anchor()?;
    let standing = Standing::read(store, section).await?;
    let registry = standing.noted.ok_or(
        "no registry is in use; run `chartseal anchor deploy` and `chartseal anchor grant` first",
    )?;
    let clock = Arc::new(SystemClock);
    // Whoever runs a service means it: the dev L2 is for `chartseal demo`.
    let ledger = anchoring::ledger(section, registry)?.refusing_dev_chain();
    let signed = signed::keeper(config)?;
    let mut service = anchoring::assemble(store, section.clone(), signed, ledger, clock);
    // A SQLite file lets one process in; that is lease enough.
    if !config.database().is_sqlite() {
        service = service.with_lease(anchoring::candidate(&SystemRandom)?);
    }
    Ok(service)
}

async fn gateway_ended(gateway: Option<&mut Gateway>) -> CommandError {
    match gateway {
        None => future::pending().await,
        Some(gateway) => match gateway.ended().await {
            Ok(()) => "the gateway's server ended".into(),
            Err(error) => error.into(),
        },
    }
}

/// Where a gateway runs in the same process, an alarm of the anchor-service does not end
/// it: records go on being served, and their leaves wait.
async fn anchoring_ended(anchoring: Option<&mut Anchoring>, service: Service) -> CommandError {
    let Some(anchoring) = anchoring else {
        return future::pending().await;
    };
    let problem = match anchoring.ended().await {
        Ok(()) => "the anchor-service ended".into(),
        Err(problem) => problem,
    };
    if service == Service::Anchor || anchoring.status().alarm().is_none() {
        return problem;
    }
    loop {
        tracing::error!(
            %problem,
            "the anchor-service has halted; records are served, nothing new is anchored"
        );
        tokio::time::sleep(REMINDER).await;
    }
}
