//! What must go on while the ledger is slow or away: logs are compared once, and then
//! sequenced and signed.

use super::{
    parts::Parts,
    steady::Steady,
    turn::{Turn, ticks},
};
use crate::{
    failure::StepError,
    keys::{key_rows, log_keys::LogKeys, signed::Signed},
    ledger::Ledger,
    log::{
        checkpoint::Checkpointer,
        guard,
        journal::{Journal, Log},
        known_logs::KnownLogs,
        new_log::LogMaker,
        sequencer::Sequencer,
    },
    posting::bound,
    service::{alarm::Bell, status::Compared},
};
use std::{sync::Arc, time::Duration};
use tlog::notes::checkpoint::Origin;
use tokio::time::Instant;

/// How often facilities without a log are looked for.
const LOGS_EVERY: Duration = Duration::from_secs(2);

/// What has no mac of the newest leaf key yet, and would be given one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unshown {
    /// Logs, for their keys.
    pub logs: Vec<Origin>,
    /// Whether the registry that the database names is one of them.
    pub registry: bool,
}

/// What must go on while the ledger is slow or away.
pub(super) struct LogSide<L> {
    pub(super) journal: Journal,
    pub(super) logs: KnownLogs,
    pub(super) ledger: Arc<L>,
    pub(super) bell: Bell,
    /// Whether the logs were compared with what others hold of them.
    pub(super) compared: bool,
    pub(super) steady: Steady,
    /// Whether they ever were since the start, for others to see.
    pub(super) passed: Compared,
    pub(super) sequencer: Sequencer,
    pub(super) checkpointer: Checkpointer,
    pub(super) keys: Arc<LogKeys>,
    pub(super) signed: Signed,
    pub(super) maker: Option<LogMaker>,
}

impl<L: Ledger> LogSide<L> {
    pub(super) fn new(parts: &Parts<L>) -> Self {
        let sequencer = Sequencer {
            journal: parts.journal.clone(),
            logs: parts.logs.clone(),
            keys: Arc::clone(&parts.keys),
            signed: parts.signed.clone(),
            bell: parts.bell.clone(),
        };
        let checkpointer = Checkpointer {
            journal: parts.journal.clone(),
            logs: parts.logs.clone(),
            keys: Arc::clone(&parts.keys),
            signed: parts.signed.clone(),
            clock: Arc::clone(&parts.clock),
            bell: parts.bell.clone(),
        };
        Self {
            journal: parts.journal.clone(),
            logs: parts.logs.clone(),
            ledger: Arc::clone(&parts.ledger),
            bell: parts.bell.clone(),
            compared: false,
            steady: parts.steady.clone(),
            passed: Compared::default(),
            sequencer,
            checkpointer,
            keys: Arc::clone(&parts.keys),
            signed: parts.signed.clone(),
            maker: None,
        }
    }

    pub(super) async fn compare(&mut self) -> Result<(), StepError> {
        self.compare_here().await?;
        // Of a log whose keys cannot be taken over the steps tell that need them.
        let _ = self.tend_keys().await;
        self.ledger.check().await?;
        bound::check(&self.journal, &*self.ledger).await?;
        self.compare_there().await?;
        self.compared = true;
        self.let_writes_go();
        Ok(())
    }

    /// Compares and writes nothing; gives what a start would take over.
    pub(super) async fn survey(&mut self) -> Result<Unshown, StepError> {
        self.compare_here().await?;
        let logs = key_rows::survey(&self.journal, &self.keys, &self.signed).await?;
        self.ledger.check().await?;
        let registry = bound::survey(&self.journal, &*self.ledger).await?.is_some();
        self.compare_there().await?;
        Ok(Unshown { logs, registry })
    }

    async fn compare_here(&mut self) -> Result<(), StepError> {
        self.compared = false;
        self.logs.forget_compared();
        // What is known here first: it is named also while the ledger is away.
        self.signed.refresh_each().await?;
        self.steady.end();
        self.look_again().await
    }

    async fn compare_there(&mut self) -> Result<(), StepError> {
        for log in self.journal.current_logs().await? {
            let found = self.head(&log).await;
            if found.is_err() {
                self.logs.note(&log, found)?;
            }
        }
        Ok(())
    }

