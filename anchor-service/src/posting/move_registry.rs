//! Moves an installation's logs to another registry: every log's head at the old one is
//! compared with the log here first, and the new one must have none. The log begins there
//! with number 1; what was anchored stays anchored at the old one, and proofs
//! name that until the log has an anchor at the new one. A log that is closed at the old one
//! has to be closed at the new one before.
//!
//! Whoever moves has the lease of the anchor-service, which is compared in the transaction of
//! the move as in each of a service: no service works meanwhile, and no other host moves.

mod comparison;

pub use comparison::MovingLog;

use crate::{
    failure::StepError,
    ledger::Ledger,
    log::journal::Journal,
    posting::bound,
    service::{
        alone::{self, Alone},
        tenure::{Candidate, LOST},
    },
};
use comparison::{compare, written};
use model::{Clock, FacilityName, LogId};
use std::sync::Arc;
use store::{Error, PostState, Registry, Store, Taken, Tx};

/// Why the logs cannot move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// Ledger or database failed.
    #[error(transparent)]
    Failed(StepError),
    /// Another has the lease.
    #[error(
        "an anchor-service works over this database, or another host moves its logs: stop that, \
         and wait 10 seconds"
    )]
    Works,
    /// What is under way would be lost.
    #[error(
        "the newest anchor of the log of `{0}` is not final here, or transactions are under way: \
         let the anchor-service run until all is final, then stop it"
    )]
    NotSettled(FacilityName),
    /// Numbers would not go on from what is here.
    #[error(
        "registry `{registry}` has anchors of the log of `{facility}` already: deploy another by \
         `chartseal anchor deploy --another`"
    )]
    NotNew {
        /// Whose log.
        facility: FacilityName,
        /// The registry.
        registry: String,
    },
    /// A head that is not of the log here.
    #[error("registry `{registry}` holds a root of the log of `{facility}` that is not of it")]
    Foreign {
        /// Whose log.
        facility: FacilityName,
        /// The registry.
        registry: String,
    },
    /// Whoever has the stolen key could go on with the log.
    #[error(
        "log `0x{log_id}` of `{facility}` was closed because a key was stolen, and is open at \
         registry `{registry}`: give `--admin-key` with the key of that registry's admin, by which \
         it is closed there first"
    )]
    Open {
        /// Whose log.
        facility: FacilityName,
        /// Its name on the chain.
        log_id: LogId,
        /// The registry that it goes to.
        registry: String,
    },
    /// What is closed stays so, and cannot be changed.
    #[error(
        "registry `{registry}` says otherwise than the one in use whether log `0x{log_id}` of \
         `{facility}` is closed, why, or which goes on: deploy another by `chartseal anchor deploy \
         --another`"
    )]
    ClosedOtherwise {
        /// Whose log.
        facility: FacilityName,
        /// Its name on the chain.
        log_id: LogId,
        /// The registry that it goes to.
        registry: String,
    },
}

impl From<StepError> for MoveError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Store(LOST) => Self::Works,
            error => Self::Failed(error),
        }
    }
}

/// The ledgers of two registries.
pub struct Ledgers<'a, L> {
    /// From which the logs move.
    pub old: &'a L,
    /// To which they move.
    pub new: &'a L,
}

/// Moves the logs of one database.
pub struct Mover<'a, L> {
    journal: Journal,
    old: &'a L,
    new: &'a L,
    clock: Arc<dyn Clock>,
    alone: Alone,
}

impl<'a, L: Ledger> Mover<'a, L> {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(
        store: &Store,
        ledgers: Ledgers<'a, L>,
        clock: Arc<dyn Clock>,
        me: Candidate,
    ) -> Self {
        let journal = Journal::new(store.clone());
        Self {
            alone: Alone::new(&journal, Arc::clone(&clock), me),
            journal,
            old: ledgers.old,
            new: ledgers.new,
            clock,
        }
    }

    /// Compares all logs; nothing is written.
    ///
    /// # Errors
    /// When a head is not of the log here, something is under way, or a service works.
    pub async fn compare(&self) -> Result<Vec<MovingLog>, MoveError> {
        if alone::is_taken(&self.journal, &*self.clock).await? {
            Err(MoveError::Works)
        } else {
            compare(&self.journal, self.old, self.new).await
        }
    }

    /// Compares all logs, and notes that they are anchored at the other registry from now on.
    ///
    /// # Errors
    /// As [`Self::compare`], and when a log that is closed is open there.
    pub async fn set(&mut self) -> Result<Vec<MovingLog>, MoveError> {
        let moved = self.set_alone().await;
        self.alone.end().await;
        moved
    }

    async fn set_alone(&mut self) -> Result<Vec<MovingLog>, MoveError> {
        self.take().await?;
        let compared = compare(&self.journal, self.old, self.new);
        let logs = self.alone.during(compared).await?;
        if let Some(open) = logs.iter().find(|log| !log.is_carried) {
            return Err(MoveError::Open {
                facility: open.facility.clone(),
                log_id: open.log_id,
                registry: written(self.new),
            });
        }
        self.note().await?;
        Ok(logs)
    }

    /// Takes the lease.
    pub(crate) async fn take(&mut self) -> Result<(), MoveError> {
        Ok(self.alone.take().await?)
    }

    /// The move itself, by who has the lease.
    pub(crate) async fn note(&self) -> Result<(), MoveError> {
        let (from, to) = (bound::of(self.old), bound::of(self.new));
        let moved = self.journal.moved(from, to).await;
        Ok(moved.map_err(StepError::from)?)
    }
}

impl Journal {
    async fn moved(&self, from: Registry, to: Registry) -> Result<(), Error> {
        let open = [PostState::Prepared, PostState::Broadcast, PostState::Mined];
        let write = move |tx: &mut Tx| {
            if !tx.posts().list(&open)?.is_empty() {
                return Err(Error::Taken(Taken::RegistryInUse));
            }
            let registries = tx.registries().find()?.shown()?;
            let mut left = Vec::new();
            for log in tx.logs().list()? {
                let newest = tx.anchors().newest(log.id)?;
                let last_seq = newest.map_or(0, |newest| newest.new.seq);
                if last_seq > registries.last_seq(log.id) {
                    left.push((log.id, last_seq));
                }
            }
            tx.registries().replace(from, to, &left)
        };
        self.write("move to another registry", write).await
    }
}
