//! The anchor-service over an EVM chain, put together and run until it is stopped.

use anchor_service::{
    Alarm, AnchorService, Candidate, LogKeys, SignedKeeper, StatusReader,
    config::Config,
    ledger::evm::{EvmLedger, SubmitterKey},
};
use command::CommandError;
use model::{Clock, Random, SystemRandom};
use std::{fs, process, sync::Arc};
use store::Store;
use tokio::{sync::oneshot, task::JoinHandle};

/// The chain of a configuration, in the submitter's hand; asks nobody anything.
///
/// # Errors
/// When the key, a URL or a secret cannot be used.
pub fn ledger(config: &Config, registry: [u8; 20]) -> Result<EvmLedger, CommandError> {
    let submitter = SubmitterKey::open(&config.submitter_key)?;
    let ledger = EvmLedger::new(config.rpc_url.read()?, config.chain_id, registry, submitter)?;
    Ok(ledger.paying(config.fees()))
}

/// Puts the service together.
pub fn assemble(
    store: &Store,
    config: Config,
    signed: Arc<dyn SignedKeeper>,
    ledger: EvmLedger,
    clock: Arc<dyn Clock>,
) -> AnchorService<EvmLedger> {
    let keys = LogKeys::new(&config.log_keys);
    let service = AnchorService::new(store.clone(), ledger, keys, signed, clock, config);
    service.making_logs(Arc::new(SystemRandom))
}

/// This process, among those that may work over one database.
///
/// # Errors
/// When the source of randomness fails.
pub fn candidate(random: &dyn Random) -> Result<Candidate, CommandError> {
    let mut id = [0; 16];
    random.fill(&mut id)?;
    let host = machine();
    let name = format!("{host}, process {}", process::id());
    Ok(Candidate { id, name })
}

/// The machine's name; on Kubernetes the pod's.
fn machine() -> String {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let names = files
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    let mut names = names.map(|name| name.trim().to_owned());
    names
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "a machine without a name".to_owned())
}

/// The service while it runs.
pub struct Anchoring {
    task: JoinHandle<Result<(), Alarm>>,
    stop: oneshot::Sender<()>,
    status: StatusReader,
}

impl Anchoring {
    /// Runs it on this runtime.
    pub fn start(service: AnchorService<EvmLedger>) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let status = service.status();
        let task = actix_web::rt::spawn(service.run(async {
            let _ = stopped.await;
        }));
        Self { task, stop, status }
    }

    /// How it stands.
    pub fn status(&self) -> StatusReader {
        self.status.clone()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// With the alarm that ended it.
    pub async fn ended(&mut self) -> Result<(), CommandError> {
        Ok((&mut self.task).await??)
    }

    /// Ends it; what is under way is dropped, which is as good as a crash.
    pub async fn stop(self) {
        drop(self.stop);
        if !self.task.is_finished() {
            let _ = self.task.await;
        }
    }
}