    async fn head(&self, log: &Log) -> Result<(), StepError> {
        let head = guard::head(&self.journal, &*self.ledger, &self.bell, log);
        head.await.map(drop)
    }

    /// Compares the logs again that could not be compared: the others go on without them.
    async fn compare_rest(&mut self) -> Result<(), StepError> {
        if !self.logs.lacks_some() {
            return Ok(());
        }
        self.signed.refresh_each().await?;
        let logs = self.journal.current_logs().await?;
        for log in self.logs.uncompared_of(logs) {
            let compared = async {
                self.look_at(&log).await?;
                self.head(&log).await
            };
            let compared = compared.await;
            self.logs.note(&log, compared)?;
        }
        self.let_writes_go();
        Ok(())
    }

    /// Others may write once all logs were compared.
    fn let_writes_go(&self) {
        if !self.logs.lacks_some() {
            self.passed.pass();
        }
    }

    async fn look_at(&self, log: &Log) -> Result<(), StepError> {
        guard::check_here(&self.journal, &self.logs, &self.signed, &self.bell, log).await
    }

    /// Compares with what is known here. A database that went back is named before there is
    /// a leaf for it, and writes are held.
    async fn look_again(&self) -> Result<(), StepError> {
        if self.steady.begin() {
            return Ok(());
        }
        let looked = self.look_at_all().await;
        if looked.is_err() {
            self.steady.end();
        }
        looked
    }

    async fn look_at_all(&self) -> Result<(), StepError> {
        // What is not as it should be stops its own log, in the steps.
        let (logs, _) = self.logs.read().await?.current();
        for log in &logs {
            let found = self.look_at(log).await;
            if found.is_err() {
                self.logs.note(log, found)?;
            }
        }
        Ok(())
    }

    /// Not before the comparison: a database restored from an old backup would
    /// give indices a second time. While the ledger does not answer leaves stay
    /// pending, which is safe.
    pub(super) async fn sequence(&mut self) -> Result<u64, StepError> {
        let sequenced = self.compare_and_sequence().await;
        if matches!(sequenced, Err(StepError::Store(_))) {
            self.steady.end();
        }
        sequenced
    }

    async fn compare_and_sequence(&mut self) -> Result<u64, StepError> {
        if !self.compared {
            self.compare().await?;
        }
        self.look_again().await?;
        self.compare_rest().await?;
        self.sequencer.step().await
    }

    /// Not before the comparison, for the same reason.
    pub(super) async fn checkpoint(&mut self) -> Result<u64, StepError> {
        if !self.compared {
            self.compare().await?;
        }
        let signed = self.checkpointer.step().await;
        // What is kept may be damaged, of one log or all.
        if matches!(signed, Err(StepError::Signed(_))) {
            self.steady.end();
        }
        signed
    }

    pub(super) async fn tend_keys(&self) -> Result<u64, StepError> {
        key_rows::tend(&self.journal, &self.keys, &self.signed).await
    }

    /// Also tells of rows that cannot be read, which all else passes over.
    pub(super) async fn make_logs(&self) -> Result<u64, StepError> {
        let made = match &self.maker {
            Some(maker) => maker.step().await?,
            None => 0,
        };
        self.journal.check_rows().await?;
        Ok(made)
    }

    pub(super) async fn turn(&mut self, turn: &Turn<'_>) {
        let mut ticks = ticks(turn.config.sequence_every());
        let (mut signed, mut looked) = (Instant::now(), None::<Instant>);
        while turn.bell.rung().is_none() {
            ticks.tick().await;
            if !turn.tenure.is_held() {
                // Another grows the logs; they are compared again before we do.
                self.compared = false;
                continue;
            }
            if looked.is_none_or(|looked| looked.elapsed() >= LOGS_EVERY) {
                looked = Some(Instant::now());
                turn.note("logs", &self.make_logs().await);
                if self.compared {
                    turn.note("log keys", &self.tend_keys().await);
                }
            }
            turn.note("sequence", &self.sequence().await);
            if signed.elapsed() >= turn.config.checkpoint_every() {
                signed = Instant::now();
                turn.note("checkpoint", &self.checkpoint().await);
            }
        }
    }
}
