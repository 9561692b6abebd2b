//! The service: four steps over one journal and one ledger, each of which a test
//! can take alone, and the loop that takes them in turn.
//!
//! No step relies on another's having come to its end. A step that fails is
//! taken again; dropped in the middle, by a signal or a crash, it goes on from
//! what the store holds.

use crate::{
    alarm::{Alarm, Bell},
    checkpoint::Checkpointer,
    config::Config,
    failure::StepError,
    finality::Finality,
    guard,
    journal::Journal,
    ledger::Ledger,
    log_keys::LogKeys,
    poster::Poster,
    sequencer::Sequencer,
    status::{StatusReader, Troubles},
};
use model::Clock;
use std::{future::Future, sync::Arc, time::Duration};
use store::Store;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Sequences, signs, posts, and follows to finality.
pub struct AnchorService<L> {
    log_side: LogSide<L>,
    ledger_side: LedgerSide<L>,
    bell: Bell,
    troubles: Troubles,
    journal: Journal,
    config: Config,
}

/// What must go on while the ledger is slow or away.
struct LogSide<L> {
    journal: Journal,
    ledger: Arc<L>,
    bell: Bell,
    /// Whether the logs were compared with what others hold of them.
    compared: bool,
    sequencer: Sequencer,
    checkpointer: Checkpointer,
}

/// What waits for the ledger.
struct LedgerSide<L> {
    poster: Poster<L>,
    finality: Finality<L>,
}

impl<L: Ledger> AnchorService<L> {
    /// Puts the parts together; nothing is read or asked yet.
    #[must_use]
    pub fn new(
        store: Store,
        ledger: L,
        keys: LogKeys,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Self {
        Self::over(Journal::new(store), Arc::new(ledger), keys, clock, config)
    }

    pub(crate) fn over(
        journal: Journal,
        ledger: Arc<L>,
        keys: LogKeys,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Self {
        let bell = Bell::default();
        let log_side = LogSide {
            journal: journal.clone(),
            ledger: Arc::clone(&ledger),
            bell: bell.clone(),
            compared: false,
            sequencer: Sequencer::new(journal.clone(), bell.clone()),
            checkpointer: Checkpointer::new(
                journal.clone(),
                Arc::new(keys),
                Arc::clone(&clock),
                bell.clone(),
            ),
        };
        let (over, rule) = (journal.clone(), config.finality);
        let ledger_side = LedgerSide {
            finality: Finality::new(over.clone(), Arc::clone(&ledger), rule),
            poster: Poster::new(over, ledger, clock, bell.clone(), &config),
        };
        Self {
            log_side,
            ledger_side,
            bell,
            troubles: Troubles::default(),
            journal,
            config,
        }
    }

    /// Compares the logs with their checkpoints and with the registry, and the
    /// ledger with the one that this database was anchored on before. A start
    /// does this first; the first [`Self::step_sequence`] does it otherwise.
    ///
    /// # Errors
    /// When something does not fit, or the ledger does not answer.
    pub async fn check(&mut self) -> Result<(), StepError> {
        self.log_side.compare().await
    }

    /// Gives pending leaves their index; how many.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_sequence(&mut self) -> Result<u64, StepError> {
        self.log_side.sequence().await
    }

    /// Signs a checkpoint for each log that has grown; how many.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_checkpoint(&mut self) -> Result<u64, StepError> {
        self.log_side.checkpointer.step().await
    }

    /// Looks after the transaction under way, or posts the next; how many anchors.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_post(&mut self) -> Result<u64, StepError> {
        self.ledger_side.poster.step().await
    }

    /// Follows posted anchors; how many transactions became final.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_finality(&mut self) -> Result<u64, StepError> {
        self.ledger_side.finality.step().await
    }

    /// What reads the status while the service runs and after.
    #[must_use]
    pub fn status(&self) -> StatusReader {
        StatusReader::new(
            self.journal.clone(),
            self.bell.clone(),
            self.troubles.clone(),
        )
    }

    /// Runs until `shutdown`. What is under way then is dropped, which is as
    /// good as a crash and no worse.
    ///
    /// # Errors
    /// With the alarm that stopped it.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Alarm> {
        let Self {
            mut log_side,
            mut ledger_side,
            bell,
            troubles,
            config,
            ..
        } = self;
        let loops = async {
            tokio::join!(
                log_side.turn(&config, &troubles, &bell),
                ledger_side.turn(&config, &troubles, &bell),
            );
        };
        tokio::select! {
            () = shutdown => Ok(()),
            () = loops => bell.rung().map_or(Ok(()), |alarm| Err(alarm.clone())),
        }
    }
}

impl<L: Ledger> LogSide<L> {
    async fn compare(&mut self) -> Result<(), StepError> {
        self.ledger.check().await?;
        self.journal.is_bound_to(&*self.ledger).await?;
        guard::check_all(&self.journal, &*self.ledger, &self.bell).await?;
        self.compared = true;
        Ok(())
    }

    /// Not before the comparison: a database restored from an old backup would
    /// give indices a second time. While the ledger does not answer leaves stay
    /// pending, which is safe.
    async fn sequence(&mut self) -> Result<u64, StepError> {
        if !self.compared {
            self.compare().await?;
        }
        self.sequencer.step().await
    }

    async fn turn(&mut self, config: &Config, troubles: &Troubles, bell: &Bell) {
        let mut ticks = ticks(config.sequence_every());
        let mut signed = Instant::now();
        while bell.rung().is_none() {
            ticks.tick().await;
            troubles.note("sequence", &self.sequence().await);
            if signed.elapsed() >= config.checkpoint_every() {
                signed = Instant::now();
                troubles.note("checkpoint", &self.checkpointer.step().await);
            }
        }
    }
}

impl<L: Ledger> LedgerSide<L> {
    async fn turn(&mut self, config: &Config, troubles: &Troubles, bell: &Bell) {
        let mut ticks = ticks(config.post_every());
        while bell.rung().is_none() {
            ticks.tick().await;
            // Finality first: it notices a reorganisation, after which the
            // poster has old bytes to send rather than new ones to make.
            troubles.note("finality", &self.finality.step().await);
            troubles.note("post", &self.poster.step().await);
        }
    }
}

/// Ticks that do not pile up while a step takes long.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
