//! The service: its steps over one journal and one ledger, each of which a test
//! can take alone, and the loops that take them in turn.
//!
//! No step relies on another's having come to its end. A step that fails is
//! taken again; dropped in the middle, by a signal or a crash, it goes on from
//! what the store holds.

pub(crate) mod alarm;
pub(crate) mod alone;
pub(crate) mod counts;
pub(crate) mod lease;
mod ledger_side;
mod log_side;
mod parts;
pub(crate) mod span;
pub(crate) mod status;
mod steady;
mod steps;
pub(crate) mod tenure;
mod turn;

use crate::{
    config::Config,
    keys::{
        log_keys::LogKeys,
        signed::{Signed, SignedKeeper},
    },
    ledger::Ledger,
    log::{journal::Journal, known_logs::KnownLogs, new_log::LogMaker},
    log_check::{Checker, LogCheck},
    posting::finality::Herald,
    service::{
        alarm::{Alarm, Bell},
        lease::Lease,
        status::{Freshness, StatusReader, Troubles},
        tenure::Candidate,
    },
};
use ledger_side::LedgerSide;
use log_side::LogSide;
pub use log_side::Unshown;
use model::{Clock, Random};
use parts::Parts;
use std::{future::Future, sync::Arc, time::Duration};
use steady::Steady;
use store::Store;
use tokio::time::timeout;
use turn::{Turn, check_logs, keep, watch_keys};

/// A database that is away must not hold up a stop.
const RELEASE_WITHIN: Duration = Duration::from_secs(3);

/// Sequences, signs, posts, and follows to finality.
pub struct AnchorService<L> {
    log_side: LogSide<L>,
    ledger_side: LedgerSide<L>,
    checker: Checker<L>,
    bell: Bell,
    troubles: Troubles,
    journal: Journal,
    config: Config,
    clock: Arc<dyn Clock>,
    lease: Option<Lease>,
    steady: Steady,
}

impl<L: Ledger> AnchorService<L> {
    /// Puts the parts together; nothing is read or asked yet.
    #[must_use]
    pub fn new(
        store: Store,
        ledger: L,
        keys: LogKeys,
        signed: Arc<dyn SignedKeeper>,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Self {
        let journal = Journal::new(store);
        Self::over(journal, Arc::new(ledger), keys, signed, clock, config)
    }

    pub(crate) fn over(
        journal: Journal,
        ledger: Arc<L>,
        keys: LogKeys,
        signed: Arc<dyn SignedKeeper>,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Self {
        let check = LogCheck::over(journal.clone(), Arc::clone(&clock))
            .with_signed(Arc::clone(&signed))
            .with_chain(Arc::clone(&ledger), config.finality)
            .beside_service();
        let checker = Checker::new(check, Arc::clone(&clock), config.check_hour);
        let bell = Bell::default();
        let keys = Arc::new(keys);
        let signed = Signed::new(signed);
        let logs = KnownLogs::new(
            journal.clone(),
            Arc::clone(&keys),
            signed.clone(),
            bell.clone(),
        );
        let parts = Parts {
            journal,
            logs,
            ledger,
            keys,
            signed,
            clock,
            bell,
            steady: Steady::default(),
        };
        Self {
            log_side: LogSide::new(&parts),
            ledger_side: LedgerSide::new(&parts, &config),
            checker,
            bell: parts.bell,
            troubles: Troubles::default(),
            journal: parts.journal,
            config,
            clock: parts.clock,
            lease: None,
            steady: parts.steady,
        }
    }

    /// Lets it work only while it has the database's lease. Without this it takes
    /// itself for the only one, which it is over a database for one process.
    #[must_use]
    pub fn with_lease(mut self, candidate: Candidate) -> Self {
        let (journal, clock) = (self.journal.clone(), Arc::clone(&self.clock));
        self.lease = Some(Lease::new(journal, clock, candidate));
        self
    }

    /// Lets it make the logs, with their keys, of facilities that have none.
    #[must_use]
    pub fn making_logs(mut self, random: Arc<dyn Random>) -> Self {
        let (journal, keys) = (self.journal.clone(), Arc::clone(&self.log_side.keys));
        self.log_side.maker = Some(LogMaker::new(journal, keys, random));
        self
    }

    /// Lets someone know of anchors before the store says that they are final.
    #[must_use]
    pub fn telling(mut self, herald: Arc<Herald>) -> Self {
        self.ledger_side.finality.tell(herald);
        self
    }

    /// What reads the status while the service runs and after.
    #[must_use]
    pub fn status(&self) -> StatusReader {
        StatusReader {
            journal: self.journal.clone(),
            bell: self.bell.clone(),
            troubles: self.troubles.clone(),
            refusals: self.ledger_side.poster.refusals(),
            compared: self.log_side.passed.clone(),
            purse: self.ledger_side.funds.last(),
            nodes: self.log_side.ledger.nodes(),
            freshness: Freshness {
                most_millis: millis(self.config.max_anchor_age()),
                has_heartbeats: self.config.heartbeat_seconds > 0,
            },
            checks: self.checker.last(),
        }
    }

    /// Runs until `shutdown`. What is under way then is dropped, which is as
    /// good as a crash and no worse; the lease is given back.
    ///
    /// # Errors
    /// With the alarm that stopped it.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), Alarm> {
        let Self {
            log_side,
            ledger_side,
            checker,
            bell,
            troubles,
            journal,
            config,
            lease,
            steady,
            ..
        } = &mut self;
        let keys = Arc::clone(&log_side.keys);
        let turn = Turn {
            config,
            troubles,
            bell,
            tenure: &journal.tenure,
            steady,
        };
        let ended = tokio::select! {
            () = shutdown => Ok(()),
            _ = async { tokio::join!(log_side.turn(&turn), ledger_side.turn(&turn)) } => {
                bell.rung().map_or(Ok(()), |alarm| Err(alarm.clone()))
            }
            () = keep(lease.as_mut(), &turn) => Ok(()),
            () = check_logs(checker, &turn) => Ok(()),
            () = watch_keys(journal, &keys, &turn) => Ok(()),
        };
        if let Some(lease) = lease {
            // When this does not succeed the others wait until it has run out.
            let _ = timeout(RELEASE_WITHIN, lease.release()).await;
        }
        ended
    }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
}
