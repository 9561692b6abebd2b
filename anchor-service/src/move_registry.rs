//! Moves an installation's logs to another registry: every log's head at the old one is
//! compared with the log here first, and the new one must have none. The log begins there
//! with number 1; what was anchored stays anchored at the old one, and proofs
//! name that until the log has an anchor at the new one.

use crate::{
    bound,
    failure::StepError,
    guard,
    journal::Journal,
    ledger::{Head, Ledger},
};
use model::{Clock, FacilityName, LogId};
use store::{Error, PostState, Registry, Store, Tx};

/// A log with its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovingLog {
    /// Whose log.
    pub facility: FacilityName,
    /// Its name on the chain.
    pub log_id: LogId,
    /// Its newest anchor at the registry that it leaves.
    pub before: Option<Head>,
}

/// Why the logs cannot move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// Ledger or database failed.
    #[error(transparent)]
    Failed(#[from] StepError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// A service works.
    #[error("an anchor-service works over this database; stop it, and wait 10 seconds")]
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
}

/// Compares all logs; nothing is written.
///
/// # Errors
/// When a head is not of the log here, or something is under way.
pub async fn compare<L: Ledger>(
    store: &Store,
    old: &L,
    new: &L,
    clock: &dyn Clock,
) -> Result<Vec<MovingLog>, MoveError> {
    let journal = Journal::new(store.clone());
    let lease = journal.lease().await?;
    if lease.is_some_and(|lease| lease.until > clock.now()) {
        return Err(MoveError::Works);
    }
    for ledger in [old, new] {
        ledger.check().await.map_err(StepError::from)?;
    }
    let mut logs = Vec::new();
    for log in journal.all_logs().await? {
        let before = old.head(log.log_id).await.map_err(StepError::from)?;
        let after = new.head(log.log_id).await.map_err(StepError::from)?;
        let (facility, registry) = (log.facility.clone(), written(new));
        if after.is_some() {
            return Err(MoveError::NotNew { facility, registry });
        }
        // One that has ended may have ended because of its head.
        if let Some(head) = before
            && !log.ended
            && !guard::holds(&journal, &log, head).await?
        {
            let registry = written(old);
            return Err(MoveError::Foreign { facility, registry });
        }
        let last = journal.last_final(log.id).await?;
        let is_final = before.map_or(0, |head| head.seq) == last.map_or(0, |last| last.seq);
        if !(is_final || log.ended) || !journal.under_way().await?.is_empty() {
            return Err(MoveError::NotSettled(log.facility));
        }
        logs.push(MovingLog {
            facility,
            log_id: log.log_id,
            before,
        });
    }
    Ok(logs)
}

fn written<L: Ledger>(ledger: &L) -> String {
    format!("0x{}", hex::encode(ledger.registry()))
}

/// Notes that all logs are anchored at the other registry from now on.
///
/// # Errors
/// When the database fails, or has changed since the comparison.
pub async fn set<L: Ledger>(store: &Store, old: &L, new: &L) -> Result<(), MoveError> {
    let journal = Journal::new(store.clone());
    Ok(journal.moved(bound::of(old), bound::of(new)).await?)
}

impl Journal {
    async fn moved(&self, from: Registry, to: Registry) -> Result<(), Error> {
        let open = [PostState::Prepared, PostState::Broadcast, PostState::Mined];
        let write = move |tx: &mut Tx| {
            if !tx.posts().list(&open)?.is_empty() {
                return Err(Error::Taken("registry: transactions are under way"));
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
        self.store()
            .run_tx("move to another registry", &[], write)
            .await
    }
}
